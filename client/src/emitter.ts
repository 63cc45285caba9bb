import { report } from './errors.js';

type Handler = (...args: never[]) => unknown;

/** Handlers by event. `Events` maps each event's name to the handlers' arguments. */
export class Emitter<Events extends { [Name in keyof Events]: unknown[] }> {
  readonly #handlers = new Map<keyof Events, Set<Handler>>();

  /** Calls `handler` at each `event` from now on. The same handler twice is one. */
  on<Name extends keyof Events>(event: Name, handler: (...args: Events[Name]) => unknown): this {
    let handlers = this.#handlers.get(event);
    if (!handlers) this.#handlers.set(event, (handlers = new Set()));
    handlers.add(handler);
    return this;
  }

  /** Calls `handler` no more; without one, none for this event; without an event, none at all. */
  off<Name extends keyof Events>(event?: Name, handler?: (...args: Events[Name]) => unknown): this {
    if (event === undefined) this.#handlers.clear();
    else if (!handler) this.#handlers.delete(event);
    else this.#handlers.get(event)?.delete(handler);
    return this;
  }

  /** Calls the handlers. One that throws, or whose promise is rejected, is reported and stops nobody else's. */
  protected tell<Name extends keyof Events>(event: Name, ...args: Events[Name]): void {
    const handlers = [...(this.#handlers.get(event) ?? [])] as ((...args: Events[Name]) => unknown)[];
    // An error that nobody listens for must not go unseen.
    if (!handlers.length && (event === 'error' || event === 'signedOut')) console.error(args[0]);
    for (const handler of handlers) {
      try {
        const result = handler(...args);
        if (result instanceof Promise) result.catch(report);
      } catch (error) {
        report(error);
      }
    }
  }
}
