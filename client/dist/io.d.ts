import { Emitter } from './emitter.js';
import { type ClientOptions } from './http.js';
import { ChatSocket, type SocketOptions } from './socket.js';
/** The options of `io`. Other options of `socket.io-client` are accepted and ignored. */
export interface IoOptions extends Omit<ClientOptions, 'url'> {
    /** `userId` and `name`, as an object or a query string. */
    query: {
        userId: string;
        name: string;
    } | Record<string, string> | string;
    /** `false` to connect only when `connect()` is called. */
    autoConnect?: boolean;
    timings?: SocketOptions['timings'];
    [other: string]: unknown;
}
/** A `ChatSocket` with the interface of a `socket.io-client` socket. */
export declare class IoSocket extends Emitter<Record<string, any[]>> {
    #private;
    /** Use `io` instead. */
    constructor(socket: ChatSocket);
    get connected(): boolean;
    get id(): string | undefined;
    connect(): this;
    disconnect(): this;
    /**
     * Sends an action. Its parameters are positional, as in `emit('chatsend', chatId, message)`, or
     * named in one object, as in `emit('chatsend', { chatId, message })`.
     *
     * Never throws: an action that cannot be sent causes an `error` event.
     */
    emit(action: string, ...args: any[]): this;
}
/**
 * Opens a socket with the interface of `socket.io-client`.
 *
 * `url` is the URL of the HTTP API, where the user must be signed in. Handlers receive the fields
 * of an event as positional arguments.
 */
export declare function io(url: string, { query, autoConnect, timings, fetch, WebSocket }: IoOptions): IoSocket;
