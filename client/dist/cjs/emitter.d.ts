/** Event handlers. `Events` maps the name of each event to the arguments of its handlers. */
export declare class Emitter<Events extends {
    [Name in keyof Events]: unknown[];
}> {
    #private;
    /** Adds a handler of an event. Adding the same handler twice has no effect. */
    on<Name extends keyof Events>(event: Name, handler: (...args: Events[Name]) => unknown): this;
    /** Calls `handler` on the next `event` only. */
    once<Name extends keyof Events>(event: Name, handler: (...args: Events[Name]) => unknown): this;
    /** Removes a handler, or all handlers of an event, or all handlers. */
    off<Name extends keyof Events>(event?: Name, handler?: (...args: Events[Name]) => unknown): this;
    /** Calls the handlers. A handler that throws or rejects is reported; the others still run. */
    protected publish<Name extends keyof Events>(event: Name, ...args: Events[Name]): void;
}
