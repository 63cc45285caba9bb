// What `live` costs: the exact frames and requests, and when its snapshots change.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from './harness.js';
import { cut, listed, live, pause, startMock, texts, until } from './live.js';

/** Returns the frames of a person as `action` and the parameters that matter. */
function sent(backend, person) {
  return backend.received
    .filter(({ userId }) => userId === person.id)
    .map(({ userId, ackId, ...frame }) => frame);
}

test('five messages cost one receipt, and reading them one more', async (t) => {
  const { backend, ada, bob, chatId } = await startMock(t);
  const b = await live(t, bob);
  for (let count = 1; count <= 5; count++) backend.store(chatId, ada, `${count}`);
  await eventually(() => backend.frames(bob, 'receipt').length);
  await pause(200);
  b.markRead(chatId, 3);
  b.markRead(chatId);
  b.markRead(chatId, 2);
  b.markRead(chatId);
  await eventually(() => backend.frames(bob, 'receipt').length === 2);
  await pause(200);
  assert.deepEqual(sent(backend, bob), [
    { action: 'sync', chats: {}, limit: 10 },
    { action: 'receipt', chatId, delivered: 5 },
    { action: 'receipt', chatId, read: 5 },
  ]);
});

test('messages that are read at once cost one receipt', async (t) => {
  const { backend, ada, bob, chatId } = await startMock(t);
  const b = await live(t, bob);
  b.on('entry', ({ chatId, entry }) => b.markRead(chatId, entry.seq));
  for (let count = 1; count <= 5; count++) backend.store(chatId, ada, `${count}`);
  await eventually(() => backend.frames(bob, 'receipt').length);
  await pause(200);
  const receipts = sent(backend, bob).filter(({ action }) => action === 'receipt');
  assert.deepEqual(receipts, [{ action: 'receipt', chatId, read: 5 }]);
});

test('what was delivered before causes no receipt, and neither do own messages', async (t) => {
  const { backend, ada, bob, chatId } = await startMock(t);
  backend.store(chatId, ada, 'Hello');
  const first = await live(t, bob);
  await eventually(() => backend.frames(bob, 'receipt').length === 1);
  first.close();
  const second = await live(t, bob);
  await second.send(chatId, 'Hello Ada');
  await pause(200);
  assert.equal(backend.frames(bob, 'receipt').length, 1);
});

test('receipts survive an outage, and a refused one is not repeated', async (t) => {
  let isRefusing = false;
  const { backend, ada, bob, chatId } = await startMock(t, {
    refuse: (action) => action === 'receipt' && isRefusing && 403,
  });
  const b = await live(t, bob);
  backend.store(chatId, ada, '1');
  await eventually(() => listed(b, chatId).unread === 1);
  bob.browser.cut();
  b.markRead(chatId);
  await eventually(() => backend.chats.get(chatId).marks.get(bob.id)?.read === 1);
  isRefusing = true;
  const before = backend.frames(bob, 'receipt').length;
  backend.store(chatId, ada, '2');
  await eventually(() => backend.frames(bob, 'receipt').length > before);
  await pause(500);
  assert.equal(backend.frames(bob, 'receipt').length, before + 1);
});

test('after a long absence, receipts are sent a few at a time', async (t) => {
  const { backend, bob, another } = await startMock(t);
  for (let count = 0; count < 25; count++) {
    const friend = await another(`${count}`);
    backend.store(backend.chat(friend, bob), friend, 'Hello');
  }
  await live(t, bob, { timings: { receipt: 300 } });
  const counts = () => backend.frames(bob, 'receipt').length;
  await eventually(() => counts() === 10);
  await pause(50);
  assert.equal(counts(), 10);
  await eventually(() => counts() === 25);
});

test('typing costs one frame per interval, and stops by itself', async (t) => {
  const { backend, ada, bob, chatId } = await startMock(t);
  const timings = { typing: 300 };
  const [a, b] = [await live(t, ada, { timings }), await live(t, bob, { timings })];
  const [chat, other] = [a.openChat(chatId), b.openChat(chatId)];
  const frames = () => backend.frames(ada, 'typing').map(({ typing }) => typing);
  await until(other, ({ presence }) => presence);
  const started = performance.now();
  while (performance.now() - started < 700) {
    chat.typing(true);
    await pause(10);
  }
  const count = frames().length;
  assert.ok(count >= 2 && count <= 3, `${count} frames`);
  assert.deepEqual(other.getSnapshot().typing, [ada.id]);
  await until(other, ({ typing }) => !typing.length);
  assert.deepEqual(frames(), [...Array(count).fill(true), false]);

  // A quick change of mind is not sent at once.
  await pause(300);
  chat.typing(true);
  chat.typing(false);
  chat.typing(true);
  chat.typing(false);
  await pause(400);
  assert.deepEqual(frames().slice(count + 1), [true, false]);

  // A message ends the typing without a frame.
  await pause(300);
  chat.typing(true);
  await until(other, ({ typing }) => typing.length);
  await chat.send('Hello');
  await until(other, ({ typing }) => !typing.length);
  await pause(500);
  assert.deepEqual(frames().slice(count + 3), [true]);
});

test('a lost end of typing is noticed, and typing is not queued', async (t) => {
  const { backend, ada, bob, chatId } = await startMock(t, {
    outgoing: ({ event, typing }) => (event === 'typing' && !typing ? 'drop' : undefined),
  });
  const [a, b] = [await live(t, ada), await live(t, bob)];
  const [chat, other] = [a.openChat(chatId), b.openChat(chatId)];
  await until(other, ({ presence }) => presence);
  chat.typing(true);
  await until(other, ({ typing }) => typing.length);
  chat.typing(false);
  await until(other, ({ typing }) => !typing.length);
  await cut(a, ada);
  const before = backend.frames(ada, 'typing').length;
  chat.typing(true);
  await eventually(() => a.isConnected);
  await pause(100);
  assert.equal(backend.frames(ada, 'typing').length, before);
});

test('a chat is joined once however often it is open, and left when it is closed', async (t) => {
  const { backend, ada, chatId } = await startMock(t);
  const a = await live(t, ada);
  // As StrictMode does: mount, unmount, mount.
  a.openChat(chatId).close();
  const [one, two] = [a.openChat(chatId), a.openChat(chatId)];
  await until(one, ({ presence }) => presence);
  one.close();
  one.close();
  await pause(200);
  const rooms = () =>
    sent(backend, ada)
      .map(({ action }) => action)
      .filter((action) => action.includes('room'));
  assert.deepEqual(rooms(), ['join-chat-room']);
  two.close();
  await eventually(() => rooms().length === 2);
  assert.equal(two.getSnapshot().presence, undefined);
  const three = a.openChat(chatId);
  await until(three, ({ presence }) => presence);
  assert.deepEqual(rooms(), ['join-chat-room', 'leave-chat-room', 'join-chat-room']);
});

test('a join waits until the leave before it is handled', async (t) => {
  const { backend, ada, chatId } = await startMock(t, {
    incoming: ({ action }) => (action === 'leave-chat-room' ? 200 : undefined),
  });
  const a = await live(t, ada);
  const chat = a.openChat(chatId);
  await until(chat, ({ presence }) => presence);
  chat.close();
  await eventually(() => backend.frames(ada, 'leave-chat-room').length);
  const again = a.openChat(chatId);
  await until(again, ({ presence }) => presence);
  const [connection] = backend.connections;
  assert.ok(connection.rooms.has(chatId));
});

test('opening a chat costs at most one request, and none if its entries are there', async (t) => {
  const { backend, ada, bob, chatId } = await startMock(t);
  for (let count = 0; count < 8; count++) backend.store(chatId, bob, `${count}`);
  const a = await live(t, ada);
  const chat = a.openChat(chatId);
  assert.equal(texts(chat.getSnapshot()).length, 8);
  await pause(50);
  const requests = () => backend.requests.filter((request) => request.includes('getChat'));
  assert.deepEqual(requests(), []);

  const cleo = backend.person('Cleo');
  const long = backend.chat(ada, cleo);
  for (let count = 0; count < 40; count++) backend.store(long, cleo, `${count}`);
  const b = await live(t, ada);
  const opened = b.openChat(long, { limit: 25 });
  const second = b.openChat(long, { limit: 25 });
  await until(opened, ({ entries }) => entries.length === 25);
  assert.equal(second.getSnapshot(), opened.getSnapshot());
  assert.deepEqual(requests(), ['GET /api/getChat']);
});

test('the regular frame is a sync of the open and the recent chats', async (t) => {
  const { backend, ada, bob, chatId } = await startMock(t, {
    outgoing: ({ event }) => (event === 'entry' ? 'drop' : undefined),
  });
  backend.store(chatId, bob, '1');
  const a = await live(t, ada, { timings: { ping: 150 } });
  backend.store(chatId, bob, '2');
  await eventually(() => listed(a, chatId).last.message === '2');
  await eventually(() => backend.frames(ada, 'sync').length >= 3);
  assert.equal(backend.frames(ada, 'ping').length, 0);
  const [first, second, third] = backend.frames(ada, 'sync');
  assert.equal(first.since, undefined);
  assert.deepEqual([second.chats, third.chats], [{ [chatId]: 1 }, { [chatId]: 2 }]);
  assert.ok(third.since > second.since);
});

test('a dead network is noticed by a message, which is stored once', async (t) => {
  const dead = new WeakSet();
  const { backend, ada, chatId } = await startMock(t, {
    incoming: (_, { socket }) => (dead.has(socket) ? 'drop' : undefined),
  });
  const a = await live(t, ada);
  const events = [];
  a.on('disconnect', (reason) => events.push(reason));
  for (const socket of backend.server.clients) dead.add(socket);
  const entry = await a.send(chatId, 'Hello');
  assert.deepEqual(events, ['ping timeout']);
  assert.equal(entry.seq, 1);
  assert.equal(backend.chats.get(chatId).entries.length, 1);
});

test('snapshots change with what they show, and share the rest', async (t) => {
  const { backend, ada, bob, chatId, another } = await startMock(t);
  const cleo = await another('Cleo');
  const other = backend.chat(ada, cleo);
  backend.store(other, cleo, 'Hello');
  backend.store(chatId, bob, '1');
  backend.store(chatId, bob, '2');
  const a = await live(t, ada);
  const chat = a.openChat(chatId);
  await until(chat, ({ presence }) => presence);
  const calls = { list: 0, chat: 0 };
  a.chats().subscribe(() => calls.list++);
  const stop = chat.subscribe(() => calls.chat++);
  await pause(150);
  Object.assign(calls, { list: 0, chat: 0 });

  const [list, open] = [a.chats().getSnapshot(), chat.getSnapshot()];
  // What arrives twice changes nothing.
  const entry = { kind: 'message', by: bob.id, at: 'x', seq: 2, sendBy: bob.id, message: 'no' };
  for (const connection of backend.connections) {
    connection.socket.send(JSON.stringify({ event: 'entry', chatId, entry }));
    const marks = { userId: bob.id, delivered: 0, read: 0 };
    connection.socket.send(JSON.stringify({ event: 'receipt', chatId, ...marks }));
  }
  await pause(100);
  assert.equal(a.chats().getSnapshot(), list);
  assert.equal(chat.getSnapshot(), open);
  assert.deepEqual(calls, { list: 0, chat: 0 });

  backend.store(chatId, bob, '3');
  await until(chat, (snapshot) => texts(snapshot).length === 3);
  const [nextList, next] = [a.chats().getSnapshot(), chat.getSnapshot()];
  assert.notEqual(next, open);
  assert.equal(next.entries[0], open.entries[0]);
  assert.equal(next.marks, open.marks);
  assert.equal(open.entries.length, 2);
  const find = ({ chats }) => chats.find(({ _id }) => _id === other);
  assert.equal(find(nextList), find(list));
  await eventually(() => calls.chat && calls.list);

  stop();
  const { chat: before } = calls;
  backend.edit(chatId, bob, 1, 'one');
  await until(chat, (snapshot) => texts(snapshot)[0] === 'one');
  assert.equal(calls.chat, before);
  assert.equal(texts(next)[0], '1');
});

test('many changes at once call a listener once', async (t) => {
  const { backend, bob } = await startMock(t);
  for (let count = 0; count < 50; count++) {
    const friend = backend.person(`${count}`);
    backend.store(backend.chat(friend, bob), friend, 'Hello');
  }
  const b = await live(t, bob, { isLazy: true });
  let calls = 0;
  b.chats().subscribe(() => calls++);
  await b.ready();
  assert.equal(b.chats().getSnapshot().chats.length, 51);
  // One for the connection, and one for the chats.
  assert.ok(calls <= 3, `${calls} calls`);
});
