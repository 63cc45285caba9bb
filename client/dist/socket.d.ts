import { Emitter } from './emitter.js';
import { ChatError } from './errors.js';
import type { HttpApi, SocketConstructor } from './http.js';
import { type Timings } from './link.js';
import { type Action, type Parameters, type Payload, type ServerEvent } from './names.js';
/** The most bytes that a frame may have. */
export declare const MAX_FRAME = 32000;
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
export type SocketEvents = {
    [E in ServerEvent]: [payload: Payload<E>];
} & {
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
export declare class ChatSocket extends Emitter<SocketEvents> {
    #private;
    /** Use `createClient(…).socket(…)`. */
    constructor(api: HttpApi, WebSocket: SocketConstructor | undefined, options: SocketOptions);
    /** Whether frames go out right now. */
    get connected(): boolean;
    /** A name for this connection, while there is one. The server calls it something else. */
    get id(): string | undefined;
    /** Connects, and stays so. Does nothing if that was asked for already. */
    connect(): this;
    /** Disconnects, and forgets the rooms and what was not sent yet. */
    disconnect(): this;
    /**
     * Sends a frame now, or once connected. It is not acknowledged: what cannot be done is told by an `error` event.
     *
     * Throws a `ChatError` when the frame is over 32,000 bytes (413), or when a thousand wait already.
     */
    send<A extends Action>(action: A, parameters: Parameters<A>): void;
}
