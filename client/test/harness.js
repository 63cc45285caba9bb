// Helpers for the tests: browsers with cookies, signed-up people, and waiting.
import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { createClient, EVENTS } from '../dist/client.js';

export const url = process.env.CHAT_HTTP_API_URL;
if (!url) {
  throw new Error('the tests need a stack: run `npm test`, or set CHAT_HTTP_API_URL');
}

/** Short timings for tests. */
export const timings = { backoff: 20, maxBackoff: 100, settle: 1_000 };

/** A cookie jar, a `fetch` that uses it, and a `WebSocket` that counts its instances. */
export class Browser {
  /** All requests, such as `GET /api/refresh`. */
  requests = [];
  /** The sockets that are not closed. */
  open = new Set();
  /** The number of sockets opened so far. */
  opened = 0;
  #cookies = new Map();

  constructor() {
    const browser = this;
    this.WebSocket = class extends WebSocket {
      constructor(url) {
        super(url);
        browser.opened++;
        browser.open.add(this);
        this.addEventListener('close', () => browser.open.delete(this));
      }
    };
  }

  fetch = async (address, init) => {
    const { pathname } = new URL(address);
    this.requests.push(`${init.method} ${pathname}`);
    const sent = [...this.#cookies.values()].filter(({ path }) => pathname.startsWith(path));
    const cookie = sent.map(({ name, value }) => `${name}=${value}`).join('; ');
    const response = await fetch(address, {
      ...init,
      headers: { ...init.headers, ...(cookie && { cookie }) },
    });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    return response;
  };

  /** Removes a cookie, as if it had expired. */
  forget(name) {
    for (const [key, cookie] of this.#cookies) if (cookie.name === name) this.#cookies.delete(key);
  }

  /** Returns another browser with the same cookies. */
  copy() {
    const copy = new Browser();
    copy.#cookies = new Map(this.#cookies);
    return copy;
  }

  /** Breaks all sockets, like a network failure. */
  cut() {
    for (const socket of this.open) socket.terminate();
  }

  client(address = url) {
    return createClient({ url: address, fetch: this.fetch, WebSocket: this.WebSocket });
  }

  #keep(line) {
    const [pair, ...attributes] = line.split(/;\s*/);
    const [name, value] = pair.split(/=(.*)/s);
    const attribute = (key) =>
      attributes.find((text) => text.toLowerCase().startsWith(`${key}=`))?.split('=')[1];
    const path = attribute('path') ?? '/';
    const key = `${name} ${path}`;
    if (Number(attribute('max-age') ?? 1) <= 0) this.#cookies.delete(key);
    else this.#cookies.set(key, { name, value, path });
  }
}

/** Returns an e-mail address that is not in use. */
export function newEmail() {
  return `client-${unique()}@example.com`;
}

/** Waits for an e-mail and returns the code in the latest one. */
export async function mailedCode(email, address = url) {
  return eventually(async () => {
    const response = await fetch(`${address}/_local/mail?to=${encodeURIComponent(email)}`);
    const [newest] = await response.json();
    return newest?.text.match(/code is (\d{6})/)?.[1];
  });
}

/** Creates a user with a complete profile, who is signed in with their own browser. */
export async function signUp(name, address = url) {
  const email = newEmail();
  const { browser, client } = await signIn(email, address);
  await client.uploadDetails({ email, fullName: name });
  const { userdata } = await client.userDetails();
  return { name, email, browser, client, id: userdata._id };
}

/** Signs in with a browser of its own. */
export async function signIn(email, address = url) {
  const browser = new Browser();
  const client = browser.client(address);
  await client.sendOtp({ email });
  await client.verifyOtp({ email, otp: await mailedCode(email, address) });
  return { browser, client };
}

/** Creates two users who share a chat. */
export async function signUpPair(address = url) {
  const [ada, bob] = await Promise.all([signUp('Ada', address), signUp('Bob', address)]);
  const { chatId } = await ada.client.createConnection({ personId: bob.id });
  return { ada, bob, chatId };
}

/** Opens a socket until the end of the test, and records its events. */
export async function connect(t, person, more = {}) {
  const socket = person.client.socket({
    userId: person.id,
    name: person.name,
    timings: { ...timings, ...more },
  });
  t.after(() => socket.disconnect());
  const events = record(socket);
  await eventually(() => socket.connected);
  return { socket, events };
}

const OWN_EVENTS = ['connect', 'disconnect', 'connect_error', 'error', 'signedOut'];

/** Records the events of a socket from now on, as `[event, argument]`. */
export function record(socket) {
  const events = [];
  for (const event of [...OWN_EVENTS, ...Object.keys(EVENTS)]) {
    socket.on(event, (argument) => events.push([event, argument]));
  }
  return events;
}

/** Returns the arguments of the recorded events with this name. */
export function only(events, event) {
  return events.filter(([name]) => name === event).map(([, argument]) => argument);
}

/** Opens a socket for each member of a chat. Both have joined its room when this resolves. */
export async function connectPair(t, { ada, bob, chatId }, more = {}) {
  const [a, b] = await Promise.all([connect(t, ada, more), connect(t, bob, more)]);
  a.socket.send('join-chat-room', { chatId });
  b.socket.send('join-chat-room', { chatId });
  await hear(a.socket, b.events, chatId);
  await hear(b.socket, a.events, chatId);
  return { a, b };
}

/** Repeats a message until the other side, whose join may be in progress, has received it. */
export async function hear(socket, events, chatId) {
  const message = unique();
  const isHeard = () => messages(events).includes(message);
  await eventually(() => {
    socket.send('chatsend', { chatId, message });
    return eventually(isHeard, 500).catch(() => false);
  });
}

/** Returns a unique string. */
export function unique() {
  return randomBytes(8).toString('hex');
}

/** Returns the texts of the received messages. */
export function messages(events) {
  return only(events, 'chatUpdate').map(({ message }) => message);
}

/** Returns the number of timers that keep this process alive. */
export function timers() {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
}

/** Waits until `condition` returns a truthy value, and returns it. */
export async function eventually(condition, limit = 15_000) {
  for (const end = Date.now() + limit; ; ) {
    const result = await condition();
    if (result) return result;
    if (Date.now() > end) throw new Error(`timed out waiting for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
