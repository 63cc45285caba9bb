// Nothing is missed and nothing is shown twice, whatever fails: networks, pages, clocks, functions.
//
// `SIMULATION_SEED` repeats what a run chooses, but not how the machine schedules it. These
// variables make longer runs: `SIMULATION_SEEDS` (the number of runs), `SIMULATION_STEPS` (the
// actions of each device), `SIMULATION_USERS` and `SIMULATION_DEVICES` (of each user).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { listed, live, pause } from './live.js';
import { Simulation, untilHandled } from './simulation.js';
import { startStack } from './stack.js';

const setting = (name, value) => Number(process.env[`SIMULATION_${name}`] ?? value);
const steps = setting('STEPS', 35);
const size = { users: setting('USERS', 2), devices: setting('DEVICES', 2) };
const runs = process.env.SIMULATION_SEED ? 1 : setting('SEEDS', 3);

/** The time in milliseconds within which all devices agree once the faults have ended. */
const LIMIT = 30_000;

let stack;
before(async () => {
  stack = await startStack();
});
after(() => stack.stop());

for (let run = 0; run < runs; run++) {
  const seed = setting('SEED', Math.floor(Math.random() * 1e9));
  test(`nothing is missed or shown twice: SIMULATION_SEED=${seed}`, async (t) => {
    const world = new Simulation(seed, stack);
    await world.start(t, size);
    await world.run(steps);
    await agree(world, world.devices);
    // A device that starts now sees the same.
    const fresh = world.users.map(async (user) => {
      const page = { live: await live(t, user), opened: new Map() };
      return { user, name: `a new device of ${user.name}`, page };
    });
    await agree(world, [...world.devices, ...(await Promise.all(fresh))]);
    for (const { id, members } of world.chats) world.countRepeats(await logOf(members[0], id));
    t.diagnostic(JSON.stringify(world.counts));
  });
}

/** Waits until the devices agree with the server, and the server with what was sent. */
async function agree(world, devices) {
  for (const end = Date.now() + LIMIT; ; ) {
    const found = [...world.problems];
    for (const device of devices) await world.load(device);
    for (const chat of world.chats) found.push(...(await differencesIn(world, chat, devices)));
    if (!found.length) return;
    if (world.problems.length || Date.now() > end) {
      assert.fail([...found, JSON.stringify(world.counts)].join('\n'));
    }
    await pause(50);
  }
}

/** Compares what was sent to a chat, what the server has, and what the devices show. */
async function differencesIn(world, { id, members }, devices) {
  const found = [];
  const expect = (what, actual, expected) => {
    if (!isDeepStrictEqual(actual, expected)) found.push(`${what} ${unequal(actual, expected)}`);
  };
  const log = await logOf(members[0], id);
  expectStored(world, id, log, expect);
  const views = await Promise.all(members.map((user) => viewOf(user, id)));
  for (const [index, view] of views.entries()) {
    const user = members[index];
    const own = marksOf(view, user);
    const others = marksOf(view, members[1 - index]);
    const unread = unreadOf(user, log, own);
    const { connection, marks, lastSeq, lastActivity } = view;
    const { delivered, read } = others;
    expect(`the server's unread of ${user.name}`, view.unread, unread);
    expect(`allConnection of ${user.name}`, connection, { unread, delivered, read, lastActivity });
    expect(`the marks that ${user.name} sees`, marks, views[0].marks);
    expectRead(world, id, user, own, found);
    for (const { name, page } of devices.filter((device) => device.user === user)) {
      const summary = listed(page.live, id);
      if (!summary) {
        found.push(`${name} does not list it`);
        continue;
      }
      const chat = page.opened.get(id).getSnapshot();
      const shown = chat.entries.map(({ seq, by, message }) => [seq, by, message]);
      expect(
        `what ${name} shows`,
        shown,
        log.map(({ seq, sendBy, message }) => [seq, sendBy, message]),
      );
      expect(`what ${name} still sends`, chat.pending, []);
      expect(`the last message on ${name}`, summary.last?.seq, log.at(-1)?.seq);
      expect(
        `the list on ${name}`,
        [summary.unread, sorted(summary.marks), summary.lastSeq, summary.lastActivity],
        [unread, marks, lastSeq, lastActivity],
      );
      expect(`the ticks on ${name}`, [chat.delivered, chat.read], [delivered, read]);
      expect(`who types on ${name}`, chat.typing, []);
    }
  }
  for (const { name, pages = [], chats } of devices) {
    if (!chats?.includes(id)) continue;
    for (const [index, page] of pages.entries()) {
      const heard = page.heard.get(id);
      const from = page.from.get(id) ?? heard[0];
      const length = index < pages.length - 1 ? heard.length : log.length - (from ?? 1) + 1;
      expect(`what page ${index} of ${name} heard`, heard, range(from, length));
    }
  }
  return found.map((difference) => `chat ${id}: ${difference}`);
}

/** Checks that each message is stored once, as acknowledged, and in the order of its device. */
function expectStored(world, id, log, expect) {
  const texts = log.map(({ message }) => message);
  expect(
    'the numbers',
    log.map(({ seq }) => seq),
    range(1, log.length),
  );
  for (const { name, sent } of world.devices) {
    const own = sent.filter(({ chatId }) => chatId === id);
    expect(
      `what is stored of ${name}`,
      texts.filter((text) => text.startsWith(`${name},`)),
      own.map(({ text }) => text),
    );
    for (const { seq, text } of own) {
      if (seq) expect(`the message that was acknowledged as ${seq}`, texts[seq - 1], text);
    }
  }
}

/** Checks that a read mark was set by a device, and that no open page has set a later one. */
function expectRead(world, id, user, { delivered, read }, found) {
  const pages = world.devices.filter((device) => device.user === user).map(({ pages }) => pages);
  const greatest = (pages) => Math.max(...pages.map((page) => page.read.get(id) ?? 0));
  const least = greatest(pages.map((pages) => pages.at(-1)));
  const most = greatest(pages.flat());
  if (read < least || read > most || delivered < read) {
    found.push(`${user.name} has read ${read}, not ${least} to ${most}; ${delivered} delivered`);
  }
}

/** Returns all messages of a chat. */
async function logOf({ client }, chatId) {
  const log = [];
  for (let hasMore = true; hasMore; ) {
    const query = { chatId, after: log.at(-1)?.seq ?? 0, limit: 1_000 };
    const page = await untilHandled(() => client.getChat(query));
    log.push(...page.data.chats);
    ({ hasMore } = page);
  }
  return log;
}

/** Returns a chat as the server describes it to a user, in `sync` and in `allConnection`. */
async function viewOf({ client }, chatId) {
  const isIt = ({ _id }) => _id === chatId;
  const [{ chats }, { data }] = await Promise.all([client.sync(), client.allConnection()]);
  const { unread, marks, lastSeq, lastActivity } = chats.find(isIt);
  const { friend, chats: last, _id, ...connection } = data.find(isIt);
  return { unread, marks: sorted(marks), lastSeq, lastActivity, connection };
}

/** Counts the messages of others after the read mark and the user's newest message. */
function unreadOf(user, log, { read }) {
  const own = log.findLastIndex(({ sendBy }) => sendBy === user.id) + 1;
  return Math.min(100, log.length - Math.min(log.length, Math.max(read, own)));
}

function marksOf({ marks }, { id }) {
  return marks.find(({ userId }) => userId === id) ?? { delivered: 0, read: 0 };
}

function sorted(marks) {
  return [...marks]
    .map(({ userId, delivered, read }) => ({ userId, delivered, read }))
    .sort((one, other) => (one.userId < other.userId ? -1 : 1));
}

function range(from, length) {
  return Array.from({ length }, (_, index) => from + index);
}

/** Says how two values differ; of lists, only the first difference. */
function unequal(actual, expected) {
  if (!Array.isArray(actual) || !Array.isArray(expected)) {
    return `is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`;
  }
  const index = expected.findIndex((item, index) => !isDeepStrictEqual(item, actual[index]));
  const at = index < 0 ? expected.length : index;
  const [one, other] = [actual, expected].map((list) => JSON.stringify(list.slice(at, at + 3)));
  return `has ${actual.length} items, not ${expected.length}; from ${at} on ${one}, not ${other}`;
}
