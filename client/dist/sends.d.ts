import type { Id, MessageEntry } from './contract.js';
import { ChatError } from './errors.js';
/** A place that outlives the page, such as `localStorage`. */
export interface ChatStorage {
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
    removeItem(key: string): void;
}
/** A message to store. */
export interface NewMessage {
    chatId: Id;
    message: string;
    clientId: string;
    replyTo?: number | undefined;
}
/** A message of the user's that is not among the entries yet. */
export interface PendingMessage extends NewMessage {
    /** The time at which it was sent, as this device sees it. */
    at: string;
    /** `stored` until the entries before it have arrived, `failed` if the server refused it. */
    state: 'sending' | 'stored' | 'failed';
    error?: ChatError;
}
/** The connection that messages are sent over. */
interface Connection {
    isConnected(): boolean;
    /** Stores a message. The entry must also be passed to `stored`. */
    sendMessage(message: NewMessage): Promise<unknown>;
    /** The pending messages of a chat have changed. */
    pendingChanged(chatId: Id): void;
    /** Returns the delay in milliseconds before the next attempt. */
    backoff(attempts: number): number;
}
/**
 * Sends messages until the server has stored or refused them, whatever happens to the connection.
 *
 * A message is repeated with the same `clientId`, by which the server knows it. The messages of a
 * chat are sent one after the other, because API Gateway handles frames concurrently.
 */
export declare class Sends {
    #private;
    /** Takes up the messages that are left in the storage. */
    constructor(connection: Connection, userId: Id, storage?: ChatStorage);
    /** Returns the messages of a chat that are not among its entries yet, oldest first. */
    pending(chatId: Id): readonly PendingMessage[];
    /**
     * Sends a message. Resolves with the stored entry, and rejects if the server refuses. An aborted
     * signal withdraws a message that was never sent; otherwise, it ends only the waiting.
     */
    send(message: Omit<NewMessage, 'clientId'>, signal?: AbortSignal): Promise<MessageEntry>;
    /** Sends a failed message again, under the same `clientId`. */
    retry(chatId: Id, clientId: string): void;
    /** Forgets a failed message. */
    discard(chatId: Id, clientId: string): void;
    /** Notes that the server has stored a message of the user's. */
    stored(chatId: Id, entry: MessageEntry): void;
    /** Removes the stored messages up to `seq`, which are among the entries now. */
    shown(chatId: Id, seq: number): void;
    /** Goes on after a reconnect. */
    resume(): void;
    /** Sends nothing more. What waits stays in the storage. */
    stop(error: unknown): void;
}
export {};
