import { CatchUp, type Scope } from './catch-up.js';
import { Chat, type ChatSnapshot, type ChatSummary } from './chat.js';
import type { Entry, Id, MessageEntry, SyncedChat, Synced, SyncInput } from './contract.js';
import { Emitter } from './emitter.js';
import { abortable, ChatError } from './errors.js';
import type { CallOptions, HttpApi, SocketConstructor } from './http.js';
import { backoff, TIMINGS, type Timings } from './link.js';
import { Receipts } from './receipts.js';
import { type ChatStorage, type NewMessage, Sends } from './sends.js';
import { ChatSocket, type SocketEvents } from './socket.js';
import { Store } from './store.js';
import { Typing } from './typing.js';

/** The maximum number of chats that a sync names. */
const MAX_NAMED = 500;

/** The number of chats that the regular sync names, besides the open ones. */
const RECENT = 50;

/** The number of entries of a closed chat that stay in memory. */
const KEPT = 100;

/** Timeouts and intervals in milliseconds, besides those of the socket. Tests shorten them. */
export interface LiveTimings extends Timings {
  /** The time in which a gap between two entries closes by itself. */
  gap: number;
  /** The interval between two receipts of a chat. */
  receipt: number;
  /** The interval between two frames that say that the user is typing. */
  typing: number;
  /** The time after which a closed chat's room is left, unless it is opened again. */
  leave: number;
}

const LIVE_TIMINGS = { gap: 1_000, receipt: 1_000, typing: 3_000, leave: 1_000 };

/** The options of `live`. */
export interface LiveOptions {
  /** The id of the signed-in user. */
  userId: Id;
  /** The user's name as friends see it, 1-100 characters. */
  name: string;
  /** Keeps messages that are not stored yet when the page is closed, such as `localStorage`. */
  storage?: ChatStorage;
  /** The number of entries of each chat to start with: 10 by default. */
  limit?: number;
  /** Shorter timings, for tests. */
  timings?: Partial<LiveTimings>;
}

/** The list of chats. It is never modified: a change makes a new object. */
export interface ChatsSnapshot {
  /** Whether the first sync is complete. */
  readonly isReady: boolean;
  readonly isConnected: boolean;
  /** The most recently active one first. */
  readonly chats: readonly ChatSummary[];
}

/** The events of `Live` and the arguments of their handlers. */
export type LiveEvents = Omit<SocketEvents, keyof Reference> & {
  /** The first sync is complete. */
  ready: [];
  /** The user is not, or no longer, a member of a chat. */
  gone: [chatId: Id];
};

/** The events that a native socket does not receive, or that are of no use to it. */
type Reference = Record<'chatUpdate' | 'messageSent' | 'recieveUserResponse' | 'newFriend', never>;

const FORWARDED = ['connect', 'disconnect', 'connect_error', 'signedOut'] as const;

/** A snapshot and its changes, in the form that React's `useSyncExternalStore` takes. */
export type Readable<Snapshot extends object> = Pick<Store<Snapshot>, 'subscribe' | 'getSnapshot'>;

/** The options of `loadOlder`. An aborted signal ends the waiting. */
export interface LoadOptions extends Pick<CallOptions, 'signal'> {
  /** The number of messages: 50 by default. */
  limit?: number;
}

/** A chat that is open: its history, its room, and what the user does there. */
export interface OpenChat extends Readable<ChatSnapshot> {
  readonly chatId: Id;
  /** Loads the page of messages before the first entry. */
  loadOlder(options?: LoadOptions): Promise<void>;
  /** See `Live.send`. */
  send(message: string, options?: SendOptions): Promise<MessageEntry>;
  /** See `Live.markRead`. */
  markRead(seq?: number): void;
  /** Tells the others that the user is typing. Call it on each keystroke. */
  typing(isTyping: boolean): void;
  /** Sends a failed message again. */
  retry(clientId: string): void;
  /** Forgets a failed message. */
  discard(clientId: string): void;
  /** Leaves the room, unless the chat is open elsewhere. */
  close(): void;
}

/** The options of `send`. */
export interface SendOptions extends Pick<CallOptions, 'signal'> {
  /** The `seq` of the message that this one replies to. */
  replyTo?: number;
}

/** A chat that is open somewhere. */
interface Opening {
  /** The number of places where it is open. */
  count: number;
  /** The number of entries to show at first, and whether they were loaded. */
  limit: number;
  isFilled: boolean;
  /** Whether a sync was asked for the chat, because the list does not have it. */
  isAsked: boolean;
  /** Ends the requests of the chat. */
  controller: AbortController;
  loading: Promise<void> | undefined;
  leaving: Timer | undefined;
}

type Timer = ReturnType<typeof setTimeout>;

/**
 * The user's chats, up to date.
 *
 * One socket receives everything that is stored in any chat. What is lost on the way is noticed by
 * its `seq`, and asked for. Entries are delivered in order and once.
 */
export class Live extends Emitter<LiveEvents> {
  readonly #api: HttpApi;
  readonly #me: Id;
  readonly #timings: LiveTimings;
  readonly #socket: ChatSocket;
  readonly #chats = new Map<Id, Chat>();
  readonly #open = new Map<Id, Opening>();
  readonly #list: Store<ChatsSnapshot>;
  readonly #catchUp: CatchUp;
  readonly #sends: Sends;
  readonly #receipts: Receipts;
  readonly #typing: Typing;
  /** The gaps that may close by themselves, and how often a sync has not closed them. */
  readonly #gaps = new Map<Id, { timer: Timer | undefined; tries: number }>();
  /** The chats of which something has arrived since the last sync began. */
  readonly #arrived = new Set<Id>();
  /** Ends the typing of others whose last frame was lost. */
  readonly #typists = new Map<string, Timer>();
  readonly #ready: Promise<void>;
  #settleReady: (error?: ChatError) => void = () => {};
  #isReady = false;
  #isEnded = false;

  /** Use `createClient(…).live(…)` instead. */
  constructor(
    api: HttpApi,
    WebSocket: SocketConstructor | undefined,
    { userId, name, storage, limit = 10, timings }: LiveOptions,
  ) {
    super();
    this.#api = api;
    this.#me = userId;
    this.#timings = { ...TIMINGS, ...LIVE_TIMINGS, ...timings };
    this.#ready = new Promise((resolve, reject) => {
      this.#settleReady = (error) => (error ? reject(error) : resolve());
    });
    this.#ready.catch(() => {});
    this.#list = new Store(() => ({
      isReady: this.#isReady,
      isConnected: this.isConnected,
      chats: this.#sorted()
        .filter(({ isListed }) => isListed)
        .map(({ summary }) => summary),
    }));
    this.#socket = new ChatSocket(
      api,
      WebSocket,
      { userId, name, timings: this.#timings },
      { idle: () => this.#catchUp.recent() },
    );
    const connection = {
      isConnected: () => this.#socket.connected,
      backoff: (attempts: number) => backoff(this.#timings, attempts),
    };
    this.#catchUp = new CatchUp(
      {
        ...connection,
        held: (scope, needed) => this.#held(scope, needed),
        sync: (input) => this.#sync(input),
        apply: (synced, isNamed) => this.#apply(synced, isNamed),
        remove: (chatIds) => this.#remove(chatIds),
        caughtUp: () => this.#caughtUp(),
      },
      limit,
    );
    this.#sends = new Sends(
      {
        ...connection,
        sendMessage: (message) => this.#store(message),
        pendingChanged: (chatId) => this.#chats.get(chatId)?.store.changed(),
      },
      userId,
      storage,
    );
    this.#receipts = new Receipts(
      { ...connection, sendReceipt: (receipt) => this.#socket.request('receipt', receipt) },
      this.#timings.receipt,
    );
    this.#typing = new Typing(
      (chatId, typing) => this.#socket.send('typing', { chatId, typing }),
      this.#timings.typing,
    );
    this.#listen();
    this.#socket.connect();
  }

  /** Whether the socket is connected. If not, it reconnects, unless the session has ended. */
  get isConnected(): boolean {
    return this.#socket.connected;
  }

  /** The list of chats. */
  chats(): Readable<ChatsSnapshot> {
    return this.#list;
  }

  /**
   * Opens a chat: joins its room, for typing and presence, and loads its newest `limit` messages
   * unless they are there. A chat that is opened twice is joined once. Call `close()` at the end.
   */
  openChat(chatId: Id, { limit = 50 }: { limit?: number } = {}): OpenChat {
    const chat = this.#chat(chatId);
    let opening = this.#open.get(chatId);
    if (!opening) {
      opening = {
        count: 0,
        limit: 0,
        isFilled: false,
        isAsked: false,
        controller: new AbortController(),
        loading: undefined,
        leaving: undefined,
      };
      this.#open.set(chatId, opening);
      chat.show({ error: undefined });
      this.#socket.join(chatId).catch((error: ChatError) => {
        if (error.status) chat.show({ error });
      });
    }
    opening.count++;
    opening.isFilled &&= limit <= opening.limit;
    opening.limit = Math.max(opening.limit, limit);
    clearTimeout(opening.leaving);
    this.#fill(chat);
    this.#ask(chat);
    let isOpen = true;
    return {
      chatId,
      subscribe: chat.store.subscribe,
      getSnapshot: chat.store.getSnapshot,
      loadOlder: (options) => this.#loadOlder(chat, options),
      send: (message, options) => this.send(chatId, message, options),
      markRead: (seq) => this.markRead(chatId, seq),
      typing: (isTyping) => isOpen && this.#typing.set(chatId, isTyping),
      retry: (clientId) => this.#sends.retry(chatId, clientId),
      discard: (clientId) => this.#sends.discard(chatId, clientId),
      close: () => {
        if (isOpen) this.#closeChat(chat);
        isOpen = false;
      },
    };
  }

  /**
   * Sends a message, across reconnects, after those that were sent to the chat before it. Resolves
   * with the entry once it is stored. Rejects if the server refuses, or after `close()`. An aborted
   * signal withdraws a message that was not sent yet; otherwise, it only ends the waiting.
   */
  send(chatId: Id, message: string, { replyTo, signal }: SendOptions = {}): Promise<MessageEntry> {
    this.#typing.stopped(chatId);
    return this.#sends.send({ chatId, message, ...(replyTo && { replyTo }) }, signal);
  }

  /** Marks the entries of a chat as read: up to `seq`, or all that have arrived. */
  markRead(chatId: Id, seq = Infinity): void {
    const chat = this.#chats.get(chatId);
    const read = Math.min(seq, chat?.log.last ?? 0);
    if (!chat || read <= chat.ownMarks.read) return;
    chat.mark({ userId: this.#me, delivered: read, read });
    this.#receipts.move(chatId, { read });
  }

  /** Resolves once the first sync is complete. Rejects after `close()`, or if the session ends. */
  ready({ signal }: Pick<CallOptions, 'signal'> = {}): Promise<void> {
    return abortable(this.#ready, signal);
  }

  /** Disconnects. Messages that are not stored yet stay in the storage, if there is one. */
  close(): void {
    this.#receipts.flush();
    this.#end(new ChatError(0, 'the client was closed'));
    this.#socket.disconnect();
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('connect', () => {
      this.#list.changed();
      this.#catchUp.all();
      this.#sends.resume();
      this.#receipts.resume();
    });
    socket.on('disconnect', () => {
      this.#list.changed();
      // Nobody tells this client any more.
      for (const chat of this.#chats.values()) chat.update({ presence: undefined, typing: [] });
    });
    socket.on('signedOut', (error) => this.#end(error));
    socket.on('entry', ({ chatId, entry }) => this.#receive(chatId, entry));
    socket.on('receipt', ({ chatId, ...marks }) => {
      this.#chats.get(chatId)?.mark(marks);
      if (marks.userId === this.#me) this.#receipts.stored(chatId, marks);
      this.publish('receipt', { chatId, ...marks });
    });
    socket.on('typing', (typing) => {
      if (typing.userId === this.#me) return;
      this.#setTyping(typing.chatId, typing.userId, typing.typing);
      this.publish('typing', typing);
    });
    socket.on('presence', ({ chatId, ...presence }) => {
      if (this.#open.has(chatId)) this.#chats.get(chatId)?.update({ presence });
      this.publish('presence', { chatId, ...presence });
    });
    socket.on('newChat', ({ chatId, friend }) => {
      const chat = this.#chat(chatId);
      chat.update({ friend: this.#api.resolvePhoto(friend) });
      if (!chat.isListed) this.#catchUp.need(chatId);
      this.publish('newChat', { chatId, friend });
    });
    socket.on('chatSettings', ({ chatId, settings }) => {
      this.#chats.get(chatId)?.set(settings);
      this.publish('chatSettings', { chatId, settings });
    });
    // What API Gateway could not handle is repeated.
    socket.on('error', (error) => error.action && this.publish('error', error));
    for (const event of FORWARDED) {
      socket.on(event, (...args: unknown[]) => this.publish(event, ...(args as never)));
    }
  }

  #chat(chatId: Id): Chat {
    let chat = this.#chats.get(chatId);
    if (!chat) {
      const pending = () => this.#sends.pending(chatId);
      chat = new Chat(chatId, this.#me, pending, () => this.#list.changed());
      this.#chats.set(chatId, chat);
    }
    return chat;
  }

  /** Returns the chats, the most recently active one first. */
  #sorted(): Chat[] {
    const key = ({ summary }: Chat) => summary.lastActivity + summary._id;
    return [...this.#chats.values()].sort((a, b) => (key(a) < key(b) ? 1 : -1));
  }

  #held(scope: Scope, needed: readonly Id[]): Record<Id, number> {
    this.#arrived.clear();
    const named = new Map<Id, number>();
    const name = (chat: Chat | undefined) => {
      const last = chat?.log.last;
      if (chat && last !== undefined && !chat.status.isGone && named.size < MAX_NAMED) {
        named.set(chat.id, last);
      }
    };
    for (const chatId of needed) name(this.#chats.get(chatId));
    if (scope) {
      for (const chatId of this.#open.keys()) name(this.#chats.get(chatId));
      this.#sorted()
        .slice(0, scope === 'all' ? MAX_NAMED : RECENT)
        .forEach(name);
    }
    return Object.fromEntries(named);
  }

  async #sync(input: SyncInput): Promise<Synced> {
    const answer = (await this.#socket.request('sync', input)) as unknown as Synced;
    return this.#api.resolved(answer);
  }

  #apply(synced: SyncedChat, isNamed: boolean): boolean {
    const chat = this.#chat(synced._id);
    const { last } = chat.log;
    const own = synced.marks.find(({ userId }) => userId === this.#me);
    if (own) this.#receipts.stored(chat.id, own);
    // The newest entries of a chat that was not named do not follow those that this client holds.
    const isApart = !isNamed && last !== undefined && synced.from > last + 1;
    for (const entry of synced.entries) this.#isStored(chat.id, entry);
    const added = chat.merge(isApart ? { ...synced, entries: [] } : synced);
    this.#added(chat, added, this.#isReady || last !== undefined);
    const opening = this.#open.get(chat.id);
    // After a lawful gap, the entries before it are gone.
    if (opening && last !== undefined && chat.log.from > last) opening.isFilled = false;
    this.#fill(chat);
    return isApart || (synced.more && synced.entries.length > 0);
  }

  #remove(chatIds: readonly Id[]): void {
    for (const chatId of chatIds) {
      const chat = this.#chats.get(chatId);
      if (!chat?.isListed) continue;
      // The user may have been added again after the answer was made.
      if (this.#arrived.has(chatId)) {
        this.#catchUp.need(chatId);
        continue;
      }
      chat.isListed = false;
      chat.show({ isGone: true });
      if (!this.#open.has(chatId)) this.#chats.delete(chatId);
      this.#list.changed();
      this.publish('gone', chatId);
    }
  }

  #caughtUp(): void {
    for (const chat of this.#chats.values()) {
      if (chat.isBehind) this.#watchGap(chat);
      this.#ask(chat);
    }
    if (this.#isReady) return;
    this.#isReady = true;
    this.#list.changed();
    this.#settleReady();
    for (const chat of this.#chats.values()) this.#ask(chat);
    this.publish('ready');
  }

  /** Asks once for an open chat that no sync has returned. */
  #ask(chat: Chat): void {
    const opening = this.#open.get(chat.id);
    if (!opening || opening.isAsked || !this.#isReady || chat.log.last !== undefined) return;
    opening.isAsked = true;
    this.#catchUp.need(chat.id);
  }

  #receive(chatId: Id, entry: Entry): void {
    const chat = this.#chat(chatId);
    this.#arrived.add(chatId);
    this.#isStored(chatId, entry);
    this.#added(chat, chat.receive(entry), true);
    if (this.#isReady && !chat.isListed) this.#catchUp.need(chatId);
    else if (chat.isBehind) this.#watchGap(chat);
  }

  /** Notes that a message of the user's is stored, however its entry has arrived. */
  #isStored(chatId: Id, entry: Entry): void {
    if (entry.kind === 'message' && entry.by === this.#me) this.#sends.stored(chatId, entry);
  }

  /** Publishes entries that were added to the log. */
  #added(chat: Chat, entries: Entry[], isNews: boolean): void {
    const { last = 0 } = chat.log;
    if (!this.#open.has(chat.id) && chat.log.entries.length > 2 * KEPT) chat.log.trim(KEPT);
    if (!chat.isBehind) this.#closeGap(chat.id);
    this.#sends.shown(chat.id, last);
    const isOthers = entries.some(({ kind, by }) => kind === 'message' && by !== this.#me);
    if (isOthers && (isNews || chat.summary.unread)) {
      this.#receipts.move(chat.id, { delivered: last });
    }
    for (const entry of entries) {
      this.#setTyping(chat.id, entry.by, false);
      if (isNews) this.publish('entry', { chatId: chat.id, entry });
    }
  }

  /** Syncs a chat if its gap does not close by itself. */
  #watchGap(chat: Chat): void {
    const { gap, maxBackoff } = this.#timings;
    const watch = this.#gaps.get(chat.id) ?? { timer: undefined, tries: 0 };
    if (watch.timer || chat.status.isGone) return;
    this.#gaps.set(chat.id, watch);
    const wait = Math.min(gap * 2 ** watch.tries, Math.max(gap, maxBackoff));
    watch.timer = setTimeout(() => {
      watch.timer = undefined;
      watch.tries++;
      if (chat.isBehind) this.#catchUp.need(chat.id);
    }, wait);
  }

  #closeGap(chatId: Id): void {
    clearTimeout(this.#gaps.get(chatId)?.timer);
    this.#gaps.delete(chatId);
  }

  #setTyping(chatId: Id, userId: Id, isTyping: boolean): void {
    const key = `${chatId} ${userId}`;
    clearTimeout(this.#typists.get(key));
    this.#typists.delete(key);
    this.#chats.get(chatId)?.setTyping(userId, isTyping);
    if (!isTyping) return;
    const end = () => this.#setTyping(chatId, userId, false);
    this.#typists.set(key, setTimeout(end, this.#timings.typing * 2.5));
  }

  /** Stores a message. It is repeated if there is no answer soon. */
  async #store(message: NewMessage): Promise<void> {
    const { probe } = this.#timings;
    const { entry } = await this.#socket.request('sendMessage', message, 2 * probe);
    if (!entry) throw new ChatError(0, 'the answer has no entry');
    this.#receive(message.chatId, entry as Entry);
  }

  /** Loads the first messages of an open chat, once its newest ones are known. */
  #fill(chat: Chat): void {
    const opening = this.#open.get(chat.id);
    if (!opening || opening.isFilled || chat.log.last === undefined) return;
    opening.isFilled = true;
    const { entries, hasOlder } = chat.store.getSnapshot();
    const limit = opening.limit - entries.length;
    // A failure is in the snapshot.
    if (hasOlder && limit > 0) this.#loadOlder(chat, { limit }).catch(() => {});
  }

  #loadOlder(chat: Chat, { limit = 50, signal }: LoadOptions = {}): Promise<void> {
    const opening = this.#open.get(chat.id);
    if (!opening) return Promise.reject(new ChatError(0, 'the chat is closed'));
    opening.loading ??= this.#load(chat, limit, opening.controller.signal).finally(() => {
      opening.loading = undefined;
    });
    return abortable(opening.loading, signal);
  }

  async #load(chat: Chat, limit: number, signal: AbortSignal): Promise<void> {
    if (!chat.store.getSnapshot().hasOlder) return;
    const before = chat.log.from;
    chat.show({ isLoading: true, error: undefined });
    try {
      const query = { chatId: chat.id, before, limit };
      const timeout = this.#timings.answer;
      const { data, hasMore } = await this.#api.getChat(query, { signal, timeout });
      // A sync may have started a new run.
      if (chat.log.from !== before) return;
      chat.log.prepend(hasMore ? (data.chats[0]?.seq ?? 1) : 1, data.chats);
    } catch (error) {
      if (error instanceof ChatError) chat.show({ error });
      throw error;
    } finally {
      chat.show({ isLoading: false });
    }
  }

  /** Leaves a chat that is open nowhere else, unless it is opened again at once. */
  #closeChat(chat: Chat): void {
    const opening = this.#open.get(chat.id);
    if (!opening || --opening.count || this.#isEnded) return;
    this.#typing.stopped(chat.id);
    opening.leaving = setTimeout(() => {
      this.#open.delete(chat.id);
      opening.controller.abort();
      this.#socket.leave(chat.id);
      chat.log.trim(KEPT);
      chat.update({ presence: undefined, typing: [] });
      chat.store.changed();
      if (chat.status.isGone) this.#chats.delete(chat.id);
    }, this.#timings.leave);
  }

  /** Ends everything that is in progress. */
  #end(error: ChatError): void {
    this.#isEnded = true;
    this.#catchUp.stop();
    this.#receipts.stop();
    this.#typing.stop();
    this.#sends.stop(error);
    this.#settleReady(error);
    for (const chatId of [...this.#gaps.keys()]) this.#closeGap(chatId);
    for (const timer of this.#typists.values()) clearTimeout(timer);
    for (const { leaving, controller } of this.#open.values()) {
      clearTimeout(leaving);
      controller.abort();
    }
  }
}
