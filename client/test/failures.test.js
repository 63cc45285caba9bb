// What a server does that the local stack cannot be made to do, done by one of the test's own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mock, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { createClient } from '../dist/client.js';
import { eventually, of, record, timings } from './harness.js';

/** Acknowledges whatever wants to be. */
const acknowledge = ({ ackId }, answer) => ackId && answer({ event: 'ack', ackId });

/** A server that gives tickets to a socket which `frame` answers for, and a client of it. `http` answers requests in its place. */
async function serve(t, { frame = acknowledge, http = () => undefined, timings: more = {} }) {
  const server = new WebSocketServer({ port: 0 });
  await once(server, 'listening');
  const frames = [];
  server.on('connection', (socket) =>
    socket.on('message', (data) => {
      const received = JSON.parse(data);
      frames.push(received);
      frame(received, (answer) => socket.send(JSON.stringify(answer)), socket);
    }),
  );
  const times = [];
  const ticket = { status: true, ticket: 't', url: `ws://localhost:${server.address().port}`, expiresIn: 30 };
  const client = createClient({
    url: 'http://api',
    WebSocket,
    fetch: async (address) => {
      times.push(performance.now());
      return http(new URL(address).pathname) ?? Response.json(ticket);
    },
  });
  const socket = client.socket({ userId: 'ada', name: 'Ada', timings: { ...timings, ...more } });
  t.after(() => {
    socket.disconnect();
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return { socket, told: record(socket), frames, times };
}

const failure = (status, headers = {}) => Response.json({ status: false, error: { status, message: 'no' } }, { status, headers });

test('what is said to a room waits until its join is answered', async (t) => {
  for (const refusal of [undefined, { action: 'join-chat-room', status: 404, message: 'there is no such chat' }]) {
    let join;
    const { socket, told, frames } = await serve(t, {
      frame: ({ action, ackId }, answer) => {
        if (action !== 'join-chat-room') return;
        join = () => answer(refusal ? { event: 'error', ...refusal, ackId } : { event: 'ack', ackId });
        // Comes before the answer, and is no reason to go on.
        answer({ event: 'chatUpdate', chatId: 'c', message: '0' });
      },
    });
    socket.send('join-chat-room', { chatId: 'c' });
    socket.send('chatsend', { chatId: 'c', message: '1' });
    socket.send('chatsend', { chatId: 'c', message: '2' });
    await eventually(() => of(told, 'chatUpdate').length);
    assert.deepEqual(frames.map(({ action }) => action), ['join-chat-room']);
    join();
    await eventually(() => frames.length === 3);
    assert.deepEqual(frames.slice(1).map(({ message }) => message), ['1', '2']);
    assert.deepEqual(of(told, 'error').map(({ message }) => message), refusal ? [refusal.message] : []);
  }
});

test('a socket whose join is not answered is replaced, and nothing that waited is lost', async (t) => {
  let joins = 0;
  const { socket, told, frames } = await serve(t, {
    timings: { answer: 50 },
    frame: (frame, answer) => joins++ && acknowledge(frame, answer),
  });
  socket.send('join-chat-room', { chatId: 'c' });
  socket.send('chatsend', { chatId: 'c', message: '1' });
  await eventually(() => frames.some(({ message }) => message === '1'));
  assert.equal(of(told, 'disconnect')[0], 'ping timeout');
  assert.equal(frames.filter(({ message }) => message === '1').length, 1);
});

test('joins go out before what was said while offline', async (t) => {
  const { socket, frames } = await serve(t, {});
  socket.send('chatsend', { chatId: 'c', message: '1' });
  socket.send('join-chat-room', { chatId: 'c' });
  await eventually(() => frames.length === 2);
  assert.deepEqual(frames.map(({ action }) => action), ['join-chat-room', 'chatsend']);
});

test('the answer to a ping is not told', async (t) => {
  const { told, frames } = await serve(t, {
    timings: { ping: 20 },
    frame: ({ action, ackId }, answer) =>
      answer({ event: 'error', action, status: 404, message: 'there is no such action', ackId }),
  });
  await eventually(() => frames.length >= 3);
  assert.deepEqual(frames[0], { action: 'ping', ackId: 1 });
  assert.deepEqual(told, [['connect', undefined]]);
});

test('a socket whose ping is not answered is replaced', async (t) => {
  const { told } = await serve(t, { frame: () => {}, timings: { ping: 20, answer: 50 } });
  await eventually(() => of(told, 'connect').length >= 2);
  assert.equal(of(told, 'disconnect')[0], 'ping timeout');
});

test('a join that failed on the server side is tried again on another socket', async (t) => {
  let isAway = true;
  const { socket, told, frames } = await serve(t, {
    frame: ({ action, ackId }, answer) => {
      if (isAway) answer({ event: 'error', action, status: 503, message: 'the service is unavailable for the moment: try again', ackId });
      isAway = false;
    },
  });
  socket.send('join-chat-room', { chatId: 'c' });
  await eventually(() => of(told, 'connect').length === 2 && frames.length === 2);
  assert.deepEqual(of(told, 'error').map(({ status }) => status), [503]);
});

test("the gateway's own failure is told with its message", async (t) => {
  const { socket, told } = await serve(t, {
    frame: (_, answer) => answer({ message: 'Internal server error', connectionId: 'x', requestId: 'y' }),
  });
  socket.send('chatsend', { chatId: 'c', message: 'Hello' });
  await eventually(() => of(told, 'error').length);
  assert.deepEqual(of(told, 'error').map(({ status, message }) => [status, message]), [[500, 'Internal server error']]);
});

test('frames that no contract knows are ignored', async (t) => {
  const { socket, told } = await serve(t, {
    frame: (_, answer, server) => {
      for (const text of ['no JSON', 'null', '[]', '{"event":"toString"}', '{"event":"connect"}']) server.send(text);
      answer({ event: 'chatUpdate', chatId: 'c', message: 'last' });
    },
  });
  socket.send('chatsend', { chatId: 'c', message: 'Hello' });
  await eventually(() => of(told, 'chatUpdate').length);
  assert.deepEqual(told, [['connect', undefined], ['chatUpdate', { chatId: 'c', message: 'last' }]]);
});

test('a refused handshake is tried again while the session lives', async (t) => {
  let tickets = 0;
  const refused = { status: true, ticket: 't', url: 'ws://127.0.0.1:1', expiresIn: 30 };
  const { socket, told } = await serve(t, {
    http: (path) => (path === '/api/socketTicket' && tickets++ < 2 ? Response.json(refused) : undefined),
  });
  await eventually(() => socket.connected);
  assert.deepEqual(of(told, 'connect_error').map(({ message }) => message), Array(2).fill('the socket was refused'));
});

test('the server says when the next try is welcome', async (t) => {
  let tries = 0;
  const { socket, times } = await serve(t, { http: () => (tries++ ? undefined : failure(503, { 'Retry-After': '1' })) });
  await eventually(() => socket.connected);
  assert.ok(times[1] - times[0] >= 999, `it was tried after ${times[1] - times[0]} ms`);
});

test('tries to connect come twice as late each time, up to a limit', async (t) => {
  const random = mock.method(Math, 'random', () => 1);
  t.after(() => random.mock.restore());
  const { times } = await serve(t, { http: () => failure(500), timings: { backoff: 20, maxBackoff: 80 } });
  await eventually(() => times.length >= 6);
  const waits = times.slice(1).map((time, index) => time - times[index]);
  for (const [index, least] of [20, 40, 80, 80, 80].entries()) {
    // Timers may be a millisecond early.
    assert.ok(waits[index] >= least - 1, `wait ${index} was ${waits[index]} ms`);
  }
});

test('clients that lost their sockets together do not come back together', async (t) => {
  const random = mock.method(Math, 'random', () => 0);
  t.after(() => random.mock.restore());
  const { times } = await serve(t, { http: () => failure(500), timings: { backoff: 60_000, maxBackoff: 60_000 } });
  await eventually(() => times.length >= 5);
  assert.ok(random.mock.callCount() >= 4);
});
