/*
 * The names of the WebSocket API, including misspellings: every action and event with its
 * parameters, in the order of the positional arguments of `io`. The rest of this package derives
 * its names from these lists.
 */

import type { ChatSettings, Entry, Id, Person } from './contract.js';

/** The actions that a client sends. */
export const ACTIONS = {
  'join-chat-room': ['chatId'],
  addFriend: ['id', 'userName', 'friendName'],
  sendActiveResponse: ['chatId'],
  chatsend: ['chatId', 'message'],
  messageRecieved: ['chatId', 'message'],
  'leave-chat-room': ['chatId'],
  typing: ['chatId', 'typing'],
  sendMessage: ['chatId', 'message', 'clientId', 'replyTo'],
  receipt: ['chatId', 'delivered', 'read'],
  sync: ['chats', 'since', 'limit', 'before'],
} as const;

/** The events that the server sends, except `error`. */
export const EVENTS = {
  newFriend: ['id', 'userName', 'friendName'],
  recieveUserResponse: ['chatId'],
  chatUpdate: ['chatId', 'message'],
  messageSent: ['chatId', 'message'],
  entry: ['chatId', 'entry'],
  receipt: ['chatId', 'userId', 'delivered', 'read'],
  typing: ['chatId', 'userId', 'typing'],
  presence: ['chatId', 'userId', 'online', 'lastSeen'],
  newChat: ['chatId', 'friend'],
  chatSettings: ['chatId', 'settings'],
} as const;

/** The events that the other sockets in a room receive for an action. */
export const RELAYED_AS: { readonly [action: string]: string | undefined } = {
  sendActiveResponse: 'recieveUserResponse',
  chatsend: 'chatUpdate',
  messageRecieved: 'messageSent',
  typing: 'typing',
};

/**
 * Actions that say what is true at this moment. They are sent at once or not at all, since they are
 * false later.
 */
export const EPHEMERAL: readonly string[] = ['sendActiveResponse', 'typing'];

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
