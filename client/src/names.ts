/**
 * The names of the WebSocket API, misspellings included: every action and event with its parameters, in the order in which `io`
 * takes and gives them as positional arguments. Everything else in this package is derived from here.
 */

/** What a client sends. */
export const ACTIONS = {
  'join-chat-room': ['chatId'],
  addFriend: ['id', 'userName', 'friendName'],
  sendActiveResponse: ['chatId'],
  chatsend: ['chatId', 'message'],
  messageRecieved: ['chatId', 'message'],
} as const;

/** What a server sends, but for `error`. */
export const EVENTS = {
  newFriend: ['id', 'userName', 'friendName'],
  recieveUserResponse: ['chatId'],
  chatUpdate: ['chatId', 'message'],
  messageSent: ['chatId', 'message'],
} as const;

/** The event by which the others in a room learn of an action. */
export const SEEN_AS: { readonly [action: string]: string | undefined } = {
  sendActiveResponse: 'recieveUserResponse',
  chatsend: 'chatUpdate',
  messageRecieved: 'messageSent',
};

/** An action's name. */
export type Action = keyof typeof ACTIONS;
/** A server event's name. */
export type ServerEvent = keyof typeof EVENTS;
/** The parameters of an action, by name. */
export type Parameters<A extends Action> = { [Name in (typeof ACTIONS)[A][number]]: string };
/** What a server event holds, by name. */
export type Payload<E extends ServerEvent> = { [Name in (typeof EVENTS)[E][number]]: string };
