// Server behaviour that the local stack cannot be made to show, simulated by a mock server.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { createClient } from '../dist/client.js';
import { eventually, only } from './harness.js';
import { acknowledge, failure, serve } from './mock-server.js';

test('frames to a room wait until its join is answered', async (t) => {
  for (const refusal of [
    undefined,
    { action: 'join-chat-room', status: 404, message: 'no such chat' },
  ]) {
    let join;
    const { socket, events, frames } = await serve(t, {
      frame: ({ action, ackId }, answer) => {
        if (action !== 'join-chat-room') return;
        join = () =>
          answer(refusal ? { event: 'error', ...refusal, ackId } : { event: 'ack', ackId });
        // An event that arrives before the answer does not release the frames.
        answer({ event: 'chatUpdate', chatId: 'c', message: '0' });
      },
    });
    socket.send('join-chat-room', { chatId: 'c' });
    socket.send('chatsend', { chatId: 'c', message: '1' });
    socket.send('chatsend', { chatId: 'c', message: '2' });
    await eventually(() => only(events, 'chatUpdate').length);
    assert.deepEqual(
      frames.map(({ action }) => action),
      ['join-chat-room'],
    );
    join();
    await eventually(() => frames.length === 3);
    assert.deepEqual(
      frames.slice(1).map(({ message }) => message),
      ['1', '2'],
    );
    assert.deepEqual(
      only(events, 'error').map(({ message }) => message),
      refusal ? [refusal.message] : [],
    );
  }
});

test('joins are sent before the frames that waited while offline', async (t) => {
  const { socket, frames } = await serve(t, {});
  socket.send('chatsend', { chatId: 'c', message: '1' });
  socket.send('join-chat-room', { chatId: 'c' });
  await eventually(() => frames.length === 2);
  assert.deepEqual(
    frames.map(({ action }) => action),
    ['join-chat-room', 'chatsend'],
  );
});

test('the answer to a ping is not published', async (t) => {
  const { events, frames } = await serve(t, {
    timings: { ping: 20 },
    frame: ({ action, ackId }, answer) =>
      answer({ event: 'error', action, status: 404, message: 'no such action', ackId }),
  });
  await eventually(() => frames.length >= 3);
  assert.deepEqual(frames[0], { action: 'ping', ackId: 1 });
  assert.deepEqual(events, [['connect', undefined]]);
});

test('a socket whose ping is not answered is replaced', async (t) => {
  const { events } = await serve(t, { frame: () => {}, timings: { ping: 20, probe: 50 } });
  await eventually(() => only(events, 'connect').length >= 2);
  assert.equal(only(events, 'disconnect')[0], 'ping timeout');
});

test('errors have the code of the server', async (t) => {
  const { socket, events } = await serve(t, {
    frame: ({ action, ackId }, answer) =>
      answer({ event: 'error', action, status: 403, code: 'notInRoom', message: 'no', ackId }),
  });
  socket.send('chatsend', { chatId: 'c', message: 'Hello' });
  await eventually(() => only(events, 'error').length);
  const [{ status, code, action }] = only(events, 'error');
  assert.deepEqual(
    { status, code, action },
    { status: 403, code: 'notInRoom', action: 'chatsend' },
  );

  const client = createClient({ url: 'http://api', fetch: async () => failure(500) });
  await assert.rejects(client.users(), { status: 500, code: 'internal', message: 'no' });
});

test('an error of the gateway itself has no code', async (t) => {
  const { socket, events } = await serve(t, {
    frame: (_, answer) =>
      answer({ message: 'Internal server error', connectionId: 'x', requestId: 'y' }),
  });
  socket.send('chatsend', { chatId: 'c', message: 'Hello' });
  await eventually(() => only(events, 'error').length);
  assert.deepEqual(
    only(events, 'error').map(({ status, code, message }) => [status, code, message]),
    [[500, undefined, 'Internal server error']],
  );
});

test('unknown frames are ignored', async (t) => {
  const { socket, events } = await serve(t, {
    frame: (_, answer, server) => {
      for (const text of ['no JSON', 'null', '[]', '{"event":"toString"}', '{"event":"connect"}'])
        server.send(text);
      answer({ event: 'chatUpdate', chatId: 'c', message: 'last' });
    },
  });
  socket.send('chatsend', { chatId: 'c', message: 'Hello' });
  await eventually(() => only(events, 'chatUpdate').length);
  assert.deepEqual(events, [
    ['connect', undefined],
    ['chatUpdate', { chatId: 'c', message: 'last' }],
  ]);
});

test('a refused handshake is retried while the session is valid', async (t) => {
  let tickets = 0;
  const refused = { status: true, ticket: 't', url: 'ws://127.0.0.1:1', expiresIn: 30 };
  const { socket, events } = await serve(t, {
    http: (path) =>
      path === '/api/socketTicket' && tickets++ < 2 ? Response.json(refused) : undefined,
  });
  await eventually(() => socket.connected);
  assert.deepEqual(
    only(events, 'connect_error').map(({ message }) => message),
    Array(2).fill('the handshake was refused'),
  );
});

test('a check that is not answered after a refused handshake ends soon', async (t) => {
  let tickets = 0;
  const refused = { status: true, ticket: 't', url: 'ws://127.0.0.1:1', expiresIn: 30 };
  const { socket } = await serve(t, {
    http: (path) => {
      if (path !== '/api/socketTicket') return new Promise(() => {});
      return tickets++ < 2 ? Response.json(refused) : undefined;
    },
    timings: { answer: 100 },
  });
  await eventually(() => socket.connected, 5_000);
});

test('Retry-After delays the next attempt', async (t) => {
  let tries = 0;
  const { socket, times } = await serve(t, {
    http: () => (tries++ ? undefined : failure(503, { 'Retry-After': '1' })),
  });
  await eventually(() => socket.connected);
  assert.ok(times[1] - times[0] >= 999, `the next attempt came after ${times[1] - times[0]} ms`);
});

test('the backoff doubles up to a limit', async (t) => {
  const random = mock.method(Math, 'random', () => 1);
  t.after(() => random.mock.restore());
  const { times } = await serve(t, {
    http: () => failure(500),
    timings: { backoff: 20, maxBackoff: 80 },
  });
  await eventually(() => times.length >= 6);
  const waits = times.slice(1).map((time, index) => time - times[index]);
  for (const [index, least] of [20, 40, 80, 80, 80].entries()) {
    // Timers may fire a millisecond early.
    assert.ok(waits[index] >= least - 1, `wait ${index} was ${waits[index]} ms`);
  }
});

test('the backoff is random, so that clients do not reconnect simultaneously', async (t) => {
  const random = mock.method(Math, 'random', () => 0);
  t.after(() => random.mock.restore());
  const { times } = await serve(t, {
    http: () => failure(500),
    timings: { backoff: 60_000, maxBackoff: 60_000 },
  });
  await eventually(() => times.length >= 5);
  assert.ok(random.mock.callCount() >= 4);
});
