import type { Link } from './link.js';

/**
 * Detects duplicate events while a client has two open sockets. Each event in a room then arrives
 * on both sockets, in any order.
 *
 * An event on one socket is matched with one event of equal content on the other, so two equal
 * messages remain two. Unmatched events expire, because an event that arrived before the second
 * socket joined its rooms has no duplicate.
 */
export class Deduplicator {
  readonly #window: number;
  #unmatched: { link: Link; content: string; at: number }[] = [];

  /** `window`: the time in milliseconds within which a duplicate arrives. */
  constructor(window: number) {
    this.#window = window;
  }

  /**
   * Returns whether the event is not a duplicate of an event on the other socket. Call it for
   * frames that a socket sends as well, because the other socket receives them.
   */
  isNew(link: Link, content: string): boolean {
    const at = performance.now();
    this.#unmatched = this.#unmatched.filter((event) => event.at > at - this.#window);
    const index = this.#unmatched.findIndex(
      (event) => event.link !== link && event.content === content,
    );
    if (index >= 0) this.#unmatched.splice(index, 1);
    else this.#unmatched.push({ link, content, at });
    return index < 0;
  }
}
