import { ChatError } from './errors.js';
import type { Link } from './link.js';

/** A frame on its way out. */
export interface Outgoing {
  action: string;
  text: string;
  /** The room that it is for, if any. */
  room: string | undefined;
  /** What the others in the room are shown, if anything. */
  content: string | undefined;
}

/** So many frames wait for a socket; more are refused, so that an app that is offline for days does not grow. */
const MAX_WAITING = 1000;

/**
 * Frames in the order in which they are to go out.
 *
 * The gateway handles the frames of one socket side by side. A frame that overtook the join of its room would be refused, so it
 * waits until the join is answered.
 */
export class Outbox {
  readonly #sent: (link: Link, frame: Outgoing) => void;
  #link: Link | undefined;
  #waiting: Outgoing[] = [];

  /** `sent` is told of each frame that goes out. */
  constructor(sent: (link: Link, frame: Outgoing) => void) {
    this.#sent = sent;
  }

  /** Sends a frame as soon as that can be. */
  push(frame: Outgoing): void {
    if (this.#waiting.length >= MAX_WAITING) {
      throw new ChatError(0, 'too many frames wait for the socket', { action: frame.action });
    }
    this.#waiting.push(frame);
    this.flush();
  }

  /** From now on frames go out here; nowhere without a link. */
  use(link: Link | undefined): void {
    this.#link = link;
    this.flush();
  }

  /** Sends what can be sent now. To be called when a join was answered. */
  flush(): void {
    for (let frame; (frame = this.#waiting[0]) && this.#link?.isOpen; ) {
      if (frame.room !== undefined && this.#link.isJoining(frame.room)) return;
      this.#waiting.shift();
      this.#sent(this.#link, frame);
      this.#link.send(frame.text);
    }
  }

  /** Forgets what waits. */
  clear(): void {
    this.#waiting = [];
    this.#link = undefined;
  }
}
