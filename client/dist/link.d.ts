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
export declare const TIMINGS: Timings;
/** A server's frame. */
export type Frame = {
    [name: string]: unknown;
};
/** What a link tells. */
export interface LinkHandlers {
    /** The server sent something. */
    frame(frame: Frame, link: Link): void;
    /** The link is over. Called once. */
    end(reason: string, link: Link): void;
}
/** One WebSocket from its handshake to its end. */
export declare class Link {
    #private;
    readonly startedAt: number;
    /** Is rejected when the handshake is refused or takes too long. */
    readonly opened: Promise<void>;
    constructor(socket: Socket, timings: Timings, handlers: LinkHandlers);
    /** Whether frames can be sent: a socket that is being closed takes them and drops them. */
    get isOpen(): boolean;
    /** Sends a frame. */
    send(text: string): void;
    /** Asks for the events of a room. Resolves when that is answered, whether it is done or refused, or when the link is over. */
    join(chatId: string): Promise<void>;
    /** Whether a join of this room is not answered yet. */
    isJoining(room: string): boolean;
    /** Ends it; nothing is told after that but the end, with this reason. */
    close(reason: string): void;
}
