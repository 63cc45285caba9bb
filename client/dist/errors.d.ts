/** Everything that can go wrong, with the server's own message where it gave one. */
export declare class ChatError extends Error {
    readonly name = "ChatError";
    /** The HTTP status; sockets use the same numbers. 0 when the server could not be reached. */
    readonly status: number;
    /** How many seconds the server asks to wait before the next try, where it does (429 and 503). */
    readonly retryAfter: number | undefined;
    /** The socket action that could not be done, where the error is about one. */
    readonly action: string | undefined;
    constructor(status: number, message: string, more?: {
        retryAfter?: number | undefined;
        action?: string | undefined;
        cause?: unknown;
    });
}
/** Tells of a mistake that is not this package's, as the browser does with an uncaught one, and goes on. */
export declare function report(error: unknown): void;
