import type { Socket } from './http.js';
/** How long things take, in milliseconds. The defaults fit API Gateway; tests shorten them. */
export interface Timings {
    /** So long after the handshake and after each answer a ping goes out; API Gateway cuts a socket that is idle for ten minutes. */
    ping: number;
    /** A handshake or a ping that is not answered within this time is given up. */
    answer: number;
    /** A socket is replaced at this age or up to a tenth earlier, before API Gateway cuts it at two hours. */
    renewal: number;
    /**
     * After this time a join, which is not acknowledged, is taken as done, and an event that reached one of two sockets as having
     * reached the other one.
     */
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
/** When frames to a room may be sent: the first may try `from` then on, and `sure`ly all. */
export interface Room {
    from: number;
    sure: number;
}
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
    /** The rooms that this socket asked to join. */
    readonly rooms: Map<string, Room>;
    readonly startedAt: number;
    /** Is rejected when the handshake is refused or takes too long. */
    readonly opened: Promise<void>;
    constructor(socket: Socket, timings: Timings, handlers: LinkHandlers);
    /** Whether frames can be sent: a socket that is being closed takes them and drops them. */
    get isOpen(): boolean;
    /** Sends a frame. */
    send(text: string): void;
    /** Asks for the events of a room. */
    join(chatId: string): void;
    /** Asks again, after a frame came too early; nothing is sent to the room before `from`. */
    joinAgain(chatId: string, from: number): void;
    /** Ends it; nothing is told after that but the end, with this reason. */
    close(reason: string): void;
}
