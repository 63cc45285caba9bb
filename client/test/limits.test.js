// API Gateway's idle timeout (10 minutes) and lifetime (2 hours), on a clock that is 600 times as
// fast.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  connect,
  connectPair,
  eventually,
  hear,
  messages,
  only,
  signUp,
  signUpPair,
  timers,
} from './harness.js';
import { startStack } from './stack.js';

const pinging = { ping: 400 };
const silent = { ping: 60_000 };

let stack;
before(async () => {
  stack = await startStack({ LOCAL_TIME_SCALE: '600' });
});
after(() => stack.stop());

test('a socket is closed as idle unless it sends pings', async (t) => {
  const [ada, bob] = await Promise.all([signUp('Ada', stack.url), signUp('Bob', stack.url)]);
  const kept = await connect(t, ada, pinging);
  const cut = await connect(t, bob, silent);
  await eventually(() => only(cut.events, 'disconnect').length >= 3);
  assert.deepEqual(only(kept.events, 'disconnect'), []);
  assert.equal(ada.browser.opened, 1);
});

test('rooms are joined again after an idle timeout', async (t) => {
  const people = await signUpPair(stack.url);
  const { a, b } = await connectPair(t, people, pinging);
  const idle = await connect(t, people.bob, silent);
  idle.socket.send('join-chat-room', { chatId: people.chatId });
  await eventually(() => only(idle.events, 'connect').length);
  await hear(a.socket, idle.events, people.chatId);
  assert.deepEqual(only(b.events, 'disconnect'), []);
});

test('sockets are renewed in time, and no event is lost or duplicated', async (t) => {
  const people = await signUpPair(stack.url);
  const timersBefore = timers();
  const { chatId, ada, bob } = people;
  const { a, b } = await connectPair(t, people, { ...pinging, renewal: 3_000 });
  const sides = [
    { from: a, to: b, sent: [] },
    { from: b, to: a, sent: [] },
  ];
  const before = sides.map(({ to }) => messages(to.events).length);
  for (let count = 0; Math.min(ada.browser.opened, bob.browser.opened) < 6; count++) {
    for (const { from, sent } of sides) {
      // Messages with equal texts must not be treated as duplicates.
      const message = `${from === a ? 'Ada' : 'Bob'} ${count % 50}`;
      sent.push(message);
      from.socket.send('chatsend', { chatId, message });
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  await eventually(() =>
    sides.every(({ to, sent }, index) => messages(to.events).length >= before[index] + sent.length),
  );
  await eventually(() => ada.browser.open.size === 1 && bob.browser.open.size === 1);
  for (const [index, { to, sent }] of sides.entries()) {
    assert.deepEqual(messages(to.events).slice(before[index]).sort(), sent.sort());
    assert.deepEqual([...only(to.events, 'disconnect'), ...only(to.events, 'error')], []);
  }
  a.socket.disconnect();
  b.socket.disconnect();
  await eventually(() => timers() === timersBefore);
});
