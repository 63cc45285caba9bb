/** The error of every failed operation. `message` is the server's, if it sent one. */
export declare class ChatError extends Error {
    readonly name = "ChatError";
    /** The HTTP status, which socket errors have too. 0 if the server could not be reached. */
    readonly status: number;
    /**
     * The backend's stable name for the error, such as `notInRoom`: compare this, not `message`.
     * `undefined` if the error comes from API Gateway or from this client.
     */
    readonly code: string | undefined;
    /** The number of seconds to wait before the next attempt, if the server requests it (429 and 503). */
    readonly retryAfter: number | undefined;
    /** The socket action that failed, if any. */
    readonly action: string | undefined;
    /** The chat whose join failed, or that exists already (`alreadyConnected`), if any. */
    readonly chatId: string | undefined;
    constructor(status: number, message: string, details?: {
        code?: string | undefined;
        retryAfter?: number | undefined;
        action?: string | undefined;
        chatId?: string | undefined;
        cause?: unknown;
    });
}
/** Returns whether the same request would fail again, as opposed to a failure for the moment. */
export declare function isFinal({ status }: ChatError): boolean;
/** Reports an error in the caller's code like an uncaught error. */
export declare function report(error: unknown): void;
/** Settles like `promise`, or rejects with the signal's reason once it is aborted. */
export declare function abortable<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T>;
