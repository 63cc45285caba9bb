import { type ChatSnapshot, type ChatSummary } from './chat.js';
import type { Id, MessageEntry } from './contract.js';
import { Emitter } from './emitter.js';
import type { CallOptions, HttpApi, SocketConstructor } from './http.js';
import { type Timings } from './link.js';
import { type ChatStorage } from './sends.js';
import { type SocketEvents } from './socket.js';
import { Store } from './store.js';
/** Timeouts and intervals in milliseconds, besides those of the socket. Tests shorten them. */
export interface LiveTimings extends Timings {
    /** The time in which a gap between two entries closes by itself. */
    gap: number;
    /** The interval between two receipts of a chat. */
    receipt: number;
    /** The interval between two frames that say that the user is typing. */
    typing: number;
    /** The time after which a closed chat's room is left, unless it is opened again. */
    leave: number;
}
/** The options of `live`. */
export interface LiveOptions {
    /** The id of the signed-in user. */
    userId: Id;
    /** The user's name as friends see it, 1-100 characters. */
    name: string;
    /** Keeps messages that are not stored yet when the page is closed, such as `localStorage`. */
    storage?: ChatStorage;
    /** The number of entries of each chat to start with: 10 by default. */
    limit?: number;
    /** Shorter timings, for tests. */
    timings?: Partial<LiveTimings>;
}
/** The list of chats. It is never modified: a change makes a new object. */
export interface ChatsSnapshot {
    /** Whether the first sync is complete. */
    readonly isReady: boolean;
    readonly isConnected: boolean;
    /** The most recently active one first. */
    readonly chats: readonly ChatSummary[];
}
/** The events of `Live` and the arguments of their handlers. */
export type LiveEvents = Omit<SocketEvents, keyof Reference> & {
    /** The first sync is complete. */
    ready: [];
    /** The user is not, or no longer, a member of a chat. */
    gone: [chatId: Id];
};
/** The events that a native socket does not receive, or that are of no use to it. */
type Reference = Record<'chatUpdate' | 'messageSent' | 'recieveUserResponse' | 'newFriend', never>;
/** A snapshot and its changes, in the form that React's `useSyncExternalStore` takes. */
export type Readable<Snapshot extends object> = Pick<Store<Snapshot>, 'subscribe' | 'getSnapshot'>;
/** The options of `loadOlder`. An aborted signal ends the waiting. */
export interface LoadOptions extends Pick<CallOptions, 'signal'> {
    /** The number of messages: 50 by default. */
    limit?: number;
}
/** A chat that is open: its history, its room, and what the user does there. */
export interface OpenChat extends Readable<ChatSnapshot> {
    readonly chatId: Id;
    /** Loads the page of messages before the first entry. */
    loadOlder(options?: LoadOptions): Promise<void>;
    /** See `Live.send`. */
    send(message: string, options?: SendOptions): Promise<MessageEntry>;
    /** See `Live.markRead`. */
    markRead(seq?: number): void;
    /** Tells the others that the user is typing. Call it on each keystroke. */
    typing(isTyping: boolean): void;
    /** Sends a failed message again. */
    retry(clientId: string): void;
    /** Forgets a failed message. */
    discard(clientId: string): void;
    /** Leaves the room, unless the chat is open elsewhere. */
    close(): void;
}
/** The options of `send`. */
export interface SendOptions extends Pick<CallOptions, 'signal'> {
    /** The `seq` of the message that this one replies to. */
    replyTo?: number;
}
/**
 * The user's chats, up to date.
 *
 * One socket receives everything that is stored in any chat. What is lost on the way is noticed by
 * its `seq`, and asked for. Entries are delivered in order and once.
 */
export declare class Live extends Emitter<LiveEvents> {
    #private;
    /** Use `createClient(…).live(…)` instead. */
    constructor(api: HttpApi, WebSocket: SocketConstructor | undefined, { userId, name, storage, limit, timings }: LiveOptions);
    /** Whether the socket is connected. If not, it reconnects, unless the session has ended. */
    get isConnected(): boolean;
    /** The list of chats. */
    chats(): Readable<ChatsSnapshot>;
    /**
     * Opens a chat: joins its room, for typing and presence, and loads its newest `limit` messages
     * unless they are there. A chat that is opened twice is joined once. Call `close()` at the end.
     */
    openChat(chatId: Id, { limit }?: {
        limit?: number;
    }): OpenChat;
    /**
     * Sends a message, across reconnects, after those that were sent to the chat before it. Resolves
     * with the entry once it is stored. Rejects if the server refuses, or after `close()`. An aborted
     * signal withdraws a message that was not sent yet; otherwise, it only ends the waiting.
     */
    send(chatId: Id, message: string, { replyTo, signal }?: SendOptions): Promise<MessageEntry>;
    /** Marks the entries of a chat as read: up to `seq`, or all that have arrived. */
    markRead(chatId: Id, seq?: number): void;
    /** Resolves once the first sync is complete. Rejects after `close()`, or if the session ends. */
    ready({ signal }?: Pick<CallOptions, 'signal'>): Promise<void>;
    /** Disconnects. Messages that are not stored yet stay in the storage, if there is one. */
    close(): void;
}
export {};
