// A network that dies without closing the socket, and a machine that wakes up.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, hear, messages, only, record, signUpPair, timings, unique } from './harness.js';
import { acknowledge, failure, serve } from './mock-server.js';
import { startProxy } from './proxy.js';

/** Probes are short, and nothing else would notice a dead network in time. */
const probing = { probe: 50, answer: 10_000 };

const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

/** Gives Node the events of a browser's window until the end of the test. */
function openWindow(t) {
  const target = new EventTarget();
  const names = ['addEventListener', 'removeEventListener', 'document'];
  const document = { visibilityState: 'visible' };
  const listeners = new Map();
  Object.assign(globalThis, {
    document,
    addEventListener: (type, listener) => {
      listeners.set(type, listener);
      target.addEventListener(type, listener);
    },
    removeEventListener: (type, listener) => {
      if (listeners.get(type) === listener) listeners.delete(type);
      target.removeEventListener(type, listener);
    },
  });
  t.after(() => names.forEach((name) => delete globalThis[name]));
  return { document, listeners, happen: (type) => target.dispatchEvent(new Event(type)) };
}

/** Answers frames until `dead` is set: then, frames on the sockets so far are swallowed. */
function mortal() {
  const dead = new WeakSet();
  return {
    kill: (server) => server.clients.forEach((socket) => dead.add(socket)),
    frame: (frame, answer, socket) => {
      if (dead.has(socket)) return;
      if (frame.action === 'ping') {
        answer({ event: 'error', action: 'ping', status: 404, message: 'no', ackId: frame.ackId });
      } else acknowledge(frame, answer);
    },
  };
}

for (const type of ['online', 'offline', 'pageshow', 'visibilitychange']) {
  test(`a dead network is noticed on ${type}`, async (t) => {
    const { happen } = openWindow(t);
    const { kill, frame } = mortal();
    const { socket, events, server } = await serve(t, { timings: probing, frame });
    await socket.ready();
    kill(server);
    await pause(100);
    assert.equal(socket.connected, true);
    happen(type);
    await eventually(() => only(events, 'connect').length === 2, 5_000);
    assert.deepEqual(only(events, 'disconnect'), ['ping timeout']);
  });

  test(`a working network survives ${type}, at the cost of one ping`, async (t) => {
    const { happen } = openWindow(t);
    const { socket, events, frames } = await serve(t, {
      timings: { ...probing, probe: 300 },
      frame: mortal().frame,
    });
    await socket.ready();
    for (let count = 0; count < 5; count++) happen(type);
    await pause(500);
    assert.deepEqual(
      frames.map(({ action }) => action),
      ['ping'],
    );
    assert.deepEqual(events, [['connect', undefined]]);
  });
}

test('a page that is hidden sends no ping', async (t) => {
  const { document, happen } = openWindow(t);
  const { socket, frames } = await serve(t, { timings: { ...probing, sleep: 100 } });
  await socket.ready();
  document.visibilityState = 'hidden';
  happen('visibilitychange');
  // Browsers slow down the timers of hidden pages.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  await pause(200);
  assert.deepEqual(frames, []);
});

test('a dead network is noticed after sleep', async (t) => {
  const { kill, frame } = mortal();
  const { socket, events, server } = await serve(t, {
    timings: { ...probing, sleep: 50 },
    frame,
  });
  await socket.ready();
  kill(server);
  await pause(200);
  assert.equal(socket.connected, true);
  // As if the machine slept: no timer fires.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  await eventually(() => only(events, 'connect').length === 2, 5_000);
  assert.deepEqual(only(events, 'disconnect'), ['ping timeout']);
});

test('a dead network is noticed by a join, which succeeds on the next socket', async (t) => {
  const { kill, frame } = mortal();
  const { socket, events, server } = await serve(t, { timings: probing, frame });
  await socket.ready();
  kill(server);
  await socket.join('c');
  assert.deepEqual(only(events, 'disconnect'), ['ping timeout']);
});

test('anything that the server sends answers a ping', async (t) => {
  const { happen } = openWindow(t);
  const { socket, events } = await serve(t, {
    timings: { ...probing, probe: 300 },
    frame: (_, answer) => answer({ message: 'Too Many Requests', connectionId: 'x' }),
  });
  await socket.ready();
  happen('online');
  await eventually(() => only(events, 'error').length);
  await pause(500);
  assert.deepEqual(only(events, 'disconnect'), []);
});

for (const type of ['online', 'visibilitychange']) {
  test(`${type} ends the backoff`, async (t) => {
    const { happen } = openWindow(t);
    let isAway = true;
    const { socket, events } = await serve(t, {
      timings: { backoff: 600_000, maxBackoff: 600_000 },
      http: () => (isAway ? failure(500) : undefined),
    });
    await eventually(() => only(events, 'connect_error').length);
    isAway = false;
    happen(type);
    await eventually(() => socket.connected, 5_000);
  });
}

test('online ends no Retry-After', async (t) => {
  const { happen } = openWindow(t);
  let requests = 0;
  const { socket, events, times } = await serve(t, {
    http: () => (requests++ === 0 ? failure(503, { 'Retry-After': '1' }) : undefined),
  });
  await eventually(() => only(events, 'connect_error').length);
  happen('online');
  await eventually(() => socket.connected);
  assert.ok(times[1] - times[0] >= 999, `the next attempt came after ${times[1] - times[0]} ms`);
});

test('online replaces an attempt that hangs', async (t) => {
  const { happen } = openWindow(t);
  let requests = 0;
  const { socket, events } = await serve(t, {
    http: () => (requests++ === 0 ? new Promise(() => {}) : undefined),
  });
  await pause(1_100);
  happen('online');
  await eventually(() => socket.connected, 5_000);
  assert.deepEqual(events, [['connect', undefined]]);
});

test('an attempt that hangs ends at its time limit', async (t) => {
  let requests = 0;
  const { socket, events } = await serve(t, {
    timings: { answer: 50 },
    http: () => (requests++ === 0 ? new Promise(() => {}) : undefined),
  });
  await eventually(() => socket.connected, 5_000);
  assert.deepEqual(
    only(events, 'connect_error').map(({ status }) => status),
    [0],
  );
});

test('a socket that is disconnected listens to nothing', async (t) => {
  const { listeners } = openWindow(t);
  const { socket } = await serve(t);
  assert.ok(listeners.size);
  socket.disconnect();
  assert.equal(listeners.size, 0);
});

test('on the stack, a network that dies loses no room', async (t) => {
  const { happen } = openWindow(t);
  const { ada, bob, chatId } = await signUpPair();
  const { url } = await ada.client.socketTicket();
  const proxy = await startProxy(t, new URL(url).port);
  const open = (person) => {
    const { WebSocket } = person.browser;
    const throughProxy = class extends WebSocket {
      constructor(address) {
        super(Object.assign(new URL(address), { port: proxy.port }).href);
      }
    };
    Object.assign(person.browser, { WebSocket: throughProxy });
    const socket = person.browser
      .client()
      .socket({ userId: person.id, name: person.name, timings: { ...timings, probe: 1_000 } });
    t.after(() => socket.disconnect());
    return { socket, events: record(socket) };
  };
  const [a, b] = [open(ada), open(bob)];
  await Promise.all([a.socket.join(chatId), b.socket.join(chatId)]);
  proxy.freeze();
  const lost = unique();
  a.socket.send('chatsend', { chatId, message: lost });
  happen('online');
  await eventually(() => [a, b].every(({ events }) => only(events, 'connect').length === 2), 5_000);
  await Promise.all([a.socket.join(chatId), b.socket.join(chatId)]);
  await hear(a.socket, b.events, chatId);
  // A frame in flight is lost, not repeated.
  assert.ok(!messages(b.events).includes(lost));
});
