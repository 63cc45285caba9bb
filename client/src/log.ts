import type { Entry, Message, MessageEntry, SystemEntry } from './contract.js';

/** The maximum number of entries of one chat that wait for an earlier one. */
const MAX_EARLY = 1_000;

/** An entry with a content of its own. A change is folded into the message that it changes. */
export type ShownEntry = MessageEntry | SystemEntry;

/**
 * The entries of a chat that a client holds: a run without a gap.
 *
 * Entries may arrive in any order and more than once. They leave in order and once.
 */
export class Log {
  /** The `seq` that the run begins with. */
  #from = 1;
  /** The `seq` that the run ends with, once a sync has told where it begins. */
  #last: number | undefined;
  #entries: ShownEntry[] = [];
  #view: readonly ShownEntry[] | undefined;
  /** The entries that arrived before an earlier one. */
  readonly #early = new Map<number, Entry>();
  /** The present state of changed messages that are older than the run. */
  readonly #versions = new Map<number, Message>();

  get from(): number {
    return this.#from;
  }

  get last(): number | undefined {
    return this.#last;
  }

  /** Whether entries wait for an earlier one. */
  get hasGap(): boolean {
    return this.#early.size > 0;
  }

  /** The messages and system entries of the run. */
  get entries(): readonly ShownEntry[] {
    return (this.#view ??= [...this.#entries]);
  }

  /** Adds an entry. Returns the entries that follow the previous ones without a gap. */
  add(entry: Entry): Entry[] {
    if (this.#last === undefined || entry.seq > this.#last + 1) {
      if (this.#early.size < MAX_EARLY) this.#early.set(entry.seq, newer(entry, this.#early));
      return [];
    }
    if (entry.seq <= this.#last) {
      // Arrives again, maybe changed.
      if (entry.kind === 'message') this.#fold(entry);
      return [];
    }
    this.#early.set(entry.seq, newer(entry, this.#early));
    const added: Entry[] = [];
    for (let next; (next = this.#early.get(this.#last + 1));) {
      this.#early.delete(next.seq);
      this.#last = next.seq;
      if (next.kind !== 'change') this.#insert(this.#entries.length, [next]);
      else if (next.message) this.#fold(next.message);
      added.push(next);
    }
    return added;
  }

  /**
   * Adds the entries of a sync, which begin with `from`. If they do not follow the run, they start
   * a new one. Returns the entries that are new.
   */
  merge(from: number, entries: Entry[]): Entry[] {
    if (this.#last === undefined || from > this.#last + 1) {
      this.#entries = [];
      this.#view = undefined;
      this.#from = from;
      this.#last = from - 1;
      for (const seq of this.#early.keys()) if (seq < from) this.#early.delete(seq);
    }
    const added = entries.flatMap((entry) => this.add(entry));
    const next = this.#early.get(this.#last + 1);
    return next ? [...added, ...this.add(next)] : added;
  }

  /** Adds older messages. The run begins with `from` then. */
  prepend(from: number, messages: Message[]): void {
    const older = messages.filter(({ seq }) => seq < this.#from);
    this.#insert(0, older.map(entryOf));
    this.#from = Math.min(this.#from, from);
  }

  /** Forgets all but the newest `count` entries. */
  trim(count: number): void {
    if (this.#entries.length <= count) return;
    this.#entries = this.#entries.slice(-count);
    this.#view = undefined;
    this.#from = this.#entries[0]?.seq ?? this.#from;
    this.#versions.clear();
  }

  #insert(index: number, entries: ShownEntry[]): void {
    const current = entries.map((entry) => {
      const version = this.#versions.get(entry.seq);
      this.#versions.delete(entry.seq);
      return version && entry.kind === 'message' ? newest(entry, version) : entry;
    });
    this.#entries.splice(index, 0, ...current);
    this.#view = undefined;
  }

  /** Replaces a message by a newer version of it. */
  #fold(message: Message): void {
    const index = this.#entries.findIndex(({ seq }) => seq === message.seq);
    const old = this.#entries[index];
    if (!old) {
      const known = this.#versions.get(message.seq);
      if (message.seq < this.#from) {
        this.#versions.set(message.seq, known ? newest(entryOf(known), message) : message);
      }
      return;
    }
    if (old.kind !== 'message') return;
    const next = newest(old, message);
    if (next === old) return;
    this.#entries[index] = next;
    this.#view = undefined;
  }
}

/** Returns a message as an entry. */
export function entryOf(message: Message): MessageEntry {
  return { kind: 'message', by: message.sendBy, at: message.sendTime, ...message };
}

/** Returns the newer one of two versions of a message. */
function newest(entry: MessageEntry, message: Message): MessageEntry {
  return (message.changedSeq ?? 0) > (entry.changedSeq ?? 0) ? entryOf(message) : entry;
}

/** Returns the entry, or the version that waits already if that one is newer. */
function newer(entry: Entry, early: Map<number, Entry>): Entry {
  const other = early.get(entry.seq);
  return entry.kind === 'message' && other?.kind === 'message' ? newest(other, entry) : entry;
}
