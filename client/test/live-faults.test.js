// `live` on a network that loses, doubles, delays and reorders frames, and cuts sockets.
//
// A run is determined by its seed but for the timing of the machine. To repeat the run of a seed
// that has failed, set `LIVE_SEED` to it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from './harness.js';
import { random } from './mock-backend.js';
import { createClient } from '../dist/client.js';
import { cut, listed, live, pause, shaky, startMock, texts, until, WORLDS } from './live.js';

const newSeed = () => Math.floor(Math.random() * 1e9);

/** Faults are noticed soon. */
const impatient = { probe: 300, answer: 1_200, gap: 40, maxBackoff: 60 };

/** Returns all entries of a chat and the watermarks of its members, as the server has them. */
async function logOf({ client }, chatId) {
  const entries = [];
  for (;;) {
    let found;
    for (let before; !found;) {
      const answer = await client.sync({
        chats: { [chatId]: entries.length },
        limit: 1_000,
        before,
      });
      found = answer.chats.find(({ _id }) => _id === chatId);
      before = answer.next;
    }
    entries.push(...found.entries);
    if (!found.more) return { entries, marks: found.marks };
  }
}

/** Runs three people who talk in three chats, whatever happens to their network. */
async function talk(t, start, seed, steps) {
  const next = random(seed);
  let isCalm = false;
  const fault = () => {
    const dice = isCalm ? 1 : next();
    if (dice < 0.08) return 'drop';
    if (dice < 0.16) return 'duplicate';
    return dice < 0.4 ? Math.floor(next() * 60) : undefined;
  };
  const { backend, ada, bob, chatId, another } = await start(t, {
    pageSize: 2,
    refuse: () => !isCalm && next() < 0.03 && [500, 429, 'gateway'][Math.floor(next() * 3)],
  });
  const cleo = await another('Cleo');
  const people = [ada, bob, cleo];
  isCalm = true;
  const connect = async (one, other) =>
    (await one.client.createConnection({ personId: other.id })).chatId;
  const chats = [
    { id: chatId, members: [ada, bob] },
    { id: await connect(ada, cleo), members: [ada, cleo] },
    { id: await connect(bob, cleo), members: [bob, cleo] },
  ];
  isCalm = false;
  for (const person of people) {
    person.chats = chats.filter(({ members }) => members.includes(person)).map(({ id }) => id);
    person.sent = [];
    person.live = await live(t, shaky(person, fault), { timings: impatient });
    person.heard = new Map(
      person.chats.map((id) => [
        id,
        Array.from({ length: listed(person.live, id).lastSeq }, (_, i) => i + 1),
      ]),
    );
    person.live.on('entry', ({ chatId, entry }) => {
      person.heard.get(chatId).push(entry.seq);
      if (next() < 0.3) person.live.markRead(chatId);
    });
    person.opened = person.live.openChat(person.chats[0]);
  }

  for (let step = 0; step < steps; step++) {
    const person = people[Math.floor(next() * 3)];
    const id = person.chats[Math.floor(next() * 2)];
    const dice = next();
    if (dice < 0.6) {
      const text = `${person.name} ${step}`;
      person.sent.push({ id, text, done: person.live.send(id, text) });
    } else if (dice < 0.7) person.browser.cut();
    else if (dice < 0.8 && backend) {
      const { entries } = backend.chats.get(id);
      const seq = Math.floor(next() * entries.length) + 1;
      const { message } = entries[seq - 1] ?? {};
      if (message) backend.edit(id, person, seq, `${message.message}!`);
    } else await pause(Math.floor(next() * 30));
  }
  isCalm = true;
  await Promise.all(people.flatMap(({ sent }) => sent.map(({ done }) => done)));
  // The last announcements may be lost for good: only the next sync tells.
  for (const { browser } of people) browser.cut();
  return people;
}

for (const [name, start] of WORLDS) {
  const runs = process.env.LIVE_SEED ? 1 : name.includes('mock') ? 4 : 1;
  for (let run = 0; run < runs; run++) {
    const seed = Number(process.env.LIVE_SEED ?? newSeed());
    const title = `everything arrives in order and once on ${name}: LIVE_SEED=${seed}`;
    test(title, async (t) => {
      for (const person of await talk(t, start, seed, 150)) {
        const { live } = person;
        for (const id of person.chats) {
          const { entries } = await logOf(person, id);
          const seqs = entries.map(({ seq }) => seq);
          await eventually(() => person.heard.get(id).length >= seqs.length);
          assert.deepEqual(person.heard.get(id), seqs, `what ${person.name} heard`);
          // Nothing was stored twice, and each person's messages in the order of sending.
          const messages = entries.filter(({ kind }) => kind === 'message');
          assert.deepEqual(
            messages
              .filter(({ by }) => by === person.id)
              .map(({ message }) => message.replaceAll('!', '')),
            person.sent.filter((sent) => sent.id === id).map(({ text }) => text),
          );
          const chat = live.openChat(id);
          await until(chat, (snapshot) => texts(snapshot).length === messages.length);
          assert.deepEqual(
            texts(chat.getSnapshot()),
            messages.map(({ message }) => message),
          );
          assert.deepEqual(chat.getSnapshot().pending, []);
          live.markRead(id);
          assert.equal(listed(live, id).unread, 0);
          await eventually(async () => {
            const { marks } = await logOf(person, id);
            return marks.find(({ userId }) => userId === person.id)?.read === seqs.length;
          });
        }
      }
    });
  }
}

test('entries that overtake each other are delivered in order, without a sync', async (t) => {
  let delays = [150, 100, 50, 0];
  const { backend, ada, bob, chatId } = await startMock(t, {
    outgoing: ({ event }) => (event === 'entry' ? delays.shift() : undefined),
  });
  const a = await live(t, ada, { timings: { gap: 1_000 } });
  const heard = [];
  a.on('entry', ({ entry }) => heard.push(entry.message));
  for (const text of ['1', '2', '3', '4']) backend.store(chatId, bob, text);
  await eventually(() => heard.length === 4);
  assert.deepEqual(heard, ['1', '2', '3', '4']);
  assert.equal(backend.frames(ada, 'sync').length, 1);
});

test('a gap that stays causes one sync that names the chat', async (t) => {
  const { backend, ada, bob, chatId } = await startMock(t, {
    outgoing: ({ entry }) => (entry?.seq === 2 ? 'drop' : undefined),
  });
  const cleo = backend.person('Cleo');
  const other = backend.chat(ada, cleo);
  backend.store(other, cleo, 'Hello');
  backend.store(chatId, bob, '1');
  const a = await live(t, ada);
  const heard = [];
  a.on('entry', ({ entry }) => heard.push(entry.seq));
  for (const text of ['2', '3', '4']) backend.store(chatId, bob, text);
  await eventually(() => heard.length === 3);
  assert.deepEqual(heard, [2, 3, 4]);
  await pause(200);
  assert.deepEqual(
    backend.frames(ada, 'sync').map(({ chats }) => chats),
    [{}, { [chatId]: 1 }],
  );
});

test('a gap that no sync closes is asked for less and less often', async (t) => {
  const { backend, ada, bob, chatId } = await startMock(t);
  const a = await live(t, ada, { timings: { gap: 20, maxBackoff: 10_000 } });
  const entry = { kind: 'message', by: bob.id, at: 'x', seq: 9, sendBy: bob.id, message: 'no' };
  for (const { socket } of backend.connections) {
    socket.send(JSON.stringify({ event: 'entry', chatId, entry }));
  }
  await pause(500);
  const count = backend.frames(ada, 'sync').length;
  assert.ok(count >= 3 && count <= 7, `${count} syncs`);
  assert.equal(listed(a, chatId).last, undefined);
});

test('a sync goes on through pages of chats and of entries', async (t) => {
  const { backend, ada, bob, chatId } = await startMock(t, { pageSize: 7 });
  const friends = Array.from({ length: 40 }, (_, index) => backend.person(`${index}`));
  for (const friend of friends) backend.store(backend.chat(ada, friend), friend, 'Hello');
  const a = await live(t, ada);
  assert.equal(a.chats().getSnapshot().chats.length, 41);
  const times = a
    .chats()
    .getSnapshot()
    .chats.map(({ lastActivity }) => lastActivity);
  assert.deepEqual(times, [...times].sort().reverse());
  const syncs = backend.frames(ada, 'sync');
  assert.equal(syncs.length, 6);
  // All pages are parts of the same request.
  for (const { since, limit, chats } of syncs)
    assert.deepEqual([since, limit, chats], [undefined, 10, {}]);

  const heard = [];
  a.on('entry', ({ entry }) => heard.push(entry.seq));
  await cut(a, ada);
  for (let count = 0; count < 350; count++) backend.store(chatId, bob, `${count}`);
  await eventually(() => heard.length === 350);
  assert.deepEqual(
    heard,
    heard.map((_, index) => index + 1),
  );
  const more = backend.frames(ada, 'sync').slice(6);
  assert.deepEqual(
    // A page of chats repeats what the first one named.
    [...new Set(more.map(({ chats }) => chats[chatId]))],
    [0, 100, 200, 300],
  );
  assert.equal(listed(a, chatId).unread, 100);
});

test('an answer of long messages is cut short, and goes on', async (t) => {
  const { backend, ada, bob, chatId } = await startMock(t);
  const a = await live(t, ada);
  const heard = [];
  a.on('entry', ({ entry }) => heard.push(entry.seq));
  await cut(a, ada);
  for (let count = 0; count < 60; count++) backend.store(chatId, bob, 'é'.repeat(4_000));
  await eventually(() => heard.length === 60);
  for (const frame of backend.pushed.filter(({ to, event }) => to === ada.id && event === 'ack')) {
    assert.ok(JSON.stringify(frame).length < 98_304);
  }
});

test('an answer without entries, but more, is asked for again', async (t) => {
  let count = 0;
  const { backend, ada, bob, chatId } = await startMock(t, { isSparse: () => count++ < 3 });
  backend.store(chatId, bob, '1');
  const a = await live(t, ada, { timings: { gap: 20 } });
  const chat = a.openChat(chatId);
  const heard = [];
  a.on('entry', ({ entry }) => heard.push(entry.seq));
  await cut(a, ada);
  for (const text of ['2', '3']) backend.store(chatId, bob, text);
  await eventually(() => heard.length === 2);
  assert.deepEqual(heard, [2, 3]);
  assert.deepEqual(texts(chat.getSnapshot()), ['1', '2', '3']);
});

test('a lawful gap in a sync starts anew, and the entries before it can be loaded', async (t) => {
  const { backend, ada, bob, chatId } = await startMock(t);
  for (let count = 1; count <= 5; count++) backend.store(chatId, bob, `${count}`);
  const a = await live(t, ada);
  const chat = a.openChat(chatId, { limit: 10 });
  await cut(a, ada);
  for (let count = 6; count <= 120; count++) backend.store(chatId, bob, `${count}`);
  const sync = backend.sync.bind(backend);
  backend.sync = (userId, { chats, ...input }, size) =>
    sync(userId, { ...input, chats: chats[chatId] === 5 ? { [chatId]: 100 } : chats }, size);
  await until(chat, ({ entries, lastSeq }) => lastSeq === 120 && entries.length >= 20);
  const seqs = chat.getSnapshot().entries.map(({ seq }) => seq);
  assert.equal(chat.getSnapshot().hasOlder, true);
  assert.deepEqual(
    seqs,
    seqs.map((_, index) => seqs[0] + index),
  );
  while (chat.getSnapshot().hasOlder) await chat.loadOlder();
  assert.equal(chat.getSnapshot().entries.length, 120);
});

test('history that is not answered in time can be loaded again', async (t) => {
  const { backend, ada, bob, chatId } = await startMock(t);
  for (let count = 1; count <= 30; count++) backend.store(chatId, ada, `${count}`);
  let isDead = true;
  const fetch = (address, init) =>
    isDead && address.includes('getChat') ? new Promise(() => {}) : bob.browser.fetch(address, init);
  const { url, browser } = bob;
  const client = createClient({ url, fetch, WebSocket: browser.WebSocket });
  const b = await live(t, { ...bob, client }, { timings: { probe: 50, answer: 200 } });
  const chat = b.openChat(chatId);
  await until(chat, ({ isLoading, error }) => !isLoading && error?.status === 0);
  isDead = false;
  await chat.loadOlder();
  assert.equal(chat.getSnapshot().entries.length, 30);
});

test('more than 500 chats are caught up, though a sync names only 500', async (t) => {
  const { backend, ada, bob, chatId } = await startMock(t);
  backend.store(chatId, bob, '1');
  const friends = Array.from({ length: 520 }, (_, index) => backend.person(`${index}`));
  for (const friend of friends) backend.store(backend.chat(ada, friend), friend, 'Hello');
  const a = await live(t, ada, { limit: 1 });
  assert.equal(a.chats().getSnapshot().chats.length, 521);
  const heard = [];
  a.on('entry', ({ chatId: id, entry }) => id === chatId && heard.push(entry.seq));
  await cut(a, ada);
  for (let count = 0; count < 150; count++) backend.store(chatId, bob, `${count}`);
  await eventually(() => heard.length === 150);
  assert.deepEqual(
    heard,
    heard.map((_, index) => index + 2),
  );
  for (const { chats } of backend.frames(ada, 'sync')) assert.ok(Object.keys(chats).length <= 500);
});

test('a chat whose user was added again while a sync was on its way stays', async (t) => {
  const isGone = (frame) => frame.event === 'ack' && frame.gone?.length;
  const { backend, ada, bob, chatId } = await startMock(t, {
    outgoing: (frame) => (isGone(frame) ? 200 : undefined),
  });
  backend.store(chatId, bob, '1');
  const a = await live(t, ada);
  const gone = [];
  a.on('gone', (id) => gone.push(id));
  const { members } = backend.chats.get(chatId);
  backend.leave(chatId, ada);
  ada.browser.cut();
  await eventually(() => backend.pushed.some(isGone));
  backend.chats.get(chatId).members = members;
  backend.store(chatId, bob, '2');
  const syncs = backend.frames(ada, 'sync').length;
  // The answer arrives late, and another sync settles whether it still holds.
  await eventually(() => backend.frames(ada, 'sync').length > syncs);
  await eventually(() => listed(a, chatId)?.last?.message === '2');
  assert.deepEqual(gone, []);
});

test('a chat that is gone leaves the list, and comes back', async (t) => {
  const { backend, ada, bob, chatId } = await startMock(t);
  backend.store(chatId, bob, '1');
  const a = await live(t, ada);
  const chat = a.openChat(chatId);
  await until(chat, ({ presence }) => presence);
  const gone = [];
  a.on('gone', (id) => gone.push(id));
  const { members } = backend.chats.get(chatId);
  backend.leave(chatId, ada);
  ada.browser.cut();
  await eventually(() => gone.length);
  assert.deepEqual(gone, [chatId]);
  assert.deepEqual(a.chats().getSnapshot().chats, []);
  assert.equal(chat.getSnapshot().isGone, true);
  await assert.rejects(a.send(chatId, 'Hello'), { status: 403, code: 'notAMember' });
  const [failed] = chat.getSnapshot().pending;
  assert.deepEqual([failed.state, failed.error.code], ['failed', 'notAMember']);

  backend.chats.get(chatId).members = members;
  backend.store(chatId, bob, '2');
  await eventually(() => listed(a, chatId)?.last.message === '2');
  assert.equal(chat.getSnapshot().isGone, false);
  chat.retry(failed.clientId);
  await until(chat, (snapshot) => texts(snapshot).includes('Hello') && !snapshot.pending.length);
});

test('a change wins over an older version, in whatever order they arrive', async (t) => {
  const { backend, ada, bob, chatId } = await startMock(t);
  for (let count = 1; count <= 30; count++) backend.store(chatId, bob, `${count}`);
  const a = await live(t, ada);
  const chat = a.openChat(chatId, { limit: 1 });
  assert.equal(chat.getSnapshot().entries[0].seq, 21);
  // The change arrives while an older page is on its way.
  const load = chat.loadOlder({ limit: 10 });
  backend.edit(chatId, bob, 15, 'fifteen');
  const { message } = backend.edit(chatId, bob, 25, 'twenty-five');
  await load;
  await until(chat, (snapshot) => texts(snapshot).includes('twenty-five'));
  assert.ok(texts(chat.getSnapshot()).includes('fifteen'));
  // An older version of the message arrives late.
  const old = { ...message, kind: 'message', by: bob.id, at: 'x', message: '25' };
  delete old.changedSeq;
  for (const { socket } of backend.connections) {
    socket.send(JSON.stringify({ event: 'entry', chatId, entry: old }));
  }
  await pause(100);
  assert.ok(texts(chat.getSnapshot()).includes('twenty-five'));
  assert.equal(chat.getSnapshot().lastSeq, 32);
  assert.ok(!chat.getSnapshot().entries.some(({ kind }) => kind === 'change'));
});

test('a move to a new socket loses and doubles nothing', async (t) => {
  const { backend, ada, bob, chatId } = await startMock(t);
  const timings = { renewal: 400, settle: 100 };
  const [a, b] = [await live(t, ada, { timings }), await live(t, bob, { timings })];
  const chat = a.openChat(chatId);
  const [heard, reasons] = [[], []];
  a.on('entry', ({ entry }) => heard.push(entry.message));
  a.on('disconnect', (reason) => reasons.push(reason));
  const sent = [];
  for (let count = 0; ada.browser.opened < 4; count++) {
    sent.push(`${count}`);
    await b.send(chatId, `${count}`);
    await pause(10);
  }
  await eventually(() => heard.length === sent.length);
  assert.deepEqual(heard, sent);
  assert.deepEqual(reasons, []);
  assert.equal(backend.frames(ada, 'sync').length, 1);
  await until(chat, ({ presence }) => presence?.online);
});
