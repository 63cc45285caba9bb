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
  constructor(status, message, details = {}) {
    super(message, { cause: details.cause });
    this.status = status;
    this.code = details.code;
    this.retryAfter = details.retryAfter;
    this.action = details.action;
  }
};
function report(error) {
  if (typeof reportError === "function") reportError(error);
  else console.error(error);
}

// src/http.ts
var TIMEOUT = 6e4;
var HttpApi = class {
  #url;
  #fetch;
  #refreshing;
  #refreshes = 0;
  constructor({ url, fetch }) {
    this.#url = url.replace(/\/+$/, "");
    this.#fetch = fetch ?? ((url2, init) => globalThis.fetch(url2, init));
  }
  /** Mails a six-digit code, which is valid for 3 minutes. */
  sendOtp(json) {
    return this.#json("POST", "/api/sendOtp", { json });
  }
  /** Signs in with a mailed code. If `isComplete` is false, call `uploadDetails` next. */
  verifyOtp(json) {
    return this.#json("POST", "/api/verifyOtp", { json });
  }
  /** Invalidates the mailed code, if any. */
  deleteOtp(json) {
    return this.#json("DELETE", "/api/deleteOtp", { json });
  }
  /** Completes or changes the profile. `profile` is a JPEG, PNG or WebP image of up to 2 MiB. */
  uploadDetails({
    profile,
    ...json
  }) {
    if (!profile) return this.#json("POST", "/api/uploadDetails", { json, signedIn: true });
    const form = new FormData();
    for (const [name, value] of Object.entries(json)) form.append(name, value);
    form.append("profile", profile);
    return this.#json("POST", "/api/uploadDetails", { form, signedIn: true });
  }
  /** Ends this session and closes its sockets. */
  logout() {
    return this.#json("POST", "/api/logout");
  }
  /** Renews the tokens. Other methods do this when necessary. Concurrent calls share one request. */
  refresh() {
    this.#refreshing ??= this.#json("GET", "/api/refresh").then((done) => (this.#refreshes++, done)).finally(() => this.#refreshing = void 0);
    return this.#refreshing;
  }
  /** Returns the signed-in user. */
  userDetails() {
    return this.#json("GET", "/api/userDetails", { signedIn: true });
  }
  /**
   * Lists the users. `search` matches the beginning of any word of a name. Pass `next` as `after`
   * to get the next page.
   */
  users(query) {
    return this.#json("GET", "/api/users", { query, signedIn: true });
  }
  /** Creates a chat with another user. Rejects with 409 if it already exists. */
  createConnection(json) {
    return this.#json("POST", "/api/createConnection", { json, signedIn: true });
  }
  /** Lists all chats, the most recently active one first. */
  allConnection() {
    return this.#json("GET", "/api/allConnection", { signedIn: true });
  }
  /** Returns messages, oldest first: the latest ones, or those `before` or `after` a `seq`. */
  getChat(query) {
    return this.#json("GET", "/api/getChat", { query, signedIn: true });
  }
  /**
   * Stores a message. With a `clientId`, the call is safe to repeat: a repeated call returns the
   * stored message.
   */
  sendMessage(json) {
    return this.#json("POST", "/api/sendMessage", { json, signedIn: true });
  }
  /** Returns the last message of a chat, if any. */
  lastMessage(query) {
    return this.#json("GET", "/api/lastMessage", { query, signedIn: true });
  }
  /** Creates a ticket, which opens one socket. `socket` calls this method itself. */
  socketTicket() {
    return this.#json("POST", "/api/socketTicket", { signedIn: true });
  }
  /** Downloads the photo at a `photoUrl`. */
  async photo(photoUrl) {
    return (await this.#request("GET", new URL(photoUrl, this.#url), {})).blob();
  }
  async #json(method, path, call = {}) {
    const url = new URL(this.#url + path);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== void 0) url.searchParams.set(name, String(value));
    }
    const response = await this.#request(method, url, call);
    if (response.status === 204) return { status: true, data: [] };
    return await response.json().catch(unreachable);
  }
  async #request(method, url, call) {
    const { json, form, signedIn } = call;
    const refreshes = this.#refreshes;
    const send = () => this.#fetch(url.href, {
      method,
      credentials: "include",
      signal: AbortSignal.timeout(TIMEOUT),
      ...json && {
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(json)
      },
      ...form && { body: form }
    }).catch(unreachable);
    let response = await send();
    if (response.status === 401 && signedIn) {
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
  #handlers = /* @__PURE__ */ new Map();
  /** Adds a handler of an event. Adding the same handler twice has no effect. */
  on(event, handler) {
    let handlers = this.#handlers.get(event);
    if (!handlers) this.#handlers.set(event, handlers = /* @__PURE__ */ new Set());
    handlers.add(handler);
    return this;
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
    for (const handler of handlers) {
      try {
        const result = handler(...args);
        if (result instanceof Promise) result.catch(report);
      } catch (error) {
        report(error);
      }
    }
  }
};

// src/link.ts
var TIMINGS = {
  ping: 9 * 6e4,
  answer: 3e4,
  renewal: 110 * 6e4,
  settle: 1500,
  backoff: 500,
  maxBackoff: 3e4
};
var PING = "ping";
var Link = class {
  startedAt = performance.now();
  /** Rejects if the handshake is refused or times out. */
  opened;
  #socket;
  #timings;
  /** The frames that await an answer, by `ackId`. */
  #pending = /* @__PURE__ */ new Map();
  #lastAckId = 0;
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
      const frame = parse(data);
      if (!frame) return;
      const pending = this.#pending.get(frame.ackId);
      if (pending) {
        this.#pending.delete(frame.ackId);
        pending.done();
        if (this.#pending.size) this.#expectAnswer();
        else this.#schedulePing();
      }
      if (frame.action !== PING) handlers.frame(frame, this);
    };
    socket.onclose = () => this.close("transport close");
    socket.onerror = () => {
    };
    this.#expectAnswer();
  }
  /** Whether frames can be sent. A closing socket accepts frames but drops them. */
  get isOpen() {
    return this.#socket.readyState === 1;
  }
  /** Sends a frame. */
  send(text) {
    this.#socket.send(text);
  }
  /** Joins a room. Resolves once the server has accepted or refused the join, or the link has ended. */
  join(chatId) {
    return this.#request("join-chat-room", chatId);
  }
  /** Returns whether a join of this room awaits its answer. */
  isJoining(room) {
    return [...this.#pending.values()].some((pending) => pending.room === room);
  }
  /** Ends the link. The last callback is `end` with this reason. */
  close(reason) {
    const end = this.#end;
    this.#end = () => {
    };
    clearTimeout(this.#timer);
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    for (const { done } of this.#pending.values()) done();
    this.#pending.clear();
    end(reason);
  }
  #request(action, chatId) {
    return new Promise((done) => {
      const ackId = ++this.#lastAckId;
      this.#pending.set(ackId, { room: chatId, done });
      if (this.#pending.size === 1) this.#expectAnswer();
      this.send(JSON.stringify({ action, chatId, ackId }));
    });
  }
  #schedulePing() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#request(PING), this.#timings.ping);
  }
  #expectAnswer() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close("ping timeout"), this.#timings.answer);
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

// src/outbox.ts
var MAX_WAITING = 1e3;
var Outbox = class {
  #onSend;
  #link;
  #waiting = [];
  /** Calls `onSend` before each frame is sent. */
  constructor(onSend) {
    this.#onSend = onSend;
  }
  /** Sends a frame as soon as possible. */
  push(frame) {
    if (this.#waiting.length >= MAX_WAITING) {
      throw new ChatError(0, "too many frames are waiting for the socket: try again later", {
        action: frame.action
      });
    }
    this.#waiting.push(frame);
    this.flush();
  }
  /** Sends all further frames over `link`. Without a link, they wait. */
  use(link) {
    this.#link = link;
    this.flush();
  }
  /** Sends the frames that no longer need to wait. Call this when a join has been answered. */
  flush() {
    for (let frame; (frame = this.#waiting[0]) && this.#link?.isOpen; ) {
      if (frame.room !== void 0 && this.#link.isJoining(frame.room)) return;
      this.#waiting.shift();
      this.#onSend(this.#link, frame);
      this.#link.send(frame.text);
    }
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
  #timer;
  #attempts = 0;
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
  /** A random id while connected. The server does not know it. */
  get id() {
    return this.#id;
  }
  /** Connects and stays connected. Does nothing if it was already called. */
  connect() {
    if (!this.#run) {
      this.#run = ++this.#runs;
      this.#attempts = 0;
      void this.#connect();
    }
    return this;
  }
  /** Disconnects and discards the rooms and the waiting frames. */
  disconnect() {
    this.#stop("io client disconnect");
    return this;
  }
  /**
   * Sends a frame, now or once connected. It is not acknowledged; a failure causes an `error`
   * event.
   *
   * Throws a `ChatError` if the frame exceeds 32,000 bytes (413) or a thousand frames are waiting.
   */
  send(action, parameters) {
    const chatId = parameters.chatId;
    const text = JSON.stringify({ action, ...parameters });
    if (new TextEncoder().encode(text).length > MAX_FRAME) {
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
      content: event && contentOf(event, parameters)
    });
  }
  async #connect() {
    const run = this.#run;
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
    const { url, ticket } = await this.#api.socketTicket();
    if (run !== this.#run) return;
    const socket = new this.#WebSocket(`${url}?${new URLSearchParams({ userId, name, ticket })}`);
    const link = new Link(socket, this.#timings, {
      frame: (frame, link2) => this.#receive(frame, link2),
      end: (reason, link2) => this.#ended(reason, link2)
    });
    this.#links.add(link);
    try {
      await link.opened;
    } catch (cause) {
      if (run !== this.#run) return;
      await this.#api.refresh();
      throw new ChatError(0, "the handshake was refused", { cause });
    }
    if (run === this.#run) return link;
    link.close("");
    return;
  }
  async #join(link, room) {
    await link.join(room);
    this.#outbox.flush();
  }
  async #joinAll(link) {
    await Promise.all([...this.#rooms].map((room) => this.#join(link, room)));
  }
  #use(link) {
    this.#link = link;
    this.#outbox.use(link);
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
    if (reason.status === 401) {
      this.#stop("io server disconnect");
      this.publish("signedOut", reason);
    } else {
      this.#wait(again, reason.retryAfter);
      this.publish("connect_error", reason);
    }
  }
  /** Backs off exponentially with full jitter, so that clients do not reconnect simultaneously. */
  #wait(again, atLeast = 0) {
    const { backoff, maxBackoff } = this.#timings;
    const delay = Math.random() * Math.min(maxBackoff, backoff * 2 ** this.#attempts++);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(again, Math.max(delay, atLeast * 1e3));
  }
  #stop(reason) {
    this.#run = 0;
    clearTimeout(this.#timer);
    this.#rooms.clear();
    this.#outbox.clear();
    for (const link of this.#links) link.close(reason);
  }
  #receive(frame, link) {
    const { event, ...payload } = frame;
    if (typeof event === "string" && Object.hasOwn(EVENTS, event)) {
      if (this.#deduplicator.isNew(link, contentOf(event, payload))) {
        this.publish(event, payload);
      }
      return;
    }
    const { status = 500, code, action, message } = payload;
    if (message === void 0) return;
    this.publish("error", new ChatError(status, message, { code, action }));
    if (status === 401 || status >= 500 && (action ?? "join-chat-room") === "join-chat-room") {
      link.close("transport close");
    }
  }
};
function contentOf(event, payload) {
  const values = EVENTS[event].map((name) => payload[name]);
  return JSON.stringify([event, ...values]);
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
function io(url, { query, autoConnect, timings, fetch, WebSocket }) {
  const { userId = "", name = "" } = Object.fromEntries(new URLSearchParams(query));
  const api = new HttpApi({ url, ...fetch && { fetch } });
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
export {
  ACTIONS,
  ChatClient,
  ChatError,
  EVENTS,
  MAX_FRAME,
  createClient,
  io
};
