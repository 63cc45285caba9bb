import type { Id, SyncedChat, Synced, SyncInput } from './contract.js';
/** The chats that a sync names: all, those that matter now, or only those that need it. */
export type Scope = 'all' | 'recent' | undefined;
/** The client that catches up. */
interface Host {
    isConnected(): boolean;
    /** Returns the last `seq` that the client holds of the chats to name. */
    held(scope: Scope, needed: readonly Id[]): Record<Id, number>;
    sync(input: SyncInput): Promise<Synced>;
    /** Takes over what is new in a chat. Returns whether the chat needs another sync. */
    apply(chat: SyncedChat, isNamed: boolean): boolean;
    remove(chatIds: readonly Id[]): void;
    /** Called after each sync that succeeded. */
    caughtUp(): void;
    backoff(attempts: number): number;
}
/** Asks for what was missed, page by page, one request at a time. */
export declare class CatchUp {
    #private;
    constructor(host: Host, limit: number);
    /** Syncs, after a connection has opened. */
    all(): void;
    /** Syncs while nothing else happens, instead of a ping. */
    recent(): void;
    /** Syncs a chat whose entries have a gap, or that the client does not know yet. */
    need(chatId: Id): void;
    /** Ends the wait for the next attempt. */
    stop(): void;
}
export {};
