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
  /** Whether the frame is false later, so that it may wait for a join but not for a socket. */
  isEphemeral: boolean;
}

/** The maximum number of frames that wait for a socket. It bounds the memory of an app that stays offline. */
const MAX_WAITING = 1000;

/** The maximum time in milliseconds that an ephemeral frame waits for a join. */
const MAX_AGE = 5_000;

/**
 * A queue of frames.
 *
 * API Gateway handles the frames of a socket concurrently. A frame that overtakes the join of its
 * room would be refused, so it waits until the join has been answered. Frames to other rooms are
 * not delayed.
 */
export class Outbox {
  readonly #onSend: (link: Link, frame: Outgoing) => void;
  #link: Link | undefined;
  #waiting: (Outgoing & { at: number })[] = [];

  /** Calls `onSend` before each frame is sent. */
  constructor(onSend: (link: Link, frame: Outgoing) => void) {
    this.#onSend = onSend;
  }

  /** Sends a frame as soon as possible. An ephemeral one replaces an equal one that waits. */
  push(frame: Outgoing): void {
    if (frame.isEphemeral) {
      if (!this.#link?.isOpen) return;
      this.#waiting = this.#waiting.filter(({ text }) => text !== frame.text);
    }
    if (this.#waiting.length >= MAX_WAITING) {
      throw new ChatError(0, 'too many frames are waiting for the socket: try again later', {
        action: frame.action,
      });
    }
    this.#waiting.push({ ...frame, at: performance.now() });
    this.flush();
  }

  /** Sends all further frames over `link`. Without a link, they wait. */
  use(link: Link | undefined): void {
    this.#link = link;
    if (!link) this.#waiting = this.#waiting.filter(({ isEphemeral }) => !isEphemeral);
    this.flush();
  }

  /** Sends the frames that no longer need to wait. Call this when a join has been answered. */
  flush(): void {
    const link = this.#link;
    if (!link?.isOpen) return;
    const oldest = performance.now() - MAX_AGE;
    this.#waiting = this.#waiting.filter((frame) => {
      if (frame.isEphemeral && frame.at < oldest) return false;
      if (!link.isOpen || (frame.room !== undefined && link.isJoining(frame.room))) return true;
      this.#onSend(link, frame);
      link.send(frame.text);
      return false;
    });
  }

  /** Discards the waiting frames. */
  clear(): void {
    this.#waiting = [];
    this.#link = undefined;
  }
}
