import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { createClient, io } from '../dist/client.js';
import { eventually, signUpPair, timings, unique, url } from './harness.js';

let people;
before(async () => {
  people = await signUpPair();
});

function open(t, { id, name, browser }, more = {}) {
  const { fetch, WebSocket } = browser;
  const socket = io(url, {
    query: { userId: id, name },
    fetch,
    WebSocket,
    timings,
    transports: ['websocket'],
    ...more,
  });
  t.after(() => socket.disconnect());
  return socket;
}

/** Opens a socket for each member of the chat. Both have joined its room when this resolves. */
async function openPair(t) {
  const { ada, bob, chatId } = people;
  const [a, b] = [open(t, ada), open(t, bob)];
  for (const [from, to] of [
    [a, b],
    [b, a],
  ]) {
    from.emit('join-chat-room', chatId);
    to.emit('join-chat-room', chatId);
    const mark = unique();
    const heard = hear(to, 'chatUpdate');
    await eventually(() => {
      from.emit('chatsend', chatId, mark);
      return eventually(() => heard.some(([, message]) => message === mark), 500).catch(
        () => false,
      );
    });
  }
  return { a, b };
}

/** Records the arguments of each `event`. */
function hear(socket, event) {
  const calls = [];
  socket.on(event, (...args) => calls.push(args));
  return calls;
}

test('parameters and events are positional', async (t) => {
  const { ada, bob, chatId } = people;
  const { a, b } = await openPair(t);
  const shown = ['recieveUserResponse', 'chatUpdate', 'messageSent', 'newFriend'].map((event) =>
    hear(b, event),
  );
  const message = unique();
  a.emit('sendActiveResponse', chatId);
  a.emit('chatsend', chatId, message);
  a.emit('messageRecieved', chatId, message);
  a.emit('addFriend', bob.id, 'Ada', 'Bob');
  const expected = [[chatId], [chatId, message], [chatId, message], [ada.id, 'Ada', 'Bob']];
  for (const [index, args] of expected.entries()) {
    await eventually(() =>
      shown[index].some((heard) => JSON.stringify(heard) === JSON.stringify(args)),
    );
  }
});

test('parameters can be given by name in one object', async (t) => {
  const { chatId } = people;
  const { a, b } = await openPair(t);
  const message = unique();
  const shown = hear(b, 'chatUpdate');
  a.emit('chatsend', { chatId, message });
  await eventually(() => shown.some(([, text]) => text === message));
});

test('frames that are emitted before the socket is connected are sent', async (t) => {
  const { ada, chatId } = people;
  const { b } = await openPair(t);
  const shown = hear(b, 'chatUpdate');
  const message = unique();
  const early = open(t, ada);
  early.emit('join-chat-room', chatId);
  early.emit('chatsend', chatId, message);
  assert.equal(early.connected, false);
  await eventually(() => shown.some(([, text]) => text === message));
});

test('a removed handler is not called, but others are', async (t) => {
  const { chatId } = people;
  const { a, b } = await openPair(t);
  const kept = hear(b, 'chatUpdate');
  const removed = [];
  const handler = () => removed.push(1);
  b.on('chatUpdate', handler).off('chatUpdate', handler);
  const message = unique();
  a.emit('chatsend', chatId, message);
  await eventually(() => kept.some(([, text]) => text === message));
  assert.deepEqual(removed, []);
});

test('connect and disconnect are published, with an id and a reason', async (t) => {
  const socket = open(t, people.ada);
  const connects = hear(socket, 'connect');
  const disconnects = hear(socket, 'disconnect');
  assert.equal(socket.id, undefined);
  await eventually(() => connects.length);
  assert.equal(socket.connected, true);
  assert.equal(typeof socket.id, 'string');
  socket.disconnect();
  assert.deepEqual(disconnects, [['io client disconnect']]);
  assert.equal(socket.connected, false);
});

test('with autoConnect: false, the socket waits for connect()', async (t) => {
  const socket = open(t, people.ada, { autoConnect: false });
  const { opened } = people.ada.browser;
  socket.connect();
  await eventually(() => socket.connected);
  assert.equal(people.ada.browser.opened, opened + 1);
});

test('the query can be a string', async (t) => {
  const { id, name } = people.ada;
  const socket = open(t, people.ada, { query: `userId=${id}&name=${name}` });
  await eventually(() => socket.connected);
});

test('a frame that cannot be sent causes an error event and no exception', (t) => {
  const socket = open(t, people.ada, { autoConnect: false });
  const errors = hear(socket, 'error');
  socket.emit('nothing', 1);
  socket.emit('chatsend', people.chatId, 'x'.repeat(32_000));
  assert.deepEqual(
    errors.map(([{ status, action }]) => [status, action]),
    [
      [404, 'nothing'],
      [413, 'chatsend'],
    ],
  );
});

test('the aliases of socket.io-client work', (t) => {
  const socket = open(t, people.ada, { autoConnect: false });
  const errors = [];
  const handler = () => errors.push(1);
  socket.once('error', handler);
  socket.emit('nothing');
  socket.emit('nothing');
  assert.equal(errors.length, 1);
  socket.on('error', handler).removeListener('error', handler).on('error', () => {});
  socket.emit('nothing');
  assert.equal(errors.length, 1);
  socket.removeAllListeners();
  assert.equal(socket.active, false);
  assert.equal(socket.open().active, true);
  assert.equal(socket.close().active, false);
});

test('a missing WebSocket is reported at once', { skip: typeof WebSocket === 'function' }, () => {
  assert.throws(
    () => createClient({ url }).socket({ userId: 'a', name: 'A' }),
    /there is no global WebSocket/,
  );
});
