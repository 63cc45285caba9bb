import { report } from './errors.js';

type Handler = (...args: never[]) => unknown;

/** Event handlers. `Events` maps the name of each event to the arguments of its handlers. */
export class Emitter<Events extends { [Name in keyof Events]: unknown[] }> {
  /** The handlers of each event, and whether they are called once only. */
  readonly #handlers = new Map<keyof Events, Map<Handler, boolean>>();

  /** Adds a handler of an event. Adding the same handler twice has no effect. */
  on<Name extends keyof Events>(event: Name, handler: (...args: Events[Name]) => unknown): this {
    return this.#add(event, handler, false);
  }

  /** Calls `handler` on the next `event` only. */
  once<Name extends keyof Events>(event: Name, handler: (...args: Events[Name]) => unknown): this {
    return this.#add(event, handler, true);
  }

  /** Removes a handler, or all handlers of an event, or all handlers. */
  off<Name extends keyof Events>(event?: Name, handler?: (...args: Events[Name]) => unknown): this {
    if (event === undefined) this.#handlers.clear();
    else if (!handler) this.#handlers.delete(event);
    else this.#handlers.get(event)?.delete(handler);
    return this;
  }

  /** Calls the handlers. A handler that throws or rejects is reported; the others still run. */
  protected publish<Name extends keyof Events>(event: Name, ...args: Events[Name]): void {
    type TypedHandler = (...args: Events[Name]) => unknown;
    const handlers = [...(this.#handlers.get(event) ?? [])] as [TypedHandler, boolean][];
    // An error without a handler must not go unnoticed.
    if (!handlers.length && (event === 'error' || event === 'signedOut')) console.error(args[0]);
    for (const [handler, isOnce] of handlers) {
      if (isOnce) this.off(event, handler);
      try {
        const result = handler(...args);
        if (result instanceof Promise) result.catch(report);
      } catch (error) {
        report(error);
      }
    }
  }

  #add(event: keyof Events, handler: Handler, isOnce: boolean): this {
    let handlers = this.#handlers.get(event);
    if (!handlers) this.#handlers.set(event, (handlers = new Map()));
    handlers.set(handler, isOnce);
    return this;
  }
}
