/**
 * The names of the WebSocket API, misspellings included: every action and event with its parameters, in the order in which `io`
 * takes and gives them as positional arguments. Everything else in this package is derived from here.
 */
/** What a client sends. */
export declare const ACTIONS: {
    readonly 'join-chat-room': readonly ["chatId"];
    readonly addFriend: readonly ["id", "userName", "friendName"];
    readonly sendActiveResponse: readonly ["chatId"];
    readonly chatsend: readonly ["chatId", "message"];
    readonly messageRecieved: readonly ["chatId", "message"];
};
/** What a server sends, but for `error`. */
export declare const EVENTS: {
    readonly newFriend: readonly ["id", "userName", "friendName"];
    readonly recieveUserResponse: readonly ["chatId"];
    readonly chatUpdate: readonly ["chatId", "message"];
    readonly messageSent: readonly ["chatId", "message"];
};
/** The event by which the others in a room learn of an action. */
export declare const SEEN_AS: {
    readonly [action: string]: string | undefined;
};
/** An action's name. */
export type Action = keyof typeof ACTIONS;
/** A server event's name. */
export type ServerEvent = keyof typeof EVENTS;
/** The parameters of an action, by name. */
export type Parameters<A extends Action> = {
    [Name in (typeof ACTIONS)[A][number]]: string;
};
/** What a server event holds, by name. */
export type Payload<E extends ServerEvent> = {
    [Name in (typeof EVENTS)[E][number]]: string;
};
