// Users with several devices, who write to each other while everything fails.
//
// Each device runs the client of dist/ on a network, a clock and a storage of its own. What a
// device does, and what happens to it, is drawn from one seed.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { Browser, signIn, signUp } from './harness.js';
import { pause, shakySocket } from './live.js';
import { random } from './mock-backend.js';
import { functionsOf, kill } from './processes.js';
import { startProxy } from './proxy.js';

/** Faults are noticed soon, and everything that takes hours happens within seconds. */
const timings = {
  backoff: 20,
  maxBackoff: 300,
  probe: 500,
  answer: 4_000,
  sleep: 500,
  ping: 700,
  renewal: 3_000,
  settle: 300,
  gap: 60,
  receipt: 60,
  typing: 120,
  leave: 60,
};

/** The functions that handle the frames of `live`. */
const HANDLERS = {
  sendMessage: 'send-message-action',
  receipt: 'receipt-action',
  sync: 'sync-action',
  typing: 'typing',
  'join-chat-room': 'join-chat-room',
  'leave-chat-room': 'leave-chat-room',
};

/** The number of codes that a user is mailed without waiting. */
const MAX_SESSIONS = 3;

/** All functions that devices call. */
const FUNCTIONS = [
  ...Object.values(HANDLERS),
  ...['connect', 'disconnect', 'default', 'socket-ticket', 'refresh', 'user-details', 'get-chat'],
];

const bundle = join(import.meta.dirname, '../dist/cjs/client.js');

/** Returns the client's `createClient` with a clock that is `clock.skew` milliseconds off. */
function clientWith(clock) {
  class SkewedDate extends Date {
    constructor(...args) {
      super(...(args.length ? args : [SkewedDate.now()]));
    }
    static now() {
      return Date.now() + clock.skew;
    }
  }
  const module = { exports: {} };
  const load = new Function('module', 'exports', 'require', 'Date', readFileSync(bundle, 'utf8'));
  load(module, module.exports, createRequire(bundle), SkewedDate);
  return module.exports.createClient;
}

/** Makes a call that fails as often as a killed process would have handled it. */
export async function untilHandled(call) {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (error.status !== 500) throw error;
    }
  }
}

/** A world of users with devices, and what is wrong with it. */
export class Simulation {
  /** How often something happened, by name. */
  counts = {};
  /** The events that must never happen, and happened. */
  problems = [];
  /** Whether nothing fails any more. */
  isCalm = false;
  #seed;
  #streams = 0;
  #stack;

  constructor(seed, stack) {
    this.#seed = seed;
    this.#stack = stack;
  }

  /** Signs up `count` users with as many devices each. Each two users share a chat. */
  async start(t, { users, devices }) {
    this.users = [];
    for (let index = 0; index < users; index++) {
      this.users.push(await untilHandled(() => signUp(`User ${index}`, this.#stack.url)));
    }
    this.chats = [];
    for (const [index, one] of this.users.entries()) {
      for (const other of this.users.slice(index + 1)) {
        const { chatId } = await one.client.createConnection({ personId: other.id });
        this.chats.push({ id: chatId, members: [one, other] });
      }
    }
    this.devices = [];
    for (const user of this.users) {
      const browsers = [user.browser];
      for (let index = 0; index < devices; index++) {
        // Only three codes are mailed at once. Further devices are tabs of the first browsers.
        if (index && index < MAX_SESSIONS) {
          browsers.push((await signIn(user.email, this.#stack.url)).browser);
        }
        const browser = browsers[index % MAX_SESSIONS];
        const device = new Device(this, user, `${user.name}, device ${index}`, browser);
        this.devices.push(device);
        await device.start(t, this.#stack.url);
      }
    }
  }

  /** Lets all devices act, and lets everything fail meanwhile. */
  async run(steps) {
    const acting = Promise.all(this.devices.map((device) => device.act(steps)));
    const failing = [this.#keepKilling(), ...this.devices.map((device) => device.suffer())];
    await acting;
    this.isCalm = true;
    await Promise.all(failing);
    for (const device of this.devices) device.restore();
  }

  /** Opens all chats of a user on a page, and loads them whole. */
  async load({ user, page: { live, opened } }) {
    for (const { id, members } of this.chats) {
      if (!members.includes(user)) continue;
      if (!opened.has(id)) opened.set(id, live.openChat(id));
      const chat = opened.get(id);
      if (chat.getSnapshot().hasOlder) await chat.loadOlder({ limit: 1_000 }).catch(() => {});
    }
  }

  /** Counts the frames that sent a message of this log again after it had been stored. */
  countRepeats(log) {
    const storedAt = new Map(log.map(({ clientId, sendTime }) => [clientId, Date.parse(sendTime)]));
    const pages = this.devices.flatMap(({ pages }) => pages);
    for (const { clientId, at } of pages.flatMap(({ attempts }) => attempts)) {
      if (at > storedAt.get(clientId)) this.count('repeats of stored messages');
    }
    this.count('messages', log.length);
  }

  /** Returns the next generator of random numbers. */
  stream() {
    return random(this.#seed + 7_919 * ++this.#streams);
  }

  count(what, by = 1) {
    this.counts[what] = (this.counts[what] ?? 0) + by;
  }

  /** Kills the processes of a function after this many milliseconds. */
  async killSoon(program, delay) {
    await pause(delay);
    if (!this.isCalm) this.#kill(program);
  }

  async #keepKilling() {
    for (const next = this.stream(); !this.isCalm; ) {
      await pause(next() * 150);
      if (!this.isCalm) this.#kill(FUNCTIONS[Math.floor(next() * FUNCTIONS.length)]);
    }
  }

  #kill(program) {
    for (const victim of functionsOf(this.#stack.pid)) {
      if (victim.program === program && kill(victim)) this.count(`killed ${program}`);
    }
  }
}

/** A browser of a user, which is reloaded now and then. */
class Device {
  /** The texts of the messages in the order of sending, with the `seq` of those acknowledged. */
  sent = [];
  /** Its pages, with the entries that each has heard of. The last one is open. */
  pages = [];
  #world;
  #browser;
  #storage = new Map();
  #clock = { skew: 0 };
  #createClient = clientWith(this.#clock);
  #proxies;
  #choices;
  #faults;
  #frames;

  constructor(world, user, name, browser) {
    Object.assign(this, { user, name });
    this.#world = world;
    this.#browser = browser;
    this.chats = world.chats.filter(({ members }) => members.includes(user)).map(({ id }) => id);
    [this.#choices, this.#faults, this.#frames] = [world.stream(), world.stream(), world.stream()];
  }

  get page() {
    return this.pages.at(-1);
  }

  /** Opens the first page. */
  async start(t, url) {
    const { url: socketUrl } = await untilHandled(() => this.user.client.socketTicket());
    const http = await startProxy(t, Number(new URL(url).port));
    const socket = await startProxy(t, Number(new URL(socketUrl).port));
    this.#proxies = [http, socket];
    this.url = `http://localhost:${http.port}`;
    this.#skew();
    this.#open();
    t.after(() => this.page.live.close());
  }

  /** Sends, reads, types, and opens and closes chats. */
  async act(steps) {
    const next = this.#choices;
    for (let step = 0; step < steps; step++) {
      await pause(next() * 150);
      const chatId = this.chats[Math.floor(next() * this.chats.length)];
      const dice = next();
      if (!this.page.isOpen) continue;
      if (dice < 0.6) this.#send(chatId, `${this.name}, step ${step}`);
      else if (dice < 0.75) this.#markRead(chatId, next());
      else if (dice < 0.85) this.page.opened.get(chatId)?.typing(next() < 0.8);
      else this.#toggle(chatId);
    }
  }

  /** Lets the network, the clock and the page of the device fail until the world is calm. */
  async suffer() {
    const next = this.#faults;
    while (!this.#world.isCalm) {
      await pause(next() * 600);
      const dice = next();
      const time = next();
      if (this.#world.isCalm) return;
      if (dice < 0.3) {
        this.#world.count('cuts');
        for (const proxy of this.#proxies) proxy.cut();
      } else if (dice < 0.5) {
        this.#world.count('stalls');
        for (const proxy of this.#proxies) proxy.stall();
        await pause(time * 1_500);
        this.restore();
      } else if (dice < 0.6) {
        this.#world.count('dead connections');
        for (const proxy of this.#proxies) proxy.freeze();
      } else if (dice < 0.75) {
        this.#world.count('outages');
        for (const proxy of this.#proxies) proxy.takeDown();
        await pause(time * 600);
        this.restore();
      } else if (dice < 0.9) {
        this.#world.count('reloads');
        this.#crash();
        await pause(time * 300);
        this.#open();
      } else this.#skew();
    }
  }

  /** Ends what is wrong with the network. */
  restore() {
    for (const proxy of this.#proxies) proxy.restore();
  }

  /** Sets the clock, by up to ten minutes. */
  #skew() {
    this.#clock.skew = (this.#faults() - 0.5) * 1_200_000;
  }

  #open() {
    const page = { isOpen: true, heard: new Map(), from: new Map(), read: new Map() };
    for (const chatId of this.chats) page.heard.set(chatId, []);
    this.pages.push(page);
    const client = this.#createClient({
      url: this.url,
      fetch: this.#browser.fetch,
      WebSocket: this.#socketOf(page),
    });
    const live = client.live({
      userId: this.user.id,
      name: this.user.name,
      limit: 1 + Math.floor(this.#faults() * 20),
      // A page that is closed writes nothing more.
      storage: {
        getItem: (key) => this.#storage.get(key) ?? null,
        setItem: (key, value) => page.isOpen && this.#storage.set(key, value),
        removeItem: (key) => page.isOpen && this.#storage.delete(key),
      },
      timings,
    });
    Object.assign(page, { live, opened: new Map() });
    live.on('error', () => this.#world.count('errors of the server'));
    live.on('signedOut', (error) =>
      this.#world.problems.push(`${this.name} was signed out: ${error.message}`),
    );
    live.on('entry', ({ chatId, entry }) => {
      page.heard.get(chatId)?.push(entry.seq);
      if (!this.#world.isCalm && this.#frames() < 0.1) this.#markRead(chatId, this.#frames());
    });
    // From here on, `live` reports each entry that follows those it holds.
    live.once('ready', () => {
      for (const { _id, last } of live.chats().getSnapshot().chats) {
        const [first] = page.heard.get(_id) ?? [];
        page.from.set(_id, first ?? (last?.seq ?? 0) + 1);
      }
    });
  }

  /** Ends the page as a browser does: nothing that it waits for happens any more. */
  #crash() {
    const { page } = this;
    page.isOpen = false;
    for (const socket of page.sockets) socket.terminate();
    page.live.close();
  }

  /** Returns a constructor of sockets through the proxy, whose frames cause faults. */
  #socketOf(page) {
    const world = this.#world;
    const next = this.#frames;
    const [, { port }] = this.#proxies;
    page.sockets = new Set();
    class ProxiedSocket extends WebSocket {
      constructor(address) {
        const url = new URL(address);
        url.port = port;
        super(url);
        page.sockets.add(this);
        this.addEventListener('close', () => page.sockets.delete(this));
      }
      send(text) {
        const { action, clientId } = JSON.parse(text);
        if (clientId) page.attempts.push({ clientId, at: Date.now() });
        // It falls before, between or after what the function does: storing, answering, announcing.
        if (HANDLERS[action] && next() < 0.15) world.killSoon(HANDLERS[action], next() * 40);
        super.send(text);
      }
    }
    page.attempts = [];
    return shakySocket(ProxiedSocket, () => {
      const dice = world.isCalm ? 1 : next();
      if (dice < 0.04) return 'drop';
      if (dice < 0.14) return 'duplicate';
      return dice < 0.34 ? Math.floor(next() * 80) : undefined;
    });
  }

  #send(chatId, text) {
    const { page } = this;
    const sent = { chatId, text };
    this.sent.push(sent);
    page.live.send(chatId, text).then(
      ({ seq }) => (sent.seq = seq),
      (error) => {
        if (page.isOpen) this.#world.problems.push(`${text} was refused: ${error.message}`);
      },
    );
  }

  #markRead(chatId, part) {
    const { live, read } = this.page;
    const chat = live
      .chats()
      .getSnapshot()
      .chats.find(({ _id }) => _id === chatId);
    // Half of the time, everything that has arrived.
    const seq = Math.min(chat?.last?.seq ?? 0, Math.ceil(2 * part * (chat?.last?.seq ?? 0)));
    read.set(chatId, Math.max(seq, read.get(chatId) ?? 0));
    live.markRead(chatId, seq);
  }

  #toggle(chatId) {
    const { live, opened } = this.page;
    opened.get(chatId)?.close();
    if (!opened.delete(chatId)) opened.set(chatId, live.openChat(chatId, { limit: 20 }));
  }
}
