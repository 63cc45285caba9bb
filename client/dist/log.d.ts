import type { Entry, Message, MessageEntry, SystemEntry } from './contract.js';
/** An entry with a content of its own. A change is folded into the message that it changes. */
export type ShownEntry = MessageEntry | SystemEntry;
/**
 * The entries of a chat that a client holds: a run without a gap.
 *
 * Entries may arrive in any order and more than once. They leave in order and once.
 */
export declare class Log {
    #private;
    get from(): number;
    get last(): number | undefined;
    /** Whether entries wait for an earlier one. */
    get hasGap(): boolean;
    /** The messages and system entries of the run. */
    get entries(): readonly ShownEntry[];
    /** Adds an entry. Returns the entries that follow the previous ones without a gap. */
    add(entry: Entry): Entry[];
    /**
     * Adds the entries of a sync, which begin with `from`. If they do not follow the run, they start
     * a new one. Returns the entries that are new.
     */
    merge(from: number, entries: Entry[]): Entry[];
    /** Adds older messages. The run begins with `from` then. */
    prepend(from: number, messages: Message[]): void;
    /** Forgets all but the newest `count` entries. */
    trim(count: number): void;
}
/** Returns a message as an entry. */
export declare function entryOf(message: Message): MessageEntry;
