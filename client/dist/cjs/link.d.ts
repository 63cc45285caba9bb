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
export declare const TIMINGS: Timings;
/** Returns a random delay that grows with the attempts, so that clients spread out. */
export declare function backoff(timings: Timings, attempts: number): number;
/** A frame from the server. */
export type Frame = {
    [name: string]: unknown;
};
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
/** One WebSocket, from its handshake to its end. */
export declare class Link {
    #private;
    readonly startedAt: number;
    /** Rejects if the handshake is refused or times out. */
    readonly opened: Promise<void>;
    constructor(socket: Socket, timings: Timings, handlers: LinkHandlers);
    /** Whether frames can be sent. A closing socket accepts frames but drops them. */
    get isOpen(): boolean;
    /** Sends a frame. */
    send(text: string): void;
    /**
     * Sends a frame and resolves with its answer. Rejects with the server's error, and with the
     * status 0 if there is no answer within `limit` milliseconds, or the link ends. A frame that is
     * not answered soon makes the link check the connection.
     */
    request(frame: object, limit: number): Promise<Frame>;
    /** Leaves a room. A join that follows waits until the server has handled it. */
    leave(room: string): void;
    /**
     * Joins a room. Resolves once the server has accepted or refused, or the link has ended. A join
     * that fails, or that is not answered, is repeated by itself, with backoff.
     */
    join(room: string): Promise<void>;
    /** Whether a join of this room has not been accepted or refused yet. */
    isJoining(room: string): boolean;
    /** Whether a join of this room has been accepted. */
    hasJoined(room: string): boolean;
    /** Checks whether the connection still works, and ends the link if not. */
    probe(): void;
    /** Ends the link. The last callback is `end` with this reason. */
    close(reason: string): void;
}
