import assert from 'node:assert/strict';
import { before, mock, test } from 'node:test';
import { createClient } from '../dist/client.js';
import {
  connect,
  connectPair,
  eventually,
  hear,
  messages,
  only,
  record,
  signUp,
  signUpPair,
  timers,
  timings,
  unique,
  url,
} from './harness.js';

let people;
before(async () => {
  people = await signUpPair();
});

test('events reach the other member of a chat', async (t) => {
  const { chatId } = people;
  const { a, b } = await connectPair(t, people);
  const message = unique();
  a.socket.send('chatsend', { chatId, message });
  b.socket.send('messageRecieved', { chatId, message });
  a.socket.send('sendActiveResponse', { chatId });
  await eventually(() =>
    only(b.events, 'chatUpdate').some(
      (shown) => shown.message === message && shown.chatId === chatId,
    ),
  );
  await eventually(() => only(a.events, 'messageSent').some((shown) => shown.message === message));
  await eventually(() =>
    only(b.events, 'recieveUserResponse').some((shown) => shown.chatId === chatId),
  );
});

test('addFriend reaches the friend', async (t) => {
  const { ada, bob } = people;
  const [a, b] = await Promise.all([connect(t, ada), connect(t, bob)]);
  a.socket.send('addFriend', { id: bob.id, userName: 'Ada', friendName: 'Bob' });
  await eventually(() => only(b.events, 'newFriend').length);
  assert.deepEqual(only(b.events, 'newFriend'), [
    { id: ada.id, userName: 'Ada', friendName: 'Bob' },
  ]);
});

test('messages that are sent right after joining arrive once each', async (t) => {
  const { ada, bob, chatId } = await signUpPair();
  const { b } = await connectPair(t, { ada, bob, chatId });
  const second = await connect(t, ada);
  const sent = Array.from({ length: 20 }, unique);
  second.socket.send('join-chat-room', { chatId });
  for (const message of sent) second.socket.send('chatsend', { chatId, message });
  await eventually(() => sent.every((message) => messages(b.events).includes(message)));
  assert.equal(messages(b.events).filter((message) => sent.includes(message)).length, sent.length);
  assert.deepEqual(only(second.events, 'error'), []);
});

test('a frame that was sent while offline goes out after the reconnect', async (t) => {
  const { ada, bob, chatId } = await signUpPair();
  const { a, b } = await connectPair(t, { ada, bob, chatId });
  const message = unique();
  ada.browser.cut();
  await eventually(() => !a.socket.connected);
  a.socket.send('chatsend', { chatId, message });
  await eventually(() => messages(b.events).includes(message));
  assert.equal(messages(b.events).filter((shown) => shown === message).length, 1);
});

test('rooms are joined again after a reconnect', async (t) => {
  const { ada, bob, chatId } = await signUpPair();
  const { a, b } = await connectPair(t, { ada, bob, chatId });
  bob.browser.cut();
  await eventually(() => only(b.events, 'connect').length === 1);
  await hear(a.socket, b.events, chatId);
  assert.deepEqual(only(b.events, 'disconnect'), ['transport close']);
});

test('a frame to a room that was not joined causes an error event', async (t) => {
  const { ada, chatId } = people;
  const { socket, events } = await connect(t, ada);
  socket.send('chatsend', { chatId, message: 'Hello' });
  await eventually(() => only(events, 'error').length);
  const [{ name, status, code, message, action }] = only(events, 'error');
  assert.deepEqual(
    { name, status, code, message, action },
    {
      name: 'ChatError',
      status: 403,
      code: 'notInRoom',
      message: 'join the chat room first',
      action: 'chatsend',
    },
  );
});

test('a refused join causes an error event, and so do the frames that waited for it', async (t) => {
  const eve = await signUp('Eve');
  const { chatId } = people;
  const { socket, events } = await connect(t, eve, { settle: 50 });
  socket.send('join-chat-room', { chatId });
  socket.send('chatsend', { chatId, message: 'Hello' });
  await eventually(() =>
    only(events, 'error').some(({ action, status }) => action === 'chatsend' && status === 403),
  );
  assert.ok(
    only(events, 'error').some(
      ({ action, status }) => action === 'join-chat-room' && status === 403,
    ),
  );
});

test('a frame that exceeds the limit is not sent', async (t) => {
  const { ada, chatId } = people;
  const { socket } = await connect(t, ada);
  const frame = { action: 'chatsend', chatId, message: '' };
  const room = 32_000 - JSON.stringify(frame).length;
  assert.throws(() => socket.send('chatsend', { chatId, message: 'é'.repeat(room / 2 + 1) }), {
    name: 'ChatError',
    status: 413,
  });
  assert.doesNotThrow(() => socket.send('chatsend', { chatId, message: 'x'.repeat(room) }));
});

test('more than a thousand waiting frames are refused', (t) => {
  const socket = createClient({
    url,
    fetch: () => new Promise(() => {}),
    WebSocket: class {},
  }).socket({ userId: 'a', name: 'A' });
  t.after(() => socket.disconnect());
  const send = () => socket.send('chatsend', { chatId: 'c', message: 'Hello' });
  for (let count = 0; count < 1000; count++) send();
  assert.throws(send, { name: 'ChatError' });
});

test('an exception in a handler is reported, and the other handlers run', async (t) => {
  const { chatId } = people;
  const { a, b } = await connectPair(t, people);
  const reported = mock.method(console, 'error', () => {});
  t.after(() => reported.mock.restore());
  const thrown = [new Error('thrown'), new Error('rejected')];
  const heard = [];
  b.socket.on('messageSent', () => {
    throw thrown[0];
  });
  b.socket.on('messageSent', async () => {
    throw thrown[1];
  });
  b.socket.on('messageSent', ({ message }) => heard.push(message));
  const message = unique();
  a.socket.send('messageRecieved', { chatId, message });
  await eventually(() => heard.includes(message));
  await eventually(() => reported.mock.callCount() >= 2);
  assert.deepEqual(
    reported.mock.calls.map(({ arguments: [error] }) => error),
    thrown,
  );
});

test('an error without a handler is logged to the console', async (t) => {
  const { ada, chatId } = people;
  const reported = mock.method(console, 'error', () => {});
  t.after(() => reported.mock.restore());
  const { socket } = await connect(t, ada);
  socket.off('error');
  socket.send('chatsend', { chatId, message: 'Hello' });
  await eventually(() => reported.mock.callCount());
  assert.equal(reported.mock.calls[0].arguments[0].message, 'join the chat room first');
});

test('a session that ends elsewhere causes one signedOut event and no retries', async (t) => {
  const ada = await signUp('Ada');
  const before = timers();
  const { events } = await connect(t, ada);
  await ada.browser.copy().client().logout();
  await eventually(() => only(events, 'signedOut').length);
  assert.deepEqual(
    only(events, 'signedOut').map(({ status, code, message }) => [status, code, message]),
    [[401, 'sessionOver', 'the session is over: sign in again']],
  );
  await eventually(() => ada.browser.open.size === 0 && timers() === before);
});

test('an expired access token is refreshed before a socket opens', async (t) => {
  const ada = await signUp('Ada');
  ada.browser.forget('access-key');
  const { events } = await connect(t, ada);
  assert.deepEqual(only(events, 'connect_error'), []);
});

test('a socket reconnects when the server is back', async (t) => {
  const ada = await signUp('Ada');
  let isAway = true;
  const client = createClient({
    url,
    fetch: (...request) =>
      isAway ? Promise.reject(new TypeError('network')) : ada.browser.fetch(...request),
    WebSocket: ada.browser.WebSocket,
  });
  const socket = client.socket({ userId: ada.id, name: 'Ada', timings });
  t.after(() => socket.disconnect());
  const events = record(socket);
  await eventually(() => only(events, 'connect_error').length >= 3);
  assert.equal(only(events, 'connect_error')[0].status, 0);
  isAway = false;
  await eventually(() => socket.connected);
});

test('a socket stays disconnected until connect() is called again', async (t) => {
  const ada = await signUp('Ada');
  const { socket, events } = await connect(t, ada);
  socket.disconnect();
  assert.equal(socket.connected, false);
  assert.equal(socket.id, undefined);
  await eventually(() => ada.browser.open.size === 0);
  assert.deepEqual(only(events, 'disconnect'), ['io client disconnect']);
  socket.connect();
  await eventually(() => socket.connected);
  assert.equal(ada.browser.open.size, 1);
});

test('a socket that is disconnected while it connects leaks nothing', async () => {
  const ada = await signUp('Ada');
  const socket = ada.client.socket({ userId: ada.id, name: 'Ada', timings });
  await eventually(() => ada.browser.opened === 1);
  socket.disconnect();
  await eventually(() => ada.browser.open.size === 0);
  assert.equal(socket.connected, false);
});
