import type { Id } from './contract.js';
import { type ChatError, isFinal } from './errors.js';

/** The watermarks of the user in one chat. */
interface Mark {
  delivered: number;
  read: number;
}

/** The watermarks that the server has, and those that it should have. */
interface State {
  stored: Mark;
  wanted: Mark;
  isSending: boolean;
}

/** The maximum number of receipts at a time. After a long absence, there is one per chat. */
const MAX_AT_ONCE = 10;

/** The connection that receipts need. */
interface Connection {
  isConnected(): boolean;
  sendReceipt(receipt: { chatId: Id } & Partial<Mark>): Promise<unknown>;
}

/** The number of intervals after which a failed receipt is repeated. */
const RETRY = 5;

/** Sends how far the user has received and read: at most one frame per chat and interval. */
export class Receipts {
  readonly #connection: Connection;
  readonly #interval: number;
  readonly #chats = new Map<Id, State>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(connection: Connection, interval: number) {
    this.#connection = connection;
    this.#interval = interval;
  }

  /** Notes what the server has. */
  stored(chatId: Id, mark: Mark): void {
    raise(this.#state(chatId).stored, mark);
  }

  /** Moves the watermarks of a chat forward, soon. */
  move(chatId: Id, mark: Partial<Mark>): void {
    const state = this.#state(chatId);
    raise(state.wanted, mark);
    raise(state.wanted, { delivered: state.wanted.read });
    if (isBehind(state)) this.resume();
  }

  /** Goes on, as after a reconnect. Of several devices, the first one often spares the others. */
  resume(delay = this.#interval * (1 + Math.random() / 2)): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.flush();
    }, delay);
  }

  /** Discards everything. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#chats.clear();
  }

  /** Sends now what waits. */
  flush(): void {
    if (!this.#connection.isConnected()) return;
    let count = 0;
    for (const [chatId, state] of this.#chats) {
      if (!isBehind(state) || state.isSending) continue;
      if (++count > MAX_AT_ONCE) return this.resume();
      const { stored, wanted } = state;
      const sent = { ...wanted };
      // What was read was delivered.
      const receipt = {
        ...(sent.delivered > Math.max(sent.read, stored.delivered) && {
          delivered: sent.delivered,
        }),
        ...(sent.read > stored.read && { read: sent.read }),
      };
      state.isSending = true;
      this.#connection
        .sendReceipt({ chatId, ...receipt })
        .then(
          () => {
            raise(stored, sent);
            return undefined;
          },
          (error: ChatError) => {
            // What is refused for good is not repeated.
            if (isFinal(error)) raise(stored, sent);
            return (error.retryAfter ?? 0) * 1000 + RETRY * this.#interval;
          },
        )
        .then((delay) => {
          state.isSending = false;
          if (isBehind(state) && this.#chats.has(chatId)) this.resume(delay);
        });
    }
  }

  #state(chatId: Id): State {
    let state = this.#chats.get(chatId);
    if (!state) {
      const none = { delivered: 0, read: 0 };
      state = { stored: { ...none }, wanted: { ...none }, isSending: false };
      this.#chats.set(chatId, state);
    }
    return state;
  }
}

function raise(mark: Mark, { delivered = 0, read = 0 }: Partial<Mark>): void {
  mark.delivered = Math.max(mark.delivered, delivered);
  mark.read = Math.max(mark.read, read);
}

function isBehind({ stored, wanted }: State): boolean {
  return wanted.delivered > stored.delivered || wanted.read > stored.read;
}
