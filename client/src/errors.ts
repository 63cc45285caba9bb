/** The error of every failed operation. `message` is the server's, if it sent one. */
export class ChatError extends Error {
  override readonly name = 'ChatError';
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

  constructor(
    status: number,
    message: string,
    details: {
      code?: string | undefined;
      retryAfter?: number | undefined;
      action?: string | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: details.cause });
    this.status = status;
    this.code = details.code;
    this.retryAfter = details.retryAfter;
    this.action = details.action;
  }
}

/** Reports an error in the caller's code like an uncaught error. */
export function report(error: unknown): void {
  if (typeof reportError === 'function') reportError(error);
  else console.error(error);
}
