import type { ChatSettings, Entry, Id, Marks, MessageEntry, Person, Presence, SyncedChat } from './contract.js';
import type { ChatError } from './errors.js';
import { Log, type ShownEntry } from './log.js';
import type { PendingMessage } from './sends.js';
import { Store } from './store.js';
/** A chat in the list of chats. It is never modified: a change makes a new object. */
export interface ChatSummary {
    readonly _id: Id;
    readonly kind: 'direct' | 'group';
    /** The other member of a direct chat. */
    readonly friend: Person | undefined;
    /** The last message. */
    readonly last: MessageEntry | undefined;
    readonly lastSeq: number;
    /** The time of the last message, or of the creation of the chat. */
    readonly lastActivity: string;
    /** The number of unread messages; 100 means more than 99. */
    readonly unread: number;
    readonly marks: readonly Marks[];
    readonly settings: ChatSettings;
    /** The presence of the friend, if the chat is open and the friend does not hide it. */
    readonly presence: Presence | undefined;
    /** The other members who are typing, if the chat is open. */
    readonly typing: readonly Id[];
}
/** An open chat. It is never modified: a change makes a new object. */
export interface ChatSnapshot extends ChatSummary {
    /** The entries so far, oldest first, changes folded into the messages that they change. */
    readonly entries: readonly ShownEntry[];
    /** The user's own messages that are not among the entries yet, oldest first. */
    readonly pending: readonly PendingMessage[];
    /** The `seq` up to which the user's messages were delivered to, or read by, all others. */
    readonly delivered: number;
    readonly read: number;
    /** Whether `loadOlder()` finds more. */
    readonly hasOlder: boolean;
    readonly isLoading: boolean;
    /** Whether the user is not, or no longer, a member. */
    readonly isGone: boolean;
    /** Why the room could not be joined, or the last page could not be loaded. */
    readonly error: ChatError | undefined;
}
/** The parts of a snapshot that neither the summary nor the log has. */
type Status = Pick<ChatSnapshot, 'isLoading' | 'isGone' | 'error'>;
/** A chat as this client knows it. */
export declare class Chat {
    #private;
    readonly log: Log;
    readonly store: Store<ChatSnapshot>;
    /** Whether the server has named the chat. Before, it is not in the list. */
    isListed: boolean;
    /** `pending` returns the user's messages that are not stored yet. */
    constructor(id: Id, me: Id, pending: () => readonly PendingMessage[], onChange: () => void);
    get id(): Id;
    get summary(): ChatSummary;
    get status(): Status;
    /** Whether there are entries that the log lacks. */
    get isBehind(): boolean;
    /** The user's own watermarks. */
    get ownMarks(): Marks;
    /** Changes the summary. */
    update(changes: Partial<ChatSummary>): void;
    /** Changes the rest of the snapshot. */
    show(changes: Partial<Status>): void;
    /** Moves the watermarks of a member forward. */
    mark(marks: Marks): void;
    /** Takes over a live entry. Returns the entries that follow the previous ones without a gap. */
    receive(entry: Entry): Entry[];
    /** Takes over what a sync has returned. Returns the entries that are new. */
    merge(synced: SyncedChat): Entry[];
    /** Takes over settings. */
    set(settings: ChatSettings): void;
    /** Hides or shows that a member is typing. */
    setTyping(userId: Id, isTyping: boolean): void;
}
export {};
