/*
 * The names of the WebSocket API, including misspellings: every action and event with its
 * parameters, in the order of the positional arguments of `io`. The rest of this package derives
 * its names from these lists.
 */

/** The actions that a client sends. */
export const ACTIONS = {
  'join-chat-room': ['chatId'],
  addFriend: ['id', 'userName', 'friendName'],
  sendActiveResponse: ['chatId'],
  chatsend: ['chatId', 'message'],
  messageRecieved: ['chatId', 'message'],
} as const;

/** The events that the server sends, except `error`. */
export const EVENTS = {
  newFriend: ['id', 'userName', 'friendName'],
  recieveUserResponse: ['chatId'],
  chatUpdate: ['chatId', 'message'],
  messageSent: ['chatId', 'message'],
} as const;

/** The events that the other sockets in a room receive for an action. */
export const RELAYED_AS: { readonly [action: string]: string | undefined } = {
  sendActiveResponse: 'recieveUserResponse',
  chatsend: 'chatUpdate',
  messageRecieved: 'messageSent',
};

/**
 * Actions that say what is true at this moment. They are sent at once or not at all, since they are
 * false later.
 */
export const EPHEMERAL: readonly string[] = ['sendActiveResponse'];

/** The name of an action. */
export type Action = keyof typeof ACTIONS;
/** The name of a server event. */
export type ServerEvent = keyof typeof EVENTS;
/** The parameters of an action, by name. */
export type Parameters<A extends Action> = { [Name in (typeof ACTIONS)[A][number]]: string };
/** The fields of a server event, by name. */
export type Payload<E extends ServerEvent> = { [Name in (typeof EVENTS)[E][number]]: string };
/** The parameters of an action, by position. */
export type Arguments<A extends Action> = Positional<(typeof ACTIONS)[A]>;
/** The fields of a server event, by position. */
export type EventArguments<E extends ServerEvent> = Positional<(typeof EVENTS)[E]>;

type Positional<Names extends readonly string[]> = { -readonly [Index in keyof Names]: string };
