import type { Link } from './link.js';
/**
 * Recognizes duplicate events while a client has two open sockets. Each event in a room then
 * arrives on both, in any order.
 *
 * An event on one socket is matched with one event of equal content on the other, so two equal
 * messages remain two. Unmatched events expire: an event from before the second socket joined its
 * rooms has no duplicate.
 */
export declare class Deduplicator {
    #private;
    /** `window`: the time in milliseconds within which a duplicate arrives. */
    constructor(window: number);
    /**
     * Whether this event is not the duplicate of an event on the other socket. Frames that a socket
     * sends count too: the other socket receives them.
     */
    isNew(link: Link, content: string): boolean;
}
