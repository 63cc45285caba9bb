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
  /** The chat whose join failed, or that exists already (`alreadyConnected`), if any. */
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
function isFinal({ status }) {
  return status >= 400 && status < 500 && status !== 401 && status !== 429;
}
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
var REFRESH_TIMEOUT = 1e4;
var HttpApi = class {
  #url;
  #fetch;
  /** Whether expired tokens are renewed. */
  canRefresh;
  /** Completes the photos' URLs in an answer of `sync`, which are relative to the API's. */
  resolved = (answer) => {
    for (const { friend } of answer.chats) if (friend) this.resolvePhoto(friend);
    return answer;
  };
  /** Completes the URL of a person's photo. */
  resolvePhoto = (person) => {
    if (person.photoUrl) person.photoUrl = new URL(person.photoUrl, this.#url).href;
    return person;
  };
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
  /**
   * Renews the tokens. Other methods do this when necessary. Concurrent calls share one request,
   * with the time limit of the first one: at most 10,000 ms. It is repeated once if its answer is
   * lost.
   */
  refresh({ signal, timeout = REFRESH_TIMEOUT } = {}) {
    if (signal?.aborted) return abortable(new Promise(() => {
    }), signal);
    const renew = () => this.#json("GET", "/api/refresh", { timeout: Math.min(timeout, REFRESH_TIMEOUT) });
    this.#refreshing ??= renew().catch((error) => error.status === 0 ? renew() : Promise.reject(error)).then((done) => (this.#refreshes++, done)).finally(() => this.#refreshing = void 0);
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
  /** Creates a chat with another user. If it exists, rejects with 409 and its `chatId`. */
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
  /**
   * Reads everything that is new: the entries after those that the caller holds, marks and profiles.
   * Pass `next` as `before` to get the next page. `live` does this itself.
   */
  async sync(json = {}, options) {
    const call = { ...options, json, signedIn: true };
    return this.resolved(await this.#json("POST", "/api/sync", call));
  }
  /** Moves the caller's watermarks forward. `live` does this itself. */
  receipt(json, options) {
    return this.#json("POST", "/api/receipt", { ...options, json, signedIn: true });
  }
  /** Changes the caller's settings of a chat. What is omitted stays as it is. */
  chatSettings(json, options) {
    return this.#json("PUT", "/api/chatSettings", { ...options, json, signedIn: true });
  }
  /** Sets whether others see when the caller is online, and was last seen. */
  presence(json, options) {
    return this.#json("PUT", "/api/presence", { ...options, json, signedIn: true });
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
  const { code, chatId, message = body?.message } = body?.error ?? {};
  const seconds = response.headers.get("Retry-After");
  return new ChatError(
    response.status,
    message ?? (response.statusText || `status ${response.status}`),
    { code, chatId, retryAfter: seconds === null ? void 0 : Number(seconds) }
  );
}

// src/catch-up.ts
var CatchUp = class {
  #host;
  /** The number of entries per chat in the first sync. */
  #limit;
  #since;
  #scope;
  #needed = /* @__PURE__ */ new Set();
  #isRunning = false;
  #attempts = 0;
  #timer;
  constructor(host, limit) {
    this.#host = host;
    this.#limit = limit;
  }
  /** Syncs, after a connection has opened. */
  all() {
    this.#scope = "all";
    this.stop();
    this.#start();
  }
  /** Syncs while nothing else happens, instead of a ping. */
  recent() {
    this.#scope ??= "recent";
    this.#start();
  }
  /** Syncs a chat whose entries have a gap, or that the client does not know yet. */
  need(chatId) {
    this.#needed.add(chatId);
    this.#start();
  }
  /** Ends the wait for the next attempt. */
  stop() {
    clearTimeout(this.#timer);
    this.#timer = void 0;
  }
  #start() {
    if (this.#isRunning || this.#timer || !this.#host.isConnected()) return;
    this.#isRunning = true;
    void this.#run();
  }
  async #run() {
    while (this.#scope || this.#needed.size) {
      const scope = this.#scope;
      const needed = [...this.#needed];
      this.#scope = void 0;
      this.#needed.clear();
      try {
        await this.#sync(this.#host.held(scope, needed));
        this.#attempts = 0;
      } catch (error) {
        if (this.#scope !== "all") this.#scope = scope;
        for (const chatId of needed) this.#needed.add(chatId);
        this.#isRunning = false;
        if (!this.#host.isConnected()) return;
        const wait = this.#host.backoff(++this.#attempts);
        const seconds = error.retryAfter ?? 0;
        this.#timer = setTimeout(
          () => {
            this.#timer = void 0;
            this.#start();
          },
          wait + seconds * 1e3
        );
        return;
      }
    }
    this.#isRunning = false;
    this.#host.caughtUp();
  }
  /** Makes one sync: the same request for each of its pages. */
  async #sync(chats) {
    const limit = this.#since ? void 0 : this.#limit;
    let now;
    let before;
    do {
      const answer = await this.#host.sync({ chats, since: this.#since, limit, before });
      now ??= answer.now;
      for (const chat of answer.chats) {
        if (this.#host.apply(chat, chat._id in chats)) this.#needed.add(chat._id);
      }
      this.#host.remove(answer.gone);
      before = answer.next;
    } while (before);
    this.#since = now;
  }
};

// src/log.ts
var MAX_EARLY = 1e3;
var Log = class {
  /** The `seq` that the run begins with. */
  #from = 1;
  /** The `seq` that the run ends with, once a sync has told where it begins. */
  #last;
  #entries = [];
  #view;
  /** The entries that arrived before an earlier one. */
  #early = /* @__PURE__ */ new Map();
  /** The present state of changed messages that are older than the run. */
  #versions = /* @__PURE__ */ new Map();
  get from() {
    return this.#from;
  }
  get last() {
    return this.#last;
  }
  /** Whether entries wait for an earlier one. */
  get hasGap() {
    return this.#early.size > 0;
  }
  /** The messages and system entries of the run. */
  get entries() {
    return this.#view ??= [...this.#entries];
  }
  /** Adds an entry. Returns the entries that follow the previous ones without a gap. */
  add(entry) {
    if (this.#last === void 0 || entry.seq > this.#last + 1) {
      if (this.#early.size < MAX_EARLY) this.#early.set(entry.seq, newer(entry, this.#early));
      return [];
    }
    if (entry.seq <= this.#last) {
      if (entry.kind === "message") this.#fold(entry);
      return [];
    }
    this.#early.set(entry.seq, newer(entry, this.#early));
    const added = [];
    for (let next; next = this.#early.get(this.#last + 1); ) {
      this.#early.delete(next.seq);
      this.#last = next.seq;
      if (next.kind !== "change") this.#insert(this.#entries.length, [next]);
      else if (next.message) this.#fold(next.message);
      added.push(next);
    }
    return added;
  }
  /**
   * Adds the entries of a sync, which begin with `from`. If they do not follow the run, they start
   * a new one. Returns the entries that are new.
   */
  merge(from, entries) {
    if (this.#last === void 0 || from > this.#last + 1) {
      this.#entries = [];
      this.#view = void 0;
      this.#from = from;
      this.#last = from - 1;
      for (const seq of this.#early.keys()) if (seq < from) this.#early.delete(seq);
    }
    const added = entries.flatMap((entry) => this.add(entry));
    const next = this.#early.get(this.#last + 1);
    return next ? [...added, ...this.add(next)] : added;
  }
  /** Adds older messages. The run begins with `from` then. */
  prepend(from, messages) {
    const older = messages.filter(({ seq }) => seq < this.#from);
    this.#insert(0, older.map(entryOf));
    this.#from = Math.min(this.#from, from);
  }
  /** Forgets all but the newest `count` entries. */
  trim(count) {
    if (this.#entries.length <= count) return;
    this.#entries = this.#entries.slice(-count);
    this.#view = void 0;
    this.#from = this.#entries[0]?.seq ?? this.#from;
    this.#versions.clear();
  }
  #insert(index, entries) {
    const current = entries.map((entry) => {
      const version = this.#versions.get(entry.seq);
      this.#versions.delete(entry.seq);
      return version && entry.kind === "message" ? newest(entry, version) : entry;
    });
    this.#entries.splice(index, 0, ...current);
    this.#view = void 0;
  }
  /** Replaces a message by a newer version of it. */
  #fold(message) {
    const index = this.#entries.findIndex(({ seq }) => seq === message.seq);
    const old = this.#entries[index];
    if (!old) {
      const known = this.#versions.get(message.seq);
      if (message.seq < this.#from) {
        this.#versions.set(message.seq, known ? newest(entryOf(known), message) : message);
      }
      return;
    }
    if (old.kind !== "message") return;
    const next = newest(old, message);
    if (next === old) return;
    this.#entries[index] = next;
    this.#view = void 0;
  }
};
function entryOf(message) {
  return { kind: "message", by: message.sendBy, at: message.sendTime, ...message };
}
function newest(entry, message) {
  return (message.changedSeq ?? 0) > (entry.changedSeq ?? 0) ? entryOf(message) : entry;
}
function newer(entry, early) {
  const other = early.get(entry.seq);
  return entry.kind === "message" && other?.kind === "message" ? newest(other, entry) : entry;
}

// src/store.ts
var Store = class {
  #build;
  #listeners = /* @__PURE__ */ new Set();
  #snapshot;
  #published;
  #isStale = true;
  #isScheduled = false;
  /** Calls `build` to create a snapshot, at most once per change. */
  constructor(build) {
    this.#build = build;
  }
  /** Calls `listener` after changes, once for those at the same time. Returns how to stop that. */
  subscribe = (listener) => {
    const subscription = { call: listener };
    if (!this.#listeners.size) this.#published = this.getSnapshot();
    this.#listeners.add(subscription);
    return () => void this.#listeners.delete(subscription);
  };
  /** Returns the present state. */
  getSnapshot = () => {
    if (this.#isStale) {
      this.#isStale = false;
      this.#snapshot = share(this.#snapshot, this.#build());
    }
    return this.#snapshot;
  };
  /** Reports that the next snapshot may differ. */
  changed() {
    this.#isStale = true;
    if (this.#isScheduled || !this.#listeners.size) return;
    this.#isScheduled = true;
    void Promise.resolve().then(() => {
      this.#isScheduled = false;
      const snapshot = this.getSnapshot();
      if (snapshot === this.#published) return;
      this.#published = snapshot;
      for (const { call } of [...this.#listeners]) call();
    });
  }
};
function share(previous, next) {
  if (!previous) return next;
  const before = previous;
  const after = next;
  for (const [name, value] of Object.entries(after)) {
    const old = before[name];
    if (Array.isArray(value) && Array.isArray(old) && value !== old)
      after[name] = share(old, value);
  }
  const names = Object.keys(after);
  const isEqual = names.length === Object.keys(before).length && names.every((name) => Object.is(before[name], after[name]));
  return isEqual ? previous : next;
}

// src/chat.ts
var MANY = 100;
var Chat = class {
  log = new Log();
  store;
  /** Whether the server has named the chat. Before, it is not in the list. */
  isListed = false;
  #summary;
  #status = { isLoading: false, isGone: false, error: void 0 };
  #me;
  #onChange;
  /** `pending` returns the user's messages that are not stored yet. */
  constructor(id, me, pending, onChange) {
    this.#me = me;
    this.#onChange = onChange;
    this.#summary = {
      _id: id,
      kind: "direct",
      friend: void 0,
      last: void 0,
      lastSeq: 0,
      lastActivity: "",
      unread: 0,
      marks: [],
      settings: { muted: false, archived: false, pinned: false, clearedSeq: 0 },
      presence: void 0,
      typing: []
    };
    this.store = new Store(() => {
      const { entries, from, last } = this.log;
      const { clearedSeq } = this.#summary.settings;
      const others = this.#summary.marks.filter(({ userId }) => userId !== me);
      const least = (name) => others.length ? Math.min(...others.map((marks) => marks[name])) : 0;
      return {
        ...this.#summary,
        ...this.#status,
        entries: clearedSeq ? entries.filter(({ seq }) => seq > clearedSeq) : entries,
        pending: pending(),
        delivered: least("delivered"),
        read: least("read"),
        hasOlder: last !== void 0 && from > clearedSeq + 1
      };
    });
  }
  get id() {
    return this.#summary._id;
  }
  get summary() {
    return this.#summary;
  }
  get status() {
    return this.#status;
  }
  /** Whether there are entries that the log lacks. */
  get isBehind() {
    return this.log.hasGap || (this.log.last ?? Infinity) < this.#summary.lastSeq;
  }
  /** The user's own watermarks. */
  get ownMarks() {
    const own = this.#summary.marks.find(({ userId }) => userId === this.#me);
    return own ?? { userId: this.#me, delivered: 0, read: 0 };
  }
  /** Changes the summary. */
  update(changes) {
    const next = share(this.#summary, { ...this.#summary, ...changes });
    if (next === this.#summary) return;
    this.#summary = next;
    this.store.changed();
    this.#onChange();
  }
  /** Changes the rest of the snapshot. */
  show(changes) {
    this.#status = { ...this.#status, ...changes };
    this.store.changed();
  }
  /** Moves the watermarks of a member forward. */
  mark(marks) {
    const { marks: all } = this.#summary;
    const old = all.find(({ userId }) => userId === marks.userId);
    const next = {
      userId: marks.userId,
      delivered: Math.max(marks.delivered, marks.read, old?.delivered ?? 0),
      read: Math.max(marks.read, old?.read ?? 0)
    };
    if (old ? share(old, next) === old : !next.delivered) return;
    this.update({ marks: old ? all.map((one) => one === old ? next : one) : [...all, next] });
    if (marks.userId === this.#me) this.update({ unread: this.#countUnread(this.summary.unread) });
  }
  /** Takes over a live entry. Returns the entries that follow the previous ones without a gap. */
  receive(entry) {
    const added = this.log.add(entry);
    const others = added.filter((added2) => this.#isOthers(added2)).length;
    this.#logChanged(this.#summary.unread + others);
    return added;
  }
  /** Takes over what a sync has returned. Returns the entries that are new. */
  merge(synced) {
    const { last } = this.log;
    const from = synced.entries.length || last === void 0 ? synced.from : last + 1;
    const added = this.log.merge(from, synced.entries);
    const { kind, friend, lastSeq, lastActivity, settings } = synced;
    this.isListed = true;
    if (this.#status.isGone) this.show({ isGone: false });
    this.update({
      kind,
      lastSeq: Math.max(lastSeq, this.#summary.lastSeq),
      lastActivity: later(lastActivity, this.#summary.lastActivity),
      ...friend && { friend: share(this.#summary.friend, friend) },
      ...settings && { settings: share(this.#summary.settings, settings) }
    });
    for (const marks of synced.marks) this.mark(marks);
    const isLater = (entry) => entry.seq > lastSeq && this.#isOthers(entry);
    this.#logChanged(synced.unread + this.log.entries.filter(isLater).length);
    this.#onChange();
    return added;
  }
  /** Takes over settings. */
  set(settings) {
    this.update({ settings: share(this.#summary.settings, settings) });
    this.update({ unread: this.#countUnread(this.#summary.unread) });
  }
  /** Hides or shows that a member is typing. */
  setTyping(userId, isTyping) {
    const rest = this.#summary.typing.filter((other) => other !== userId);
    this.update({ typing: isTyping ? [...rest, userId] : rest });
  }
  #logChanged(unread) {
    const { entries, last = 0 } = this.log;
    let message;
    for (let index = entries.length; !message && index--; ) {
      const entry = entries[index];
      if (entry?.kind === "message") message = entry;
    }
    this.update({
      last: message ?? this.#summary.last,
      lastSeq: Math.max(last, this.#summary.lastSeq),
      lastActivity: later(message?.at ?? "", this.#summary.lastActivity),
      unread: this.#countUnread(unread)
    });
    this.store.changed();
  }
  /**
   * Counts the messages of others after the read mark and the user's newest message. If the log
   * does not reach back so far, returns `known`, which the server has counted.
   */
  #countUnread(known) {
    const { entries, from } = this.log;
    const floor = Math.max(this.ownMarks.read, this.#summary.settings.clearedSeq);
    let count = 0;
    for (let index = entries.length; index-- && count < MANY; ) {
      const entry = entries[index];
      if (entry.seq <= floor || entry.kind === "message" && entry.by === this.#me) return count;
      if (this.#isOthers(entry)) count++;
    }
    return count === MANY || from <= floor + 1 ? count : Math.max(count, Math.min(known, MANY));
  }
  #isOthers(entry) {
    return entry.kind === "message" && entry.by !== this.#me;
  }
};
function later(one, other) {
  return one > other ? one : other;
}

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
var LEAVE = "leave-chat-room";
var Link = class {
  startedAt = performance.now();
  /** Rejects if the handshake is refused or times out. */
  opened;
  #socket;
  #timings;
  #handlers;
  #joins = /* @__PURE__ */ new Map();
  #leaving = /* @__PURE__ */ new Map();
  #requests = /* @__PURE__ */ new Map();
  #lastAckId = 0;
  #isProbing = false;
  #timer;
  #end = () => {
  };
  constructor(socket, timings, handlers) {
    this.#socket = socket;
    this.#timings = timings;
    this.#handlers = handlers;
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
      if (frame.ackId !== void 0 && this.#answered(frame)) return;
      const answered = [...this.#joins].find(([, join]) => join.ackId === frame.ackId);
      if (frame.ackId !== void 0) this.#schedulePing();
      const error = errorFrom2(frame, answered?.[0]);
      if (error) this.#failed(error, answered);
      else if (answered) this.#joined(answered[1]);
      if (frame.action === PING) return;
      if (error) handlers.error(error, this);
      else if (answered && frame.presence) {
        handlers.frame({ event: "presence", chatId: answered[0], ...frame.presence }, this);
      } else handlers.frame(frame, this);
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
   * Sends a frame and resolves with its answer. Rejects with the server's error, and with the
   * status 0 if there is no answer within `limit` milliseconds, or the link ends. A frame that is
   * not answered soon makes the link check the connection.
   */
  request(frame, limit) {
    const ackId = ++this.#lastAckId;
    const { probe } = this.#timings;
    return new Promise((resolve, reject) => {
      const request = { timer: void 0, resolve, reject };
      const expire = () => this.#settle(ackId, new ChatError(0, "the server did not answer"));
      request.timer = setTimeout(() => {
        this.probe();
        request.timer = setTimeout(expire, Math.max(limit - probe, 0));
      }, probe);
      this.#requests.set(ackId, request);
      this.send(JSON.stringify({ ...frame, ackId }));
    });
  }
  /** Leaves a room. A join that follows waits until the server has handled it. */
  leave(room) {
    const join = this.#joins.get(room);
    if (!join || !this.isOpen) return;
    clearTimeout(join.timer);
    join.resolve();
    this.#joins.delete(room);
    const done = this.request({ action: LEAVE, chatId: room }, this.#timings.answer).catch(() => {
    }).finally(() => this.#leaving.delete(room));
    this.#leaving.set(room, done);
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
      const leaving = this.#leaving.get(room);
      const started = join;
      const start = () => this.#joins.get(room) === started && this.#sendJoin(room, started);
      if (leaving) void leaving.then(start);
      else start();
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
    for (const ackId of [...this.#requests.keys()]) {
      this.#settle(ackId, new ChatError(0, "the socket closed"));
    }
    end(reason);
  }
  /** Settles the request that a frame answers, if any. */
  #answered(frame) {
    if (!this.#requests.has(frame.ackId)) return false;
    this.#schedulePing();
    const error = errorFrom2(frame, void 0);
    this.#settle(frame.ackId, error ?? frame);
    if (error?.status === 401) this.#handlers.error(error, this);
    return true;
  }
  #settle(ackId, outcome) {
    const request = this.#requests.get(ackId);
    this.#requests.delete(ackId);
    clearTimeout(request?.timer);
    if (outcome instanceof ChatError) request?.reject(outcome);
    else request?.resolve(outcome);
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
    if (!answered) {
      for (const [room, join] of this.#joins) this.#repeat(room, join);
      for (const ackId of [...this.#requests.keys()]) this.#settle(ackId, error);
    } else if (error.status === 429 || error.status >= 500) this.#repeat(...answered);
    else {
      this.#joined(answered[1]);
      this.#joins.delete(answered[0]);
    }
  }
  #schedulePing() {
    this.#isProbing = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const { idle } = this.#handlers;
      if (!idle) return this.probe();
      this.#schedulePing();
      idle();
    }, this.#timings.ping);
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

// src/receipts.ts
var MAX_AT_ONCE = 10;
var RETRY = 5;
var Receipts = class {
  #connection;
  #interval;
  #chats = /* @__PURE__ */ new Map();
  #timer;
  constructor(connection, interval) {
    this.#connection = connection;
    this.#interval = interval;
  }
  /** Notes what the server has. */
  stored(chatId, mark) {
    raise(this.#state(chatId).stored, mark);
  }
  /** Moves the watermarks of a chat forward, soon. */
  move(chatId, mark) {
    const state = this.#state(chatId);
    raise(state.wanted, mark);
    raise(state.wanted, { delivered: state.wanted.read });
    if (isBehind(state)) this.resume();
  }
  /** Goes on, as after a reconnect. Of several devices, the first one often spares the others. */
  resume(delay = this.#interval * (1 + Math.random() / 2)) {
    this.#timer ??= setTimeout(() => {
      this.#timer = void 0;
      this.flush();
    }, delay);
  }
  /** Discards everything. */
  stop() {
    clearTimeout(this.#timer);
    this.#timer = void 0;
    this.#chats.clear();
  }
  /** Sends now what waits. */
  flush() {
    if (!this.#connection.isConnected()) return;
    let count = 0;
    for (const [chatId, state] of this.#chats) {
      if (!isBehind(state) || state.isSending) continue;
      if (++count > MAX_AT_ONCE) return this.resume();
      const { stored, wanted } = state;
      const sent = { ...wanted };
      const receipt = {
        ...sent.delivered > Math.max(sent.read, stored.delivered) && {
          delivered: sent.delivered
        },
        ...sent.read > stored.read && { read: sent.read }
      };
      state.isSending = true;
      this.#connection.sendReceipt({ chatId, ...receipt }).then(
        () => {
          raise(stored, sent);
          return void 0;
        },
        (error) => {
          if (isFinal(error)) raise(stored, sent);
          return (error.retryAfter ?? 0) * 1e3 + RETRY * this.#interval;
        }
      ).then((delay) => {
        state.isSending = false;
        if (isBehind(state) && this.#chats.has(chatId)) this.resume(delay);
      });
    }
  }
  #state(chatId) {
    let state = this.#chats.get(chatId);
    if (!state) {
      const none = { delivered: 0, read: 0 };
      state = { stored: { ...none }, wanted: { ...none }, isSending: false };
      this.#chats.set(chatId, state);
    }
    return state;
  }
};
function raise(mark, { delivered = 0, read = 0 }) {
  mark.delivered = Math.max(mark.delivered, delivered);
  mark.read = Math.max(mark.read, read);
}
function isBehind({ stored, wanted }) {
  return wanted.delivered > stored.delivered || wanted.read > stored.read;
}

// src/sends.ts
var MAX_WAITING = 1e3;
var Sends = class {
  #connection;
  #storage;
  #key;
  #chats = /* @__PURE__ */ new Map();
  #busy = /* @__PURE__ */ new Set();
  #timers = /* @__PURE__ */ new Map();
  #views = /* @__PURE__ */ new Map();
  #ended;
  /** Takes up the messages that are left in the storage. */
  constructor(connection, userId, storage) {
    this.#connection = connection;
    this.#storage = storage;
    this.#key = `serverless-chat-client:${userId}`;
    for (const view of this.#load()) void this.#add({ ...view, state: "sending" });
  }
  /** Returns the messages of a chat that are not among its entries yet, oldest first. */
  pending(chatId) {
    let views = this.#views.get(chatId);
    if (!views) {
      views = (this.#chats.get(chatId) ?? []).map(({ view }) => view);
      this.#views.set(chatId, views);
    }
    return views;
  }
  /**
   * Sends a message. Resolves with the stored entry, and rejects if the server refuses. An aborted
   * signal withdraws a message that was never sent; otherwise, it ends only the waiting.
   */
  send(message, signal) {
    if (signal?.aborted) return silent(abortable(new Promise(() => {
    }), signal));
    if (this.#ended) return this.#ended;
    if ([...this.#chats.values()].flat().length >= MAX_WAITING) {
      return silent(Promise.reject(new ChatError(0, "too many messages are waiting")));
    }
    const clientId = newClientId();
    const at = (/* @__PURE__ */ new Date()).toISOString();
    const view = { ...message, clientId, at, state: "sending" };
    this.#save((views) => [...views, view]);
    const done = this.#add(view);
    this.#pump(message.chatId);
    signal?.addEventListener("abort", () => {
      const send = this.#find(message.chatId, clientId);
      if (send?.attempts === 0) this.#remove(send);
    });
    return silent(abortable(done, signal));
  }
  /** Sends a failed message again, under the same `clientId`. */
  retry(chatId, clientId) {
    const send = this.#find(chatId, clientId);
    if (send?.view.state !== "failed") return;
    const { error: _, ...view } = send.view;
    this.#show(send, { ...view, state: "sending" });
    this.#save((views) => [...views, send.view]);
    this.#pump(chatId);
  }
  /** Forgets a failed message. */
  discard(chatId, clientId) {
    const send = this.#find(chatId, clientId);
    if (send?.view.state === "failed") this.#remove(send);
  }
  /** Notes that the server has stored a message of the user's. */
  stored(chatId, entry) {
    const send = entry.clientId && this.#find(chatId, entry.clientId);
    if (!send || send.seq) return;
    send.seq = entry.seq;
    this.#forget(send);
    this.#show(send, { ...send.view, state: "stored" });
    send.resolve(entry);
  }
  /** Removes the stored messages up to `seq`, which are among the entries now. */
  shown(chatId, seq) {
    for (const send of this.#chats.get(chatId) ?? []) {
      if (send.seq && send.seq <= seq) this.#remove(send);
    }
  }
  /** Goes on after a reconnect. */
  resume() {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    for (const chatId of this.#chats.keys()) this.#pump(chatId);
  }
  /** Sends nothing more. What waits stays in the storage. */
  stop(error) {
    this.#ended = silent(Promise.reject(error));
    for (const timer of this.#timers.values()) clearTimeout(timer);
    for (const send of [...this.#chats.values()].flat()) send.reject(error);
    this.#chats.clear();
  }
  #pump(chatId) {
    const send = this.#chats.get(chatId)?.find(({ view }) => view.state === "sending");
    const isWaiting = this.#busy.has(chatId) || this.#timers.has(chatId);
    if (!send || isWaiting || !this.#connection.isConnected()) return;
    this.#busy.add(chatId);
    send.attempts++;
    const { message, clientId, replyTo } = send.view;
    this.#connection.sendMessage({ chatId, message, clientId, ...replyTo && { replyTo } }).catch((error) => this.#failed(send, error)).then(() => {
      this.#busy.delete(chatId);
      this.#pump(chatId);
    });
  }
  #failed(send, error) {
    const { chatId } = send.view;
    if (send.view.state !== "sending") return;
    if (isFinal(error)) {
      this.#forget(send);
      this.#show(send, { ...send.view, state: "failed", error });
      send.reject(error);
    } else if (this.#connection.isConnected()) {
      const wait = this.#connection.backoff(send.attempts) + (error.retryAfter ?? 0) * 1e3;
      const again = () => {
        this.#timers.delete(chatId);
        this.#pump(chatId);
      };
      this.#timers.set(chatId, setTimeout(again, wait));
    }
  }
  #add(view) {
    return silent(
      new Promise((resolve, reject) => {
        const { chatId } = view;
        this.#chats.set(chatId, [
          ...this.#chats.get(chatId) ?? [],
          { view, attempts: 0, resolve, reject }
        ]);
        this.#changed(chatId);
      })
    );
  }
  #remove(send) {
    const { chatId } = send.view;
    const rest = (this.#chats.get(chatId) ?? []).filter((other) => other !== send);
    this.#chats.set(chatId, rest);
    this.#forget(send);
    this.#changed(chatId);
  }
  #show(send, view) {
    send.view = view;
    this.#changed(view.chatId);
  }
  #changed(chatId) {
    this.#views.delete(chatId);
    this.#connection.pendingChanged(chatId);
  }
  #find(chatId, clientId) {
    return this.#chats.get(chatId)?.find(({ view }) => view.clientId === clientId);
  }
  #forget({ view: { clientId } }) {
    this.#save((views) => views.filter((view) => view.clientId !== clientId));
  }
  /** Changes what is stored. Other tabs use the same storage, so it is read each time. */
  #save(change) {
    if (!this.#storage) return;
    const views = change(this.#load());
    try {
      if (views.length) this.#storage.setItem(this.#key, JSON.stringify(views));
      else this.#storage.removeItem(this.#key);
    } catch {
    }
  }
  #load() {
    try {
      const views = JSON.parse(this.#storage?.getItem(this.#key) ?? "[]");
      return Array.isArray(views) ? views.filter((view) => view?.clientId && view.chatId) : [];
    } catch {
      return [];
    }
  }
};
function silent(promise) {
  promise.catch(() => {
  });
  return promise;
}
function newClientId() {
  const random = () => Math.random().toString(36).slice(2);
  return `${Date.now().toString(36)}-${random()}${random()}`;
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

// src/names.ts
var ACTIONS = {
  "join-chat-room": ["chatId"],
  addFriend: ["id", "userName", "friendName"],
  sendActiveResponse: ["chatId"],
  chatsend: ["chatId", "message"],
  messageRecieved: ["chatId", "message"],
  "leave-chat-room": ["chatId"],
  typing: ["chatId", "typing"],
  sendMessage: ["chatId", "message", "clientId", "replyTo"],
  receipt: ["chatId", "delivered", "read"],
  sync: ["chats", "since", "limit", "before"]
};
var EVENTS = {
  newFriend: ["id", "userName", "friendName"],
  recieveUserResponse: ["chatId"],
  chatUpdate: ["chatId", "message"],
  messageSent: ["chatId", "message"],
  entry: ["chatId", "entry"],
  receipt: ["chatId", "userId", "delivered", "read"],
  typing: ["chatId", "userId", "typing"],
  presence: ["chatId", "userId", "online", "lastSeen"],
  newChat: ["chatId", "friend"],
  chatSettings: ["chatId", "settings"]
};
var RELAYED_AS = {
  sendActiveResponse: "recieveUserResponse",
  chatsend: "chatUpdate",
  messageRecieved: "messageSent",
  typing: "typing"
};
var EPHEMERAL = ["sendActiveResponse", "typing"];

// src/outbox.ts
var MAX_WAITING2 = 1e3;
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
    if (this.#waiting.length >= MAX_WAITING2) {
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
  #native;
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
  constructor(api, WebSocket, options, native) {
    super();
    this.#native = native;
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
    const text = frameOf(action, parameters);
    if (action === "join-chat-room" && chatId) {
      this.#rooms.add(chatId);
      for (const link of this.#links) if (link.isOpen) void this.#join(link, chatId);
      return;
    }
    if (action === "leave-chat-room" && chatId) return this.leave(chatId);
    const event = RELAYED_AS[action];
    this.#outbox.push({
      action,
      text,
      room: event && chatId,
      content: event && contentOf(event, parameters),
      isEphemeral: EPHEMERAL.includes(action)
    });
  }
  /** Leaves the room of a chat. Nothing is sent if the socket has not joined it. */
  leave(chatId) {
    this.#rooms.delete(chatId);
    for (const link of this.#links) link.leave(chatId);
    const error = new ChatError(0, "the room was left", { chatId });
    for (const { room, reject } of this.#waiters) if (room === chatId) reject(error);
  }
  /**
   * Sends a frame now and resolves with its answer. Rejects with the server's error, and with the
   * status 0 if there is no answer within `limit` milliseconds or the socket is not connected.
   */
  async request(action, parameters, limit = this.#timings.answer) {
    frameOf(action, { ...parameters, ackId: Number.MAX_SAFE_INTEGER });
    if (!this.#link?.isOpen) throw new ChatError(0, "the socket is not connected", { action });
    return this.#link.request({ action, ...parameters }, limit);
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
    const query = { userId, name, ticket, ...this.#native && { v: "2" } };
    const socket = new this.#WebSocket(`${url}?${new URLSearchParams(query)}`);
    const link = new Link(socket, this.#timings, {
      frame: (frame, link2) => this.#receive(frame, link2),
      error: (error, link2) => this.#failed(error, link2),
      end: (reason, link2) => this.#ended(reason, link2),
      idle: this.#native?.idle
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
    const timeout = this.#timings.answer;
    if (!this.#hasRefreshed) {
      this.#hasRefreshed = true;
      if (this.#api.canRefresh) await this.#api.refresh({ timeout });
    }
    if (this.#isVerified) return;
    const { userdata } = await this.#api.userDetails({ timeout });
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
function frameOf(action, parameters) {
  const text = JSON.stringify({ action, ...parameters });
  if (sizeOf(text) > MAX_FRAME) {
    throw new ChatError(413, `the frame exceeds the limit of ${MAX_FRAME} bytes`, { action });
  }
  return text;
}
function sizeOf(text) {
  return encodeURIComponent(text).replace(/%../g, ".").length;
}

// src/typing.ts
var Typing = class {
  #send;
  #interval;
  #chats = /* @__PURE__ */ new Map();
  constructor(send, interval) {
    this.#send = send;
    this.#interval = interval;
  }
  /** Call it on each keystroke. The user stops by `false`, or by not calling it any more. */
  set(chatId, isTyping) {
    let state = this.#chats.get(chatId);
    if (!state) {
      if (!isTyping) return;
      state = { isTyping, wasSent: false, sentAt: -Infinity, send: void 0, stop: void 0 };
      this.#chats.set(chatId, state);
    }
    state.isTyping = isTyping;
    clearTimeout(state.stop);
    if (isTyping) state.stop = setTimeout(() => this.set(chatId, false), this.#interval * 1.5);
    this.#update(chatId, state);
  }
  /** Notes that the others know that the user has stopped, because a message arrives instead. */
  stopped(chatId) {
    const state = this.#chats.get(chatId);
    if (!state) return;
    clearTimeout(state.send);
    clearTimeout(state.stop);
    state.send = void 0;
    state.isTyping = state.wasSent = false;
  }
  /** Sends nothing more. */
  stop() {
    for (const chatId of this.#chats.keys()) this.stopped(chatId);
  }
  #update(chatId, state) {
    if (state.send) return;
    const wait = state.sentAt + this.#interval - performance.now();
    if (wait > 0) {
      if (state.isTyping === state.wasSent) return;
      state.send = setTimeout(() => {
        state.send = void 0;
        if (state.isTyping !== state.wasSent) this.#update(chatId, state);
      }, wait + 1);
    } else if (state.isTyping || state.wasSent) {
      state.wasSent = state.isTyping;
      state.sentAt = performance.now();
      this.#send(chatId, state.isTyping);
    }
  }
};

// src/live.ts
var MAX_NAMED = 500;
var RECENT = 50;
var KEPT = 100;
var LIVE_TIMINGS = { gap: 1e3, receipt: 1e3, typing: 3e3, leave: 1e3 };
var FORWARDED = ["connect", "disconnect", "connect_error", "signedOut"];
var Live = class extends Emitter {
  #api;
  #me;
  #timings;
  #socket;
  #chats = /* @__PURE__ */ new Map();
  #open = /* @__PURE__ */ new Map();
  #list;
  #catchUp;
  #sends;
  #receipts;
  #typing;
  /** The gaps that may close by themselves, and how often a sync has not closed them. */
  #gaps = /* @__PURE__ */ new Map();
  /** The chats of which something has arrived since the last sync began. */
  #arrived = /* @__PURE__ */ new Set();
  /** Ends the typing of others whose last frame was lost. */
  #typists = /* @__PURE__ */ new Map();
  #ready;
  #settleReady = () => {
  };
  #isReady = false;
  #isEnded = false;
  /** Use `createClient(…).live(…)` instead. */
  constructor(api, WebSocket, { userId, name, storage, limit = 10, timings }) {
    super();
    this.#api = api;
    this.#me = userId;
    this.#timings = { ...TIMINGS, ...LIVE_TIMINGS, ...timings };
    this.#ready = new Promise((resolve, reject) => {
      this.#settleReady = (error) => error ? reject(error) : resolve();
    });
    this.#ready.catch(() => {
    });
    this.#list = new Store(() => ({
      isReady: this.#isReady,
      isConnected: this.isConnected,
      chats: this.#sorted().filter(({ isListed }) => isListed).map(({ summary }) => summary)
    }));
    this.#socket = new ChatSocket(
      api,
      WebSocket,
      { userId, name, timings: this.#timings },
      { idle: () => this.#catchUp.recent() }
    );
    const connection = {
      isConnected: () => this.#socket.connected,
      backoff: (attempts) => backoff(this.#timings, attempts)
    };
    this.#catchUp = new CatchUp(
      {
        ...connection,
        held: (scope, needed) => this.#held(scope, needed),
        sync: (input) => this.#sync(input),
        apply: (synced, isNamed) => this.#apply(synced, isNamed),
        remove: (chatIds) => this.#remove(chatIds),
        caughtUp: () => this.#caughtUp()
      },
      limit
    );
    this.#sends = new Sends(
      {
        ...connection,
        sendMessage: (message) => this.#store(message),
        pendingChanged: (chatId) => this.#chats.get(chatId)?.store.changed()
      },
      userId,
      storage
    );
    this.#receipts = new Receipts(
      { ...connection, sendReceipt: (receipt) => this.#socket.request("receipt", receipt) },
      this.#timings.receipt
    );
    this.#typing = new Typing(
      (chatId, typing) => this.#socket.send("typing", { chatId, typing }),
      this.#timings.typing
    );
    this.#listen();
    this.#socket.connect();
  }
  /** Whether the socket is connected. If not, it reconnects, unless the session has ended. */
  get isConnected() {
    return this.#socket.connected;
  }
  /** The list of chats. */
  chats() {
    return this.#list;
  }
  /**
   * Opens a chat: joins its room, for typing and presence, and loads its newest `limit` messages
   * unless they are there. A chat that is opened twice is joined once. Call `close()` at the end.
   */
  openChat(chatId, { limit = 50 } = {}) {
    const chat = this.#chat(chatId);
    let opening = this.#open.get(chatId);
    if (!opening) {
      opening = {
        count: 0,
        limit: 0,
        isFilled: false,
        isAsked: false,
        controller: new AbortController(),
        loading: void 0,
        leaving: void 0
      };
      this.#open.set(chatId, opening);
      chat.show({ error: void 0 });
      this.#socket.join(chatId).catch((error) => {
        if (error.status) chat.show({ error });
      });
    }
    opening.count++;
    opening.isFilled &&= limit <= opening.limit;
    opening.limit = Math.max(opening.limit, limit);
    clearTimeout(opening.leaving);
    this.#fill(chat);
    this.#ask(chat);
    let isOpen = true;
    return {
      chatId,
      subscribe: chat.store.subscribe,
      getSnapshot: chat.store.getSnapshot,
      loadOlder: (options) => this.#loadOlder(chat, options),
      send: (message, options) => this.send(chatId, message, options),
      markRead: (seq) => this.markRead(chatId, seq),
      typing: (isTyping) => isOpen && this.#typing.set(chatId, isTyping),
      retry: (clientId) => this.#sends.retry(chatId, clientId),
      discard: (clientId) => this.#sends.discard(chatId, clientId),
      close: () => {
        if (isOpen) this.#closeChat(chat);
        isOpen = false;
      }
    };
  }
  /**
   * Sends a message, across reconnects, after those that were sent to the chat before it. Resolves
   * with the entry once it is stored. Rejects if the server refuses, or after `close()`. An aborted
   * signal withdraws a message that was not sent yet; otherwise, it only ends the waiting.
   */
  send(chatId, message, { replyTo, signal } = {}) {
    this.#typing.stopped(chatId);
    return this.#sends.send({ chatId, message, ...replyTo && { replyTo } }, signal);
  }
  /** Marks the entries of a chat as read: up to `seq`, or all that have arrived. */
  markRead(chatId, seq = Infinity) {
    const chat = this.#chats.get(chatId);
    const read = Math.min(seq, chat?.log.last ?? 0);
    if (!chat || read <= chat.ownMarks.read) return;
    chat.mark({ userId: this.#me, delivered: read, read });
    this.#receipts.move(chatId, { read });
  }
  /** Resolves once the first sync is complete. Rejects after `close()`, or if the session ends. */
  ready({ signal } = {}) {
    return abortable(this.#ready, signal);
  }
  /** Disconnects. Messages that are not stored yet stay in the storage, if there is one. */
  close() {
    this.#receipts.flush();
    this.#end(new ChatError(0, "the client was closed"));
    this.#socket.disconnect();
  }
  #listen() {
    const socket = this.#socket;
    socket.on("connect", () => {
      this.#list.changed();
      this.#catchUp.all();
      this.#sends.resume();
      this.#receipts.resume();
    });
    socket.on("disconnect", () => {
      this.#list.changed();
      for (const chat of this.#chats.values()) chat.update({ presence: void 0, typing: [] });
    });
    socket.on("signedOut", (error) => this.#end(error));
    socket.on("entry", ({ chatId, entry }) => this.#receive(chatId, entry));
    socket.on("receipt", ({ chatId, ...marks }) => {
      this.#chats.get(chatId)?.mark(marks);
      if (marks.userId === this.#me) this.#receipts.stored(chatId, marks);
      this.publish("receipt", { chatId, ...marks });
    });
    socket.on("typing", (typing) => {
      if (typing.userId === this.#me) return;
      this.#setTyping(typing.chatId, typing.userId, typing.typing);
      this.publish("typing", typing);
    });
    socket.on("presence", ({ chatId, ...presence }) => {
      if (this.#open.has(chatId)) this.#chats.get(chatId)?.update({ presence });
      this.publish("presence", { chatId, ...presence });
    });
    socket.on("newChat", ({ chatId, friend }) => {
      const chat = this.#chat(chatId);
      chat.update({ friend: this.#api.resolvePhoto(friend) });
      if (!chat.isListed) this.#catchUp.need(chatId);
      this.publish("newChat", { chatId, friend });
    });
    socket.on("chatSettings", ({ chatId, settings }) => {
      this.#chats.get(chatId)?.set(settings);
      this.publish("chatSettings", { chatId, settings });
    });
    socket.on("error", (error) => error.action && this.publish("error", error));
    for (const event of FORWARDED) {
      socket.on(event, (...args) => this.publish(event, ...args));
    }
  }
  #chat(chatId) {
    let chat = this.#chats.get(chatId);
    if (!chat) {
      const pending = () => this.#sends.pending(chatId);
      chat = new Chat(chatId, this.#me, pending, () => this.#list.changed());
      this.#chats.set(chatId, chat);
    }
    return chat;
  }
  /** Returns the chats, the most recently active one first. */
  #sorted() {
    const key = ({ summary }) => summary.lastActivity + summary._id;
    return [...this.#chats.values()].sort((a, b) => key(a) < key(b) ? 1 : -1);
  }
  #held(scope, needed) {
    this.#arrived.clear();
    const named = /* @__PURE__ */ new Map();
    const name = (chat) => {
      const last = chat?.log.last;
      if (chat && last !== void 0 && !chat.status.isGone && named.size < MAX_NAMED) {
        named.set(chat.id, last);
      }
    };
    for (const chatId of needed) name(this.#chats.get(chatId));
    if (scope) {
      for (const chatId of this.#open.keys()) name(this.#chats.get(chatId));
      this.#sorted().slice(0, scope === "all" ? MAX_NAMED : RECENT).forEach(name);
    }
    return Object.fromEntries(named);
  }
  async #sync(input) {
    const answer = await this.#socket.request("sync", input);
    return this.#api.resolved(answer);
  }
  #apply(synced, isNamed) {
    const chat = this.#chat(synced._id);
    const { last } = chat.log;
    const own = synced.marks.find(({ userId }) => userId === this.#me);
    if (own) this.#receipts.stored(chat.id, own);
    const isApart = !isNamed && last !== void 0 && synced.from > last + 1;
    for (const entry of synced.entries) this.#isStored(chat.id, entry);
    const added = chat.merge(isApart ? { ...synced, entries: [] } : synced);
    this.#added(chat, added, this.#isReady || last !== void 0);
    const opening = this.#open.get(chat.id);
    if (opening && last !== void 0 && chat.log.from > last) opening.isFilled = false;
    this.#fill(chat);
    return isApart || synced.more && synced.entries.length > 0;
  }
  #remove(chatIds) {
    for (const chatId of chatIds) {
      const chat = this.#chats.get(chatId);
      if (!chat?.isListed) continue;
      if (this.#arrived.has(chatId)) {
        this.#catchUp.need(chatId);
        continue;
      }
      chat.isListed = false;
      chat.show({ isGone: true });
      if (!this.#open.has(chatId)) this.#chats.delete(chatId);
      this.#list.changed();
      this.publish("gone", chatId);
    }
  }
  #caughtUp() {
    for (const chat of this.#chats.values()) {
      if (chat.isBehind) this.#watchGap(chat);
      this.#ask(chat);
    }
    if (this.#isReady) return;
    this.#isReady = true;
    this.#list.changed();
    this.#settleReady();
    for (const chat of this.#chats.values()) this.#ask(chat);
    this.publish("ready");
  }
  /** Asks once for an open chat that no sync has returned. */
  #ask(chat) {
    const opening = this.#open.get(chat.id);
    if (!opening || opening.isAsked || !this.#isReady || chat.log.last !== void 0) return;
    opening.isAsked = true;
    this.#catchUp.need(chat.id);
  }
  #receive(chatId, entry) {
    const chat = this.#chat(chatId);
    this.#arrived.add(chatId);
    this.#isStored(chatId, entry);
    this.#added(chat, chat.receive(entry), true);
    if (this.#isReady && !chat.isListed) this.#catchUp.need(chatId);
    else if (chat.isBehind) this.#watchGap(chat);
  }
  /** Notes that a message of the user's is stored, however its entry has arrived. */
  #isStored(chatId, entry) {
    if (entry.kind === "message" && entry.by === this.#me) this.#sends.stored(chatId, entry);
  }
  /** Publishes entries that were added to the log. */
  #added(chat, entries, isNews) {
    const { last = 0 } = chat.log;
    if (!this.#open.has(chat.id) && chat.log.entries.length > 2 * KEPT) chat.log.trim(KEPT);
    if (!chat.isBehind) this.#closeGap(chat.id);
    this.#sends.shown(chat.id, last);
    const isOthers = entries.some(({ kind, by }) => kind === "message" && by !== this.#me);
    if (isOthers && (isNews || chat.summary.unread)) {
      this.#receipts.move(chat.id, { delivered: last });
    }
    for (const entry of entries) {
      this.#setTyping(chat.id, entry.by, false);
      if (isNews) this.publish("entry", { chatId: chat.id, entry });
    }
  }
  /** Syncs a chat if its gap does not close by itself. */
  #watchGap(chat) {
    const { gap, maxBackoff } = this.#timings;
    const watch = this.#gaps.get(chat.id) ?? { timer: void 0, tries: 0 };
    if (watch.timer || chat.status.isGone) return;
    this.#gaps.set(chat.id, watch);
    const wait = Math.min(gap * 2 ** watch.tries, Math.max(gap, maxBackoff));
    watch.timer = setTimeout(() => {
      watch.timer = void 0;
      watch.tries++;
      if (chat.isBehind) this.#catchUp.need(chat.id);
    }, wait);
  }
  #closeGap(chatId) {
    clearTimeout(this.#gaps.get(chatId)?.timer);
    this.#gaps.delete(chatId);
  }
  #setTyping(chatId, userId, isTyping) {
    const key = `${chatId} ${userId}`;
    clearTimeout(this.#typists.get(key));
    this.#typists.delete(key);
    this.#chats.get(chatId)?.setTyping(userId, isTyping);
    if (!isTyping) return;
    const end = () => this.#setTyping(chatId, userId, false);
    this.#typists.set(key, setTimeout(end, this.#timings.typing * 2.5));
  }
  /** Stores a message. It is repeated if there is no answer soon. */
  async #store(message) {
    const { probe } = this.#timings;
    const { entry } = await this.#socket.request("sendMessage", message, 2 * probe);
    if (!entry) throw new ChatError(0, "the answer has no entry");
    this.#receive(message.chatId, entry);
  }
  /** Loads the first messages of an open chat, once its newest ones are known. */
  #fill(chat) {
    const opening = this.#open.get(chat.id);
    if (!opening || opening.isFilled || chat.log.last === void 0) return;
    opening.isFilled = true;
    const { entries, hasOlder } = chat.store.getSnapshot();
    const limit = opening.limit - entries.length;
    if (hasOlder && limit > 0) this.#loadOlder(chat, { limit }).catch(() => {
    });
  }
  #loadOlder(chat, { limit = 50, signal } = {}) {
    const opening = this.#open.get(chat.id);
    if (!opening) return Promise.reject(new ChatError(0, "the chat is closed"));
    opening.loading ??= this.#load(chat, limit, opening.controller.signal).finally(() => {
      opening.loading = void 0;
    });
    return abortable(opening.loading, signal);
  }
  async #load(chat, limit, signal) {
    if (!chat.store.getSnapshot().hasOlder) return;
    const before = chat.log.from;
    chat.show({ isLoading: true, error: void 0 });
    try {
      const query = { chatId: chat.id, before, limit };
      const timeout = this.#timings.answer;
      const { data, hasMore } = await this.#api.getChat(query, { signal, timeout });
      if (chat.log.from !== before) return;
      chat.log.prepend(hasMore ? data.chats[0]?.seq ?? 1 : 1, data.chats);
    } catch (error) {
      if (error instanceof ChatError) chat.show({ error });
      throw error;
    } finally {
      chat.show({ isLoading: false });
    }
  }
  /** Leaves a chat that is open nowhere else, unless it is opened again at once. */
  #closeChat(chat) {
    const opening = this.#open.get(chat.id);
    if (!opening || --opening.count || this.#isEnded) return;
    this.#typing.stopped(chat.id);
    opening.leaving = setTimeout(() => {
      this.#open.delete(chat.id);
      opening.controller.abort();
      this.#socket.leave(chat.id);
      chat.log.trim(KEPT);
      chat.update({ presence: void 0, typing: [] });
      chat.store.changed();
      if (chat.status.isGone) this.#chats.delete(chat.id);
    }, this.#timings.leave);
  }
  /** Ends everything that is in progress. */
  #end(error) {
    this.#isEnded = true;
    this.#catchUp.stop();
    this.#receipts.stop();
    this.#typing.stop();
    this.#sends.stop(error);
    this.#settleReady(error);
    for (const chatId of [...this.#gaps.keys()]) this.#closeGap(chatId);
    for (const timer of this.#typists.values()) clearTimeout(timer);
    for (const { leaving, controller } of this.#open.values()) {
      clearTimeout(leaving);
      controller.abort();
    }
  }
};

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
  /**
   * Keeps the signed-in user's chats up to date: the list, and the chats that are opened. It stays
   * connected until `close()` is called.
   */
  live(options) {
    return new Live(this, this.#WebSocket ?? globalThis.WebSocket, options);
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
