import { type ClientOptions, HttpApi } from './http.js';
import { Live, type LiveOptions } from './live.js';
import { ChatSocket, type SocketOptions } from './socket.js';
export type * from './contract.js';
export { ChatError } from './errors.js';
export type * from './http.js';
export { io } from './io.js';
export type { IoEvents, IoOptions, IoSocket } from './io.js';
export type { Timings } from './link.js';
export type { ChatSnapshot, ChatSummary } from './chat.js';
export type { ChatsSnapshot, Live, LiveEvents, LiveOptions, LiveTimings, LoadOptions, OpenChat, Readable, SendOptions, } from './live.js';
export type { ShownEntry } from './log.js';
export type { ChatStorage, NewMessage, PendingMessage } from './sends.js';
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
    /**
     * Keeps the signed-in user's chats up to date: the list, and the chats that are opened. It stays
     * connected until `close()` is called.
     */
    live(options: LiveOptions): Live;
}
/** Creates a client for the backend whose HTTP API is at `options.url`. */
export declare function createClient(options: ClientOptions): ChatClient;
