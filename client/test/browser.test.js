// The client in a browser, on a page with a different origin from the API's.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launchChromium } from './chromium.js';
import { mailedCode, newEmail, unique, url } from './harness.js';
import { startProxy } from './proxy.js';

const port = Number(process.env.CHAT_PAGE_PORT ?? 4173);
const script = readFileSync(join(import.meta.dirname, '../dist/client.js'));

let server;
let browser;

before(async () => {
  server = createServer((request, response) => {
    const isScript = request.url === '/client.js';
    response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
    response.end(
      isScript ? script : '<!doctype html><title>Test</title><link rel="icon" href="data:,">',
    );
  });
  await new Promise((resolve) => server.listen(port, 'localhost', resolve));
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  server.close();
});

/** Opens a page with its own session, and collects its uncaught errors. */
async function open(t) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  t.after(() => context.close());
  const failures = [];
  page.on('pageerror', (error) => failures.push(String(error)));
  await load(page);
  return { context, page, failures };
}

async function load(page) {
  await page.goto(`http://localhost:${port}/`);
  await page.evaluate(async (url) => {
    const { createClient, io } = await import('/client.js');
    Object.assign(window, { url, io, client: createClient({ url }) });
  }, url);
}

async function signUp(page, fullName) {
  const email = newEmail();
  await page.evaluate((email) => client.sendOtp({ email }), email);
  const otp = await mailedCode(email);
  return page.evaluate(
    async (email, otp, fullName) => {
      await client.verifyOtp({ email, otp });
      await client.uploadDetails({ email, fullName });
      return (await client.userDetails()).userdata._id;
    },
    email,
    otp,
    fullName,
  );
}

/** Opens two pages whose users share a chat. */
async function openPair(t) {
  const [ada, bob] = await Promise.all([open(t), open(t)]);
  ada.id = await signUp(ada.page, 'Ada');
  bob.id = await signUp(bob.page, 'Bob');
  const chatId = await ada.page.evaluate(
    async (personId) => (await client.createConnection({ personId })).chatId,
    bob.id,
  );
  return { ada, bob, chatId };
}

test('two people sign up, connect and chat', async (t) => {
  const { ada, bob, chatId } = await openPair(t);
  for (const { page, id } of [ada, bob]) {
    await page.evaluate(
      (userId, chatId) => {
        window.shown = [];
        window.socket = client.socket({ userId, name: 'Someone' });
        socket.on('chatUpdate', ({ message }) => shown.push(message));
        socket.send('join-chat-room', { chatId });
        return new Promise((resolve) => socket.on('connect', resolve));
      },
      id,
      chatId,
    );
  }
  for (const [from, to] of [
    [ada, bob],
    [bob, ada],
  ]) {
    const message = unique();
    await from.page.evaluate(
      // The other page may still be joining.
      (chatId, message) =>
        void (window.repeat = setInterval(() => socket.send('chatsend', { chatId, message }), 200)),
      chatId,
      message,
    );
    await to.page.waitForFunction((message) => shown.includes(message), {}, message);
    await from.page.evaluate(() => clearInterval(repeat));
  }
  assert.deepEqual([...ada.failures, ...bob.failures], []);
});

test('live shows a chat in two pages, and sends what a reload has interrupted', async (t) => {
  const { ada, bob, chatId } = await openPair(t);
  const start = ({ page, id }) =>
    page.evaluate(
      (userId, chatId) => {
        window.live = client.live({ userId, name: 'Someone', storage: localStorage });
        window.chat = live.openChat(chatId);
        window.texts = () => chat.getSnapshot().entries.flatMap(({ message }) => message ?? []);
        return live.ready();
      },
      id,
      chatId,
    );
  await Promise.all([start(ada), start(bob)]);
  await ada.page.evaluate(() => chat.send('one'));
  await ada.page.evaluate(() => {
    chat.send('two');
    live.close();
  });
  await load(ada.page);
  await start(ada);
  await ada.page.evaluate(() => chat.send('three'));
  await bob.page.waitForFunction(() => texts().length === 3);
  assert.deepEqual(await bob.page.evaluate(() => texts()), ['one', 'two', 'three']);
  assert.equal(await ada.page.evaluate(() => localStorage.length), 0);

  await bob.page.evaluate(() => {
    chat.markRead();
    chat.typing(true);
  });
  await ada.page.waitForFunction(() => {
    const { read, typing, entries } = chat.getSnapshot();
    return typing.length && read === entries.at(-1).seq;
  });
  assert.equal(await ada.page.evaluate(() => chat.getSnapshot().presence.online), true);
  assert.deepEqual([...ada.failures, ...bob.failures], []);
});

test('io uses positional arguments', async (t) => {
  const { ada, bob, chatId } = await openPair(t);
  for (const { page, id } of [ada, bob]) {
    await page.evaluate(
      (userId, chatId) => {
        window.shown = [];
        window.socket = io(url, { query: { userId, name: 'Someone' }, withCredentials: true });
        socket.on('chatUpdate', (...args) => shown.push(args));
        socket.emit('join-chat-room', chatId);
        return new Promise((resolve) => socket.on('connect', resolve));
      },
      id,
      chatId,
    );
  }
  await ada.page.evaluate(
    (chatId) => void setInterval(() => socket.emit('chatsend', chatId, 'Hello'), 200),
    chatId,
  );
  await bob.page.waitForFunction(() => shown.length);
  assert.deepEqual(await bob.page.evaluate(() => shown[0]), [chatId, 'Hello']);
});

test('a reload keeps the session, whose cookies scripts cannot read', async (t) => {
  const { page } = await open(t);
  const id = await signUp(page, 'Ada');
  await load(page);
  assert.equal(await page.evaluate(async () => (await client.userDetails()).userdata._id), id);
  const markers = await page.evaluate(() => document.cookie.split('; ').sort());
  assert.deepEqual(markers, ['access-key=1', 'refresh-key=1']);
});

test('an expired access token is refreshed', async (t) => {
  const { page, context } = await open(t);
  const id = await signUp(page, 'Ada');
  const cookies = await context.cookies();
  await context.deleteCookie(...cookies.filter(({ name }) => name === 'access-key'));
  assert.equal(await page.evaluate(async () => (await client.userDetails()).userdata._id), id);
});

test('a logout closes the socket permanently, with one event of each kind', async (t) => {
  const { page } = await open(t);
  const userId = await signUp(page, 'Ada');
  const events = await page.evaluate(async (userId) => {
    const socket = client.socket({ userId, name: 'Ada' });
    const events = [];
    await new Promise((resolve) => socket.on('connect', resolve));
    socket.on('disconnect', () => events.push('disconnect'));
    const signedOut = new Promise((resolve) => socket.on('signedOut', resolve));
    await client.logout();
    const { status } = await signedOut;
    return [...events, status, socket.connected];
  }, userId);
  assert.deepEqual(events, ['disconnect', 401, false]);
});

test('Retry-After can be read across origins', async (t) => {
  const { page } = await open(t);
  const seconds = await page.evaluate(async (email) => {
    for (;;) {
      try {
        await client.sendOtp({ email });
      } catch ({ retryAfter }) {
        return retryAfter;
      }
    }
  }, newEmail());
  assert.ok(seconds > 0 && seconds <= 30);
});

/**
 * Opens a page whose socket has joined a room over a network that then dies without closing a
 * connection. New connections work. The timings are the client's own.
 */
async function openOnDeadNetwork(t) {
  const { ada, chatId } = await openPair(t);
  const { url: address } = await ada.page.evaluate(() => client.socketTicket());
  const proxy = await startProxy(t, new URL(address).port);
  await ada.page.evaluate(
    async (userId, chatId, port) => {
      const Proxied = class extends WebSocket {
        constructor(address) {
          super(Object.assign(new URL(address), { port }).href);
        }
      };
      const { createClient } = await import('/client.js');
      window.socket = createClient({ url, WebSocket: Proxied }).socket({ userId, name: 'Ada' });
      window.heard = [];
      for (const event of ['connect', 'disconnect', 'connect_error'])
        socket.on(event, (argument) => heard.push([event, argument]));
      await socket.join(chatId);
    },
    ada.id,
    chatId,
    proxy.port,
  );
  proxy.freeze();
  return { ...ada, chatId };
}

/** Waits until the page has noticed the dead network, reconnected and joined its room. */
async function reconnected({ page, chatId }, limit) {
  const start = performance.now();
  await page.waitForFunction(() => heard.at(-1)[0] === 'connect' && heard.length > 1, {
    timeout: limit,
  });
  await page.evaluate((chatId) => socket.join(chatId), chatId);
  const first = await page.evaluate(() => heard.find(([event]) => event === 'disconnect')[1]);
  assert.ok(['ping timeout', 'transport close'].includes(first), first);
  assert.ok(performance.now() - start < limit);
}

test('a dead network is noticed within seconds of online', async (t) => {
  const ada = await openOnDeadNetwork(t);
  await ada.page.setOfflineMode(true);
  await new Promise((resolve) => setTimeout(resolve, 500));
  await ada.page.setOfflineMode(false);
  await reconnected(ada, 10_000);
});

test('a dead network is noticed within seconds of becoming visible', async (t) => {
  const ada = await openOnDeadNetwork(t);
  // In a headless browser, pages are never hidden.
  await ada.page.evaluate(() =>
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true })),
  );
  await reconnected(ada, 10_000);
});

test('a dead network is noticed within seconds of waking up', async (t) => {
  const ada = await openOnDeadNetwork(t);
  // No timer of the page fires while its thread is busy.
  await ada.page.evaluate(() => {
    for (const end = Date.now() + 11_000; Date.now() < end;);
  });
  await reconnected(ada, 12_000);
});

test('a dead network is noticed within seconds of a join', async (t) => {
  const ada = await openOnDeadNetwork(t);
  const start = performance.now();
  // The room is another one: joining a room twice needs no frame.
  const status = await ada.page.evaluate(() =>
    socket.join('0'.repeat(24)).catch(({ status }) => status),
  );
  assert.equal(status, 404);
  assert.ok(performance.now() - start < 13_000);
  await reconnected(ada, 5_000);
});
