import { Emitter } from './emitter.js';
import { type ClientOptions } from './http.js';
import { type Action, type Arguments, type EventArguments, type Parameters, type ServerEvent } from './names.js';
import { ChatSocket, type SocketEvents, type SocketOptions } from './socket.js';
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
/** The events of an `IoSocket` and the arguments of their handlers. */
export type IoEvents = Omit<SocketEvents, ServerEvent> & {
    [E in ServerEvent]: EventArguments<E>;
};
/** A `ChatSocket` with the interface of a `socket.io-client` socket. */
export declare class IoSocket extends Emitter<IoEvents> {
    #private;
    /** Use `io` instead. */
    constructor(socket: ChatSocket);
    /** Whether the socket is connected or will reconnect. */
    get active(): boolean;
    get connected(): boolean;
    get id(): string | undefined;
    connect(): this;
    disconnect(): this;
    open(): this;
    close(): this;
    removeListener<Name extends keyof IoEvents>(event: Name, handler?: (...args: IoEvents[Name]) => unknown): this;
    removeAllListeners(event?: keyof IoEvents): this;
    /**
     * Sends an action. Its parameters are positional, as in `emit('chatsend', chatId, message)`, or
     * named in one object, as in `emit('chatsend', { chatId, message })`.
     *
     * Never throws: an action that cannot be sent causes an `error` event.
     */
    emit<A extends Action>(action: A, ...args: Arguments<A> | [Parameters<A>]): this;
}
/**
 * Opens a socket with the interface of `socket.io-client`.
 *
 * `url` is the URL of the HTTP API, where the user must be signed in. Handlers receive the fields
 * of an event as positional arguments.
 */
export declare function io(url: string, { query, autoConnect, timings, fetch, WebSocket, refresh }?: IoOptions): IoSocket;
