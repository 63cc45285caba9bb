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
  /** The chat whose join failed, or that exists already (`alreadyConnected`), if any. */
  readonly chatId: string | undefined;

  constructor(
    status: number,
    message: string,
    details: {
      code?: string | undefined;
      retryAfter?: number | undefined;
      action?: string | undefined;
      chatId?: string | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: details.cause });
    this.status = status;
    this.code = details.code;
    this.retryAfter = details.retryAfter;
    this.action = details.action;
    this.chatId = details.chatId;
  }
}

/** Returns whether the same request would fail again, as opposed to a failure for the moment. */
export function isFinal({ status }: ChatError): boolean {
  return status >= 400 && status < 500 && status !== 401 && status !== 429;
}

/** Reports an error in the caller's code like an uncaught error. */
export function report(error: unknown): void {
  if (typeof reportError === 'function') reportError(error);
  else console.error(error);
}

/** Settles like `promise`, or rejects with the signal's reason once it is aborted. */
export function abortable<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return promise;
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    // jsdom has no reasons.
    stop = () => reject(signal.reason ?? new DOMException('aborted', 'AbortError'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
  });
  return Promise.race([promise, aborted]).finally(() =>
    signal.removeEventListener('abort', stop),
  );
}
