import type { ChatSettings, Connection, Done, Id, Message, Person, Success, Synced, SyncInput, Ticket, User } from './contract.js';
/** The options of a client. */
export interface ClientOptions {
    /** The URL of the HTTP API, such as `https://api.example.com`. Tickets name the sockets' URL. */
    url: string;
    /** Sends requests: the global `fetch` by default. In Node, it must keep cookies. */
    fetch?: (url: string, init: RequestInit) => Promise<Response>;
    /** Opens sockets: the global `WebSocket` by default, which Node has since version 22. */
    WebSocket?: SocketConstructor;
    /**
     * `false` to let a 401 reject instead of renewing the tokens. Use it wherever the new cookies
     * would not reach their owner, as in server-side rendering with a visitor's cookies.
     */
    refresh?: boolean;
}
/** The options of a single call. */
export interface CallOptions {
    /** Aborts the call, which then rejects with the signal's reason. */
    signal?: AbortSignal | undefined;
    /** The time limit in milliseconds: 60,000 by default. */
    timeout?: number | undefined;
}
/** The part of a WebSocket that this client uses. Browsers and the package `ws` provide it. */
export interface Socket {
    onopen: ((event: any) => void) | null;
    onmessage: ((event: any) => void) | null;
    onclose: ((event: any) => void) | null;
    onerror: ((event: any) => void) | null;
    readonly readyState: number;
    send(text: string): void;
    close(): void;
}
/** A constructor of sockets. */
export type SocketConstructor = new (url: string) => Socket;
/**
 * The HTTP API: one method per endpoint. Parameters and results have the contract's names.
 *
 * Every failure rejects with a `ChatError`. If the access token has expired, concurrent calls share
 * one refresh and are then repeated. If the refresh returns 401, the session has ended, and all of
 * them reject.
 */
export declare class HttpApi {
    #private;
    /** Whether expired tokens are renewed. */
    readonly canRefresh: boolean;
    /** Completes the photos' URLs in an answer of `sync`, which are relative to the API's. */
    readonly resolved: (answer: Synced) => Synced;
    /** Completes the URL of a person's photo. */
    readonly resolvePhoto: (person: Person) => Person;
    constructor({ url, fetch, refresh }: ClientOptions);
    /** Mails a six-digit code, which is valid for 3 minutes. */
    sendOtp(json: {
        email: string;
    }, options?: CallOptions): Promise<Done>;
    /** Signs in with a mailed code. If `isComplete` is false, call `uploadDetails` next. */
    verifyOtp(json: {
        email: string;
        otp: string;
    }, options?: CallOptions): Promise<Done & {
        isComplete: boolean;
    }>;
    /** Invalidates the mailed code, if any. */
    deleteOtp(json: {
        email: string;
    }, options?: CallOptions): Promise<Done>;
    /** Completes or changes the profile. `profile` is a JPEG, PNG or WebP image of up to 2 MiB. */
    uploadDetails({ profile, ...json }: {
        fullName: string;
        email: string;
        profile?: Blob;
    }, options?: CallOptions): Promise<Done>;
    /** Ends this session and closes its sockets. */
    logout(options?: CallOptions): Promise<Done>;
    /**
     * Renews the tokens. Other methods do this when necessary. Concurrent calls share one request,
     * with the time limit of the first one: at most 10,000 ms. It is repeated once if its answer is
     * lost.
     */
    refresh({ signal, timeout }?: CallOptions): Promise<Done>;
    /** Returns the signed-in user. */
    userDetails(options?: CallOptions): Promise<Success & {
        userdata: User;
    }>;
    /**
     * Lists the users. `search` matches the beginning of any word of a name. Pass `next` as `after`
     * to get the next page.
     */
    users(query?: {
        search?: string;
        limit?: number;
        after?: Id;
    }, options?: CallOptions): Promise<Success & {
        data: Person[];
        next: Id | null;
    }>;
    /** Creates a chat with another user. If it exists, rejects with 409 and its `chatId`. */
    createConnection(json: {
        personId: Id;
    }, options?: CallOptions): Promise<Done & {
        chatId: Id;
    }>;
    /**
     * Lists the chats, the most recently active one first. Pass `next` as `before` to get the next
     * page. Without a `limit`, a page has a thousand chats.
     */
    allConnection(query?: {
        limit?: number;
        before?: string;
    }, options?: CallOptions): Promise<Success & {
        data: Connection[];
        next?: string;
    }>;
    /** Returns messages, oldest first: the latest ones, or those `before` or `after` a `seq`. */
    getChat(query: {
        chatId: Id;
        limit?: number;
        before?: number;
        after?: number;
    }, options?: CallOptions): Promise<Success & {
        data: {
            _id: Id;
            chats: Message[];
        };
        hasMore: boolean;
    }>;
    /**
     * Stores a message. With a `clientId`, the call is safe to repeat: a repeated call returns the
     * stored message.
     */
    sendMessage(json: {
        chatId: Id;
        userId: Id;
        message: string;
        clientId?: string;
        replyTo?: number;
    }, options?: CallOptions): Promise<Done & {
        data: Message;
    }>;
    /** Returns the last message of a chat, if any. */
    lastMessage(query: {
        chatId: Id;
    }, options?: CallOptions): Promise<Success & {
        data: {
            _id: Id;
            chats: Message[];
        };
    }>;
    /**
     * Reads everything that is new: the entries after those that the caller holds, marks and profiles.
     * Pass `next` as `before` to get the next page. `live` does this itself.
     */
    sync(json?: SyncInput, options?: CallOptions): Promise<Synced>;
    /** Moves the caller's watermarks forward. `live` does this itself. */
    receipt(json: {
        chatId: Id;
        delivered?: number;
        read?: number;
    }, options?: CallOptions): Promise<Done>;
    /** Changes the caller's settings of a chat. What is omitted stays as it is. */
    chatSettings(json: {
        chatId: Id;
    } & Partial<ChatSettings>, options?: CallOptions): Promise<Success & {
        data: ChatSettings;
    }>;
    /** Sets whether others see when the caller is online, and was last seen. */
    presence(json: {
        visible: boolean;
    }, options?: CallOptions): Promise<Done>;
    /** Creates a ticket, which opens one socket. `socket` calls this method itself. */
    socketTicket(options?: CallOptions): Promise<Ticket>;
    /** Downloads the photo at a `photoUrl`. */
    photo(photoUrl: string, options?: CallOptions): Promise<Blob>;
}
