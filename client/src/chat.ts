import type {
  ChatSettings,
  Entry,
  Id,
  Marks,
  MessageEntry,
  Person,
  Presence,
  SyncedChat,
} from './contract.js';
import type { ChatError } from './errors.js';
import { Log, type ShownEntry } from './log.js';
import type { PendingMessage } from './sends.js';
import { share, Store } from './store.js';

/** The `unread` that means more than 99. */
const MANY = 100;

/** A chat in the list of chats. It is never modified: a change makes a new object. */
export interface ChatSummary {
  readonly _id: Id;
  readonly kind: 'direct' | 'group';
  /** The other member of a direct chat. */
  readonly friend: Person | undefined;
  /** The last message. */
  readonly last: MessageEntry | undefined;
  readonly lastSeq: number;
  /** The time of the last message, or of the creation of the chat. */
  readonly lastActivity: string;
  /** The number of unread messages; 100 means more than 99. */
  readonly unread: number;
  readonly marks: readonly Marks[];
  readonly settings: ChatSettings;
  /** The presence of the friend, if the chat is open and the friend does not hide it. */
  readonly presence: Presence | undefined;
  /** The other members who are typing, if the chat is open. */
  readonly typing: readonly Id[];
}

/** An open chat. It is never modified: a change makes a new object. */
export interface ChatSnapshot extends ChatSummary {
  /** The entries so far, oldest first, changes folded into the messages that they change. */
  readonly entries: readonly ShownEntry[];
  /** The user's own messages that are not among the entries yet, oldest first. */
  readonly pending: readonly PendingMessage[];
  /** The `seq` up to which the user's messages were delivered to, or read by, all others. */
  readonly delivered: number;
  readonly read: number;
  /** Whether `loadOlder()` finds more. */
  readonly hasOlder: boolean;
  readonly isLoading: boolean;
  /** Whether the user is not, or no longer, a member. */
  readonly isGone: boolean;
  /** Why the room could not be joined, or the last page could not be loaded. */
  readonly error: ChatError | undefined;
}

/** The parts of a snapshot that neither the summary nor the log has. */
type Status = Pick<ChatSnapshot, 'isLoading' | 'isGone' | 'error'>;

/** A chat as this client knows it. */
export class Chat {
  readonly log = new Log();
  readonly store: Store<ChatSnapshot>;
  /** Whether the server has named the chat. Before, it is not in the list. */
  isListed = false;
  #summary: ChatSummary;
  #status: Status = { isLoading: false, isGone: false, error: undefined };
  readonly #me: Id;
  readonly #onChange: () => void;

  /** `pending` returns the user's messages that are not stored yet. */
  constructor(id: Id, me: Id, pending: () => readonly PendingMessage[], onChange: () => void) {
    this.#me = me;
    this.#onChange = onChange;
    this.#summary = {
      _id: id,
      kind: 'direct',
      friend: undefined,
      last: undefined,
      lastSeq: 0,
      lastActivity: '',
      unread: 0,
      marks: [],
      settings: { muted: false, archived: false, pinned: false, clearedSeq: 0 },
      presence: undefined,
      typing: [],
    };
    this.store = new Store(() => {
      const { entries, from, last } = this.log;
      const { clearedSeq } = this.#summary.settings;
      const others = this.#summary.marks.filter(({ userId }) => userId !== me);
      const least = (name: 'delivered' | 'read') =>
        others.length ? Math.min(...others.map((marks) => marks[name])) : 0;
      return {
        ...this.#summary,
        ...this.#status,
        entries: clearedSeq ? entries.filter(({ seq }) => seq > clearedSeq) : entries,
        pending: pending(),
        delivered: least('delivered'),
        read: least('read'),
        hasOlder: last !== undefined && from > clearedSeq + 1,
      };
    });
  }

  get id(): Id {
    return this.#summary._id;
  }

  get summary(): ChatSummary {
    return this.#summary;
  }

  get status(): Status {
    return this.#status;
  }

  /** Whether there are entries that the log lacks. */
  get isBehind(): boolean {
    return this.log.hasGap || (this.log.last ?? Infinity) < this.#summary.lastSeq;
  }

  /** The user's own watermarks. */
  get ownMarks(): Marks {
    const own = this.#summary.marks.find(({ userId }) => userId === this.#me);
    return own ?? { userId: this.#me, delivered: 0, read: 0 };
  }

  /** Changes the summary. */
  update(changes: Partial<ChatSummary>): void {
    const next = share(this.#summary, { ...this.#summary, ...changes });
    if (next === this.#summary) return;
    this.#summary = next;
    this.store.changed();
    this.#onChange();
  }

  /** Changes the rest of the snapshot. */
  show(changes: Partial<Status>): void {
    this.#status = { ...this.#status, ...changes };
    this.store.changed();
  }

  /** Moves the watermarks of a member forward. */
  mark(marks: Marks): void {
    const { marks: all } = this.#summary;
    const old = all.find(({ userId }) => userId === marks.userId);
    const next = {
      userId: marks.userId,
      delivered: Math.max(marks.delivered, marks.read, old?.delivered ?? 0),
      read: Math.max(marks.read, old?.read ?? 0),
    };
    if (old ? share(old, next) === old : !next.delivered) return;
    this.update({ marks: old ? all.map((one) => (one === old ? next : one)) : [...all, next] });
    if (marks.userId === this.#me) this.update({ unread: this.#countUnread(this.summary.unread) });
  }

  /** Takes over a live entry. Returns the entries that follow the previous ones without a gap. */
  receive(entry: Entry): Entry[] {
    const added = this.log.add(entry);
    const others = added.filter((added) => this.#isOthers(added)).length;
    this.#logChanged(this.#summary.unread + others);
    return added;
  }

  /** Takes over what a sync has returned. Returns the entries that are new. */
  merge(synced: SyncedChat): Entry[] {
    const { last } = this.log;
    // Without entries, `from` does not tell what the log lacks, only `lastSeq` does.
    const from = synced.entries.length || last === undefined ? synced.from : last + 1;
    const added = this.log.merge(from, synced.entries);
    const { kind, friend, lastSeq, lastActivity, settings } = synced;
    this.isListed = true;
    if (this.#status.isGone) this.show({ isGone: false });
    this.update({
      kind,
      lastSeq: Math.max(lastSeq, this.#summary.lastSeq),
      lastActivity: later(lastActivity, this.#summary.lastActivity),
      ...(friend && { friend: share(this.#summary.friend, friend) }),
      ...(settings && { settings: share(this.#summary.settings, settings) }),
    });
    for (const marks of synced.marks) this.mark(marks);
    // What has arrived since is not counted yet.
    const isLater = (entry: Entry) => entry.seq > lastSeq && this.#isOthers(entry);
    this.#logChanged(synced.unread + this.log.entries.filter(isLater).length);
    this.#onChange();
    return added;
  }

  /** Takes over settings. */
  set(settings: ChatSettings): void {
    this.update({ settings: share(this.#summary.settings, settings) });
    this.update({ unread: this.#countUnread(this.#summary.unread) });
  }

  /** Hides or shows that a member is typing. */
  setTyping(userId: Id, isTyping: boolean): void {
    const rest = this.#summary.typing.filter((other) => other !== userId);
    this.update({ typing: isTyping ? [...rest, userId] : rest });
  }

  #logChanged(unread: number): void {
    const { entries, last = 0 } = this.log;
    let message: MessageEntry | undefined;
    for (let index = entries.length; !message && index--;) {
      const entry = entries[index];
      if (entry?.kind === 'message') message = entry;
    }
    this.update({
      last: message ?? this.#summary.last,
      lastSeq: Math.max(last, this.#summary.lastSeq),
      lastActivity: later(message?.at ?? '', this.#summary.lastActivity),
      unread: this.#countUnread(unread),
    });
    this.store.changed();
  }

  /**
   * Counts the messages of others after the read mark and the user's newest message. If the log
   * does not reach back so far, returns `known`, which the server has counted.
   */
  #countUnread(known: number): number {
    const { entries, from } = this.log;
    const floor = Math.max(this.ownMarks.read, this.#summary.settings.clearedSeq);
    let count = 0;
    for (let index = entries.length; index-- && count < MANY;) {
      const entry = entries[index]!;
      if (entry.seq <= floor || (entry.kind === 'message' && entry.by === this.#me)) return count;
      if (this.#isOthers(entry)) count++;
    }
    return count === MANY || from <= floor + 1 ? count : Math.max(count, Math.min(known, MANY));
  }

  #isOthers(entry: Entry): boolean {
    return entry.kind === 'message' && entry.by !== this.#me;
  }
}

/** Returns the later one of two times. */
function later(one: string, other: string): string {
  return one > other ? one : other;
}
