import type { Link } from './link.js';
/**
 * Detects duplicate events while a client has two open sockets. Each event in a room then arrives
 * on both sockets, in any order.
 *
 * An event on one socket is matched with one event of equal content on the other, so two equal
 * messages remain two. Unmatched events expire, because an event that arrived before the second
 * socket joined its rooms has no duplicate.
 */
export declare class Deduplicator {
    #private;
    /** `window`: the time in milliseconds within which a duplicate arrives. */
    constructor(window: number);
    /**
     * Returns whether the event is not a duplicate of an event on the other socket. Call it for
     * frames that a socket sends as well, because the other socket receives them.
     */
    isNew(link: Link, content: string): boolean;
}
