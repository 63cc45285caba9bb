import { Emitter } from './emitter.js';
import { ChatError } from './errors.js';
import type { CallOptions, HttpApi, SocketConstructor } from './http.js';
import { type Frame, type Timings } from './link.js';
import { type Action, type Parameters, type Payload, type ServerEvent } from './names.js';
/** The maximum size of a frame in bytes. */
export declare const MAX_FRAME = 32000;
/** The options of a socket. */
export interface SocketOptions {
    /** The id of the signed-in user. */
    userId: string;
    /** The user's name as friends see it, 1-100 characters. */
    name: string;
    /** Shorter timings, for tests. */
    timings?: Partial<Timings>;
}
/** The options of a native socket, which receives `entry` instead of `chatUpdate`. */
export interface NativeOptions {
    /** Called when the socket is idle, to send a frame that is answered. */
    idle: () => void;
}
/** The events of a socket and the arguments of their handlers. */
export type SocketEvents = {
    [E in ServerEvent]: [payload: Payload<E>];
} & {
    /** Frames are sent from now on. The rooms are being joined again. */
    connect: [];
    /** The socket reconnects, unless `disconnect()` was called or `signedOut` follows. */
    disconnect: [reason: string];
    /** An attempt to connect failed. Another one follows. */
    connect_error: [error: ChatError];
    /** An action failed. */
    error: [error: ChatError];
    /**
     * The session has ended (401), or someone else has signed in (403, `notTheCaller`). The socket
     * stays closed: sign in, then call `connect()`.
     */
    signedOut: [error: ChatError];
};
/**
 * A socket that stays connected.
 *
 * It notices a dead network, reconnects with exponential backoff and full jitter, joins its rooms
 * again, and sends the frames that waited. API Gateway closes a WebSocket after two hours; before
 * that, the socket moves to a new one without a gap. Frames are not resent: use `sendMessage` for
 * messages that must not be lost.
 */
export declare class ChatSocket extends Emitter<SocketEvents> {
    #private;
    /** Use `createClient(…).socket(…)` instead. */
    constructor(api: HttpApi, WebSocket: SocketConstructor | undefined, options: SocketOptions, native?: NativeOptions);
    /** Whether the socket is connected. */
    get connected(): boolean;
    /** Whether the socket is connected or tries to be. */
    get active(): boolean;
    /** A random id while connected. The server does not know it. */
    get id(): string | undefined;
    /** Connects and stays connected. Does nothing if it was already called. */
    connect(): this;
    /** Disconnects and discards the rooms and the waiting frames. */
    disconnect(): this;
    /**
     * Resolves once the socket is connected. Rejects if `disconnect()` is called or the session has
     * ended, and with the signal's reason if it is aborted.
     */
    ready({ signal }?: Pick<CallOptions, 'signal'>): Promise<void>;
    /**
     * Joins the room of a chat, and again after each reconnect. Resolves once this socket receives
     * the room's events. Rejects if the server refuses, or for the reasons of `ready`; an aborted
     * signal ends the waiting, not the join.
     */
    join(chatId: string, { signal }?: Pick<CallOptions, 'signal'>): Promise<void>;
    /**
     * Sends a frame, now or once connected. It is not acknowledged; a failure results in an `error`
     * event. `sendActiveResponse` is sent now or not at all.
     *
     * Throws a `ChatError` if the frame exceeds 32,000 bytes (413) or a thousand frames are waiting.
     */
    send<A extends Action>(action: A, parameters: Parameters<A>): void;
    /** Leaves the room of a chat. Nothing is sent if the socket has not joined it. */
    leave(chatId: string): void;
    /**
     * Sends a frame now and resolves with its answer. Rejects with the server's error, and with the
     * status 0 if there is no answer within `limit` milliseconds or the socket is not connected.
     */
    request<A extends Action>(action: A, parameters: Parameters<A>, limit?: number): Promise<Frame>;
}
