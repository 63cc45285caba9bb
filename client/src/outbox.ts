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

/** A frame that came before its join is sent so many times in all. */
const MAX_TRIES = 6;

/**
 * Frames in the order in which they are to go out.
 *
 * The gateway handles the frames of one socket side by side and acknowledges no join, so a frame that follows a join may come before
 * it and be refused with 403, which reaches nobody. The refusal names the action but not the frame. Hence, until a join is surely
 * done, one frame at a time is out: a 403 can only be for that one, and it goes again, after another join, which does no harm. When
 * no refusal came in time, the room is joined and stays so for the life of the socket; then frames go out as they come.
 */
export class Outbox {
  readonly #sent: (link: Link, frame: Outgoing) => void;
  readonly #retryAfter: number;
  #link: Link | undefined;
  #waiting: Outgoing[] = [];
  /** The frame that is out alone, and how often it was sent. */
  #trial: { frame: Outgoing; tries: number; until: number } | undefined;
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `sent` is told of each frame that goes out. A frame that was refused waits `retryAfter` milliseconds, and twice as long each time. */
  constructor(retryAfter: number, sent: (link: Link, frame: Outgoing) => void) {
    this.#retryAfter = retryAfter;
    this.#sent = sent;
  }

  /** Sends a frame as soon as that can be. */
  push(frame: Outgoing): void {
    if (this.#waiting.length >= MAX_WAITING) {
      throw new ChatError(0, 'too many frames wait for the socket', { action: frame.action });
    }
    this.#waiting.push(frame);
    this.#flush();
  }

  /** From now on frames go out here; nowhere without a link. What was out alone on a socket that is gone counts as sent. */
  use(link: Link | undefined): void {
    if (!link) this.#trial = undefined;
    this.#link = link;
    this.#flush();
  }

  /** The server refused an action with 403. Whether that was only because its join was not done yet: then the frame goes again. */
  isRetried(action: string): boolean {
    const trial = this.#trial;
    const link = this.#link;
    if (!link || trial?.frame.action !== action || trial.tries >= MAX_TRIES) return false;
    this.#trial = undefined;
    this.#tries = trial.tries;
    this.#waiting.unshift(trial.frame);
    link.joinAgain(trial.frame.room!, performance.now() + this.#retryAfter * 2 ** (trial.tries - 1));
    this.#flush();
    return true;
  }

  /** Forgets what waits. */
  clear(): void {
    this.#waiting = [];
    this.use(undefined);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    for (let frame; (frame = this.#waiting[0]) && this.#link?.isOpen; ) {
      const now = performance.now();
      const room = frame.room === undefined ? undefined : this.#link.rooms.get(frame.room);
      const wait = Math.max(this.#trial?.until ?? 0, room?.from ?? 0) - now;
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#flush(), wait);
        return;
      }
      this.#waiting.shift();
      this.#trial = room && room.sure > now ? { frame, tries: this.#tries + 1, until: room.sure } : undefined;
      this.#tries = 0;
      this.#sent(this.#link, frame);
      this.#link.send(frame.text);
    }
  }
}
