// Waiting for the socket and for rooms, and frames that must not wait.
import assert from 'node:assert/strict';
import { before, mock, test } from 'node:test';
import { connect, eventually, messages, only, signUp, signUpPair, unique } from './harness.js';
import { acknowledge, serve } from './mock-server.js';

const JOIN = 'join-chat-room';

let people;
before(async () => {
  people = await signUpPair();
});

test('after join, the room hears what the socket sends', async (t) => {
  const { ada, bob, chatId } = people;
  const [a, b] = await Promise.all([connect(t, ada), connect(t, bob)]);
  await Promise.all([a.socket.join(chatId), b.socket.join(chatId)]);
  const message = unique();
  a.socket.send('chatsend', { chatId, message });
  await eventually(() => messages(b.events).includes(message));
});

test('join rejects if the server refuses', async (t) => {
  const eve = await signUp('Eve');
  const { socket } = await connect(t, eve);
  await assert.rejects(socket.join(people.chatId), {
    name: 'ChatError',
    status: 403,
    code: 'notAMember',
    action: JOIN,
    chatId: people.chatId,
  });
  await assert.rejects(socket.join('0'.repeat(24)), { status: 404, code: 'noSuchChat' });
});

test('join waits for the socket, and across a reconnect', async (t) => {
  let count = 0;
  const { socket, frames } = await serve(t, {
    frame: (frame, answer, server) => (count++ ? acknowledge(frame, answer) : server.terminate()),
  });
  assert.equal(socket.connected, false);
  await socket.join('c');
  assert.equal(frames.length, 2);
});

test('a room that is joined already is not joined again', async (t) => {
  const { socket, frames } = await serve(t);
  await Promise.all([socket.join('c'), socket.join('c')]);
  await socket.join('c');
  socket.send(JOIN, { chatId: 'c' });
  socket.send('chatsend', { chatId: 'c', message: '1' });
  await eventually(() => frames.some(({ action }) => action === 'chatsend'));
  assert.deepEqual(
    frames.map(({ action }) => action),
    [JOIN, 'chatsend'],
  );
});

test('after a reconnect, join waits until the room is joined again', async (t) => {
  let held;
  const { socket, server, events } = await serve(t, {
    frame: (frame, answer) => {
      if (only(events, 'connect').length === 1) acknowledge(frame, answer);
      else held = () => acknowledge(frame, answer);
    },
  });
  await socket.join('c');
  for (const client of server.clients) client.terminate();
  await eventually(() => held);
  let isJoined = false;
  const joined = socket.join('c').then(() => (isJoined = true));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(isJoined, false);
  held();
  await joined;
});

test('ready resolves once the socket is connected', async (t) => {
  const { socket } = await serve(t);
  await socket.ready();
  assert.equal(socket.connected, true);
  await socket.ready();
});

test('an aborted signal ends the waiting with its reason, and not the join', async (t) => {
  let held;
  const { socket } = await serve(t, {
    frame: (frame, answer) => (held = () => acknowledge(frame, answer)),
  });
  const controller = new AbortController();
  const { signal } = controller;
  const waits = [socket.ready({ signal }), socket.join('c', { signal })];
  controller.abort(new Error('enough'));
  for (const wait of waits) await assert.rejects(wait, { message: 'enough' });
  await assert.rejects(socket.ready({ signal: AbortSignal.abort() }), { name: 'AbortError' });
  const joined = socket.join('c');
  await eventually(() => held);
  held();
  await joined;
});

test('disconnect and the end of the session end the waiting', async (t) => {
  const silent = await serve(t, { frame: () => {} });
  const waits = [silent.socket.join('c')];
  await silent.socket.ready();
  silent.socket.disconnect();
  waits.push(silent.socket.join('c'), silent.socket.ready());
  silent.socket.disconnect();
  for (const wait of waits) await assert.rejects(wait, { name: 'ChatError', status: 0 });

  const ended = await serve(t, { http: () => Response.json({ error: {} }, { status: 401 }) });
  await assert.rejects(ended.socket.ready(), { status: 401 });
});

test('a presence signal is never sent after a reconnect', async (t) => {
  const { socket, events, frames, server } = await serve(t);
  // Before the first connection, it is not sent either.
  socket.send('sendActiveResponse', { chatId: 'c' });
  await socket.join('c');
  for (const client of server.clients) client.terminate();
  await eventually(() => !socket.connected);
  for (let count = 0; count < 2_000; count++) socket.send('sendActiveResponse', { chatId: 'c' });
  socket.send('chatsend', { chatId: 'c', message: 'durable' });
  await eventually(() => frames.some(({ message }) => message === 'durable'));
  assert.ok(!frames.some(({ action }) => action === 'sendActiveResponse'));
  socket.send('sendActiveResponse', { chatId: 'c' });
  await eventually(() => frames.at(-1).action === 'sendActiveResponse');
  assert.deepEqual(only(events, 'error'), []);
});

test('a presence signal that waits for a join is lost with its socket', async (t) => {
  let count = 0;
  const { socket, frames } = await serve(t, {
    frame: (frame, answer, server) => {
      if (count++) return acknowledge(frame, answer);
      setTimeout(() => server.terminate(), 50);
    },
  });
  await socket.ready();
  socket.send(JOIN, { chatId: 'c' });
  socket.send('sendActiveResponse', { chatId: 'c' });
  await socket.join('c');
  socket.send('chatsend', { chatId: 'c', message: '1' });
  await eventually(() => frames.at(-1).action === 'chatsend');
  assert.deepEqual(
    frames.map(({ action }) => action),
    [JOIN, JOIN, 'chatsend'],
  );
});

test('presence signals that wait for a join become one', async (t) => {
  let held;
  const { socket, frames } = await serve(t, {
    frame: (frame, answer) => (held ??= () => acknowledge(frame, answer)),
  });
  await socket.ready();
  socket.send(JOIN, { chatId: 'c' });
  for (let count = 0; count < 2_000; count++) socket.send('sendActiveResponse', { chatId: 'c' });
  socket.send('chatsend', { chatId: 'c', message: '1' });
  await eventually(() => held);
  held();
  await eventually(() => frames.length === 3);
  assert.deepEqual(
    frames.map(({ action }) => action),
    [JOIN, 'sendActiveResponse', 'chatsend'],
  );
});

test('a presence signal that has waited for a join for five seconds is dropped', async (t) => {
  let held;
  const { socket, frames } = await serve(t, {
    frame: (frame, answer) => (held ??= () => acknowledge(frame, answer)),
  });
  await socket.ready();
  socket.send(JOIN, { chatId: 'c' });
  socket.send('sendActiveResponse', { chatId: 'c' });
  socket.send('chatsend', { chatId: 'c', message: '1' });
  await eventually(() => held);
  const later = performance.now() + 5_001;
  const now = mock.method(performance, 'now', () => later);
  t.after(() => now.mock.restore());
  held();
  await eventually(() => frames.length === 2);
  assert.equal(frames[1].action, 'chatsend');
});

test('a room that is left is not joined again, and hears nothing', async (t) => {
  const { socket, frames, server } = await serve(t);
  await socket.join('c');
  socket.leave('c');
  socket.leave('unknown');
  await eventually(() => frames.length === 2);
  server.clients.forEach((client) => client.terminate());
  await eventually(() => !socket.connected);
  await socket.ready();
  socket.send('typing', { chatId: 'd', typing: true });
  await eventually(() => frames.length === 3);
  assert.deepEqual(
    frames.map(({ action, chatId }) => [action, chatId]),
    [
      [JOIN, 'c'],
      ['leave-chat-room', 'c'],
      ['typing', 'd'],
    ],
  );
});

test('leaving ends the waiting of a join', async (t) => {
  const { socket } = await serve(t, { frame: () => {} });
  await socket.ready();
  const join = socket.join('c');
  socket.send('leave-chat-room', { chatId: 'c' });
  await assert.rejects(join, { status: 0, chatId: 'c' });
});
