import { type ClientOptions, HttpApi } from './http.js';
import { ChatSocket, type SocketOptions } from './socket.js';
export { ChatError } from './errors.js';
export type * from './http.js';
export { io } from './io.js';
export type { IoEvents, IoOptions, IoSocket } from './io.js';
export type { Timings } from './link.js';
export { ACTIONS, EVENTS } from './names.js';
export type { Action, Arguments, EventArguments, Parameters, Payload, ServerEvent, } from './names.js';
export { MAX_FRAME } from './socket.js';
export type { ChatSocket, SocketEvents, SocketOptions } from './socket.js';
/** A client for the whole backend: one method per endpoint, and sockets. */
export declare class ChatClient extends HttpApi {
    #private;
    /** Use `createClient` instead. */
    constructor(options: ClientOptions);
    /** Opens a socket for the signed-in user. It stays connected until `disconnect()` is called. */
    socket(options: SocketOptions): ChatSocket;
}
/** Creates a client for the backend whose HTTP API is at `options.url`. */
export declare function createClient(options: ClientOptions): ChatClient;
