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
/**
 * Frames in the order in which they are to go out.
 *
 * The gateway handles the frames of one socket side by side and acknowledges no join, so a frame that follows a join may come before
 * it and be refused with 403, which reaches nobody. The refusal names the action but not the frame. Hence, until a join is surely
 * done, one frame at a time is out: a 403 can only be for that one, and it goes again, after another join, which does no harm. When
 * no refusal came in time, the room is joined and stays so for the life of the socket; then frames go out as they come.
 */
export declare class Outbox {
    #private;
    /** `sent` is told of each frame that goes out. A frame that was refused waits `retryAfter` milliseconds, and twice as long each time. */
    constructor(retryAfter: number, sent: (link: Link, frame: Outgoing) => void);
    /** Sends a frame as soon as that can be. */
    push(frame: Outgoing): void;
    /** From now on frames go out here; nowhere without a link. What was out alone on a socket that is gone counts as sent. */
    use(link: Link | undefined): void;
    /** The server refused an action with 403. Whether that was only because its join was not done yet: then the frame goes again. */
    isRetried(action: string): boolean;
    /** Forgets what waits. */
    clear(): void;
}
