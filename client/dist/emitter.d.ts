/** Handlers by event. `Events` maps each event's name to the handlers' arguments. */
export declare class Emitter<Events extends {
    [Name in keyof Events]: unknown[];
}> {
    #private;
    /** Calls `handler` at each `event` from now on. The same handler twice is one. */
    on<Name extends keyof Events>(event: Name, handler: (...args: Events[Name]) => unknown): this;
    /** Calls `handler` no more; without one, none for this event; without an event, none at all. */
    off<Name extends keyof Events>(event?: Name, handler?: (...args: Events[Name]) => unknown): this;
    /** Calls the handlers. One that throws, or whose promise is rejected, is reported and stops nobody else's. */
    protected tell<Name extends keyof Events>(event: Name, ...args: Events[Name]): void;
}
