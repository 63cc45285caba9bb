import { Deduplicator } from './deduplicator.js';
import { Emitter } from './emitter.js';
import { abortable, ChatError } from './errors.js';
import type { CallOptions, HttpApi, SocketConstructor } from './http.js';
import { backoff, type Frame, Link, TIMINGS, type Timings } from './link.js';
import {
  type Action,
  EPHEMERAL,
  EVENTS,
  type Parameters,
  type Payload,
  RELAYED_AS,
  type ServerEvent,
} from './names.js';
import { Outbox } from './outbox.js';

/** The maximum size of a frame in bytes. */
export const MAX_FRAME = 32_000;

/** A socket that survives this many milliseconds resets the backoff. */
const STABLE = 5_000;

/** Browser events after which the network may be another one, or none. */
const WAKING = ['online', 'offline', 'pageshow', 'visibilitychange'];

/** How late timers of hidden pages may be, in milliseconds. Browsers run them once a minute. */
const THROTTLED = 120_000;

/** A connection attempt that is at most this many milliseconds old is not started again. */
const YOUNG = 1_000;

/** The options of a socket. */
export interface SocketOptions {
  /** The id of the signed-in user. */
  userId: string;
  /** The user's name as friends see it, 1-100 characters. */
  name: string;
  /** Shorter timings, for tests. */
  timings?: Partial<Timings>;
}

/** The options of a native socket, which receives `entry` instead of `chatUpdate`. */
export interface NativeOptions {
  /** Called when the socket is idle, to send a frame that is answered. */
  idle: () => void;
}

/** A caller that waits for the socket to connect, or to be in a room. */
interface Waiter {
  room: string | undefined;
  resolve: () => void;
  reject: (error: ChatError) => void;
}

/** The events of a socket and the arguments of their handlers. */
export type SocketEvents = { [E in ServerEvent]: [payload: Payload<E>] } & {
  /** Frames are sent from now on. The rooms are being joined again. */
  connect: [];
  /** The socket reconnects, unless `disconnect()` was called or `signedOut` follows. */
  disconnect: [reason: string];
  /** An attempt to connect failed. Another one follows. */
  connect_error: [error: ChatError];
  /** An action failed. */
  error: [error: ChatError];
  /**
   * The session has ended (401), or someone else has signed in (403, `notTheCaller`). The socket
   * stays closed: sign in, then call `connect()`.
   */
  signedOut: [error: ChatError];
};

/**
 * A socket that stays connected.
 *
 * It notices a dead network, reconnects with exponential backoff and full jitter, joins its rooms
 * again, and sends the frames that waited. API Gateway closes a WebSocket after two hours; before
 * that, the socket moves to a new one without a gap. Frames are not resent: use `sendMessage` for
 * messages that must not be lost.
 */
export class ChatSocket extends Emitter<SocketEvents> {
  readonly #api: HttpApi;
  readonly #WebSocket: SocketConstructor;
  readonly #options: SocketOptions;
  readonly #timings: Timings;
  readonly #outbox: Outbox;
  readonly #rooms = new Set<string>();
  /** All WebSockets, including those that are opening or about to be closed. */
  readonly #links = new Set<Link>();
  /** The WebSocket that frames are sent over. */
  #link: Link | undefined;
  #id: string | undefined;
  #deduplicator: Deduplicator;
  readonly #native: NativeOptions | undefined;
  readonly #waiters = new Set<Waiter>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Fires regularly, to notice that the machine was asleep. */
  #clock: ReturnType<typeof setInterval> | undefined;
  #attempts = 0;
  /** When the current attempt to connect began, and what ends its request. */
  #attemptedAt = 0;
  #attempt: AbortController | undefined;
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
  constructor(
    api: HttpApi,
    WebSocket: SocketConstructor | undefined,
    options: SocketOptions,
    native?: NativeOptions,
  ) {
    super();
    this.#native = native;
    if (!WebSocket) {
      throw new ChatError(0, 'there is no global WebSocket: pass one to createClient or io');
    }
    this.#api = api;
    this.#WebSocket = WebSocket;
    this.#options = options;
    this.#timings = { ...TIMINGS, ...options.timings };
    this.#deduplicator = new Deduplicator(this.#timings.settle);
    this.#outbox = new Outbox((link, { content }) => {
      // If there are two sockets, the other one receives this frame as an event.
      if (content) this.#deduplicator.isNew(link, content);
    });
  }

  /** Whether the socket is connected. */
  get connected(): boolean {
    return this.#link !== undefined;
  }

  /** Whether the socket is connected or tries to be. */
  get active(): boolean {
    return this.#run !== 0;
  }

  /** A random id while connected. The server does not know it. */
  get id(): string | undefined {
    return this.#id;
  }

  /** Connects and stays connected. Does nothing if it was already called. */
  connect(): this {
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
  disconnect(): this {
    this.#stop('io client disconnect', new ChatError(0, 'the socket was disconnected'));
    return this;
  }

  /**
   * Resolves once the socket is connected. Rejects if `disconnect()` is called or the session has
   * ended, and with the signal's reason if it is aborted.
   */
  ready({ signal }: Pick<CallOptions, 'signal'> = {}): Promise<void> {
    return this.#until(undefined, signal);
  }

  /**
   * Joins the room of a chat, and again after each reconnect. Resolves once this socket receives
   * the room's events. Rejects if the server refuses, or for the reasons of `ready`; an aborted
   * signal ends the waiting, not the join.
   */
  join(chatId: string, { signal }: Pick<CallOptions, 'signal'> = {}): Promise<void> {
    this.send('join-chat-room', { chatId });
    return this.#until(chatId, signal);
  }

  /**
   * Sends a frame, now or once connected. It is not acknowledged; a failure results in an `error`
   * event. `sendActiveResponse` is sent now or not at all.
   *
   * Throws a `ChatError` if the frame exceeds 32,000 bytes (413) or a thousand frames are waiting.
   */
  send<A extends Action>(action: A, parameters: Parameters<A>): void {
    const chatId = (parameters as { chatId?: string }).chatId;
    const text = frameOf(action, parameters);
    if (action === 'join-chat-room' && chatId) {
      this.#rooms.add(chatId);
      for (const link of this.#links) if (link.isOpen) void this.#join(link, chatId);
      return;
    }
    if (action === 'leave-chat-room' && chatId) return this.leave(chatId);
    const event = RELAYED_AS[action];
    this.#outbox.push({
      action,
      text,
      room: event && chatId,
      content: event && contentOf(event, parameters),
      isEphemeral: EPHEMERAL.includes(action),
    });
  }

  /** Leaves the room of a chat. Nothing is sent if the socket has not joined it. */
  leave(chatId: string): void {
    this.#rooms.delete(chatId);
    for (const link of this.#links) link.leave(chatId);
    const error = new ChatError(0, 'the room was left', { chatId });
    for (const { room, reject } of this.#waiters) if (room === chatId) reject(error);
  }

  /**
   * Sends a frame now and resolves with its answer. Rejects with the server's error, and with the
   * status 0 if there is no answer within `limit` milliseconds or the socket is not connected.
   */
  async request<A extends Action>(
    action: A,
    parameters: Parameters<A>,
    limit = this.#timings.answer,
  ): Promise<Frame> {
    frameOf(action, { ...parameters, ackId: Number.MAX_SAFE_INTEGER });
    if (!this.#link?.isOpen) throw new ChatError(0, 'the socket is not connected', { action });
    return this.#link.request({ action, ...parameters }, limit);
  }

  async #connect(): Promise<void> {
    const run = this.#run;
    this.#attemptedAt = Date.now();
    try {
      const link = await this.#open(run);
      if (!link) return;
      // Earlier events have no duplicate on this socket.
      this.#deduplicator = new Deduplicator(this.#timings.settle);
      void this.#joinAll(link);
      this.#use(link);
      this.#scheduleRenewal();
      this.#id = Math.random().toString(36).slice(2);
      this.publish('connect');
    } catch (error) {
      this.#retry(run, error, () => this.#connect());
    }
  }

  /** Replaces an open WebSocket. While both are in all rooms, each event is published once. */
  async #renew(): Promise<void> {
    const run = this.#run;
    const old = this.#link;
    const retry = (error: unknown) => this.#retry(run, error, () => this.#renew());
    try {
      const link = await this.#open(run);
      if (!link) return;
      await this.#joinAll(link);
      // If the old socket has ended in the meantime, the new one has already taken its place.
      if (run !== this.#run || this.#link !== old) return;
      // At first, events arrive on both. Then the old socket only receives those still in flight.
      this.#timer = setTimeout(() => {
        if (!link.isOpen) return retry(new ChatError(0, 'the socket closed'));
        this.#use(link);
        this.#timer = setTimeout(() => {
          old?.close('');
          this.#scheduleRenewal();
        }, this.#timings.settle);
      }, this.#timings.settle);
    } catch (error) {
      retry(error);
    }
  }

  /** Opens a WebSocket. Returns `undefined` if `run` has become obsolete. */
  async #open(run: number): Promise<Link | undefined> {
    const { userId, name } = this.#options;
    const { signal } = (this.#attempt = new AbortController());
    const { url, ticket } = await this.#api.socketTicket({ signal, timeout: this.#timings.answer });
    if (run !== this.#run) return;
    const query = { userId, name, ticket, ...(this.#native && { v: '2' }) };
    const socket = new this.#WebSocket(`${url}?${new URLSearchParams(query)}`);
    const link = new Link(socket, this.#timings, {
      frame: (frame, link) => this.#receive(frame, link),
      error: (error, link) => this.#failed(error, link),
      end: (reason, link) => this.#ended(reason, link),
      idle: this.#native?.idle,
    });
    this.#links.add(link);
    try {
      await link.opened;
    } catch (cause) {
      if (run !== this.#run) return;
      await this.#verify();
      throw new ChatError(0, 'the handshake was refused', { cause });
    }
    if (run !== this.#run) return void link.close('');
    this.#hasRefreshed = this.#isVerified = false;
    return link;
  }

  /**
   * Finds out, once per run of refused handshakes, whether they will be refused for ever. Browsers
   * hide the reason. A session that has ended can still get tickets until its access token expires;
   * only a refresh reveals the end.
   */
  async #verify(): Promise<void> {
    const timeout = this.#timings.answer;
    if (!this.#hasRefreshed) {
      this.#hasRefreshed = true;
      if (this.#api.canRefresh) await this.#api.refresh({ timeout });
    }
    if (this.#isVerified) return;
    const { userdata } = await this.#api.userDetails({ timeout });
    this.#isVerified = true;
    if (userdata && userdata._id !== this.#options.userId) {
      const code = 'notTheCaller';
      throw new ChatError(403, '"userId" is not the signed-in user', { code });
    }
  }

  async #join(link: Link, room: string): Promise<void> {
    await link.join(room);
    this.#outbox.flush();
    this.#settle();
  }

  async #joinAll(link: Link): Promise<void> {
    await Promise.all([...this.#rooms].map((room) => this.#join(link, room)));
  }

  #use(link: Link): void {
    this.#link = link;
    this.#outbox.use(link);
    this.#settle();
  }

  #scheduleRenewal(): void {
    clearTimeout(this.#timer);
    // Spread renewals out, because all clients connect at the same time after a deployment.
    const delay = this.#timings.renewal * (1 - Math.random() / 10);
    this.#timer = setTimeout(() => this.#renew(), delay);
  }

  #ended(reason: string, link: Link): void {
    this.#links.delete(link);
    if (link !== this.#link) return;
    const other = this.#run && [...this.#links].find((link) => link.isOpen);
    if (other) {
      this.#use(other);
      this.#scheduleRenewal();
      return;
    }
    this.#link = this.#id = undefined;
    this.#outbox.use(undefined);
    const run = (this.#run &&= ++this.#runs);
    for (const link of this.#links) link.close('');
    if (performance.now() - link.startedAt > STABLE) this.#attempts = 0;
    if (run) this.#wait(() => this.#connect());
    this.publish('disconnect', reason);
  }

  #retry(run: number, error: unknown, again: () => void): void {
    if (run !== this.#run) return;
    const reason =
      error instanceof ChatError ? error : new ChatError(0, String(error), { cause: error });
    if (reason.status === 401 || reason.code === 'notTheCaller') {
      this.#stop('io server disconnect', reason);
      this.publish('signedOut', reason);
    } else {
      this.#wait(again, reason.retryAfter);
      this.publish('connect_error', reason);
    }
  }

  /** Tries again later, and not before the seconds that the server asked for. */
  #wait(again: () => void, seconds = 0): void {
    const delay = Math.max(backoff(this.#timings, this.#attempts++), seconds * 1000);
    this.#notBefore = Date.now() + seconds * 1000;
    this.#isWaiting = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#isWaiting = false;
      again();
    }, delay);
  }

  /** Begins to watch for signs that the network has changed or the machine was asleep. */
  #watch(): void {
    const { sleep } = this.#timings;
    for (const type of WAKING) globalThis.addEventListener?.(type, this.#wake);
    let last = Date.now();
    this.#clock = setInterval(() => {
      const late = Date.now() - last - sleep;
      last += late + sleep;
      if (late > (isHidden() ? THROTTLED : sleep)) this.#check();
    }, sleep);
  }

  readonly #wake = ({ type }: { type: string }): void => {
    if (type !== 'visibilitychange' || !isHidden()) this.#check();
  };

  /** Probes the open sockets. If there is none, connects without waiting any longer. */
  #check(): void {
    if (this.#link) for (const link of this.#links) link.probe();
    else if (globalThis.navigator?.onLine !== false && Date.now() >= this.#notBefore) {
      this.#attempts = 0;
      // An attempt from before the change may hang until its time limit.
      if (!this.#isWaiting && Date.now() - this.#attemptedAt < YOUNG) return;
      this.#run = ++this.#runs;
      this.#abandon('');
      void this.#connect();
    }
  }

  /** Ends everything that is in progress. */
  #abandon(reason: string): void {
    clearTimeout(this.#timer);
    this.#isWaiting = false;
    this.#attempt?.abort();
    for (const link of this.#links) link.close(reason);
  }

  #stop(reason: string, error: ChatError): void {
    this.#run = 0;
    for (const type of WAKING) globalThis.removeEventListener?.(type, this.#wake);
    clearInterval(this.#clock);
    this.#rooms.clear();
    this.#outbox.clear();
    this.#abandon(reason);
    for (const { reject } of this.#waiters) reject(error);
  }

  /** Waits until the socket is connected, or in a room. */
  async #until(room: string | undefined, signal: AbortSignal | undefined): Promise<void> {
    let waiter: Waiter | undefined;
    const done = new Promise<void>((resolve, reject) => {
      this.#waiters.add((waiter = { room, resolve, reject }));
      this.#settle();
    });
    await abortable(done, signal).finally(() => this.#waiters.delete(waiter!));
  }

  /** Resolves those whose wait is over. */
  #settle(): void {
    const link = this.#link;
    if (!link) return;
    for (const { room, resolve } of this.#waiters) {
      if (room === undefined || link.hasJoined(room)) resolve();
    }
  }

  #receive({ event, ...payload }: Frame, link: Link): void {
    if (typeof event !== 'string' || !Object.hasOwn(EVENTS, event)) return;
    if (this.#deduplicator.isNew(link, contentOf(event, payload))) {
      this.publish(event as ServerEvent, payload as never);
    }
  }

  #failed(error: ChatError, link: Link): void {
    const { status, chatId } = error;
    // A join that failed for the moment is repeated by the link.
    if (chatId !== undefined && status !== 401 && !link.isJoining(chatId)) {
      this.#rooms.delete(chatId);
      for (const { room, reject } of this.#waiters) if (room === chatId) reject(error);
    }
    this.publish('error', error);
    // The server does not know this socket any more. The next one joins all rooms.
    if (status === 401) link.close('transport close');
  }
}

function isHidden(): boolean {
  return globalThis.document?.visibilityState === 'hidden';
}

/** Returns a string that is equal for equal events. */
function contentOf(event: string, payload: object): string {
  const values = EVENTS[event as ServerEvent].map((name) => (payload as Frame)[name]);
  return JSON.stringify([event, ...values]);
}

/** Returns the text of a frame. Throws if it is too large. */
function frameOf(action: string, parameters: object): string {
  const text = JSON.stringify({ action, ...parameters });
  if (sizeOf(text) > MAX_FRAME) {
    throw new ChatError(413, `the frame exceeds the limit of ${MAX_FRAME} bytes`, { action });
  }
  return text;
}

/** Returns the size of a JSON text in UTF-8. jsdom, which Jest uses, has no `TextEncoder`. */
function sizeOf(text: string): number {
  return encodeURIComponent(text).replace(/%../g, '.').length;
}
