import { Emitter } from './emitter.js';
import { ChatError } from './errors.js';
import type { HttpApi, SocketConstructor } from './http.js';
import { type Frame, Link, TIMINGS, type Timings } from './link.js';
import { type Action, EVENTS, type Parameters, type Payload, SEEN_AS, type ServerEvent } from './names.js';
import { Outbox } from './outbox.js';
import { Overlap } from './overlap.js';

/** The most bytes that a frame may have. */
export const MAX_FRAME = 32_000;

/** A socket that lived for so many milliseconds was no failed try. */
const STABLE = 5_000;

/** Who opens a socket, and as what they are introduced to friends. */
export interface SocketOptions {
  /** The signed-in user's id. */
  userId: string;
  /** Their name, 1-100 characters. */
  name: string;
  /** For tests. */
  timings?: Partial<Timings>;
}

/** What a socket tells, and what handlers are called with. */
export type SocketEvents = { [E in ServerEvent]: [payload: Payload<E>] } & {
  /** Frames go out from now on; rooms are asked for again. */
  connect: [];
  /** No longer. Reconnects by itself, unless `disconnect()` was called or `signedOut` follows. */
  disconnect: [reason: string];
  /** A try to connect failed; another one follows. */
  connect_error: [error: ChatError];
  /** An action cannot be done. */
  error: [error: ChatError];
  /** The session is over. The socket stays closed: sign in, then `connect()`. */
  signedOut: [error: ChatError];
};

/**
 * A socket that stays connected.
 *
 * It reconnects with exponential back-off and full jitter, joins its rooms again, and sends then what was said meanwhile. Before API
 * Gateway's two hours are over it moves to a new socket without a gap. A frame that was sent and not answered is not repeated: what
 * must not be lost is stored with `sendMessage`.
 */
export class ChatSocket extends Emitter<SocketEvents> {
  readonly #api: HttpApi;
  readonly #WebSocket: SocketConstructor;
  readonly #options: SocketOptions;
  readonly #timings: Timings;
  readonly #outbox: Outbox;
  readonly #rooms = new Set<string>();
  /** All sockets there are, also those that are only being opened or about to be closed. */
  readonly #links = new Set<Link>();
  /** The one that frames go out on. */
  #link: Link | undefined;
  #id: string | undefined;
  #overlap: Overlap;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempts = 0;
  /** What is begun under one number is dropped when it changed. 0 while disconnected on purpose. */
  #run = 0;
  #runs = 0;

  /** Use `createClient(…).socket(…)`. */
  constructor(api: HttpApi, WebSocket: SocketConstructor | undefined, options: SocketOptions) {
    super();
    if (!WebSocket) throw new ChatError(0, 'there is no WebSocket here: give createClient or io one');
    this.#api = api;
    this.#WebSocket = WebSocket;
    this.#options = options;
    this.#timings = { ...TIMINGS, ...options.timings };
    this.#overlap = new Overlap(this.#timings.settle);
    this.#outbox = new Outbox((link, { content }) => {
      // Our other socket, while there are two, is one of the others that are shown this.
      if (content) this.#overlap.isNew(link, content);
    });
  }

  /** Whether frames go out right now. */
  get connected(): boolean {
    return this.#link !== undefined;
  }

  /** A name for this connection, while there is one. The server calls it something else. */
  get id(): string | undefined {
    return this.#id;
  }

  /** Connects, and stays so. Does nothing if that was asked for already. */
  connect(): this {
    if (!this.#run) {
      this.#run = ++this.#runs;
      this.#attempts = 0;
      void this.#connect();
    }
    return this;
  }

  /** Disconnects, and forgets the rooms and what was not sent yet. */
  disconnect(): this {
    this.#stop('io client disconnect');
    return this;
  }

  /**
   * Sends a frame now, or once connected. It is not acknowledged: what cannot be done is told by an `error` event.
   *
   * Throws a `ChatError` when the frame is over 32,000 bytes (413), or when a thousand wait already.
   */
  send<A extends Action>(action: A, parameters: Parameters<A>): void {
    const chatId = (parameters as { chatId?: string }).chatId;
    const text = JSON.stringify({ action, ...parameters });
    if (new TextEncoder().encode(text).length > MAX_FRAME) {
      throw new ChatError(413, `the frame is over the limit of ${MAX_FRAME} bytes`, { action });
    }
    if (action === 'join-chat-room' && chatId) {
      this.#rooms.add(chatId);
      for (const link of this.#links) if (link.isOpen) void this.#join(link, chatId);
      return;
    }
    const event = SEEN_AS[action];
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
      // What arrived before has no copy on this socket.
      this.#overlap = new Overlap(this.#timings.settle);
      void this.#joinAll(link);
      this.#use(link);
      this.#renewLater();
      this.#id = Math.random().toString(36).slice(2);
      this.tell('connect');
    } catch (error) {
      this.#retry(run, error, () => this.#connect());
    }
  }

  /** Replaces an open socket. For a while both are in all rooms, and each event is told once. */
  async #renew(): Promise<void> {
    const run = this.#run;
    const old = this.#link;
    const retry = (error: unknown) => this.#retry(run, error, () => this.#renew());
    try {
      const link = await this.#open(run);
      if (!link) return;
      await this.#joinAll(link);
      // Meanwhile the old one may have ended, and this one taken its place.
      if (run !== this.#run || this.#link !== old) return;
      // One time span in which events arrive on both, and one for what is still on its way to the old one.
      this.#timer = setTimeout(() => {
        if (!link.isOpen) return retry(new ChatError(0, 'the socket closed'));
        this.#use(link);
        this.#timer = setTimeout(() => {
          old?.close('');
          this.#renewLater();
        }, this.#timings.settle);
      }, this.#timings.settle);
    } catch (error) {
      retry(error);
    }
  }

  /** Opens a socket. Gives none if that is not wanted any more. */
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
      // Browsers do not tell why. Tickets are given for as long as an access token is good; only a refresh tells that the session is over.
      await this.#api.refresh();
      throw new ChatError(0, 'the socket was refused', { cause });
    }
    if (run !== this.#run) return link.close(''), undefined;
    return link;
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

  #renewLater(): void {
    clearTimeout(this.#timer);
    // Not all at once: after a deployment, all clients connected at the same time.
    this.#timer = setTimeout(() => this.#renew(), this.#timings.renewal * (1 - Math.random() / 10));
  }

  #ended(reason: string, link: Link): void {
    this.#links.delete(link);
    if (link !== this.#link) return;
    const other = this.#run && [...this.#links].find((link) => link.isOpen);
    if (other) {
      this.#use(other);
      this.#renewLater();
      return;
    }
    this.#link = this.#id = undefined;
    this.#outbox.use(undefined);
    const run = (this.#run &&= ++this.#runs);
    for (const link of this.#links) link.close('');
    if (performance.now() - link.startedAt > STABLE) this.#attempts = 0;
    if (run) this.#wait(() => this.#connect());
    this.tell('disconnect', reason);
  }

  #retry(run: number, error: unknown, again: () => void): void {
    if (run !== this.#run) return;
    const reason = error instanceof ChatError ? error : new ChatError(0, String(error), { cause: error });
    if (reason.status === 401) {
      this.#stop('io server disconnect');
      this.tell('signedOut', reason);
    } else {
      this.#wait(again, reason.retryAfter);
      this.tell('connect_error', reason);
    }
  }

  /** Exponential back-off with full jitter: clients that lost their sockets together do not come back together. */
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
      if (this.#overlap.isNew(link, contentOf(event, payload))) this.tell(event as ServerEvent, payload as never);
      return;
    }
    // API Gateway's own frames, when a function fails, are a message without an event.
    const { status = 500, action, message } = payload as { status?: number; action?: string; message?: string };
    if (message === undefined) return;
    this.tell('error', new ChatError(status, message, { action }));
    // A join may have failed without its fault, or the server forgot this socket: the next one joins again.
    if (status === 401 || (status >= 500 && (action ?? 'join-chat-room') === 'join-chat-room')) link.close('transport close');
  }
}

/** What tells one event from another: its name and its parameters. */
function contentOf(event: string, payload: object): string {
  return JSON.stringify([event, ...EVENTS[event as ServerEvent].map((name) => (payload as Frame)[name])]);
}
