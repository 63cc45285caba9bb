/** An id: 24 hexadecimal digits. */
export type Id = string;
/** The field that all successful responses share. */
export interface Success {
    status: true;
}
/** A successful response without data. */
export interface Done extends Success {
    message: string;
}
/** A user as others see them. */
export interface Person {
    _id: Id;
    fullName: string;
    /** The URL of the photo, if any. */
    photoUrl: string | null;
}
/** The signed-in user. */
export interface User {
    _id: Id;
    email: string;
    fullName: string | null;
    photoUrl: string | null;
    isProfileComplete: boolean;
}
/** A stored message. `seq` numbers the entries of a chat: 1, 2, 3 … without gaps. */
export interface Message {
    _id: Id;
    sendBy: Id;
    /** RFC 3339, UTC. */
    sendTime: string;
    message: string;
    seq: number;
    /** The sender's own id for the message, if any. */
    clientId?: string;
    /** The `seq` of the message that this one replies to, if any. */
    replyTo?: number;
    /** The `seq` of the last change. Of two versions, the one with the larger `changedSeq` counts. */
    changedSeq?: number;
    /** Whether the message was deleted; its text is then empty. */
    deleted?: true;
    reactions?: Reaction[];
}
/** The members who chose the same reaction to a message, and the first three of them. */
export interface Reaction {
    emoji: string;
    count: number;
    users: Id[];
}
/** A message as an entry of a chat. */
export interface MessageEntry extends Message {
    kind: 'message';
    by: Id;
    at: string;
}
/** A change of an earlier message, with its present state unless the caller has it already. */
export interface ChangeEntry {
    kind: 'change';
    seq: number;
    by: Id;
    at: string;
    target: number;
    what: 'edited' | 'deleted' | 'reaction';
    message?: Message;
}
/** Something that happened to the chat itself. */
export interface SystemEntry {
    kind: 'system';
    seq: number;
    by: Id;
    at: string;
    what: 'created' | 'added' | 'left' | 'removed' | 'role';
    who: Id[];
}
/** An entry of a chat. */
export type Entry = MessageEntry | ChangeEntry | SystemEntry;
/** The watermarks of a member: everything up to them was delivered, or read. */
export interface Marks {
    userId: Id;
    delivered: number;
    read: number;
}
/** The settings of one chat for one member. */
export interface ChatSettings {
    muted: boolean;
    archived: boolean;
    pinned: boolean;
    /** The `seq` up to which entries are hidden, or 0. */
    clearedSeq: number;
}
/** Whether a user is online, and since when not, if that is known. */
export interface Presence {
    userId: Id;
    online: boolean;
    lastSeen?: string | undefined;
}
/** The input of `sync`. */
export interface SyncInput {
    /** The last `seq` that the caller holds of each chat: at most 500 chats. */
    chats?: Record<Id, number>;
    /** The `now` of the previous sync. */
    since?: string | undefined;
    /** The maximum number of entries per chat: 100 by default, at most 1,000. */
    limit?: number | undefined;
    /** The `next` of the previous page. */
    before?: string | undefined;
}
/** The answer of `sync`. */
export interface Synced extends Success {
    /** The `since` of the next sync. Of several pages, the first one counts. */
    now: string;
    chats: SyncedChat[];
    /** Named chats that are not, or no longer, the caller's. */
    gone: Id[];
    /** The `before` of the next page, if there is one. */
    next?: string;
}
/** A chat with something new. */
export interface SyncedChat {
    _id: Id;
    kind: 'direct' | 'group';
    friend?: Person;
    /** The entries from `from` on, in order and without a gap. */
    entries: Entry[];
    from: number;
    /** Whether more entries follow. */
    more: boolean;
    lastSeq: number;
    lastActivity: string;
    /** The number of unread messages; 100 means more than 99. */
    unread: number;
    marks: Marks[];
    settings?: ChatSettings;
}
/** A chat with a friend. `chats` is the last message, or `[]`. */
export interface Connection {
    _id: Id;
    friend: Person;
    chats: Message | [];
    /** The number of unread messages; 100 means more than 99. */
    unread: number;
    /** The friend has received, and read, the entries up to these `seq`s. */
    delivered: number;
    read: number;
    /** The time of the last message, or of the creation of the chat. */
    lastActivity: string;
}
/** A ticket, which opens one socket at `url` within `expiresIn` seconds. */
export interface Ticket extends Success {
    ticket: string;
    url: string;
    expiresIn: number;
}
