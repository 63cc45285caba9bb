import { type ClientOptions } from './http.js';
import { Emitter } from './emitter.js';
import { ChatSocket, type SocketOptions } from './socket.js';
/** What `io` takes. Other options of `socket.io-client` may be given and mean nothing here. */
export interface IoOptions extends Omit<ClientOptions, 'url'> {
    /** `userId` and `name`, as an object or as the text of a query. */
    query: {
        userId: string;
        name: string;
    } | Record<string, string> | string;
    /** `false` to call `connect()` oneself. */
    autoConnect?: boolean;
    timings?: SocketOptions['timings'];
    [other: string]: unknown;
}
/** A `ChatSocket` in the shape of `socket.io-client`'s socket. */
export declare class IoSocket extends Emitter<Record<string, any[]>> {
    #private;
    /** Use `io`. */
    constructor(socket: ChatSocket);
    get connected(): boolean;
    get id(): string | undefined;
    connect(): this;
    disconnect(): this;
    /**
     * Sends an action with its parameters in the order of the contract, as in `emit('chatsend', chatId, message)`, or by name in one
     * object, as in `emit('chatsend', { chatId, message })`. Never throws: what cannot be sent is told by an `error` event.
     */
    emit(action: string, ...args: any[]): this;
}
/**
 * Opens a socket in the way of `socket.io-client`.
 *
 * `url` is the HTTP API's; the user has to be signed in there. Handlers get an event's parameters as positional arguments.
 */
export declare function io(url: string, { query, autoConnect, timings, fetch, WebSocket }: IoOptions): IoSocket;
