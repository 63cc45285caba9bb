import type { Id, MessageEntry } from './contract.js';
import { abortable, ChatError, isFinal } from './errors.js';

/** The maximum number of messages that wait, which bounds memory and storage. */
const MAX_WAITING = 1_000;

/** A place that outlives the page, such as `localStorage`. */
export interface ChatStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** A message to store. */
export interface NewMessage {
  chatId: Id;
  message: string;
  clientId: string;
  replyTo?: number | undefined;
}

/** A message of the user's that is not among the entries yet. */
export interface PendingMessage extends NewMessage {
  /** The time at which it was sent, as this device sees it. */
  at: string;
  /** `stored` until the entries before it have arrived, `failed` if the server refused it. */
  state: 'sending' | 'stored' | 'failed';
  error?: ChatError;
}

/** The connection that messages are sent over. */
interface Connection {
  isConnected(): boolean;
  /** Stores a message. The entry must also be passed to `stored`. */
  sendMessage(message: NewMessage): Promise<unknown>;
  /** The pending messages of a chat have changed. */
  pendingChanged(chatId: Id): void;
  /** Returns the delay in milliseconds before the next attempt. */
  backoff(attempts: number): number;
}

interface Send {
  view: PendingMessage;
  attempts: number;
  /** The `seq` with which it was stored. */
  seq?: number;
  resolve: (entry: MessageEntry) => void;
  reject: (error: unknown) => void;
}

/**
 * Sends messages until the server has stored or refused them, whatever happens to the connection.
 *
 * A message is repeated with the same `clientId`, by which the server knows it. The messages of a
 * chat are sent one after the other, because API Gateway handles frames concurrently.
 */
export class Sends {
  readonly #connection: Connection;
  readonly #storage: ChatStorage | undefined;
  readonly #key: string;
  readonly #chats = new Map<Id, Send[]>();
  readonly #busy = new Set<Id>();
  readonly #timers = new Map<Id, ReturnType<typeof setTimeout>>();
  readonly #views = new Map<Id, readonly PendingMessage[]>();
  #ended: Promise<never> | undefined;

  /** Takes up the messages that are left in the storage. */
  constructor(connection: Connection, userId: Id, storage?: ChatStorage) {
    this.#connection = connection;
    this.#storage = storage;
    this.#key = `serverless-chat-client:${userId}`;
    for (const view of this.#load()) void this.#add({ ...view, state: 'sending' });
  }

  /** Returns the messages of a chat that are not among its entries yet, oldest first. */
  pending(chatId: Id): readonly PendingMessage[] {
    let views = this.#views.get(chatId);
    if (!views) {
      views = (this.#chats.get(chatId) ?? []).map(({ view }) => view);
      this.#views.set(chatId, views);
    }
    return views;
  }

  /**
   * Sends a message. Resolves with the stored entry, and rejects if the server refuses. An aborted
   * signal withdraws a message that was never sent; otherwise, it ends only the waiting.
   */
  send(message: Omit<NewMessage, 'clientId'>, signal?: AbortSignal): Promise<MessageEntry> {
    if (signal?.aborted) return silent(abortable(new Promise(() => {}), signal));
    if (this.#ended) return this.#ended;
    if ([...this.#chats.values()].flat().length >= MAX_WAITING) {
      return silent(Promise.reject(new ChatError(0, 'too many messages are waiting')));
    }
    const clientId = newClientId();
    const at = new Date().toISOString();
    const view: PendingMessage = { ...message, clientId, at, state: 'sending' };
    this.#save((views) => [...views, view]);
    const done = this.#add(view);
    this.#pump(message.chatId);
    signal?.addEventListener('abort', () => {
      const send = this.#find(message.chatId, clientId);
      if (send?.attempts === 0) this.#remove(send);
    });
    return silent(abortable(done, signal));
  }

  /** Sends a failed message again, under the same `clientId`. */
  retry(chatId: Id, clientId: string): void {
    const send = this.#find(chatId, clientId);
    if (send?.view.state !== 'failed') return;
    const { error: _, ...view } = send.view;
    this.#show(send, { ...view, state: 'sending' });
    this.#save((views) => [...views, send.view]);
    this.#pump(chatId);
  }

  /** Forgets a failed message. */
  discard(chatId: Id, clientId: string): void {
    const send = this.#find(chatId, clientId);
    if (send?.view.state === 'failed') this.#remove(send);
  }

  /** Notes that the server has stored a message of the user's. */
  stored(chatId: Id, entry: MessageEntry): void {
    const send = entry.clientId && this.#find(chatId, entry.clientId);
    if (!send || send.seq) return;
    send.seq = entry.seq;
    this.#forget(send);
    this.#show(send, { ...send.view, state: 'stored' });
    send.resolve(entry);
  }

  /** Removes the stored messages up to `seq`, which are among the entries now. */
  shown(chatId: Id, seq: number): void {
    for (const send of this.#chats.get(chatId) ?? []) {
      if (send.seq && send.seq <= seq) this.#remove(send);
    }
  }

  /** Goes on after a reconnect. */
  resume(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    for (const chatId of this.#chats.keys()) this.#pump(chatId);
  }

  /** Sends nothing more. What waits stays in the storage. */
  stop(error: unknown): void {
    this.#ended = silent(Promise.reject(error));
    for (const timer of this.#timers.values()) clearTimeout(timer);
    for (const send of [...this.#chats.values()].flat()) send.reject(error);
    this.#chats.clear();
  }

  #pump(chatId: Id): void {
    const send = this.#chats.get(chatId)?.find(({ view }) => view.state === 'sending');
    const isWaiting = this.#busy.has(chatId) || this.#timers.has(chatId);
    if (!send || isWaiting || !this.#connection.isConnected()) return;
    this.#busy.add(chatId);
    send.attempts++;
    const { message, clientId, replyTo } = send.view;
    this.#connection
      .sendMessage({ chatId, message, clientId, ...(replyTo && { replyTo }) })
      .catch((error: ChatError) => this.#failed(send, error))
      .then(() => {
        this.#busy.delete(chatId);
        this.#pump(chatId);
      });
  }

  #failed(send: Send, error: ChatError): void {
    const { chatId } = send.view;
    if (send.view.state !== 'sending') return;
    if (isFinal(error)) {
      this.#forget(send);
      this.#show(send, { ...send.view, state: 'failed', error });
      send.reject(error);
    } else if (this.#connection.isConnected()) {
      const wait = this.#connection.backoff(send.attempts) + (error.retryAfter ?? 0) * 1000;
      const again = () => {
        this.#timers.delete(chatId);
        this.#pump(chatId);
      };
      this.#timers.set(chatId, setTimeout(again, wait));
    }
  }

  #add(view: PendingMessage): Promise<MessageEntry> {
    return silent(
      new Promise((resolve, reject) => {
        const { chatId } = view;
        this.#chats.set(chatId, [
          ...(this.#chats.get(chatId) ?? []),
          { view, attempts: 0, resolve, reject },
        ]);
        this.#changed(chatId);
      }),
    );
  }

  #remove(send: Send): void {
    const { chatId } = send.view;
    const rest = (this.#chats.get(chatId) ?? []).filter((other) => other !== send);
    this.#chats.set(chatId, rest);
    this.#forget(send);
    this.#changed(chatId);
  }

  #show(send: Send, view: PendingMessage): void {
    send.view = view;
    this.#changed(view.chatId);
  }

  #changed(chatId: Id): void {
    this.#views.delete(chatId);
    this.#connection.pendingChanged(chatId);
  }

  #find(chatId: Id, clientId: string): Send | undefined {
    return this.#chats.get(chatId)?.find(({ view }) => view.clientId === clientId);
  }

  #forget({ view: { clientId } }: Send): void {
    this.#save((views) => views.filter((view) => view.clientId !== clientId));
  }

  /** Changes what is stored. Other tabs use the same storage, so it is read each time. */
  #save(change: (views: PendingMessage[]) => PendingMessage[]): void {
    if (!this.#storage) return;
    const views = change(this.#load());
    try {
      if (views.length) this.#storage.setItem(this.#key, JSON.stringify(views));
      else this.#storage.removeItem(this.#key);
    } catch {
      // A full storage, or one that the browser denies. The message is in memory still.
    }
  }

  #load(): PendingMessage[] {
    try {
      const views = JSON.parse(this.#storage?.getItem(this.#key) ?? '[]');
      return Array.isArray(views) ? views.filter((view) => view?.clientId && view.chatId) : [];
    } catch {
      // Not written by this client.
      return [];
    }
  }
}

/** Returns the promise. Its rejection is not reported, because the pending message shows it. */
function silent<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** Returns a unique id. `crypto.randomUUID` exists on secure pages only. */
function newClientId(): string {
  const random = () => Math.random().toString(36).slice(2);
  return `${Date.now().toString(36)}-${random()}${random()}`;
}
