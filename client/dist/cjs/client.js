"use strict";
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key) && key !== except)
        __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  }
  return to;
};
var __toCommonJS = (mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod);

// src/client.ts
var client_exports = {};
__export(client_exports, {
  ACTIONS: () => ACTIONS,
  ChatClient: () => ChatClient,
  ChatError: () => ChatError,
  EVENTS: () => EVENTS,
  MAX_FRAME: () => MAX_FRAME,
  createClient: () => createClient,
  io: () => io
});
module.exports = __toCommonJS(client_exports);

// src/errors.ts
var ChatError = class extends Error {
  name = "ChatError";
  /** The HTTP status, which socket errors have too. 0 if the server could not be reached. */
  status;
  /**
   * The backend's stable name for the error, such as `notInRoom`: compare this, not `message`.
   * `undefined` if the error comes from API Gateway or from this client.
   */
  code;
  /** The number of seconds to wait before the next attempt, if the server requests it (429 and 503). */
  retryAfter;
  /** The socket action that failed, if any. */
  action;
  /** The chat whose join failed, if any. */
  chatId;
  constructor(status, message, details = {}) {
    super(message, { cause: details.cause });
    this.status = status;
    this.code = details.code;
    this.retryAfter = details.retryAfter;
    this.action = details.action;
    this.chatId = details.chatId;
  }
};
function report(error) {
  if (typeof reportError === "function") reportError(error);
  else console.error(error);
}
function abortable(promise, signal) {
  if (!signal) return promise;
  let stop = () => {
  };
  const aborted = new Promise((_, reject) => {
    stop = () => reject(signal.reason ?? new DOMException("aborted", "AbortError"));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
  });
  return Promise.race([promise, aborted]).finally(
    () => signal.removeEventListener("abort", stop)
  );
}

// src/http.ts
var TIMEOUT = 6e4;
var HttpApi = class {
  #url;
  #fetch;
  /** Whether expired tokens are renewed. */
  canRefresh;
  #refreshing;
  #refreshes = 0;
  constructor({ url, fetch, refresh }) {
    if (!/^https?:\/\//.test(url)) {
      throw new ChatError(0, `url must be like https://api.example.com, and is "${url}"`);
    }
    this.#url = url.replace(/\/+$/, "");
    this.canRefresh = refresh !== false;
    this.#fetch = fetch ?? ((url2, init) => globalThis.fetch(url2, init));
  }
  /** Mails a six-digit code, which is valid for 3 minutes. */
  sendOtp(json, options) {
    return this.#json("POST", "/api/sendOtp", { ...options, json });
  }
  /** Signs in with a mailed code. If `isComplete` is false, call `uploadDetails` next. */
  verifyOtp(json, options) {
    return this.#json("POST", "/api/verifyOtp", { ...options, json });
  }
  /** Invalidates the mailed code, if any. */
  deleteOtp(json, options) {
    return this.#json("DELETE", "/api/deleteOtp", { ...options, json });
  }
  /** Completes or changes the profile. `profile` is a JPEG, PNG or WebP image of up to 2 MiB. */
  uploadDetails({ profile, ...json }, options) {
    const call = { ...options, signedIn: true };
    if (!profile) return this.#json("POST", "/api/uploadDetails", { ...call, json });
    const form = new FormData();
    for (const [name, value] of Object.entries(json)) form.append(name, value);
    form.append("profile", profile);
    return this.#json("POST", "/api/uploadDetails", { ...call, form });
  }
  /** Ends this session and closes its sockets. */
  logout(options) {
    return this.#json("POST", "/api/logout", options);
  }
  /** Renews the tokens. Other methods do this when necessary. Concurrent calls share one request. */
  refresh({ signal } = {}) {
    if (signal?.aborted) return abortable(new Promise(() => {
    }), signal);
    this.#refreshing ??= this.#json("GET", "/api/refresh").then((done) => (this.#refreshes++, done)).finally(() => this.#refreshing = void 0);
    return abortable(this.#refreshing, signal);
  }
  /** Returns the signed-in user. */
  userDetails(options) {
    return this.#json("GET", "/api/userDetails", { ...options, signedIn: true });
  }
  /**
   * Lists the users. `search` matches the beginning of any word of a name. Pass `next` as `after`
   * to get the next page.
   */
  users(query, options) {
    return this.#json("GET", "/api/users", { ...options, query, signedIn: true });
  }
  /** Creates a chat with another user. Rejects with 409 if it already exists. */
  createConnection(json, options) {
    return this.#json("POST", "/api/createConnection", { ...options, json, signedIn: true });
  }
  /**
   * Lists the chats, the most recently active one first. Pass `next` as `before` to get the next
   * page. Without a `limit`, a page has a thousand chats.
   */
  allConnection(query, options) {
    return this.#json("GET", "/api/allConnection", { ...options, query, signedIn: true });
  }
  /** Returns messages, oldest first: the latest ones, or those `before` or `after` a `seq`. */
  getChat(query, options) {
    return this.#json("GET", "/api/getChat", { ...options, query, signedIn: true });
  }
  /**
   * Stores a message. With a `clientId`, the call is safe to repeat: a repeated call returns the
   * stored message.
   */
  sendMessage(json, options) {
    return this.#json("POST", "/api/sendMessage", { ...options, json, signedIn: true });
  }
  /** Returns the last message of a chat, if any. */
  lastMessage(query, options) {
    return this.#json("GET", "/api/lastMessage", { ...options, query, signedIn: true });
  }
  /** Creates a ticket, which opens one socket. `socket` calls this method itself. */
  socketTicket(options) {
    return this.#json("POST", "/api/socketTicket", { ...options, signedIn: true });
  }
  /** Downloads the photo at a `photoUrl`. */
  photo(photoUrl, options) {
    const url = new URL(photoUrl, this.#url);
    return this.#call("GET", url, options ?? {}, (response) => response.blob());
  }
  #json(method, path, call = {}) {
    const url = new URL(this.#url + path);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== void 0) url.searchParams.set(name, String(value));
    }
    return this.#call(
      method,
      url,
      call,
      async (response) => (
        // Only `allConnection` returns no body, if the list is empty.
        response.status === 204 ? { status: true, data: [] } : response.json()
      )
    );
  }
  /** Makes a request, and reads its answer, within the time limit and until it is aborted. */
  #call(method, url, { signal, timeout = TIMEOUT, ...call }, read) {
    const controller = new AbortController();
    const expired = new Promise((_, reject) => {
      const timer = setTimeout(() => {
        reject(new ChatError(0, "the server did not answer in time"));
        controller.abort();
      }, timeout);
      controller.signal.addEventListener("abort", () => clearTimeout(timer));
    });
    const answer = async () => read(await this.#request(method, url, call, controller.signal)).catch(unreachable);
    return abortable(signal?.aborted ? expired : Promise.race([answer(), expired]), signal).finally(
      () => controller.abort()
    );
  }
  async #request(method, url, { json, form, signedIn }, signal) {
    const refreshes = this.#refreshes;
    const send = () => {
      if (signal.aborted) unreachable(void 0);
      return this.#fetch(url.href, {
        method,
        credentials: "include",
        signal,
        ...json && {
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify(json)
        },
        ...form && { body: form }
      }).catch(unreachable);
    };
    let response = await send();
    if (response.status === 401 && signedIn && this.canRefresh) {
      if (refreshes === this.#refreshes) await this.refresh();
      response = await send();
    }
    if (response.ok) return response;
    throw await errorFrom(response);
  }
};
function unreachable(cause) {
  throw new ChatError(0, "the server cannot be reached", { cause });
}
async function errorFrom(response) {
  const body = await response.json().catch(() => void 0);
  const { code, message = body?.message } = body?.error ?? {};
  const seconds = response.headers.get("Retry-After");
  return new ChatError(
    response.status,
    message ?? (response.statusText || `status ${response.status}`),
    { code, retryAfter: seconds === null ? void 0 : Number(seconds) }
  );
}

// src/deduplicator.ts
var Deduplicator = class {
  #window;
  #unmatched = [];
  /** `window`: the time in milliseconds within which a duplicate arrives. */
  constructor(window) {
    this.#window = window;
  }
  /**
   * Returns whether the event is not a duplicate of an event on the other socket. Call it for
   * frames that a socket sends as well, because the other socket receives them.
   */
  isNew(link, content) {
    const at = performance.now();
    this.#unmatched = this.#unmatched.filter((event) => event.at > at - this.#window);
    const index = this.#unmatched.findIndex(
      (event) => event.link !== link && event.content === content
    );
    if (index >= 0) this.#unmatched.splice(index, 1);
    else this.#unmatched.push({ link, content, at });
    return index < 0;
  }
};

// src/emitter.ts
var Emitter = class {
  /** The handlers of each event, and whether they are called once only. */
  #handlers = /* @__PURE__ */ new Map();
  /** Adds a handler of an event. Adding the same handler twice has no effect. */
  on(event, handler) {
    return this.#add(event, handler, false);
  }
  /** Calls `handler` on the next `event` only. */
  once(event, handler) {
    return this.#add(event, handler, true);
  }
  /** Removes a handler, or all handlers of an event, or all handlers. */
  off(event, handler) {
    if (event === void 0) this.#handlers.clear();
    else if (!handler) this.#handlers.delete(event);
    else this.#handlers.get(event)?.delete(handler);
    return this;
  }
  /** Calls the handlers. A handler that throws or rejects is reported; the others still run. */
  publish(event, ...args) {
    const handlers = [...this.#handlers.get(event) ?? []];
    if (!handlers.length && (event === "error" || event === "signedOut")) console.error(args[0]);
    for (const [handler, isOnce] of handlers) {
      if (isOnce) this.off(event, handler);
      try {
        const result = handler(...args);
        if (result instanceof Promise) result.catch(report);
      } catch (error) {
        report(error);
      }
    }
  }
  #add(event, handler, isOnce) {
    let handlers = this.#handlers.get(event);
    if (!handlers) this.#handlers.set(event, handlers = /* @__PURE__ */ new Map());
    handlers.set(handler, isOnce);
    return this;
  }
};

// src/link.ts
var TIMINGS = {
  ping: 9 * 6e4,
  probe: 5e3,
  answer: 3e4,
  sleep: 5e3,
  renewal: 110 * 6e4,
  settle: 1500,
  backoff: 500,
  maxBackoff: 3e4
};
function backoff(timings, attempts) {
  return Math.random() * Math.min(timings.maxBackoff, timings.backoff * 2 ** attempts);
}
var PING = "ping";
var JOIN = "join-chat-room";
var Link = class {
  startedAt = performance.now();
  /** Rejects if the handshake is refused or times out. */
  opened;
  #socket;
  #timings;
  #joins = /* @__PURE__ */ new Map();
  #lastAckId = 0;
  #isProbing = false;
  #timer;
  #end = () => {
  };
  constructor(socket, timings, handlers) {
    this.#socket = socket;
    this.#timings = timings;
    this.opened = new Promise((resolve, reject) => {
      socket.onopen = () => {
        this.#schedulePing();
        resolve();
      };
      this.#end = (reason) => {
        reject(new Error(reason));
        handlers.end(reason, this);
      };
    });
    socket.onmessage = ({ data }) => {
      if (this.#isProbing) this.#schedulePing();
      const frame = parse(data);
      if (!frame) return;
      const answered = [...this.#joins].find(([, join]) => join.ackId === frame.ackId);
      if (frame.ackId !== void 0) this.#schedulePing();
      const error = errorFrom2(frame, answered?.[0]);
      if (error) this.#failed(error, answered);
      else if (answered) this.#joined(answered[1]);
      if (frame.action === PING) return;
      if (error) handlers.error(error, this);
      else handlers.frame(frame, this);
    };
    socket.onclose = () => this.close("transport close");
    socket.onerror = () => {
    };
    this.#expect(timings.answer);
  }
  /** Whether frames can be sent. A closing socket accepts frames but drops them. */
  get isOpen() {
    return this.#socket.readyState === 1;
  }
  /** Sends a frame. */
  send(text) {
    this.#socket.send(text);
  }
  /**
   * Joins a room. Resolves once the server has accepted or refused, or the link has ended. A join
   * that fails, or that is not answered, is repeated by itself, with backoff.
   */
  join(room) {
    let join = this.#joins.get(room);
    if (!join) {
      let resolve = () => {
      };
      const done = new Promise((resolved) => resolve = resolved);
      const ackId = ++this.#lastAckId;
      join = { ackId, attempts: 0, isFailed: false, isJoined: false, done, resolve };
      this.#joins.set(room, join);
      this.#sendJoin(room, join);
    }
    return join.done;
  }
  /** Whether a join of this room has not been accepted or refused yet. */
  isJoining(room) {
    return this.#joins.get(room)?.isJoined === false;
  }
  /** Whether a join of this room has been accepted. */
  hasJoined(room) {
    return this.#joins.get(room)?.isJoined === true;
  }
  /** Checks whether the connection still works, and ends the link if not. */
  probe() {
    if (this.#isProbing || !this.isOpen) return;
    this.#isProbing = true;
    this.send(JSON.stringify({ action: PING, ackId: ++this.#lastAckId }));
    this.#expect(this.#timings.probe);
  }
  /** Ends the link. The last callback is `end` with this reason. */
  close(reason) {
    const end = this.#end;
    this.#end = () => {
    };
    clearTimeout(this.#timer);
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    for (const { timer, resolve } of this.#joins.values()) {
      clearTimeout(timer);
      resolve();
    }
    this.#joins.clear();
    end(reason);
  }
  #sendJoin(room, join) {
    const { probe, answer } = this.#timings;
    clearTimeout(join.timer);
    join.isFailed = false;
    join.timer = setTimeout(() => {
      this.probe();
      join.timer = setTimeout(() => this.#repeat(room, join), answer - probe);
    }, probe);
    if (this.isOpen) this.send(JSON.stringify({ action: JOIN, chatId: room, ackId: join.ackId }));
  }
  #repeat(room, join) {
    if (join.isFailed || join.isJoined) return;
    clearTimeout(join.timer);
    join.isFailed = true;
    const delay = backoff(this.#timings, join.attempts++);
    join.timer = setTimeout(() => this.#sendJoin(room, join), delay);
  }
  #joined(join) {
    clearTimeout(join.timer);
    join.isJoined = true;
    join.resolve();
  }
  #failed(error, answered) {
    if (error.action && !answered) return;
    if (!answered) for (const [room, join] of this.#joins) this.#repeat(room, join);
    else if (error.status === 429 || error.status >= 500) this.#repeat(...answered);
    else {
      this.#joined(answered[1]);
      this.#joins.delete(answered[0]);
    }
  }
  #schedulePing() {
    this.#isProbing = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.probe(), this.#timings.ping);
  }
  #expect(limit) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close("ping timeout"), limit);
  }
};
function parse(data) {
  try {
    const value = JSON.parse(String(data));
    return typeof value === "object" && value !== null ? value : void 0;
  } catch {
    return void 0;
  }
}
function errorFrom2(frame, chatId) {
  const { event, status, code, action, message } = frame;
  if (event !== void 0 && event !== "error" || typeof message !== "string") return void 0;
  return new ChatError(status ?? gatewayStatus(message), message, { code, action, chatId });
}
function gatewayStatus(message) {
  if (/too many|limit exceeded/i.test(message)) return 429;
  return /timed out/i.test(message) ? 504 : 500;
}

// src/names.ts
var ACTIONS = {
  "join-chat-room": ["chatId"],
  addFriend: ["id", "userName", "friendName"],
  sendActiveResponse: ["chatId"],
  chatsend: ["chatId", "message"],
  messageRecieved: ["chatId", "message"]
};
var EVENTS = {
  newFriend: ["id", "userName", "friendName"],
  recieveUserResponse: ["chatId"],
  chatUpdate: ["chatId", "message"],
  messageSent: ["chatId", "message"]
};
var RELAYED_AS = {
  sendActiveResponse: "recieveUserResponse",
  chatsend: "chatUpdate",
  messageRecieved: "messageSent"
};
var EPHEMERAL = ["sendActiveResponse"];

// src/outbox.ts
var MAX_WAITING = 1e3;
var MAX_AGE = 5e3;
var Outbox = class {
  #onSend;
  #link;
  #waiting = [];
  /** Calls `onSend` before each frame is sent. */
  constructor(onSend) {
    this.#onSend = onSend;
  }
  /** Sends a frame as soon as possible. An ephemeral one replaces an equal one that waits. */
  push(frame) {
    if (frame.isEphemeral) {
      if (!this.#link?.isOpen) return;
      this.#waiting = this.#waiting.filter(({ text }) => text !== frame.text);
    }
    if (this.#waiting.length >= MAX_WAITING) {
      throw new ChatError(0, "too many frames are waiting for the socket: try again later", {
        action: frame.action
      });
    }
    this.#waiting.push({ ...frame, at: performance.now() });
    this.flush();
  }
  /** Sends all further frames over `link`. Without a link, they wait. */
  use(link) {
    this.#link = link;
    if (!link) this.#waiting = this.#waiting.filter(({ isEphemeral }) => !isEphemeral);
    this.flush();
  }
  /** Sends the frames that no longer need to wait. Call this when a join has been answered. */
  flush() {
    const link = this.#link;
    if (!link?.isOpen) return;
    const oldest = performance.now() - MAX_AGE;
    this.#waiting = this.#waiting.filter((frame) => {
      if (frame.isEphemeral && frame.at < oldest) return false;
      if (!link.isOpen || frame.room !== void 0 && link.isJoining(frame.room)) return true;
      this.#onSend(link, frame);
      link.send(frame.text);
      return false;
    });
  }
  /** Discards the waiting frames. */
  clear() {
    this.#waiting = [];
    this.#link = void 0;
  }
};

// src/socket.ts
var MAX_FRAME = 32e3;
var STABLE = 5e3;
var WAKING = ["online", "offline", "pageshow", "visibilitychange"];
var THROTTLED = 12e4;
var YOUNG = 1e3;
var ChatSocket = class extends Emitter {
  #api;
  #WebSocket;
  #options;
  #timings;
  #outbox;
  #rooms = /* @__PURE__ */ new Set();
  /** All WebSockets, including those that are opening or about to be closed. */
  #links = /* @__PURE__ */ new Set();
  /** The WebSocket that frames are sent over. */
  #link;
  #id;
  #deduplicator;
  #waiters = /* @__PURE__ */ new Set();
  #timer;
  /** Fires regularly, to notice that the machine was asleep. */
  #clock;
  #attempts = 0;
  /** When the current attempt to connect began, and what ends its request. */
  #attemptedAt = 0;
  #attempt;
  /** Whether the next attempt is scheduled, and the time before which it must not begin. */
  #isWaiting = false;
  #notBefore = 0;
  /** The checks made since the last handshake that succeeded. */
  #hasRefreshed = false;
  #isVerified = false;
  /** Changes whenever asynchronous work in progress becomes obsolete. 0 after `disconnect()`. */
  #run = 0;
  #runs = 0;
  /** Use `createClient(…).socket(…)` instead. */
  constructor(api, WebSocket, options) {
    super();
    if (!WebSocket) {
      throw new ChatError(0, "there is no global WebSocket: pass one to createClient or io");
    }
    this.#api = api;
    this.#WebSocket = WebSocket;
    this.#options = options;
    this.#timings = { ...TIMINGS, ...options.timings };
    this.#deduplicator = new Deduplicator(this.#timings.settle);
    this.#outbox = new Outbox((link, { content }) => {
      if (content) this.#deduplicator.isNew(link, content);
    });
  }
  /** Whether the socket is connected. */
  get connected() {
    return this.#link !== void 0;
  }
  /** Whether the socket is connected or tries to be. */
  get active() {
    return this.#run !== 0;
  }
  /** A random id while connected. The server does not know it. */
  get id() {
    return this.#id;
  }
  /** Connects and stays connected. Does nothing if it was already called. */
  connect() {
    if (!this.#run) {
      this.#run = ++this.#runs;
      this.#attempts = this.#notBefore = 0;
      this.#hasRefreshed = this.#isVerified = false;
      this.#watch();
      void this.#connect();
    }
    return this;
  }
  /** Disconnects and discards the rooms and the waiting frames. */
  disconnect() {
    this.#stop("io client disconnect", new ChatError(0, "the socket was disconnected"));
    return this;
  }
  /**
   * Resolves once the socket is connected. Rejects if `disconnect()` is called or the session has
   * ended, and with the signal's reason if it is aborted.
   */
  ready({ signal } = {}) {
    return this.#until(void 0, signal);
  }
  /**
   * Joins the room of a chat, and again after each reconnect. Resolves once this socket receives
   * the room's events. Rejects if the server refuses, or for the reasons of `ready`; an aborted
   * signal ends the waiting, not the join.
   */
  join(chatId, { signal } = {}) {
    this.send("join-chat-room", { chatId });
    return this.#until(chatId, signal);
  }
  /**
   * Sends a frame, now or once connected. It is not acknowledged; a failure results in an `error`
   * event. `sendActiveResponse` is sent now or not at all.
   *
   * Throws a `ChatError` if the frame exceeds 32,000 bytes (413) or a thousand frames are waiting.
   */
  send(action, parameters) {
    const chatId = parameters.chatId;
    const text = JSON.stringify({ action, ...parameters });
    if (sizeOf(text) > MAX_FRAME) {
      throw new ChatError(413, `the frame exceeds the limit of ${MAX_FRAME} bytes`, { action });
    }
    if (action === "join-chat-room" && chatId) {
      this.#rooms.add(chatId);
      for (const link of this.#links) if (link.isOpen) void this.#join(link, chatId);
      return;
    }
    const event = RELAYED_AS[action];
    this.#outbox.push({
      action,
      text,
      room: event && chatId,
      content: event && contentOf(event, parameters),
      isEphemeral: EPHEMERAL.includes(action)
    });
  }
  async #connect() {
    const run = this.#run;
    this.#attemptedAt = Date.now();
    try {
      const link = await this.#open(run);
      if (!link) return;
      this.#deduplicator = new Deduplicator(this.#timings.settle);
      void this.#joinAll(link);
      this.#use(link);
      this.#scheduleRenewal();
      this.#id = Math.random().toString(36).slice(2);
      this.publish("connect");
    } catch (error) {
      this.#retry(run, error, () => this.#connect());
    }
  }
  /** Replaces an open WebSocket. While both are in all rooms, each event is published once. */
  async #renew() {
    const run = this.#run;
    const old = this.#link;
    const retry = (error) => this.#retry(run, error, () => this.#renew());
    try {
      const link = await this.#open(run);
      if (!link) return;
      await this.#joinAll(link);
      if (run !== this.#run || this.#link !== old) return;
      this.#timer = setTimeout(() => {
        if (!link.isOpen) return retry(new ChatError(0, "the socket closed"));
        this.#use(link);
        this.#timer = setTimeout(() => {
          old?.close("");
          this.#scheduleRenewal();
        }, this.#timings.settle);
      }, this.#timings.settle);
    } catch (error) {
      retry(error);
    }
  }
  /** Opens a WebSocket. Returns `undefined` if `run` has become obsolete. */
  async #open(run) {
    const { userId, name } = this.#options;
    const { signal } = this.#attempt = new AbortController();
    const { url, ticket } = await this.#api.socketTicket({ signal, timeout: this.#timings.answer });
    if (run !== this.#run) return;
    const socket = new this.#WebSocket(`${url}?${new URLSearchParams({ userId, name, ticket })}`);
    const link = new Link(socket, this.#timings, {
      frame: (frame, link2) => this.#receive(frame, link2),
      error: (error, link2) => this.#failed(error, link2),
      end: (reason, link2) => this.#ended(reason, link2)
    });
    this.#links.add(link);
    try {
      await link.opened;
    } catch (cause) {
      if (run !== this.#run) return;
      await this.#verify();
      throw new ChatError(0, "the handshake was refused", { cause });
    }
    if (run !== this.#run) return void link.close("");
    this.#hasRefreshed = this.#isVerified = false;
    return link;
  }
  /**
   * Finds out, once per run of refused handshakes, whether they will be refused for ever. Browsers
   * hide the reason. A session that has ended can still get tickets until its access token expires;
   * only a refresh reveals the end.
   */
  async #verify() {
    if (!this.#hasRefreshed) {
      this.#hasRefreshed = true;
      if (this.#api.canRefresh) await this.#api.refresh();
    }
    if (this.#isVerified) return;
    const { userdata } = await this.#api.userDetails();
    this.#isVerified = true;
    if (userdata && userdata._id !== this.#options.userId) {
      const code = "notTheCaller";
      throw new ChatError(403, '"userId" is not the signed-in user', { code });
    }
  }
  async #join(link, room) {
    await link.join(room);
    this.#outbox.flush();
    this.#settle();
  }
  async #joinAll(link) {
    await Promise.all([...this.#rooms].map((room) => this.#join(link, room)));
  }
  #use(link) {
    this.#link = link;
    this.#outbox.use(link);
    this.#settle();
  }
  #scheduleRenewal() {
    clearTimeout(this.#timer);
    const delay = this.#timings.renewal * (1 - Math.random() / 10);
    this.#timer = setTimeout(() => this.#renew(), delay);
  }
  #ended(reason, link) {
    this.#links.delete(link);
    if (link !== this.#link) return;
    const other = this.#run && [...this.#links].find((link2) => link2.isOpen);
    if (other) {
      this.#use(other);
      this.#scheduleRenewal();
      return;
    }
    this.#link = this.#id = void 0;
    this.#outbox.use(void 0);
    const run = this.#run &&= ++this.#runs;
    for (const link2 of this.#links) link2.close("");
    if (performance.now() - link.startedAt > STABLE) this.#attempts = 0;
    if (run) this.#wait(() => this.#connect());
    this.publish("disconnect", reason);
  }
  #retry(run, error, again) {
    if (run !== this.#run) return;
    const reason = error instanceof ChatError ? error : new ChatError(0, String(error), { cause: error });
    if (reason.status === 401 || reason.code === "notTheCaller") {
      this.#stop("io server disconnect", reason);
      this.publish("signedOut", reason);
    } else {
      this.#wait(again, reason.retryAfter);
      this.publish("connect_error", reason);
    }
  }
  /** Tries again later, and not before the seconds that the server asked for. */
  #wait(again, seconds = 0) {
    const delay = Math.max(backoff(this.#timings, this.#attempts++), seconds * 1e3);
    this.#notBefore = Date.now() + seconds * 1e3;
    this.#isWaiting = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#isWaiting = false;
      again();
    }, delay);
  }
  /** Begins to watch for signs that the network has changed or the machine was asleep. */
  #watch() {
    const { sleep } = this.#timings;
    for (const type of WAKING) globalThis.addEventListener?.(type, this.#wake);
    let last = Date.now();
    this.#clock = setInterval(() => {
      const late = Date.now() - last - sleep;
      last += late + sleep;
      if (late > (isHidden() ? THROTTLED : sleep)) this.#check();
    }, sleep);
  }
  #wake = ({ type }) => {
    if (type !== "visibilitychange" || !isHidden()) this.#check();
  };
  /** Probes the open sockets. If there is none, connects without waiting any longer. */
  #check() {
    if (this.#link) for (const link of this.#links) link.probe();
    else if (globalThis.navigator?.onLine !== false && Date.now() >= this.#notBefore) {
      this.#attempts = 0;
      if (!this.#isWaiting && Date.now() - this.#attemptedAt < YOUNG) return;
      this.#run = ++this.#runs;
      this.#abandon("");
      void this.#connect();
    }
  }
  /** Ends everything that is in progress. */
  #abandon(reason) {
    clearTimeout(this.#timer);
    this.#isWaiting = false;
    this.#attempt?.abort();
    for (const link of this.#links) link.close(reason);
  }
  #stop(reason, error) {
    this.#run = 0;
    for (const type of WAKING) globalThis.removeEventListener?.(type, this.#wake);
    clearInterval(this.#clock);
    this.#rooms.clear();
    this.#outbox.clear();
    this.#abandon(reason);
    for (const { reject } of this.#waiters) reject(error);
  }
  /** Waits until the socket is connected, or in a room. */
  async #until(room, signal) {
    let waiter;
    const done = new Promise((resolve, reject) => {
      this.#waiters.add(waiter = { room, resolve, reject });
      this.#settle();
    });
    await abortable(done, signal).finally(() => this.#waiters.delete(waiter));
  }
  /** Resolves those whose wait is over. */
  #settle() {
    const link = this.#link;
    if (!link) return;
    for (const { room, resolve } of this.#waiters) {
      if (room === void 0 || link.hasJoined(room)) resolve();
    }
  }
  #receive({ event, ...payload }, link) {
    if (typeof event !== "string" || !Object.hasOwn(EVENTS, event)) return;
    if (this.#deduplicator.isNew(link, contentOf(event, payload))) {
      this.publish(event, payload);
    }
  }
  #failed(error, link) {
    const { status, chatId } = error;
    if (chatId !== void 0 && status !== 401 && !link.isJoining(chatId)) {
      this.#rooms.delete(chatId);
      for (const { room, reject } of this.#waiters) if (room === chatId) reject(error);
    }
    this.publish("error", error);
    if (status === 401) link.close("transport close");
  }
};
function isHidden() {
  return globalThis.document?.visibilityState === "hidden";
}
function contentOf(event, payload) {
  const values = EVENTS[event].map((name) => payload[name]);
  return JSON.stringify([event, ...values]);
}
function sizeOf(text) {
  return encodeURIComponent(text).replace(/%../g, ".").length;
}

// src/io.ts
var SOCKET_EVENTS = ["connect", "disconnect", "connect_error", "error", "signedOut"];
var IoSocket = class extends Emitter {
  #socket;
  /** Use `io` instead. */
  constructor(socket) {
    super();
    this.#socket = socket;
    for (const event of SOCKET_EVENTS) {
      socket.on(event, (...args) => this.publish(event, ...args));
    }
    for (const event of Object.keys(EVENTS)) {
      const names = EVENTS[event];
      socket.on(
        event,
        (payload) => this.publish(event, ...names.map((name) => payload[name]))
      );
    }
    this.on("signedOut", () => {
    });
  }
  /** Whether the socket is connected or will reconnect. */
  get active() {
    return this.#socket.active;
  }
  get connected() {
    return this.#socket.connected;
  }
  get id() {
    return this.#socket.id;
  }
  connect() {
    this.#socket.connect();
    return this;
  }
  disconnect() {
    this.#socket.disconnect();
    return this;
  }
  open() {
    return this.connect();
  }
  close() {
    return this.disconnect();
  }
  removeListener(event, handler) {
    return this.off(event, handler);
  }
  removeAllListeners(event) {
    return this.off(event);
  }
  /**
   * Sends an action. Its parameters are positional, as in `emit('chatsend', chatId, message)`, or
   * named in one object, as in `emit('chatsend', { chatId, message })`.
   *
   * Never throws: an action that cannot be sent causes an `error` event.
   */
  emit(action, ...args) {
    try {
      if (!Object.hasOwn(ACTIONS, action)) {
        throw new ChatError(404, `unknown action "${action}"`, { action });
      }
      const [first] = args;
      const isNamed = args.length === 1 && typeof first === "object" && first !== null;
      const parameters = Object.fromEntries(
        ACTIONS[action].map((name, index) => [name, isNamed ? first[name] : args[index]])
      );
      this.#socket.send(action, parameters);
    } catch (error) {
      this.publish("error", error);
    }
    return this;
  }
};
function io(url, { query, autoConnect, timings, fetch, WebSocket, refresh } = { query: "" }) {
  const { userId, name } = Object.fromEntries(new URLSearchParams(query));
  if (!userId || !name) throw new ChatError(0, "io needs the options { query: { userId, name } }");
  const api = new HttpApi({
    url,
    ...fetch && { fetch },
    ...refresh !== void 0 && { refresh }
  });
  const options = { userId, name, ...timings && { timings } };
  const socket = new ChatSocket(api, WebSocket ?? globalThis.WebSocket, options);
  const ioSocket = new IoSocket(socket);
  if (autoConnect !== false) socket.connect();
  return ioSocket;
}

// src/client.ts
var ChatClient = class extends HttpApi {
  #WebSocket;
  /** Use `createClient` instead. */
  constructor(options) {
    super(options);
    this.#WebSocket = options.WebSocket;
  }
  /** Opens a socket for the signed-in user. It stays connected until `disconnect()` is called. */
  socket(options) {
    return new ChatSocket(this, this.#WebSocket ?? globalThis.WebSocket, options).connect();
  }
};
function createClient(options) {
  return new ChatClient(options);
}
