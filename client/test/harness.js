// What the tests are written with: browsers without a window, people, and waiting.
import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import { createClient } from '../dist/client.js';

export const url = process.env.CHAT_HTTP_API_URL;
if (!url) throw new Error('these tests need a stack: `npm test` starts one, or set CHAT_HTTP_API_URL');

/** Short times: what takes minutes on AWS takes moments here. */
export const timings = { backoff: 20, maxBackoff: 100, settle: 1_000 };

/** Cookies as a browser keeps them, a `fetch` that sends them, and sockets that are counted. */
export class Browser {
  /** All requests, as in `GET /api/refresh`. */
  requests = [];
  /** The sockets that are not closed. */
  open = new Set();
  /** How many there were. */
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
    const response = await fetch(address, { ...init, headers: { ...init.headers, ...(cookie && { cookie }) } });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    return response;
  };

  /** What happens to cookies when their time is over. */
  forget(name) {
    for (const [key, cookie] of this.#cookies) if (cookie.name === name) this.#cookies.delete(key);
  }

  /** Another browser with the same cookies. */
  copy() {
    const copy = new Browser();
    copy.#cookies = new Map(this.#cookies);
    return copy;
  }

  /** Breaks all sockets off, as a network does. */
  cut() {
    for (const socket of this.open) socket.terminate();
  }

  client(address = url) {
    return createClient({ url: address, fetch: this.fetch, WebSocket: this.WebSocket });
  }

  #keep(line) {
    const [pair, ...attributes] = line.split(/;\s*/);
    const [name, value] = pair.split(/=(.*)/s);
    const attribute = (wanted) => attributes.find((text) => text.toLowerCase().startsWith(`${wanted}=`))?.split('=')[1];
    const path = attribute('path') ?? '/';
    const key = `${name} ${path}`;
    if (Number(attribute('max-age') ?? 1) <= 0) this.#cookies.delete(key);
    else this.#cookies.set(key, { name, value, path });
  }
}

/** An address that nobody used yet. */
export function newEmail() {
  return `client-${unique()}@example.com`;
}

/** The code that was mailed last. */
export async function mailedCode(email, address = url) {
  return eventually(async () => {
    const mails = await (await fetch(`${address}/_local/mail?to=${encodeURIComponent(email)}`)).json();
    return mails[0]?.text.match(/code is (\d{6})/)?.[1];
  });
}

/** Somebody with a complete profile, signed in with a browser of their own. */
export async function signUp(name, address = url) {
  const browser = new Browser();
  const client = browser.client(address);
  const email = newEmail();
  await client.sendOtp({ email });
  await client.verifyOtp({ email, otp: await mailedCode(email, address) });
  await client.uploadDetails({ email, fullName: name });
  const { userdata } = await client.userDetails();
  return { name, email, browser, client, id: userdata._id };
}

/** Two people who share a chat. */
export async function signUpPair(address = url) {
  const [ada, bob] = await Promise.all([signUp('Ada', address), signUp('Bob', address)]);
  const { chatId } = await ada.client.createConnection({ personId: bob.id });
  return { ada, bob, chatId };
}

/** A connected socket, closed at the end of the test. Keeps what it tells, as `[event, argument]`. */
export async function connect(t, person, more = {}) {
  const socket = person.client.socket({ userId: person.id, name: person.name, timings: { ...timings, ...more } });
  t.after(() => socket.disconnect());
  const told = record(socket);
  await eventually(() => socket.connected);
  return { socket, told };
}

const EVENTS =
  'connect disconnect connect_error error signedOut newFriend recieveUserResponse chatUpdate messageSent'.split(' ');

/** What a socket tells from now on, as `[event, argument]`. */
export function record(socket) {
  const told = [];
  for (const event of EVENTS) socket.on(event, (argument) => told.push([event, argument]));
  return told;
}

/** What a socket told of one kind. */
export function of(told, event) {
  return told.filter(([name]) => name === event).map(([, argument]) => argument);
}

/** Both sockets of a chat, in its room for sure: each was heard by the other one. */
export async function connectPair(t, { ada, bob, chatId }, more = {}) {
  const [a, b] = await Promise.all([connect(t, ada, more), connect(t, bob, more)]);
  a.socket.send('join-chat-room', { chatId });
  b.socket.send('join-chat-room', { chatId });
  await hear(a.socket, b.told, chatId);
  await hear(b.socket, a.told, chatId);
  return { a, b };
}

/** Says something until the other side, whose join may not be done yet, heard it. */
export async function hear(socket, told, chatId) {
  const message = unique();
  const isHeard = () => messages(told).includes(message);
  await eventually(() => {
    socket.send('chatsend', { chatId, message });
    return eventually(isHeard, 500).catch(() => false);
  });
}

/** A text that nothing else contains. */
export function unique() {
  return randomBytes(8).toString('hex');
}

/** The texts that were shown. */
export function messages(told) {
  return of(told, 'chatUpdate').map(({ message }) => message);
}

/** How many timers keep this process alive. */
export function timers() {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
}

/** Waits until `condition` gives something. */
export async function eventually(condition, limit = 15_000) {
  for (const end = Date.now() + limit; ; ) {
    const result = await condition();
    if (result) return result;
    if (Date.now() > end) throw new Error(`it did not happen: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
