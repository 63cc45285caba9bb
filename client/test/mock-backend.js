// A backend in memory that speaks the contract of native clients, over a network that can lose,
// duplicate, delay and cut. It also serves sockets of the reference's dialect.
import { once } from 'node:events';
import { WebSocket, WebSocketServer } from 'ws';
import { createClient } from '../dist/client.js';

/** The maximum size of an answer of `sync` on a socket. */
const MAX_ANSWER = 96 * 1024;

/** The maximum number of entries of a chat that the client did not name. */
const MAX_NEWEST = 20;

/** The time in milliseconds by which `now` of `sync` is behind. Each write takes one. */
const MARGIN = 10;

/** Returns a generator of random numbers below 1, which `seed` repeats. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Refusal extends Error {
  constructor(status, code, more = {}) {
    super(code);
    Object.assign(this, { status, code, more });
  }
}

/** Starts a backend until the end of the test. */
export async function startBackend(t, options = {}) {
  const backend = new Backend(options);
  await once(backend.server, 'listening');
  t.after(() => backend.stop());
  return backend;
}

export class Backend {
  /** All frames from clients, as `{ userId, …frame }`, and all frames to clients. */
  received = [];
  pushed = [];
  /** All requests, such as `GET /api/getChat`. */
  requests = [];
  connections = new Set();
  users = new Map();
  chats = new Map();
  #ids = 0;
  #time = Date.parse('2024-01-01T00:00:00Z');

  /**
   * `incoming` and `outgoing` decide about a frame: `drop`, `duplicate`, a delay in milliseconds, or
   * nothing. `refuse` may return a status with which an action is refused. `pageSize` is the maximum
   * number of chats in an answer of `sync`. `isSparse` returns whether an answer that names these
   * chats has no entries of a chat, but `more`.
   */
  constructor({ incoming, outgoing, refuse, isSparse, pageSize = Infinity } = {}) {
    Object.assign(this, { incoming, outgoing, refuse, isSparse, pageSize });
    this.server = new WebSocketServer({ port: 0 });
    this.server.on('connection', (socket, { url }) => this.#connected(socket, url));
  }

  stop() {
    for (const socket of this.server.clients) socket.terminate();
    this.server.close();
  }

  /** Adds a user who is signed in. */
  person(name) {
    const id = this.#id();
    this.users.set(id, { _id: id, fullName: name, photoUrl: `/uploads/${id}.jpg` });
    const browser = new MockBrowser();
    browser.fetch = (address, init) => this.#http(id, new URL(address), init);
    const url = 'http://mock';
    const { fetch, WebSocket } = browser;
    return { id, name, url, browser, client: createClient({ url, fetch, WebSocket }) };
  }

  /** Creates a direct chat, and returns its id. */
  chat(one, other) {
    const id = this.#id();
    const lastActivity = this.#now();
    const chat = { id, members: [one.id, other.id], entries: [], lastActivity };
    Object.assign(chat, { marks: new Map(), settings: new Map(), changed: lastActivity });
    this.chats.set(id, chat);
    for (const member of chat.members) {
      this.#announce([member], {
        event: 'newChat',
        chatId: id,
        friend: this.#friend(chat, member),
      });
    }
    return id;
  }

  /** Stores a message, as if it had been sent from another device. */
  store(chatId, by, message, clientId) {
    const chat = this.chats.get(chatId);
    const at = this.#now();
    const stored = { _id: this.#id(), sendBy: by.id, sendTime: at, message };
    stored.seq = chat.entries.length + 1;
    if (clientId) stored.clientId = clientId;
    chat.entries.push({ kind: 'message', by: by.id, at, message: stored });
    chat.lastActivity = chat.changed = at;
    return this.#stored(chat, stored.seq);
  }

  /** Edits a message. */
  edit(chatId, by, target, text) {
    const chat = this.chats.get(chatId);
    const seq = chat.entries.length + 1;
    const at = (chat.changed = this.#now());
    chat.entries.push({ kind: 'change', seq, by: by.id, at, target, what: 'edited' });
    Object.assign(chat.entries[target - 1].message, { message: text, changedSeq: seq });
    return this.#stored(chat, seq);
  }

  /** Ends the membership of a user. */
  leave(chatId, person) {
    const chat = this.chats.get(chatId);
    chat.members = chat.members.filter((id) => id !== person.id);
  }

  /** Returns the frames of a user with this action. */
  frames(person, action) {
    return this.received.filter((frame) => frame.userId === person.id && frame.action === action);
  }

  /** Breaks all sockets. */
  cut() {
    for (const socket of this.server.clients) socket.terminate();
  }

  #connected(socket, url) {
    const { searchParams } = new URL(url, 'ws://mock');
    const connection = {
      socket,
      userId: searchParams.get('userId'),
      isNative: searchParams.get('v') === '2',
      rooms: new Set(),
    };
    const wasOnline = this.#isOnline(connection.userId);
    this.connections.add(connection);
    if (!wasOnline) this.#presence(connection.userId);
    socket.on('message', (data) => {
      const frame = JSON.parse(data);
      this.received.push({ userId: connection.userId, ...frame });
      this.#faulty(this.incoming?.(frame, connection), () => this.#frame(connection, frame));
    });
    socket.on('close', () => {
      this.connections.delete(connection);
      if (!this.#isOnline(connection.userId)) this.#presence(connection.userId);
    });
  }

  #faulty(fault, act) {
    if (fault === 'drop') return;
    if (typeof fault === 'number') return void setTimeout(act, fault);
    act();
    if (fault === 'duplicate') act();
  }

  #push(connection, frame) {
    const text = JSON.stringify(frame);
    this.pushed.push({ to: connection.userId, ...frame });
    this.#faulty(this.outgoing?.(frame, connection), () => connection.socket.send(text));
  }

  #frame(connection, { action, ackId, ...input }) {
    let answer;
    try {
      const status = this.refuse?.(action, input, connection);
      if (status === 'gateway') {
        return this.#push(connection, { message: 'Internal server error', connectionId: 'x' });
      }
      if (status) throw new Refusal(status, 'refused');
      answer = this.#act(connection, action, input);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { status, code, message } = error;
      const event = { event: 'error', action, status, code, message };
      return this.#push(connection, { ...event, ...(ackId && { ackId }) });
    }
    if (ackId) this.#push(connection, { event: 'ack', ackId, ...answer });
  }

  #act(connection, action, input) {
    const { userId } = connection;
    if (action === 'sync') return this.sync(userId, input, MAX_ANSWER);
    if (action === 'sendMessage') return this.#send(userId, input, connection);
    const chat = this.#member(userId, input.chatId);
    const { id } = chat;
    switch (action) {
      case 'join-chat-room': {
        connection.rooms.add(id);
        const other = chat.members.find((member) => member !== userId);
        return connection.isNative ? { presence: this.#presenceOf(other) } : {};
      }
      case 'leave-chat-room':
        connection.rooms.delete(id);
        return {};
      case 'receipt':
        return this.#receipt(userId, input, connection);
      case 'typing':
        return this.#relay(connection, chat, { event: 'typing', userId, typing: input.typing });
      case 'chatsend':
        return this.#relay(connection, chat, { event: 'chatUpdate', message: input.message });
      default:
        throw new Refusal(404, 'noSuchAction');
    }
  }

  #member(userId, chatId) {
    const chat = this.chats.get(chatId);
    if (!chat) throw new Refusal(404, 'noSuchChat');
    if (!chat.members.includes(userId)) throw new Refusal(403, 'notAMember');
    return chat;
  }

  #relay(sender, chat, event) {
    if (!sender.rooms.has(chat.id)) throw new Refusal(403, 'notInRoom');
    for (const connection of this.connections) {
      const isFit = event.event === 'typing' || !connection.isNative;
      if (connection !== sender && connection.rooms.has(chat.id) && isFit) {
        this.#push(connection, { ...event, chatId: chat.id });
      }
    }
    return {};
  }

  #send(userId, { chatId, message, clientId, replyTo }, cause) {
    const chat = this.#member(userId, chatId);
    if (!message || message.length > 4096) throw new Refusal(422, 'invalidInput');
    const repeated = chat.entries.find(
      ({ by, message: old }) => clientId && by === userId && old?.clientId === clientId,
    );
    if (repeated && repeated.sent !== message) throw new Refusal(409, 'clientIdReused');
    if (repeated) return { entry: this.#stored(chat, repeated.message.seq, cause) };
    const at = this.#now();
    const seq = chat.entries.length + 1;
    const stored = { _id: this.#id(), sendBy: userId, sendTime: at, message, seq };
    Object.assign(stored, clientId && { clientId }, replyTo && { replyTo });
    chat.entries.push({ kind: 'message', by: userId, at, message: stored, sent: message });
    chat.lastActivity = chat.changed = at;
    return { entry: this.#stored(chat, seq, cause) };
  }

  /** Announces an entry to all but the connection that caused it. */
  #stored(chat, seq, cause) {
    const entry = this.#entry(chat, seq, []);
    this.#announce(chat.members, { event: 'entry', chatId: chat.id, entry }, cause);
    for (const connection of this.connections) {
      const isReader = connection.rooms.has(chat.id) && connection.userId !== entry.by;
      if (connection.isNative || !isReader || entry.kind !== 'message') continue;
      this.#push(connection, { event: 'chatUpdate', chatId: chat.id, message: entry.message });
    }
    return entry;
  }

  #entry(chat, seq, others) {
    const { message, sent, ...entry } = chat.entries[seq - 1];
    if (entry.kind === 'message') return { ...entry, ...message };
    if (entry.kind !== 'change' || others.includes(entry.target)) return entry;
    return { ...entry, message: { ...chat.entries[entry.target - 1].message } };
  }

  #announce(userIds, event, cause) {
    for (const connection of this.connections) {
      const isReceiver = connection.isNative && userIds.includes(connection.userId);
      if (isReceiver && connection !== cause) this.#push(connection, event);
    }
  }

  #receipt(userId, { chatId, delivered = 0, read = 0 }, cause) {
    const chat = this.#member(userId, chatId);
    const old = this.#marks(chat, userId);
    const last = chat.entries.length;
    const marks = {
      userId,
      delivered: Math.max(old.delivered, Math.min(last, Math.max(delivered, read))),
      read: Math.max(old.read, Math.min(last, read)),
    };
    if (marks.delivered === old.delivered && marks.read === old.read) return {};
    chat.marks.set(userId, { ...marks, at: this.#now() });
    this.#announce(chat.members, { event: 'receipt', chatId, ...marks }, cause);
    return {};
  }

  #marks(chat, userId) {
    const { delivered = 0, read = 0 } = chat.marks.get(userId) ?? {};
    return { userId, delivered, read };
  }

  #friend(chat, userId) {
    return this.users.get(chat.members.find((member) => member !== userId));
  }

  sync(userId, { chats: known = {}, since, limit = 100, before }, maxAnswer) {
    if (Object.keys(known).length > 500) throw new Refusal(422, 'invalidInput');
    const now = new Date(this.#time - MARGIN).toISOString();
    const cursor = ({ lastActivity, id }) => `${Date.parse(lastActivity)}-${id}`;
    const own = [...this.chats.values()]
      .filter(({ members }) => members.includes(userId))
      .sort((a, b) => (cursor(a) < cursor(b) ? 1 : -1));
    const answer = { status: true, now, chats: [], gone: [] };
    let size = 200;
    for (const chat of own) {
      if (before && cursor(chat) >= before) continue;
      const held = known[chat.id];
      const isNamed = held !== undefined;
      const isNew = isNamed ? chat.entries.length > held : !since || chat.changed > since;
      const synced = this.#synced(userId, chat, held, isNew, since, limit, maxAnswer / 2);
      if (since && !isNew && !synced.marks.length && !synced.settings) continue;
      if (isNamed && isNew && this.isSparse?.(known, chat.id)) {
        Object.assign(synced, { entries: [], from: synced.lastSeq + 1, more: true });
      }
      const length = JSON.stringify(synced).length;
      if (answer.chats.length === this.pageSize || size + length > maxAnswer) {
        answer.next = cursor(this.chats.get(answer.chats.at(-1)._id));
        break;
      }
      size += length;
      answer.chats.push(synced);
    }
    if (!before) {
      const ids = own.map(({ id }) => id);
      answer.gone = Object.keys(known).filter((id) => !ids.includes(id));
    }
    return answer;
  }

  #synced(userId, chat, held, isNew, since, limit, maxSize) {
    const lastSeq = chat.entries.length;
    const isNamed = held !== undefined;
    const isUnknown = !since || (!isNamed && isNew);
    let from = isNamed ? held + 1 : Math.max(1, lastSeq - Math.min(limit, MAX_NEWEST) + 1);
    let to = isNew ? Math.min(lastSeq, from + limit - 1) : 0;
    const read = () => {
      const seqs = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
      return seqs.map((seq) => this.#entry(chat, seq, seqs));
    };
    let entries = read();
    while (entries.length > 1 && JSON.stringify(entries).length > maxSize) {
      if (isNamed) to--;
      else from++;
      entries = read();
    }
    const { read: mark } = this.#marks(chat, userId);
    const own = chat.entries.findLastIndex(({ kind, by }) => kind === 'message' && by === userId);
    const floor = Math.max(mark, own + 1);
    const unread = chat.entries
      .slice(floor)
      .filter(({ kind, by }) => kind === 'message' && by !== userId).length;
    const isChanged = ({ at } = {}) => at && (isUnknown || at > since);
    const marks = chat.members
      .filter((member) => isChanged(chat.marks.get(member)))
      .map((member) => this.#marks(chat, member));
    const settings = isChanged(chat.settings.get(userId)) && this.#settings(chat, userId);
    return {
      _id: chat.id,
      kind: 'direct',
      ...(isUnknown && { friend: this.#friend(chat, userId) }),
      entries,
      from: entries[0]?.seq ?? lastSeq + 1,
      more: isNamed && isNew && to < lastSeq,
      lastSeq,
      lastActivity: chat.lastActivity,
      unread: Math.min(100, unread),
      marks,
      ...(settings && { settings }),
    };
  }

  #settings(chat, userId) {
    const none = { muted: false, archived: false, pinned: false, clearedSeq: 0 };
    const { at, ...settings } = chat.settings.get(userId) ?? {};
    return { ...none, ...settings };
  }

  #isOnline(userId) {
    return [...this.connections].some((connection) => connection.userId === userId);
  }

  #presenceOf(userId) {
    const online = this.#isOnline(userId);
    return { userId, online, ...(!online && { lastSeen: this.#now() }) };
  }

  #presence(userId) {
    const state = this.#presenceOf(userId);
    for (const connection of this.connections) {
      if (!connection.isNative || connection.userId === userId) continue;
      for (const chatId of connection.rooms) {
        if (!this.chats.get(chatId).members.includes(userId)) continue;
        this.#push(connection, { event: 'presence', chatId, ...state });
      }
    }
  }

  async #http(userId, { pathname, searchParams }, { method, body, signal }) {
    this.requests.push(`${method} ${pathname}`);
    const input = body ? JSON.parse(body) : Object.fromEntries(searchParams);
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    try {
      return Response.json({ status: true, ...this.#endpoint(userId, pathname, input) });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { status, code, message, more } = error;
      return Response.json(
        { status: false, error: { status, code, message, ...more } },
        { status },
      );
    }
  }

  #endpoint(userId, path, input) {
    const status = this.refuse?.(path, input, { userId });
    if (status) throw new Refusal(status, 'refused');
    switch (path) {
      case '/api/socketTicket': {
        const url = `ws://localhost:${this.server.address().port}`;
        return { ticket: 't', url, expiresIn: 30 };
      }
      case '/api/refresh':
        return { message: 'done' };
      case '/api/userDetails':
        return { userdata: this.users.get(userId) };
      case '/api/sync':
        return this.sync(userId, input, 5_000_000);
      case '/api/receipt':
        return { message: 'Receipt stored', ...this.#receipt(userId, input) };
      case '/api/presence':
        return { message: 'Presence updated' };
      case '/api/sendMessage': {
        const { kind, by, at, ...data } = this.#send(userId, input).entry;
        return { message: 'Successfully send', data };
      }
      case '/api/chatSettings': {
        const { chatId, ...changes } = input;
        const chat = this.#member(userId, chatId);
        chat.settings.set(userId, {
          ...chat.settings.get(userId),
          ...changes,
          at: this.#now(),
        });
        const settings = this.#settings(chat, userId);
        this.#announce([userId], { event: 'chatSettings', chatId, settings });
        return { data: settings };
      }
      case '/api/createConnection': {
        const other = this.users.get(input.personId);
        if (!other) throw new Refusal(404, 'noSuchUser');
        const both = [userId, input.personId];
        const chat = [...this.chats.values()].find(({ members }) =>
          both.every((id) => members.includes(id)),
        );
        if (chat) throw new Refusal(409, 'alreadyConnected', { chatId: chat.id });
        return { message: 'done', chatId: this.chat({ id: userId }, { id: input.personId }) };
      }
      case '/api/getChat': {
        const chat = this.#member(userId, input.chatId);
        const [before, after] = [Number(input.before ?? Infinity), Number(input.after ?? 0)];
        const all = chat.entries
          .filter(({ kind }) => kind === 'message')
          .map(({ message }) => ({ ...message }))
          .filter(({ seq }) => seq < before && seq > after);
        const limit = Number(input.limit ?? 200);
        const data = {
          _id: chat.id,
          chats: input.after ? all.slice(0, limit) : all.slice(-limit),
        };
        return { data, hasMore: all.length > limit };
      }
      default:
        throw new Refusal(404, 'notFound');
    }
  }

  #id() {
    return (++this.#ids).toString(16).padStart(24, '0');
  }

  #now() {
    return new Date(++this.#time).toISOString();
  }
}

/** The sockets of one person. */
class MockBrowser {
  open = new Set();
  opened = 0;

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

  /** Breaks all sockets, like a network failure. */
  cut() {
    for (const socket of this.open) socket.terminate();
  }
}
