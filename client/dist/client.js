// src/errors.ts
var ChatError = class extends Error {
  name = "ChatError";
  /** The HTTP status; sockets use the same numbers. 0 when the server could not be reached. */
  status;
  /** How many seconds the server asks to wait before the next try, where it does (429 and 503). */
  retryAfter;
  /** The socket action that could not be done, where the error is about one. */
  action;
  constructor(status, message, more = {}) {
    super(message, { cause: more.cause });
    this.status = status;
    this.retryAfter = more.retryAfter;
    this.action = more.action;
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
  #renewal;
  #renewals = 0;
  constructor({ url, fetch }) {
    this.#url = url.replace(/\/+$/, "");
    this.#fetch = fetch ?? ((url2, init) => globalThis.fetch(url2, init));
  }
  /** Mails a code of six digits, good for 3 minutes. */
  sendOtp(json) {
    return this.#json("POST", "/api/sendOtp", { json });
  }
  /** Signs in with a mailed code. Where `isComplete` is false, `uploadDetails` has to follow. */
  verifyOtp(json) {
    return this.#json("POST", "/api/verifyOtp", { json });
  }
  /** Makes a mailed code good for nothing. */
  deleteOtp(json) {
    return this.#json("DELETE", "/api/deleteOtp", { json });
  }
  /** Completes or changes the profile. `profile` is a JPEG, PNG or WebP of at most 2 MiB. */
  uploadDetails({ profile, ...json }) {
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
  /** Takes the next tokens. Other methods do it themselves when they have to. Calls at the same time share one request. */
  refresh() {
    this.#renewal ??= this.#json("GET", "/api/refresh").then((done) => (this.#renewals++, done)).finally(() => this.#renewal = void 0);
    return this.#renewal;
  }
  /** The signed-in user. */
  userDetails() {
    return this.#json("GET", "/api/userDetails", { signedIn: true });
  }
  /** The directory. `search` is the start of any part of a name; `next` is what to ask for `after`. */
  users(query) {
    return this.#json("GET", "/api/users", { query, signedIn: true });
  }
  /** Opens a chat with somebody. 409 where there is one already. */
  createConnection(json) {
    return this.#json("POST", "/api/createConnection", { json, signedIn: true });
  }
  /** All chats, the last active first. */
  allConnection() {
    return this.#json("GET", "/api/allConnection", { signedIn: true });
  }
  /** Messages of a chat, oldest first: the last ones, or those `before` or `after` a `seq`. */
  getChat(query) {
    return this.#json("GET", "/api/getChat", { query, signedIn: true });
  }
  /** Stores a message. With a `clientId` it can be repeated until it is heard: the repeat gives the first one's message. */
  sendMessage(json) {
    return this.#json("POST", "/api/sendMessage", { json, signedIn: true });
  }
  /** The last message of a chat, if there is one. */
  lastMessage(query) {
    return this.#json("GET", "/api/lastMessage", { query, signedIn: true });
  }
  /** What opens one socket. `socket` asks for it itself. */
  socketTicket() {
    return this.#json("POST", "/api/socketTicket", { signedIn: true });
  }
  /** The picture that a `photoUrl` leads to. */
  async photo(photoUrl) {
    return (await this.#request("GET", new URL(photoUrl, this.#url), {})).blob();
  }
  async #json(method, path, call = {}) {
    const url = new URL(this.#url + path);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== void 0) url.searchParams.set(name, String(value));
    }
    const response = await this.#request(method, url, call);
    return response.status === 204 ? { status: true, data: [] } : await response.json().catch(unreachable);
  }
  async #request(method, url, call) {
    const { json, form, signedIn } = call;
    const renewals = this.#renewals;
    const send = () => this.#fetch(url.href, {
      method,
      credentials: "include",
      signal: AbortSignal.timeout(TIMEOUT),
      ...json && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(json) },
      ...form && { body: form }
    }).catch(unreachable);
    let response = await send();
    if (response.status === 401 && signedIn) {
      if (renewals === this.#renewals) await this.refresh();
      response = await send();
    }
    if (response.ok) return response;
    throw await errorOf(response);
  }
};
function unreachable(cause) {
  throw new ChatError(0, "the server cannot be reached", { cause });
}
async function errorOf(response) {
  const body = await response.json().catch(() => void 0);
  const message = body?.error?.message ?? body?.message ?? (response.statusText || `status ${response.status}`);
  const retryAfter = response.headers.get("Retry-After");
  return new ChatError(response.status, message, { retryAfter: retryAfter === null ? void 0 : Number(retryAfter) });
}

// src/emitter.ts
var Emitter = class {
  #handlers = /* @__PURE__ */ new Map();
  /** Calls `handler` at each `event` from now on. The same handler twice is one. */
  on(event, handler) {
    let handlers = this.#handlers.get(event);
    if (!handlers) this.#handlers.set(event, handlers = /* @__PURE__ */ new Set());
    handlers.add(handler);
    return this;
  }
  /** Calls `handler` no more; without one, none for this event; without an event, none at all. */
  off(event, handler) {
    if (event === void 0) this.#handlers.clear();
    else if (!handler) this.#handlers.delete(event);
    else this.#handlers.get(event)?.delete(handler);
    return this;
  }
  /** Calls the handlers. One that throws, or whose promise is rejected, is reported and stops nobody else's. */
  tell(event, ...args) {
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
  /** Is rejected when the handshake is refused or takes too long. */
  opened;
  #socket;
  #timings;
  /** The frames that are not answered yet, by their numbers. */
  #asked = /* @__PURE__ */ new Map();
  #lastNumber = 0;
  #timer;
  #end = () => {
  };
  constructor(socket, timings, handlers) {
    this.#socket = socket;
    this.#timings = timings;
    this.opened = new Promise((resolve, reject) => {
      socket.onopen = () => {
        this.#pingLater();
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
      const asked = this.#asked.get(frame.ackId);
      if (asked) {
        this.#asked.delete(frame.ackId);
        asked.done();
        if (this.#asked.size) this.#expectAnswer();
        else this.#pingLater();
      }
      if (frame.action !== PING) handlers.frame(frame, this);
    };
    socket.onclose = () => this.close("transport close");
    socket.onerror = () => {
    };
    this.#expectAnswer();
  }
  /** Whether frames can be sent: a socket that is being closed takes them and drops them. */
  get isOpen() {
    return this.#socket.readyState === 1;
  }
  /** Sends a frame. */
  send(text) {
    this.#socket.send(text);
  }
  /** Asks for the events of a room. Resolves when that is answered, whether it is done or refused, or when the link is over. */
  join(chatId) {
    return this.#ask("join-chat-room", chatId);
  }
  /** Whether a join of this room is not answered yet. */
  isJoining(room) {
    return [...this.#asked.values()].some((asked) => asked.room === room);
  }
  /** Ends it; nothing is told after that but the end, with this reason. */
  close(reason) {
    const end = this.#end;
    this.#end = () => {
    };
    clearTimeout(this.#timer);
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    for (const { done } of this.#asked.values()) done();
    this.#asked.clear();
    end(reason);
  }
  #ask(action, chatId) {
    return new Promise((done) => {
      const ackId = ++this.#lastNumber;
      this.#asked.set(ackId, { room: chatId, done });
      if (this.#asked.size === 1) this.#expectAnswer();
      this.send(JSON.stringify({ action, chatId, ackId }));
    });
  }
  #pingLater() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(PING), this.#timings.ping);
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
var SEEN_AS = {
  sendActiveResponse: "recieveUserResponse",
  chatsend: "chatUpdate",
  messageRecieved: "messageSent"
};

// src/outbox.ts
var MAX_WAITING = 1e3;
var Outbox = class {
  #sent;
  #link;
  #waiting = [];
  /** `sent` is told of each frame that goes out. */
  constructor(sent) {
    this.#sent = sent;
  }
  /** Sends a frame as soon as that can be. */
  push(frame) {
    if (this.#waiting.length >= MAX_WAITING) {
      throw new ChatError(0, "too many frames wait for the socket", { action: frame.action });
    }
    this.#waiting.push(frame);
    this.flush();
  }
  /** From now on frames go out here; nowhere without a link. */
  use(link) {
    this.#link = link;
    this.flush();
  }
  /** Sends what can be sent now. To be called when a join was answered. */
  flush() {
    for (let frame; (frame = this.#waiting[0]) && this.#link?.isOpen; ) {
      if (frame.room !== void 0 && this.#link.isJoining(frame.room)) return;
      this.#waiting.shift();
      this.#sent(this.#link, frame);
      this.#link.send(frame.text);
    }
  }
  /** Forgets what waits. */
  clear() {
    this.#waiting = [];
    this.#link = void 0;
  }
};

// src/overlap.ts
var Overlap = class {
  #window;
  #unmatched = [];
  /** A copy follows its event within so many milliseconds. */
  constructor(window) {
    this.#window = window;
  }
  /** Whether this, on this socket, is not the copy of something on the other. Also to be asked for what a socket sends itself. */
  isNew(link, content) {
    const at = performance.now();
    this.#unmatched = this.#unmatched.filter((event) => event.at > at - this.#window);
    const index = this.#unmatched.findIndex((event) => event.link !== link && event.content === content);
    if (index >= 0) this.#unmatched.splice(index, 1);
    else this.#unmatched.push({ link, content, at });
    return index < 0;
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
  /** All sockets there are, also those that are only being opened or about to be closed. */
  #links = /* @__PURE__ */ new Set();
  /** The one that frames go out on. */
  #link;
  #id;
  #overlap;
  #timer;
  #attempts = 0;
  /** What is begun under one number is dropped when it changed. 0 while disconnected on purpose. */
  #run = 0;
  #runs = 0;
  /** Use `createClient(…).socket(…)`. */
  constructor(api, WebSocket, options) {
    super();
    if (!WebSocket) throw new ChatError(0, "there is no WebSocket here: give createClient or io one");
    this.#api = api;
    this.#WebSocket = WebSocket;
    this.#options = options;
    this.#timings = { ...TIMINGS, ...options.timings };
    this.#overlap = new Overlap(this.#timings.settle);
    this.#outbox = new Outbox((link, { content }) => {
      if (content) this.#overlap.isNew(link, content);
    });
  }
  /** Whether frames go out right now. */
  get connected() {
    return this.#link !== void 0;
  }
  /** A name for this connection, while there is one. The server calls it something else. */
  get id() {
    return this.#id;
  }
  /** Connects, and stays so. Does nothing if that was asked for already. */
  connect() {
    if (!this.#run) {
      this.#run = ++this.#runs;
      this.#attempts = 0;
      void this.#connect();
    }
    return this;
  }
  /** Disconnects, and forgets the rooms and what was not sent yet. */
  disconnect() {
    this.#stop("io client disconnect");
    return this;
  }
  /**
   * Sends a frame now, or once connected. It is not acknowledged: what cannot be done is told by an `error` event.
   *
   * Throws a `ChatError` when the frame is over 32,000 bytes (413), or when a thousand wait already.
   */
  send(action, parameters) {
    const chatId = parameters.chatId;
    const text = JSON.stringify({ action, ...parameters });
    if (new TextEncoder().encode(text).length > MAX_FRAME) {
      throw new ChatError(413, `the frame is over the limit of ${MAX_FRAME} bytes`, { action });
    }
    if (action === "join-chat-room" && chatId) {
      this.#rooms.add(chatId);
      for (const link of this.#links) if (link.isOpen) void this.#join(link, chatId);
      return;
    }
    const event = SEEN_AS[action];
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
      this.#overlap = new Overlap(this.#timings.settle);
      void this.#joinAll(link);
      this.#use(link);
      this.#renewLater();
      this.#id = Math.random().toString(36).slice(2);
      this.tell("connect");
    } catch (error) {
      this.#retry(run, error, () => this.#connect());
    }
  }
  /** Replaces an open socket. For a while both are in all rooms, and each event is told once. */
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
          this.#renewLater();
        }, this.#timings.settle);
      }, this.#timings.settle);
    } catch (error) {
      retry(error);
    }
  }
  /** Opens a socket. Gives none if that is not wanted any more. */
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
      throw new ChatError(0, "the socket was refused", { cause });
    }
    if (run !== this.#run) return link.close(""), void 0;
    return link;
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
  #renewLater() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#renew(), this.#timings.renewal * (1 - Math.random() / 10));
  }
  #ended(reason, link) {
    this.#links.delete(link);
    if (link !== this.#link) return;
    const other = this.#run && [...this.#links].find((link2) => link2.isOpen);
    if (other) {
      this.#use(other);
      this.#renewLater();
      return;
    }
    this.#link = this.#id = void 0;
    this.#outbox.use(void 0);
    const run = this.#run &&= ++this.#runs;
    for (const link2 of this.#links) link2.close("");
    if (performance.now() - link.startedAt > STABLE) this.#attempts = 0;
    if (run) this.#wait(() => this.#connect());
    this.tell("disconnect", reason);
  }
  #retry(run, error, again) {
    if (run !== this.#run) return;
    const reason = error instanceof ChatError ? error : new ChatError(0, String(error), { cause: error });
    if (reason.status === 401) {
      this.#stop("io server disconnect");
      this.tell("signedOut", reason);
    } else {
      this.#wait(again, reason.retryAfter);
      this.tell("connect_error", reason);
    }
  }
  /** Exponential back-off with full jitter: clients that lost their sockets together do not come back together. */
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
      if (this.#overlap.isNew(link, contentOf(event, payload))) this.tell(event, payload);
      return;
    }
    const { status = 500, action, message } = payload;
    if (message === void 0) return;
    this.tell("error", new ChatError(status, message, { action }));
    if (status === 401 || status >= 500 && (action ?? "join-chat-room") === "join-chat-room") link.close("transport close");
  }
};
function contentOf(event, payload) {
  return JSON.stringify([event, ...EVENTS[event].map((name) => payload[name])]);
}

// src/io.ts
var SOCKET_EVENTS = ["connect", "disconnect", "connect_error", "error", "signedOut"];
var IoSocket = class extends Emitter {
  #socket;
  /** Use `io`. */
  constructor(socket) {
    super();
    this.#socket = socket;
    for (const event of SOCKET_EVENTS) socket.on(event, (...args) => this.tell(event, ...args));
    for (const [event, names] of Object.entries(EVENTS)) {
      socket.on(event, (payload) => this.tell(event, ...names.map((name) => payload[name])));
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
   * Sends an action with its parameters in the order of the contract, as in `emit('chatsend', chatId, message)`, or by name in one
   * object, as in `emit('chatsend', { chatId, message })`. Never throws: what cannot be sent is told by an `error` event.
   */
  emit(action, ...args) {
    try {
      if (!Object.hasOwn(ACTIONS, action)) throw new ChatError(404, `there is no action "${action}"`, { action });
      const [first] = args;
      const isByName = args.length === 1 && typeof first === "object" && first !== null;
      const names = ACTIONS[action];
      const parameters = Object.fromEntries(names.map((name, index) => [name, isByName ? first[name] : args[index]]));
      this.#socket.send(action, parameters);
    } catch (error) {
      this.tell("error", error);
    }
    return this;
  }
};
function io(url, { query, autoConnect, timings, fetch, WebSocket }) {
  const { userId = "", name = "" } = Object.fromEntries(new URLSearchParams(query));
  const api = new HttpApi({ url, ...fetch && { fetch } });
  const socket = new ChatSocket(api, WebSocket ?? globalThis.WebSocket, { userId, name, ...timings && { timings } });
  const shaped = new IoSocket(socket);
  if (autoConnect !== false) socket.connect();
  return shaped;
}

// src/client.ts
var ChatClient = class extends HttpApi {
  #WebSocket;
  /** Use `createClient`. */
  constructor(options) {
    super(options);
    this.#WebSocket = options.WebSocket;
  }
  /** A socket of the signed-in user, which connects at once and stays connected until `disconnect()`. */
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
