/** 24 hex digits. */
export type Id = string;
/** What every success says, beside its own fields. */
export interface Success {
    status: true;
}
/** A success without data. */
export interface Done extends Success {
    message: string;
}
/** Somebody as others see them. */
export interface Person {
    _id: Id;
    fullName: string;
    /** Where the picture is, if there is one. */
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
/** A stored message. `seq` counts 1, 2, 3 … in its chat, without a gap. */
export interface Message {
    _id: Id;
    sendBy: Id;
    /** RFC 3339, UTC. */
    sendTime: string;
    message: string;
    seq: number;
    /** What the sender named this send, if anything. */
    clientId?: string;
}
/** A chat with a friend; `chats` is the last message, or `[]`. */
export interface Connection {
    _id: Id;
    friend: Person;
    chats: Message | [];
}
/** What opens one socket, within `expiresIn` seconds. */
export interface Ticket extends Success {
    ticket: string;
    url: string;
    expiresIn: number;
}
/** How this client reaches the backend. */
export interface ClientOptions {
    /** The HTTP API's URL, as in `https://api.example.com`. It is all that has to be known: tickets name the sockets' URL. */
    url: string;
    /** What requests are made with: the global one by default. Where cookies are not kept for it (Node), it has to keep them. */
    fetch?: (url: string, init: RequestInit) => Promise<Response>;
    /** What sockets are made with: the global one by default. Node has it from version 22. */
    WebSocket?: SocketConstructor;
}
/** As much of a WebSocket as is used here; browsers' and that of the package `ws` will do. */
export interface Socket {
    onopen: ((event: any) => void) | null;
    onmessage: ((event: any) => void) | null;
    onclose: ((event: any) => void) | null;
    onerror: ((event: any) => void) | null;
    readonly readyState: number;
    send(text: string): void;
    close(): void;
}
/** What makes one. */
export type SocketConstructor = new (url: string) => Socket;
/**
 * The HTTP API, a method for each endpoint, with the contract's names for what goes in and what comes out.
 *
 * Whatever fails rejects with a `ChatError`. An access token that ran out is refreshed once, however many calls notice, and the
 * calls are repeated; a refresh that is answered 401 means that the session is over, and rejects all of them.
 */
export declare class HttpApi {
    #private;
    constructor({ url, fetch }: ClientOptions);
    /** Mails a code of six digits, good for 3 minutes. */
    sendOtp(json: {
        email: string;
    }): Promise<Done>;
    /** Signs in with a mailed code. Where `isComplete` is false, `uploadDetails` has to follow. */
    verifyOtp(json: {
        email: string;
        otp: string;
    }): Promise<Done & {
        isComplete: boolean;
    }>;
    /** Makes a mailed code good for nothing. */
    deleteOtp(json: {
        email: string;
    }): Promise<Done>;
    /** Completes or changes the profile. `profile` is a JPEG, PNG or WebP of at most 2 MiB. */
    uploadDetails({ profile, ...json }: {
        fullName: string;
        email: string;
        profile?: Blob;
    }): Promise<Done>;
    /** Ends this session and closes its sockets. */
    logout(): Promise<Done>;
    /** Takes the next tokens. Other methods do it themselves when they have to. Calls at the same time share one request. */
    refresh(): Promise<Done>;
    /** The signed-in user. */
    userDetails(): Promise<Success & {
        userdata: User;
    }>;
    /** The directory. `search` is the start of any part of a name; `next` is what to ask for `after`. */
    users(query?: {
        search?: string;
        limit?: number;
        after?: Id;
    }): Promise<Success & {
        data: Person[];
        next: Id | null;
    }>;
    /** Opens a chat with somebody. 409 where there is one already. */
    createConnection(json: {
        personId: Id;
    }): Promise<Done & {
        chatId: Id;
    }>;
    /** All chats, the last active first. */
    allConnection(): Promise<Success & {
        data: Connection[];
    }>;
    /** Messages of a chat, oldest first: the last ones, or those `before` or `after` a `seq`. */
    getChat(query: {
        chatId: Id;
        limit?: number;
        before?: number;
        after?: number;
    }): Promise<Success & {
        data: {
            _id: Id;
            chats: Message[];
        };
        hasMore: boolean;
    }>;
    /** Stores a message. With a `clientId` it can be repeated until it is heard: the repeat gives the first one's message. */
    sendMessage(json: {
        chatId: Id;
        userId: Id;
        message: string;
        clientId?: string;
    }): Promise<Done & {
        data: Message;
    }>;
    /** The last message of a chat, if there is one. */
    lastMessage(query: {
        chatId: Id;
    }): Promise<Success & {
        data: {
            _id: Id;
            chats: Message[];
        };
    }>;
    /** What opens one socket. `socket` asks for it itself. */
    socketTicket(): Promise<Ticket>;
    /** The picture that a `photoUrl` leads to. */
    photo(photoUrl: string): Promise<Blob>;
}
