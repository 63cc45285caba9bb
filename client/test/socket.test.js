import assert from 'node:assert/strict';
import { before, mock, test } from 'node:test';
import { createClient } from '../dist/client.js';
import { connect, connectPair, eventually, hear, messages, of, record, signUp, signUpPair, timers, timings, unique, url } from './harness.js';

let people;
before(async () => {
  people = await signUpPair();
});

test('what one says reaches the other one, by name', async (t) => {
  const { chatId } = people;
  const { a, b } = await connectPair(t, people);
  const message = unique();
  a.socket.send('chatsend', { chatId, message });
  b.socket.send('messageRecieved', { chatId, message });
  a.socket.send('sendActiveResponse', { chatId });
  await eventually(() => of(b.told, 'chatUpdate').some((shown) => shown.message === message && shown.chatId === chatId));
  await eventually(() => of(a.told, 'messageSent').some((shown) => shown.message === message));
  await eventually(() => of(b.told, 'recieveUserResponse').some((shown) => shown.chatId === chatId));
});

test('a friend is told of the new connection', async (t) => {
  const { ada, bob } = people;
  const [a, b] = await Promise.all([connect(t, ada), connect(t, bob)]);
  a.socket.send('addFriend', { id: bob.id, userName: 'Ada', friendName: 'Bob' });
  await eventually(() => of(b.told, 'newFriend').length);
  assert.deepEqual(of(b.told, 'newFriend'), [{ id: ada.id, userName: 'Ada', friendName: 'Bob' }]);
});

test('what is said right after joining arrives, all of it, once', async (t) => {
  const { ada, bob, chatId } = await signUpPair();
  const { b } = await connectPair(t, { ada, bob, chatId });
  const second = await connect(t, ada);
  const sent = Array.from({ length: 20 }, unique);
  second.socket.send('join-chat-room', { chatId });
  for (const message of sent) second.socket.send('chatsend', { chatId, message });
  await eventually(() => sent.every((message) => messages(b.told).includes(message)));
  assert.equal(messages(b.told).filter((message) => sent.includes(message)).length, sent.length);
  assert.deepEqual(of(second.told, 'error'), []);
});

test('what is said while offline is sent once connected', async (t) => {
  const { ada, bob, chatId } = await signUpPair();
  const { a, b } = await connectPair(t, { ada, bob, chatId });
  const message = unique();
  ada.browser.cut();
  await eventually(() => !a.socket.connected);
  a.socket.send('chatsend', { chatId, message });
  await eventually(() => messages(b.told).includes(message));
  assert.equal(messages(b.told).filter((shown) => shown === message).length, 1);
});

test('rooms are joined again after a reconnect', async (t) => {
  const { ada, bob, chatId } = await signUpPair();
  const { a, b } = await connectPair(t, { ada, bob, chatId });
  bob.browser.cut();
  await eventually(() => of(b.told, 'connect').length === 1);
  await hear(a.socket, b.told, chatId);
  assert.deepEqual(of(b.told, 'disconnect'), ['transport close']);
});

test('who is not in the room is told so', async (t) => {
  const { ada, chatId } = people;
  const { socket, told } = await connect(t, ada);
  socket.send('chatsend', { chatId, message: 'Hello' });
  await eventually(() => of(told, 'error').length);
  const [{ name, status, message, action }] = of(told, 'error');
  assert.deepEqual({ name, status, message, action }, {
    name: 'ChatError',
    status: 403,
    message: 'join the chat room first',
    action: 'chatsend',
  });
});

test('who may not join is told so, and what they say to the room is refused in the end', async (t) => {
  const eve = await signUp('Eve');
  const { chatId } = people;
  const { socket, told } = await connect(t, eve, { settle: 50 });
  socket.send('join-chat-room', { chatId });
  socket.send('chatsend', { chatId, message: 'Hello' });
  await eventually(() => of(told, 'error').some(({ action, status }) => action === 'chatsend' && status === 403));
  assert.ok(of(told, 'error').some(({ action, status }) => action === 'join-chat-room' && status === 403));
});

test('a frame over the limit is refused before it is sent', async (t) => {
  const { ada, chatId } = people;
  const { socket } = await connect(t, ada);
  const frame = { action: 'chatsend', chatId, message: '' };
  const room = 32_000 - JSON.stringify(frame).length;
  assert.throws(() => socket.send('chatsend', { chatId, message: 'é'.repeat(room / 2 + 1) }), { name: 'ChatError', status: 413 });
  assert.doesNotThrow(() => socket.send('chatsend', { chatId, message: 'x'.repeat(room) }));
});

test('more than a thousand waiting frames are refused', (t) => {
  const socket = createClient({ url, fetch: () => new Promise(() => {}), WebSocket: class {} }).socket({ userId: 'a', name: 'A' });
  t.after(() => socket.disconnect());
  for (let count = 0; count < 1000; count++) socket.send('chatsend', { chatId: 'c', message: 'Hello' });
  assert.throws(() => socket.send('chatsend', { chatId: 'c', message: 'Hello' }), { name: 'ChatError' });
});

test("a handler's mistake is reported and stops no other handler", async (t) => {
  const { chatId } = people;
  const { a, b } = await connectPair(t, people);
  const reported = mock.method(console, 'error', () => {});
  t.after(() => reported.mock.restore());
  const mistakes = [new Error('thrown'), new Error('rejected')];
  const heard = [];
  b.socket.on('messageSent', () => {
    throw mistakes[0];
  });
  b.socket.on('messageSent', async () => {
    throw mistakes[1];
  });
  b.socket.on('messageSent', ({ message }) => heard.push(message));
  const message = unique();
  a.socket.send('messageRecieved', { chatId, message });
  await eventually(() => heard.includes(message));
  await eventually(() => reported.mock.callCount() >= 2);
  assert.deepEqual(reported.mock.calls.map(({ arguments: [error] }) => error), mistakes);
});

test('an error that nobody listens for is shown on the console', async (t) => {
  const { ada, chatId } = people;
  const reported = mock.method(console, 'error', () => {});
  t.after(() => reported.mock.restore());
  const { socket } = await connect(t, ada);
  socket.off('error');
  socket.send('chatsend', { chatId, message: 'Hello' });
  await eventually(() => reported.mock.callCount());
  assert.equal(reported.mock.calls[0].arguments[0].message, 'join the chat room first');
});

test('a session that ends elsewhere is told once, and nothing is left that could try again', async (t) => {
  const ada = await signUp('Ada');
  const before = timers();
  const { told } = await connect(t, ada);
  await ada.browser.copy().client().logout();
  await eventually(() => of(told, 'signedOut').length);
  assert.deepEqual(of(told, 'signedOut').map(({ status, message }) => [status, message]), [
    [401, 'the session is over: sign in again'],
  ]);
  await eventually(() => ada.browser.open.size === 0 && timers() === before);
});

test('an access token that ran out is refreshed on the way to a socket', async (t) => {
  const ada = await signUp('Ada');
  ada.browser.forget('access-key');
  const { told } = await connect(t, ada);
  assert.deepEqual(of(told, 'connect_error'), []);
});

test('a server that comes back is found again', async (t) => {
  const ada = await signUp('Ada');
  let isAway = true;
  const client = createClient({
    url,
    fetch: (...request) => (isAway ? Promise.reject(new TypeError('network')) : ada.browser.fetch(...request)),
    WebSocket: ada.browser.WebSocket,
  });
  const socket = client.socket({ userId: ada.id, name: 'Ada', timings });
  t.after(() => socket.disconnect());
  const told = record(socket);
  await eventually(() => of(told, 'connect_error').length >= 3);
  assert.equal(of(told, 'connect_error')[0].status, 0);
  isAway = false;
  await eventually(() => socket.connected);
});

test('a socket that was disconnected on purpose stays so, until it is connected again', async (t) => {
  const ada = await signUp('Ada');
  const { socket, told } = await connect(t, ada);
  socket.disconnect();
  assert.equal(socket.connected, false);
  assert.equal(socket.id, undefined);
  await eventually(() => ada.browser.open.size === 0);
  assert.deepEqual(of(told, 'disconnect'), ['io client disconnect']);
  socket.connect();
  await eventually(() => socket.connected);
  assert.equal(ada.browser.open.size, 1);
});

test('a socket that is disconnected while it connects leaves none behind', async () => {
  const ada = await signUp('Ada');
  const socket = ada.client.socket({ userId: ada.id, name: 'Ada', timings });
  await eventually(() => ada.browser.opened === 1);
  socket.disconnect();
  await eventually(() => ada.browser.open.size === 0);
  assert.equal(socket.connected, false);
});
