import type { Socket } from './http.js';

/** Timeouts and intervals in milliseconds. The defaults fit API Gateway; tests shorten them. */
export interface Timings {
  /** Idle time before a ping. API Gateway closes a socket that is idle for ten minutes. */
  ping: number;
  /** Time limit for the answer to a handshake, ping or join. A socket that exceeds it is closed. */
  answer: number;
  /** Age at which a socket is replaced, minus up to a tenth. API Gateway closes it at two hours. */
  renewal: number;
  /** Time within which an event on one of two open sockets also arrives on the other. */
  settle: number;
  /** The n-th reconnect waits for a random time up to `backoff` × 2ⁿ … */
  backoff: number;
  /** … and at most this long. */
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
 * The action that serves as a ping, because browsers cannot send protocol pings. `$default` answers
 * unknown actions without a database query and without notifying anyone else. Its answer proves
 * that the socket works in both directions.
 */
const PING = 'ping';

/** A frame from the server. */
export type Frame = { [name: string]: unknown };

/** Callbacks of a link. */
export interface LinkHandlers {
  /** The server sent a frame. */
  frame(frame: Frame, link: Link): void;
  /** The link has ended. Called once. */
  end(reason: string, link: Link): void;
}

/** One WebSocket, from its handshake to its end. */
export class Link {
  readonly startedAt = performance.now();
  /** Rejects if the handshake is refused or times out. */
  readonly opened: Promise<void>;
  readonly #socket: Socket;
  readonly #timings: Timings;
  /** The frames that await an answer, by `ackId`. */
  readonly #pending = new Map<unknown, { room: string | undefined; done: () => void }>();
  #lastAckId = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #end: (reason: string) => void = () => {};

  constructor(socket: Socket, timings: Timings, handlers: LinkHandlers) {
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
    socket.onmessage = ({ data }: { data: unknown }) => {
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
    socket.onclose = () => this.close('transport close');
    // The package `ws` throws errors that have no handler, even after the socket has closed. A
    // close event follows every error, so this handler does nothing.
    socket.onerror = () => {};
    this.#expectAnswer();
  }

  /** Whether frames can be sent. A closing socket accepts frames but drops them. */
  get isOpen(): boolean {
    return this.#socket.readyState === 1;
  }

  /** Sends a frame. */
  send(text: string): void {
    this.#socket.send(text);
  }

  /** Joins a room. Resolves once the server has accepted or refused the join, or the link has ended. */
  join(chatId: string): Promise<void> {
    return this.#request('join-chat-room', chatId);
  }

  /** Returns whether a join of this room awaits its answer. */
  isJoining(room: string): boolean {
    return [...this.#pending.values()].some((pending) => pending.room === room);
  }

  /** Ends the link. The last callback is `end` with this reason. */
  close(reason: string): void {
    const end = this.#end;
    this.#end = () => {};
    clearTimeout(this.#timer);
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    for (const { done } of this.#pending.values()) done();
    this.#pending.clear();
    end(reason);
  }

  #request(action: string, chatId?: string): Promise<void> {
    return new Promise((done) => {
      const ackId = ++this.#lastAckId;
      this.#pending.set(ackId, { room: chatId, done });
      if (this.#pending.size === 1) this.#expectAnswer();
      this.send(JSON.stringify({ action, chatId, ackId }));
    });
  }

  #schedulePing(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#request(PING), this.#timings.ping);
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
    // Not a frame of this backend.
    return undefined;
  }
}
