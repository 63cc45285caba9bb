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
 * The gateway handles the frames of one socket side by side. A frame that overtook the join of its room would be refused, so it
 * waits until the join is answered.
 */
export declare class Outbox {
    #private;
    /** `sent` is told of each frame that goes out. */
    constructor(sent: (link: Link, frame: Outgoing) => void);
    /** Sends a frame as soon as that can be. */
    push(frame: Outgoing): void;
    /** From now on frames go out here; nowhere without a link. */
    use(link: Link | undefined): void;
    /** Sends what can be sent now. To be called when a join was answered. */
    flush(): void;
    /** Forgets what waits. */
    clear(): void;
}
