import type { Id } from './contract.js';
/** Tells others that the user is typing: at most one frame per chat and interval. */
export declare class Typing {
    #private;
    constructor(send: (chatId: Id, typing: boolean) => void, interval: number);
    /** Call it on each keystroke. The user stops by `false`, or by not calling it any more. */
    set(chatId: Id, isTyping: boolean): void;
    /** Notes that the others know that the user has stopped, because a message arrives instead. */
    stopped(chatId: Id): void;
    /** Sends nothing more. */
    stop(): void;
}
