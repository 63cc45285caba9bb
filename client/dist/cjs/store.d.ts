/**
 * A state that changes, as React's `useSyncExternalStore` and the stores of other frameworks read
 * it. A snapshot is never modified. As long as nothing changes, it is the same object.
 */
export declare class Store<Snapshot extends object> {
    #private;
    /** Calls `build` to create a snapshot, at most once per change. */
    constructor(build: () => Snapshot);
    /** Calls `listener` after changes, once for those at the same time. Returns how to stop that. */
    readonly subscribe: (listener: () => void) => (() => void);
    /** Returns the present state. */
    readonly getSnapshot: () => Snapshot;
    /** Reports that the next snapshot may differ. */
    changed(): void;
}
/** Returns `next`, or `previous` if it has the same content. Lists in it are compared as well. */
export declare function share<T extends object>(previous: T | undefined, next: T): T;
