/**
 * A state that changes, as React's `useSyncExternalStore` and the stores of other frameworks read
 * it. A snapshot is never modified. As long as nothing changes, it is the same object.
 */
export class Store<Snapshot extends object> {
  readonly #build: () => Snapshot;
  readonly #listeners = new Set<{ call: () => void }>();
  #snapshot: Snapshot | undefined;
  #published: Snapshot | undefined;
  #isStale = true;
  #isScheduled = false;

  /** Calls `build` to create a snapshot, at most once per change. */
  constructor(build: () => Snapshot) {
    this.#build = build;
  }

  /** Calls `listener` after changes, once for those at the same time. Returns how to stop that. */
  readonly subscribe = (listener: () => void): (() => void) => {
    // Equal listeners are different subscriptions.
    const subscription = { call: listener };
    if (!this.#listeners.size) this.#published = this.getSnapshot();
    this.#listeners.add(subscription);
    return () => void this.#listeners.delete(subscription);
  };

  /** Returns the present state. */
  readonly getSnapshot = (): Snapshot => {
    if (this.#isStale) {
      this.#isStale = false;
      this.#snapshot = share(this.#snapshot, this.#build());
    }
    return this.#snapshot!;
  };

  /** Reports that the next snapshot may differ. */
  changed(): void {
    this.#isStale = true;
    if (this.#isScheduled || !this.#listeners.size) return;
    this.#isScheduled = true;
    void Promise.resolve().then(() => {
      this.#isScheduled = false;
      const snapshot = this.getSnapshot();
      if (snapshot === this.#published) return;
      this.#published = snapshot;
      for (const { call } of [...this.#listeners]) call();
    });
  }
}

/** Returns `next`, or `previous` if it has the same content. Lists in it are compared as well. */
export function share<T extends object>(previous: T | undefined, next: T): T {
  if (!previous) return next;
  const before = previous as Record<string, unknown>;
  const after = next as Record<string, unknown>;
  for (const [name, value] of Object.entries(after)) {
    const old = before[name];
    if (Array.isArray(value) && Array.isArray(old) && value !== old)
      after[name] = share(old, value);
  }
  const names = Object.keys(after);
  const isEqual =
    names.length === Object.keys(before).length &&
    names.every((name) => Object.is(before[name], after[name]));
  return isEqual ? previous : next;
}
