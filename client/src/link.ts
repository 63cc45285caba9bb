import { ChatError } from './errors.js';
import type { Socket } from './http.js';

/** Timeouts and intervals in milliseconds. The defaults fit API Gateway; tests shorten them. */
export interface Timings {
  /** Idle time before a ping. API Gateway closes a socket that is idle for ten minutes. */
  ping: number;
  /**
   * Time after which an unanswered join causes a ping, and in which the server must send anything
   * after a ping. A socket that exceeds it is closed.
   */
  probe: number;
  /** Time limit for a ticket, a handshake and a join. API Gateway gives up after 29 seconds. */
  answer: number;
  /** A timer that fires this much too late shows that the machine was asleep. */
  sleep: number;
  /** Age at which a socket is replaced, minus up to a tenth. API Gateway closes it at two hours. */
  renewal: number;
  /** Time within which an event on one of two open sockets also arrives on the other. */
  settle: number;
  /** The n-th reconnect, or repeat of a join, waits for a random time up to `backoff` × 2ⁿ … */
  backoff: number;
  /** … and at most this long. */
  maxBackoff: number;
}

export const TIMINGS: Timings = {
  ping: 9 * 60_000,
  probe: 5_000,
  answer: 30_000,
  sleep: 5_000,
  renewal: 110 * 60_000,
  settle: 1_500,
  backoff: 500,
  maxBackoff: 30_000,
};

/** Returns a random delay that grows with the attempts, so that clients spread out. */
export function backoff(timings: Timings, attempts: number): number {
  return Math.random() * Math.min(timings.maxBackoff, timings.backoff * 2 ** attempts);
}

/**
 * The action that serves as a ping, because browsers cannot send protocol pings. `$default` answers
 * unknown actions without a database query and without notifying anyone else. Its answer proves
 * that the socket works in both directions.
 */
const PING = 'ping';
const JOIN = 'join-chat-room';
const LEAVE = 'leave-chat-room';

/** A frame from the server. */
export type Frame = { [name: string]: unknown };

/** Callbacks of a link. */
export interface LinkHandlers {
  /** The server sent a frame. */
  frame(frame: Frame, link: Link): void;
  /** The server, or API Gateway, could not handle a frame. */
  error(error: ChatError, link: Link): void;
  /** The link has ended. Called once. */
  end(reason: string, link: Link): void;
  /** The link is idle, and needs a frame that is answered. By default, it sends a ping. */
  idle?: (() => void) | undefined;
}

/** A frame that the server is to answer. */
interface Request {
  timer: ReturnType<typeof setTimeout> | undefined;
  resolve: (answer: Frame) => void;
  reject: (error: ChatError) => void;
}

/** A join. It is repeated with the same `ackId`, so that an answer to any attempt counts. */
interface Join {
  ackId: number;
  attempts: number;
  timer?: ReturnType<typeof setTimeout> | undefined;
  /** Whether a repeat is scheduled. */
  isFailed: boolean;
  isJoined: boolean;
  done: Promise<void>;
  resolve: () => void;
}

/** One WebSocket, from its handshake to its end. */
export class Link {
  readonly startedAt = performance.now();
  /** Rejects if the handshake is refused or times out. */
  readonly opened: Promise<void>;
  readonly #socket: Socket;
  readonly #timings: Timings;
  readonly #handlers: LinkHandlers;
  readonly #joins = new Map<string, Join>();
  readonly #leaving = new Map<string, Promise<unknown>>();
  readonly #requests = new Map<unknown, Request>();
  #lastAckId = 0;
  #isProbing = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #end: (reason: string) => void = () => {};

  constructor(socket: Socket, timings: Timings, handlers: LinkHandlers) {
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
    socket.onmessage = ({ data }: { data: unknown }) => {
      // Whatever the server sends proves that the connection works.
      if (this.#isProbing) this.#schedulePing();
      const frame = parse(data);
      if (!frame) return;
      if (frame.ackId !== undefined && this.#answered(frame)) return;
      const answered = [...this.#joins].find(([, join]) => join.ackId === frame.ackId);
      if (frame.ackId !== undefined) this.#schedulePing();
      const error = errorFrom(frame, answered?.[0]);
      if (error) this.#failed(error, answered);
      else if (answered) this.#joined(answered[1]);
      if (frame.action === PING) return;
      if (error) handlers.error(error, this);
      // The answer to a join has what the event `presence` reports later.
      else if (answered && frame.presence) {
        handlers.frame({ event: 'presence', chatId: answered[0], ...frame.presence }, this);
      } else handlers.frame(frame, this);
    };
    socket.onclose = () => this.close('transport close');
    // The package `ws` throws errors that have no handler, even after the socket has closed. A
    // close event follows every error, so this handler does nothing.
    socket.onerror = () => {};
    this.#expect(timings.answer);
  }

  /** Whether frames can be sent. A closing socket accepts frames but drops them. */
  get isOpen(): boolean {
    return this.#socket.readyState === 1;
  }

  /** Sends a frame. */
  send(text: string): void {
    this.#socket.send(text);
  }

  /**
   * Sends a frame and resolves with its answer. Rejects with the server's error, and with the
   * status 0 if there is no answer within `limit` milliseconds, or the link ends. A frame that is
   * not answered soon makes the link check the connection.
   */
  request(frame: object, limit: number): Promise<Frame> {
    const ackId = ++this.#lastAckId;
    const { probe } = this.#timings;
    return new Promise((resolve, reject) => {
      const request: Request = { timer: undefined, resolve, reject };
      const expire = () => this.#settle(ackId, new ChatError(0, 'the server did not answer'));
      request.timer = setTimeout(() => {
        this.probe();
        request.timer = setTimeout(expire, Math.max(limit - probe, 0));
      }, probe);
      this.#requests.set(ackId, request);
      this.send(JSON.stringify({ ...frame, ackId }));
    });
  }

  /** Leaves a room. A join that follows waits until the server has handled it. */
  leave(room: string): void {
    const join = this.#joins.get(room);
    if (!join || !this.isOpen) return;
    clearTimeout(join.timer);
    join.resolve();
    this.#joins.delete(room);
    const done = this.request({ action: LEAVE, chatId: room }, this.#timings.answer)
      .catch(() => {})
      .finally(() => this.#leaving.delete(room));
    this.#leaving.set(room, done);
  }

  /**
   * Joins a room. Resolves once the server has accepted or refused, or the link has ended. A join
   * that fails, or that is not answered, is repeated by itself, with backoff.
   */
  join(room: string): Promise<void> {
    let join = this.#joins.get(room);
    if (!join) {
      let resolve = () => {};
      const done = new Promise<void>((resolved) => (resolve = resolved));
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
  isJoining(room: string): boolean {
    return this.#joins.get(room)?.isJoined === false;
  }

  /** Whether a join of this room has been accepted. */
  hasJoined(room: string): boolean {
    return this.#joins.get(room)?.isJoined === true;
  }

  /** Checks whether the connection still works, and ends the link if not. */
  probe(): void {
    if (this.#isProbing || !this.isOpen) return;
    this.#isProbing = true;
    this.send(JSON.stringify({ action: PING, ackId: ++this.#lastAckId }));
    this.#expect(this.#timings.probe);
  }

  /** Ends the link. The last callback is `end` with this reason. */
  close(reason: string): void {
    const end = this.#end;
    this.#end = () => {};
    clearTimeout(this.#timer);
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    for (const { timer, resolve } of this.#joins.values()) {
      clearTimeout(timer);
      resolve();
    }
    this.#joins.clear();
    for (const ackId of [...this.#requests.keys()]) {
      this.#settle(ackId, new ChatError(0, 'the socket closed'));
    }
    end(reason);
  }

  /** Settles the request that a frame answers, if any. */
  #answered(frame: Frame): boolean {
    if (!this.#requests.has(frame.ackId)) return false;
    this.#schedulePing();
    const error = errorFrom(frame, undefined);
    this.#settle(frame.ackId, error ?? frame);
    // The server does not know this connection: the socket has to connect again.
    if (error?.status === 401) this.#handlers.error(error, this);
    return true;
  }

  #settle(ackId: unknown, outcome: Frame | ChatError): void {
    const request = this.#requests.get(ackId);
    this.#requests.delete(ackId);
    clearTimeout(request?.timer);
    if (outcome instanceof ChatError) request?.reject(outcome);
    else request?.resolve(outcome);
  }

  #sendJoin(room: string, join: Join): void {
    const { probe, answer } = this.#timings;
    clearTimeout(join.timer);
    join.isFailed = false;
    join.timer = setTimeout(() => {
      this.probe();
      join.timer = setTimeout(() => this.#repeat(room, join), answer - probe);
    }, probe);
    if (this.isOpen) this.send(JSON.stringify({ action: JOIN, chatId: room, ackId: join.ackId }));
  }

  #repeat(room: string, join: Join): void {
    if (join.isFailed || join.isJoined) return;
    clearTimeout(join.timer);
    join.isFailed = true;
    const delay = backoff(this.#timings, join.attempts++);
    join.timer = setTimeout(() => this.#sendJoin(room, join), delay);
  }

  #joined(join: Join): void {
    clearTimeout(join.timer);
    join.isJoined = true;
    join.resolve();
  }

  #failed(error: ChatError, answered: [string, Join] | undefined): void {
    if (error.action && !answered) return;
    // API Gateway does not say which frame it could not handle: it may be any of the unanswered ones.
    if (!answered) {
      for (const [room, join] of this.#joins) this.#repeat(room, join);
      for (const ackId of [...this.#requests.keys()]) this.#settle(ackId, error);
    } else if (error.status === 429 || error.status >= 500) this.#repeat(...answered);
    else {
      this.#joined(answered[1]);
      this.#joins.delete(answered[0]);
    }
  }

  #schedulePing(): void {
    this.#isProbing = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const { idle } = this.#handlers;
      if (!idle) return this.probe();
      this.#schedulePing();
      idle();
    }, this.#timings.ping);
  }

  #expect(limit: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close('ping timeout'), limit);
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

/** The fields of an `error` event. An error of API Gateway has neither event nor status. */
interface Failure {
  event?: unknown;
  status?: number;
  code?: string;
  action?: string;
  message?: unknown;
}

/** Returns the error that a frame reports, if any. `chatId` is the room of the failed join. */
function errorFrom(frame: Frame, chatId: string | undefined): ChatError | undefined {
  const { event, status, code, action, message } = frame as Failure;
  if ((event !== undefined && event !== 'error') || typeof message !== 'string') return undefined;
  return new ChatError(status ?? gatewayStatus(message), message, { code, action, chatId });
}

/** Returns the status that an HTTP API has for the same error of API Gateway. */
function gatewayStatus(message: string): number {
  if (/too many|limit exceeded/i.test(message)) return 429;
  return /timed out/i.test(message) ? 504 : 500;
}
