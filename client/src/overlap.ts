import type { Link } from './link.js';

/**
 * Tells events apart from their copies while two sockets of one client are open: whatever happens in a room then arrives on both,
 * in any order. An event that arrived on one of them is matched with the same content on the other one, each once, so two equal
 * messages stay two. An event is forgotten after a time, since one from before the second socket's joins has no copy.
 */
export class Overlap {
  readonly #window: number;
  #unmatched: { link: Link; content: string; at: number }[] = [];

  /** A copy follows its event within so many milliseconds. */
  constructor(window: number) {
    this.#window = window;
  }

  /** Whether this, on this socket, is not the copy of something on the other. Also to be asked for what a socket sends itself. */
  isNew(link: Link, content: string): boolean {
    const at = performance.now();
    this.#unmatched = this.#unmatched.filter((event) => event.at > at - this.#window);
    const index = this.#unmatched.findIndex((event) => event.link !== link && event.content === content);
    if (index >= 0) this.#unmatched.splice(index, 1);
    else this.#unmatched.push({ link, content, at });
    return index < 0;
  }
}
