import type { Id, SyncedChat, Synced, SyncInput } from './contract.js';
import type { ChatError } from './errors.js';

/** The chats that a sync names: all, those that matter now, or only those that need it. */
export type Scope = 'all' | 'recent' | undefined;

/** The client that catches up. */
interface Host {
  isConnected(): boolean;
  /** Returns the last `seq` that the client holds of the chats to name. */
  held(scope: Scope, needed: readonly Id[]): Record<Id, number>;
  sync(input: SyncInput): Promise<Synced>;
  /** Takes over what is new in a chat. Returns whether the chat needs another sync. */
  apply(chat: SyncedChat, isNamed: boolean): boolean;
  remove(chatIds: readonly Id[]): void;
  /** Called after each sync that succeeded. */
  caughtUp(): void;
  backoff(attempts: number): number;
}

/** Asks for what was missed, page by page, one request at a time. */
export class CatchUp {
  readonly #host: Host;
  /** The number of entries per chat in the first sync. */
  readonly #limit: number;
  #since: string | undefined;
  #scope: Scope;
  readonly #needed = new Set<Id>();
  #isRunning = false;
  #attempts = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: Host, limit: number) {
    this.#host = host;
    this.#limit = limit;
  }

  /** Syncs, after a connection has opened. */
  all(): void {
    this.#scope = 'all';
    this.stop();
    this.#start();
  }

  /** Syncs while nothing else happens, instead of a ping. */
  recent(): void {
    this.#scope ??= 'recent';
    this.#start();
  }

  /** Syncs a chat whose entries have a gap, or that the client does not know yet. */
  need(chatId: Id): void {
    this.#needed.add(chatId);
    this.#start();
  }

  /** Ends the wait for the next attempt. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #start(): void {
    if (this.#isRunning || this.#timer || !this.#host.isConnected()) return;
    this.#isRunning = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    while (this.#scope || this.#needed.size) {
      const scope = this.#scope;
      const needed = [...this.#needed];
      this.#scope = undefined;
      this.#needed.clear();
      try {
        await this.#sync(this.#host.held(scope, needed));
        this.#attempts = 0;
      } catch (error) {
        if (this.#scope !== 'all') this.#scope = scope;
        for (const chatId of needed) this.#needed.add(chatId);
        this.#isRunning = false;
        // Without a connection, the next one starts it.
        if (!this.#host.isConnected()) return;
        const wait = this.#host.backoff(++this.#attempts);
        const seconds = (error as ChatError).retryAfter ?? 0;
        this.#timer = setTimeout(
          () => {
            this.#timer = undefined;
            this.#start();
          },
          wait + seconds * 1000,
        );
        return;
      }
    }
    this.#isRunning = false;
    this.#host.caughtUp();
  }

  /** Makes one sync: the same request for each of its pages. */
  async #sync(chats: Record<Id, number>): Promise<void> {
    const limit = this.#since ? undefined : this.#limit;
    let now: string | undefined;
    let before: string | undefined;
    do {
      const answer = await this.#host.sync({ chats, since: this.#since, limit, before });
      now ??= answer.now;
      for (const chat of answer.chats) {
        if (this.#host.apply(chat, chat._id in chats)) this.#needed.add(chat._id);
      }
      this.#host.remove(answer.gone);
      before = answer.next;
    } while (before);
    this.#since = now;
  }
}
