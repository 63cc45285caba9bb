import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChatError, createClient } from '../dist/client.js';
import { cookieFetch } from '../dist/node.js';
import { Browser, mailedCode, newEmail, signUp, signUpPair, unique, url } from './harness.js';

const PIXEL = Uint8Array.from(
  atob(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  ),
  (character) => character.charCodeAt(0),
);

test('a new user signs up with a mailed code and signs in with another', async () => {
  const client = new Browser().client();
  const email = newEmail();
  assert.equal((await client.sendOtp({ email })).status, true);
  assert.equal((await client.verifyOtp({ email, otp: await mailedCode(email) })).isComplete, false);
  await client.uploadDetails({ email, fullName: 'Ada' });
  await client.logout();
  await client.sendOtp({ email });
  const newer = await mailedCode(email);
  assert.equal((await client.verifyOtp({ email, otp: newer })).isComplete, true);
  assert.equal((await client.userDetails()).userdata.fullName, 'Ada');
});

test('cookieFetch keeps a session, for its host alone', async () => {
  const fetch = cookieFetch();
  const client = createClient({ url, fetch });
  const email = newEmail();
  await client.sendOtp({ email });
  await client.verifyOtp({ email, otp: await mailedCode(email) });
  await client.uploadDetails({ email, fullName: 'Ada' });
  assert.equal((await client.userDetails()).userdata.email, email);
  await client.refresh();
  assert.equal((await client.userDetails()).userdata.email, email);
  const elsewhere = createClient({ url: url.replace('localhost', '127.0.0.1'), fetch });
  await assert.rejects(elsewhere.userDetails(), { status: 401 });
  await client.logout();
  await assert.rejects(client.userDetails(), { status: 401 });
});

test('cookieFetch sends a cookie below its path, and a secure one over HTTPS only', async () => {
  const sent = [];
  const fetch = cookieFetch(async (_, { headers }) => {
    sent.push(headers.get('Cookie'));
    return new Response('', {
      headers: [
        ['Set-Cookie', 'a=1=1; Path=/api; Max-Age=60; HttpOnly'],
        ['Set-Cookie', 'b=2; Secure; Expires=Thu, 01 Jan 2099 00:00:00 GMT'],
      ],
    });
  });
  for (const address of ['http://h/api', 'http://h/api/x', 'https://h/api', 'http://h/apix'])
    await fetch(address);
  assert.deepEqual(sent, [null, 'a=1=1', 'a=1=1; b=2', null]);
});

test('a deleted code is invalid', async () => {
  const client = new Browser().client();
  const email = newEmail();
  await client.sendOtp({ email });
  await client.deleteOtp({ email });
  await assert.rejects(client.verifyOtp({ email, otp: await mailedCode(email) }), { status: 404 });
});

test('photoUrl is the address of the uploaded photo', async () => {
  const { client, email } = await signUp('Ada');
  await client.uploadDetails({ email, fullName: 'Ada', profile: new Blob([PIXEL]) });
  const { userdata } = await client.userDetails();
  const photo = await client.photo(userdata.photoUrl);
  assert.deepEqual(new Uint8Array(await photo.arrayBuffer()), PIXEL);
});

test('the directory can be searched and paged', async () => {
  const name = `Zed${unique()}`;
  const [first, second] = [await signUp(name), await signUp(name)];
  const page = await first.client.users({ search: name.toLowerCase(), limit: 1 });
  const rest = await first.client.users({ search: name.toLowerCase(), after: page.next });
  assert.deepEqual(
    [...page.data, ...rest.data].map(({ _id }) => _id).sort(),
    [first.id, second.id].sort(),
  );
  assert.equal(rest.next, null);
});

test('a user without chats has an empty list', async () => {
  const { client } = await signUp('Ada');
  assert.deepEqual(await client.allConnection(), { status: true, data: [] });
});

test('a message that is sent twice is stored once', async () => {
  const { ada, bob, chatId } = await signUpPair();
  const send = () =>
    ada.client.sendMessage({ chatId, userId: ada.id, message: 'Hello', clientId: 'one' });
  assert.deepEqual((await send()).data, (await send()).data);
  const { data, hasMore } = await bob.client.getChat({ chatId });
  assert.deepEqual(
    data.chats.map(({ message, seq }) => [message, seq]),
    [['Hello', 1]],
  );
  assert.equal(hasMore, false);
  assert.equal((await bob.client.lastMessage({ chatId })).data.chats[0].message, 'Hello');
  assert.equal((await bob.client.allConnection()).data[0].chats.message, 'Hello');
});

test('a refused call rejects with the status, code and message of the server', async () => {
  await assert.rejects(new Browser().client().sendOtp({}), (error) => {
    assert.ok(error instanceof ChatError);
    assert.equal(error.status, 422);
    assert.equal(error.code, 'invalidInput');
    assert.equal(error.message, '"email" is required');
    return true;
  });
});

test('a call that the gateway refuses rejects with its message and without a code', async () => {
  await assert.rejects(createClient({ url: `${url}/nowhere` }).users(), {
    status: 404,
    code: undefined,
    message: 'Not Found',
  });
});

test('a call to an unreachable server rejects with status 0', async () => {
  await assert.rejects(createClient({ url: 'http://127.0.0.1:1' }).users(), {
    name: 'ChatError',
    status: 0,
  });
});

test('an answer that is not JSON rejects with a ChatError', async () => {
  const client = createClient({ url: 'http://api', fetch: async () => new Response('<html>') });
  await assert.rejects(client.users(), { name: 'ChatError' });
});

test('a throttled call rejects with the seconds to wait', async () => {
  const client = new Browser().client();
  const email = newEmail();
  for (let count = 0; count < 3; count++) await client.sendOtp({ email });
  await assert.rejects(client.sendOtp({ email }), ({ status, retryAfter }) => {
    assert.equal(status, 429);
    assert.ok(retryAfter > 0 && retryAfter <= 30);
    return true;
  });
});

test('concurrent calls refresh an expired access token once', async () => {
  const { client, browser } = await signUp('Ada');
  browser.forget('access-key');
  browser.requests.length = 0;
  const answers = await Promise.all([
    client.userDetails(),
    client.allConnection(),
    client.userDetails(),
    client.socketTicket(),
  ]);
  assert.ok(answers.every(({ status }) => status));
  assert.equal(browser.requests.filter((request) => request === 'GET /api/refresh').length, 1);
});

test('a call that fails after the refresh of another call is only repeated', async () => {
  const { client, browser } = await signUp('Ada');
  browser.forget('access-key');
  let release;
  const held = new Promise((resolve) => (release = resolve));
  let calls = 0;
  const { fetch } = browser;
  const slow = createClient({
    url,
    fetch: async (address, init) => {
      const isFirst = address.endsWith('/userDetails') && calls++ === 0;
      const answer = await fetch(address, init);
      if (isFirst) await held;
      return answer;
    },
  });
  browser.requests.length = 0;
  const late = slow.userDetails();
  await slow.allConnection();
  release();
  await late;
  assert.equal(browser.requests.filter((request) => request === 'GET /api/refresh').length, 1);
});

test('calls in an ended session reject after one refresh', async () => {
  const { client, browser } = await signUp('Ada');
  await browser.copy().client().logout();
  browser.forget('access-key');
  browser.requests.length = 0;
  const calls = await Promise.allSettled([client.userDetails(), client.allConnection()]);
  assert.deepEqual(
    calls.map(({ reason }) => [reason.status, reason.code, reason.message]),
    [
      [401, 'sessionOver', 'the session is over: sign in again'],
      [401, 'sessionOver', 'the session is over: sign in again'],
    ],
  );
  assert.equal(browser.requests.filter((request) => request === 'GET /api/refresh').length, 1);
});

test('a wrong code does not cause a refresh', async () => {
  const { browser, client, email } = await signUp('Ada');
  await client.sendOtp({ email });
  const wrong = (await mailedCode(email)) === '000000' ? '000001' : '000000';
  browser.requests.length = 0;
  await assert.rejects(client.verifyOtp({ email, otp: wrong }), { status: 401 });
  assert.deepEqual(browser.requests, ['POST /api/verifyOtp']);
});
