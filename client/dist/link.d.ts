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
export declare const TIMINGS: Timings;
/** A frame from the server. */
export type Frame = {
    [name: string]: unknown;
};
/** Callbacks of a link. */
export interface LinkHandlers {
    /** The server sent a frame. */
    frame(frame: Frame, link: Link): void;
    /** The link has ended. Called once. */
    end(reason: string, link: Link): void;
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
    /** Joins a room. Resolves once the server has accepted or refused the join, or the link has ended. */
    join(chatId: string): Promise<void>;
    /** Returns whether a join of this room awaits its answer. */
    isJoining(room: string): boolean;
    /** Ends the link. The last callback is `end` with this reason. */
    close(reason: string): void;
}
