import type { Id } from './contract.js';
/** The watermarks of the user in one chat. */
interface Mark {
    delivered: number;
    read: number;
}
/** The connection that receipts need. */
interface Connection {
    isConnected(): boolean;
    sendReceipt(receipt: {
        chatId: Id;
    } & Partial<Mark>): Promise<unknown>;
}
/** Sends how far the user has received and read: at most one frame per chat and interval. */
export declare class Receipts {
    #private;
    constructor(connection: Connection, interval: number);
    /** Notes what the server has. */
    stored(chatId: Id, mark: Mark): void;
    /** Moves the watermarks of a chat forward, soon. */
    move(chatId: Id, mark: Partial<Mark>): void;
    /** Goes on, as after a reconnect. Of several devices, the first one often spares the others. */
    resume(delay?: number): void;
    /** Discards everything. */
    stop(): void;
    /** Sends now what waits. */
    flush(): void;
}
export {};
