// Sockets that can never open, servers that hold somebody's cookies, and calls that are aborted.
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { test } from 'node:test';
import { ChatError, createClient, io } from '../dist/client.js';
import { Browser, eventually, only, record, signUp, timings, timers, url } from './harness.js';
import { serve } from './mock-server.js';

const REFUSED = { status: true, ticket: 't', url: 'ws://127.0.0.1:1', expiresIn: 30 };

test('a socket for somebody else gives up after one refresh', async (t) => {
  const [ada, bob] = [await signUp('Ada'), await signUp('Bob')];
  const before = timers();
  bob.browser.requests.length = 0;
  const socket = bob.client.socket({ userId: ada.id, name: 'Ada', timings });
  t.after(() => socket.disconnect());
  const events = record(socket);
  await eventually(() => only(events, 'signedOut').length);
  assert.deepEqual(
    only(events, 'signedOut').map(({ status, code }) => [status, code]),
    [[403, 'notTheCaller']],
  );
  assert.equal(socket.active, false);
  assert.deepEqual(bob.browser.requests, [
    'POST /api/socketTicket',
    'GET /api/refresh',
    'GET /api/userDetails',
  ]);
  await eventually(() => bob.browser.open.size === 0 && timers() === before);
});

test('handshakes that are refused cause one refresh until one succeeds', async (t) => {
  const paths = [];
  let isAway = true;
  const { socket, events, server } = await serve(t, {
    http: (path) => {
      paths.push(path);
      if (path === '/api/userDetails') return Response.json({ userdata: { _id: 'ada' } });
      if (path === '/api/socketTicket' && isAway) return Response.json(REFUSED);
    },
  });
  const refreshes = () => paths.filter((path) => path === '/api/refresh').length;
  await eventually(() => only(events, 'connect_error').length >= 5);
  assert.equal(refreshes(), 1);
  isAway = false;
  await socket.ready();
  isAway = true;
  for (const client of server.clients) client.terminate();
  await eventually(() => refreshes() === 2);
});

test('with refresh: false, a 401 rejects and the session goes on', async () => {
  const { browser, id } = await signUp('Ada');
  const page = browser.client();
  const server = browser.copy();
  server.forget('access-key');
  server.requests.length = 0;
  const rendering = createClient({ url, fetch: server.fetch, refresh: false });
  await assert.rejects(rendering.userDetails(), { status: 401, code: 'noAccessKey' });
  assert.deepEqual(server.requests, ['GET /api/userDetails']);
  assert.equal((await page.userDetails()).userdata._id, id);
  await page.refresh();
});

test('with refresh: false, a refused handshake causes no refresh', async (t) => {
  const paths = [];
  const client = createClient({
    url: 'http://api',
    WebSocket: new Browser().WebSocket,
    refresh: false,
    fetch: async (address) => {
      paths.push(new URL(address).pathname);
      return Response.json(REFUSED);
    },
  });
  const socket = client.socket({ userId: 'ada', name: 'Ada', timings });
  t.after(() => socket.disconnect());
  const events = record(socket);
  await eventually(() => only(events, 'connect_error').length >= 3);
  assert.ok(!paths.includes('/api/refresh'));
});

/** Calls every HTTP method with the options. */
const calls = (client, options) => [
  client.sendOtp({ email: 'a@example.com' }, options),
  client.verifyOtp({ email: 'a@example.com', otp: '123456' }, options),
  client.deleteOtp({ email: 'a@example.com' }, options),
  client.uploadDetails({ email: 'a@example.com', fullName: 'Ada' }, options),
  client.uploadDetails({ email: 'a@example.com', fullName: 'Ada', profile: new Blob() }, options),
  client.logout(options),
  client.refresh(options),
  client.userDetails(options),
  client.users({}, options),
  client.createConnection({ personId: 'p' }, options),
  client.allConnection({}, options),
  client.getChat({ chatId: 'c' }, options),
  client.sendMessage({ chatId: 'c', userId: 'u', message: 'Hello' }, options),
  client.lastMessage({ chatId: 'c' }, options),
  client.socketTicket(options),
  client.photo('/uploads/p', options),
];

test('every HTTP method can be aborted, even if fetch ignores signals', async () => {
  const before = timers();
  const sent = [];
  let answerAll;
  const answered = new Promise((resolve) => (answerAll = resolve));
  const client = createClient({
    url: 'http://api',
    fetch: (_, { signal }) => (sent.push(signal), answered.then(() => Response.json({}))),
  });
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  const pending = calls(client, { signal: controller.signal });
  const count = sent.length;
  assert.equal(count, pending.length);
  controller.abort();
  for (const call of pending) await assert.rejects(call, { name: 'AbortError' });
  // The refresh is shared with other calls, which have not been aborted.
  assert.equal(sent.filter(({ aborted }) => !aborted).length, 1);

  const signal = AbortSignal.abort(new Error('unmounted'));
  setMaxListeners(0, signal);
  for (const call of calls(client, { signal })) {
    await assert.rejects(call, { message: 'unmounted' });
  }
  assert.equal(sent.length, count, 'an aborted call sends no request');
  answerAll();
  await client.refresh();
  await eventually(() => timers() === before);
});

test('a refresh that is aborted before it begins sends no request', async () => {
  const client = createClient({ url: 'http://api', fetch: () => assert.fail('it was sent') });
  await assert.rejects(client.refresh({ signal: AbortSignal.abort() }), { name: 'AbortError' });
});

test('a refresh whose answer is lost is repeated once', async () => {
  for (const losses of [1, 2]) {
    const sent = [];
    const client = createClient({
      url: 'http://api',
      fetch: async (path) => {
        sent.push(path);
        if (sent.length <= losses) throw new TypeError('network error');
        return Response.json({ status: true, message: 'Successfully updated tokens' });
      },
    });
    const answer = client.refresh();
    if (losses === 1) assert.equal((await answer).status, true);
    else await assert.rejects(answer, { name: 'ChatError', status: 0 });
    assert.equal(sent.length, 2);
  }
});

test('a refused refresh is not repeated', async () => {
  let sent = 0;
  const client = createClient({
    url: 'http://api',
    fetch: async () => (sent++, Response.json({ status: false }, { status: 401 })),
  });
  await assert.rejects(client.refresh({ timeout: 60_000 }), { status: 401 });
  assert.equal(sent, 1);
});

test('an aborted call leaves the refresh to the others', async () => {
  const { browser, client } = await signUp('Ada');
  browser.forget('access-key');
  const controller = new AbortController();
  const aborted = client.userDetails({ signal: controller.signal });
  const kept = client.userDetails();
  await eventually(() => browser.requests.includes('GET /api/refresh'));
  controller.abort();
  await assert.rejects(aborted, { name: 'AbortError' });
  assert.equal((await kept).status, true);
});

test('a call ends at its time limit', async () => {
  const client = createClient({ url: 'http://api', fetch: () => new Promise(() => {}) });
  await assert.rejects(client.users({}, { timeout: 20 }), {
    name: 'ChatError',
    status: 0,
    message: 'the server did not answer in time',
  });
});

test('an address without a scheme is refused at once', () => {
  for (const wrong of ['localhost:3000', '/api', '']) {
    assert.throws(() => createClient({ url: wrong }), ChatError);
  }
});

test('io without a query is refused at once', () => {
  assert.throws(() => io(url), /io needs the options/);
  assert.throws(() => io(url, { query: { userId: 'a' } }), /io needs the options/);
});
