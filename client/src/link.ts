import type { Socket } from './http.js';

/** How long things take, in milliseconds. The defaults fit API Gateway; tests shorten them. */
export interface Timings {
  /** So long after the handshake and after each answer a ping goes out; API Gateway cuts a socket that is idle for ten minutes. */
  ping: number;
  /** A socket whose handshake, ping or join is not answered within this time is given up. */
  answer: number;
  /** A socket is replaced at this age or up to a tenth earlier, before API Gateway cuts it at two hours. */
  renewal: number;
  /** After this time an event that reached one of two sockets is taken as having reached the other one. */
  settle: number;
  /** The n-th reconnect waits a random time up to `backoff` × 2ⁿ … */
  backoff: number;
  /** … but no longer than this. */
  maxBackoff: number;
}

export const TIMINGS: Timings = {
  ping: 9 * 60_000,
  answer: 30_000,
  renewal: 110 * 60_000,
  settle: 1_500,
  backoff: 500,
  maxBackoff: 30_000,
};

/**
 * A browser can send no protocol pings, so a frame does it. `$default` answers an action that does not exist, which is no invocation
 * with a database, reaches nobody else, and proves that the socket lives in both directions.
 */
const PING = 'ping';

/** A server's frame. */
export type Frame = { [name: string]: unknown };

/** What a link tells. */
export interface LinkHandlers {
  /** The server sent something. */
  frame(frame: Frame, link: Link): void;
  /** The link is over. Called once. */
  end(reason: string, link: Link): void;
}

/** One WebSocket from its handshake to its end. */
export class Link {
  readonly startedAt = performance.now();
  /** Is rejected when the handshake is refused or takes too long. */
  readonly opened: Promise<void>;
  readonly #socket: Socket;
  readonly #timings: Timings;
  /** The frames that are not answered yet, by their numbers. */
  readonly #asked = new Map<unknown, { room: string | undefined; done: () => void }>();
  #lastNumber = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #end: (reason: string) => void = () => {};

  constructor(socket: Socket, timings: Timings, handlers: LinkHandlers) {
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
    socket.onmessage = ({ data }: { data: unknown }) => {
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
    socket.onclose = () => this.close('transport close');
    // `ws` takes an error that nobody listens for as uncaught, even after the end. A close event follows it.
    socket.onerror = () => {};
    this.#expectAnswer();
  }

  /** Whether frames can be sent: a socket that is being closed takes them and drops them. */
  get isOpen(): boolean {
    return this.#socket.readyState === 1;
  }

  /** Sends a frame. */
  send(text: string): void {
    this.#socket.send(text);
  }

  /** Asks for the events of a room. Resolves when that is answered, whether it is done or refused, or when the link is over. */
  join(chatId: string): Promise<void> {
    return this.#ask('join-chat-room', chatId);
  }

  /** Whether a join of this room is not answered yet. */
  isJoining(room: string): boolean {
    return [...this.#asked.values()].some((asked) => asked.room === room);
  }

  /** Ends it; nothing is told after that but the end, with this reason. */
  close(reason: string): void {
    const end = this.#end;
    this.#end = () => {};
    clearTimeout(this.#timer);
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    for (const { done } of this.#asked.values()) done();
    this.#asked.clear();
    end(reason);
  }

  #ask(action: string, chatId?: string): Promise<void> {
    return new Promise((done) => {
      const ackId = ++this.#lastNumber;
      this.#asked.set(ackId, { room: chatId, done });
      if (this.#asked.size === 1) this.#expectAnswer();
      this.send(JSON.stringify({ action, chatId, ackId }));
    });
  }

  #pingLater(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(PING), this.#timings.ping);
  }

  #expectAnswer(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close('ping timeout'), this.#timings.answer);
  }
}

function parse(data: unknown): Frame | undefined {
  try {
    const value = JSON.parse(String(data));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    // Not from this backend.
    return undefined;
  }
}
