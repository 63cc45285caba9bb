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
/**
 * A queue of frames.
 *
 * API Gateway handles the frames of a socket concurrently. A frame that overtakes the join of its
 * room would be refused, so it waits until the join has been answered. Frames to other rooms are
 * not delayed.
 */
export declare class Outbox {
    #private;
    /** Calls `onSend` before each frame is sent. */
    constructor(onSend: (link: Link, frame: Outgoing) => void);
    /** Sends a frame as soon as possible. An ephemeral one replaces an equal one that waits. */
    push(frame: Outgoing): void;
    /** Sends all further frames over `link`. Without a link, they wait. */
    use(link: Link | undefined): void;
    /** Sends the frames that no longer need to wait. Call this when a join has been answered. */
    flush(): void;
    /** Discards the waiting frames. */
    clear(): void;
}
