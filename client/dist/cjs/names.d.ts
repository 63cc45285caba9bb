import type { ChatSettings, Entry, Id, Person } from './contract.js';
/** The actions that a client sends. */
export declare const ACTIONS: {
    readonly 'join-chat-room': readonly ["chatId"];
    readonly addFriend: readonly ["id", "userName", "friendName"];
    readonly sendActiveResponse: readonly ["chatId"];
    readonly chatsend: readonly ["chatId", "message"];
    readonly messageRecieved: readonly ["chatId", "message"];
    readonly 'leave-chat-room': readonly ["chatId"];
    readonly typing: readonly ["chatId", "typing"];
    readonly sendMessage: readonly ["chatId", "message", "clientId", "replyTo"];
    readonly receipt: readonly ["chatId", "delivered", "read"];
    readonly sync: readonly ["chats", "since", "limit", "before"];
};
/** The events that the server sends, except `error`. */
export declare const EVENTS: {
    readonly newFriend: readonly ["id", "userName", "friendName"];
    readonly recieveUserResponse: readonly ["chatId"];
    readonly chatUpdate: readonly ["chatId", "message"];
    readonly messageSent: readonly ["chatId", "message"];
    readonly entry: readonly ["chatId", "entry"];
    readonly receipt: readonly ["chatId", "userId", "delivered", "read"];
    readonly typing: readonly ["chatId", "userId", "typing"];
    readonly presence: readonly ["chatId", "userId", "online", "lastSeen"];
    readonly newChat: readonly ["chatId", "friend"];
    readonly chatSettings: readonly ["chatId", "settings"];
};
/** The events that the other sockets in a room receive for an action. */
export declare const RELAYED_AS: {
    readonly [action: string]: string | undefined;
};
/**
 * Actions that say what is true at this moment. They are sent at once or not at all, since they are
 * false later.
 */
export declare const EPHEMERAL: readonly string[];
/** The values of the parameters and fields that are not strings. */
interface Values {
    chats: Record<Id, number>;
    limit: number;
    replyTo: number;
    delivered: number;
    read: number;
    typing: boolean;
    online: boolean;
    lastSeen: string | undefined;
    entry: Entry;
    friend: Person;
    settings: ChatSettings;
}
type Value<Name> = Name extends keyof Values ? Values[Name] : string;
/** The parameters that may be omitted. */
type Optional = 'chats' | 'since' | 'limit' | 'before' | 'replyTo' | 'delivered' | 'read';
/** The name of an action. */
export type Action = keyof typeof ACTIONS;
/** The name of a server event. */
export type ServerEvent = keyof typeof EVENTS;
/** The parameters of an action, by name. */
export type Parameters<A extends Action> = {
    [Name in Exclude<(typeof ACTIONS)[A][number], Optional>]: Value<Name>;
} & {
    [Name in (typeof ACTIONS)[A][number] & Optional]?: Value<Name> | undefined;
};
/** The fields of a server event, by name. */
export type Payload<E extends ServerEvent> = {
    [Name in (typeof EVENTS)[E][number]]: Value<Name>;
};
/** The parameters of an action, by position. */
export type Arguments<A extends Action> = Positional<(typeof ACTIONS)[A]>;
/** The fields of a server event, by position. */
export type EventArguments<E extends ServerEvent> = Positional<(typeof EVENTS)[E]>;
type Positional<Names extends readonly string[]> = {
    -readonly [Index in keyof Names]: Value<Names[Index]>;
};
export {};
