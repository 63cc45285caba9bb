import { Deduplicator } from './deduplicator.js';
import { Emitter } from './emitter.js';
import { ChatError } from './errors.js';
import type { HttpApi, SocketConstructor } from './http.js';
import { type Frame, Link, TIMINGS, type Timings } from './link.js';
import {
  type Action,
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

/** The options of a socket. */
export interface SocketOptions {
  /** The id of the signed-in user. */
  userId: string;
  /** The user's name as friends see it, 1-100 characters. */
  name: string;
  /** Shorter timings, for tests. */
  timings?: Partial<Timings>;
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
  /** The session has ended. The socket stays closed: sign in, then call `connect()`. */
  signedOut: [error: ChatError];
};

/**
 * A socket that stays connected.
 *
 * It reconnects with exponential backoff and full jitter, joins its rooms again, and sends the
 * waiting frames. API Gateway closes a WebSocket after two hours. Before that, the socket moves to
 * a new one without a gap. Frames are not resent: use `sendMessage` for messages that must not be
 * lost.
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
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempts = 0;
  /** Changes whenever asynchronous work in progress becomes obsolete. 0 after `disconnect()`. */
  #run = 0;
  #runs = 0;

  /** Use `createClient(…).socket(…)` instead. */
  constructor(api: HttpApi, WebSocket: SocketConstructor | undefined, options: SocketOptions) {
    super();
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

  /** A random id while connected. The server does not know it. */
  get id(): string | undefined {
    return this.#id;
  }

  /** Connects and stays connected. Does nothing if it was already called. */
  connect(): this {
    if (!this.#run) {
      this.#run = ++this.#runs;
      this.#attempts = 0;
      void this.#connect();
    }
    return this;
  }

  /** Disconnects and discards the rooms and the waiting frames. */
  disconnect(): this {
    this.#stop('io client disconnect');
    return this;
  }

  /**
   * Sends a frame, now or once connected. It is not acknowledged; a failure causes an `error`
   * event.
   *
   * Throws a `ChatError` if the frame exceeds 32,000 bytes (413) or a thousand frames are waiting.
   */
  send<A extends Action>(action: A, parameters: Parameters<A>): void {
    const chatId = (parameters as { chatId?: string }).chatId;
    const text = JSON.stringify({ action, ...parameters });
    if (new TextEncoder().encode(text).length > MAX_FRAME) {
      throw new ChatError(413, `the frame exceeds the limit of ${MAX_FRAME} bytes`, { action });
    }
    if (action === 'join-chat-room' && chatId) {
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
    });
  }

  async #connect(): Promise<void> {
    const run = this.#run;
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
    const { url, ticket } = await this.#api.socketTicket();
    if (run !== this.#run) return;
    const socket = new this.#WebSocket(`${url}?${new URLSearchParams({ userId, name, ticket })}`);
    const link = new Link(socket, this.#timings, {
      frame: (frame, link) => this.#receive(frame, link),
      end: (reason, link) => this.#ended(reason, link),
    });
    this.#links.add(link);
    try {
      await link.opened;
    } catch (cause) {
      if (run !== this.#run) return;
      // Browsers hide the reason. An ended session can still request tickets until its access token
      // expires; only a refresh shows that it has ended.
      await this.#api.refresh();
      throw new ChatError(0, 'the handshake was refused', { cause });
    }
    if (run === this.#run) return link;
    link.close('');
    return;
  }

  async #join(link: Link, room: string): Promise<void> {
    await link.join(room);
    this.#outbox.flush();
  }

  async #joinAll(link: Link): Promise<void> {
    await Promise.all([...this.#rooms].map((room) => this.#join(link, room)));
  }

  #use(link: Link): void {
    this.#link = link;
    this.#outbox.use(link);
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
    if (reason.status === 401) {
      this.#stop('io server disconnect');
      this.publish('signedOut', reason);
    } else {
      this.#wait(again, reason.retryAfter);
      this.publish('connect_error', reason);
    }
  }

  /** Backs off exponentially with full jitter, so that clients do not reconnect simultaneously. */
  #wait(again: () => void, atLeast = 0): void {
    const { backoff, maxBackoff } = this.#timings;
    const delay = Math.random() * Math.min(maxBackoff, backoff * 2 ** this.#attempts++);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(again, Math.max(delay, atLeast * 1000));
  }

  #stop(reason: string): void {
    this.#run = 0;
    clearTimeout(this.#timer);
    this.#rooms.clear();
    this.#outbox.clear();
    for (const link of this.#links) link.close(reason);
  }

  #receive(frame: Frame, link: Link): void {
    const { event, ...payload } = frame;
    if (typeof event === 'string' && Object.hasOwn(EVENTS, event)) {
      if (this.#deduplicator.isNew(link, contentOf(event, payload))) {
        this.publish(event as ServerEvent, payload as never);
      }
      return;
    }
    // If a function fails, API Gateway sends a message without an event.
    const { status = 500, code, action, message } = payload as Failure;
    if (message === undefined) return;
    this.publish('error', new ChatError(status, message, { code, action }));
    // After a server error, the join may have failed or the server may have lost this socket, so
    // the next socket joins again.
    if (status === 401 || (status >= 500 && (action ?? 'join-chat-room') === 'join-chat-room')) {
      link.close('transport close');
    }
  }
}

/** The fields of an `error` event. API Gateway's own error has only a message. */
interface Failure {
  status?: number;
  code?: string;
  action?: string;
  message?: string;
}

/** Returns a string that is equal for equal events. */
function contentOf(event: string, payload: object): string {
  const values = EVENTS[event as ServerEvent].map((name) => (payload as Frame)[name]);
  return JSON.stringify([event, ...values]);
}
