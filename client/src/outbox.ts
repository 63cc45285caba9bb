import { ChatError } from './errors.js';
import type { Link } from './link.js';

/** A frame to send. */
export interface Outgoing {
  action: string;
  text: string;
  /** The room that the frame is for, if any. */
  room: string | undefined;
  /** The content of the event that the other sockets in the room receive, if any. */
  content: string | undefined;
}

/** The maximum number of frames that wait for a socket. It bounds the memory of an app that stays offline. */
const MAX_WAITING = 1000;

/**
 * A queue of frames.
 *
 * API Gateway handles the frames of a socket concurrently. A frame that overtakes the join of its
 * room would be refused, so it waits until the join has been answered.
 */
export class Outbox {
  readonly #onSend: (link: Link, frame: Outgoing) => void;
  #link: Link | undefined;
  #waiting: Outgoing[] = [];

  /** Calls `onSend` before each frame is sent. */
  constructor(onSend: (link: Link, frame: Outgoing) => void) {
    this.#onSend = onSend;
  }

  /** Sends a frame as soon as possible. */
  push(frame: Outgoing): void {
    if (this.#waiting.length >= MAX_WAITING) {
      throw new ChatError(0, 'too many frames are waiting for the socket: try again later', {
        action: frame.action,
      });
    }
    this.#waiting.push(frame);
    this.flush();
  }

  /** Sends all further frames over `link`. Without a link, they wait. */
  use(link: Link | undefined): void {
    this.#link = link;
    this.flush();
  }

  /** Sends the frames that no longer need to wait. Call this when a join has been answered. */
  flush(): void {
    for (let frame; (frame = this.#waiting[0]) && this.#link?.isOpen; ) {
      if (frame.room !== undefined && this.#link.isJoining(frame.room)) return;
      this.#waiting.shift();
      this.#onSend(this.#link, frame);
      this.#link.send(frame.text);
    }
  }

  /** Discards the waiting frames. */
  clear(): void {
    this.#waiting = [];
    this.#link = undefined;
  }
}
