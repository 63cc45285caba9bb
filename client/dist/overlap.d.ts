import type { Link } from './link.js';
/**
 * Tells events apart from their copies while two sockets of one client are open: whatever happens in a room then arrives on both,
 * in any order. An event that arrived on one of them is matched with the same content on the other one, each once, so two equal
 * messages stay two. An event is forgotten after a time, since one from before the second socket's joins has no copy.
 */
export declare class Overlap {
    #private;
    /** A copy follows its event within so many milliseconds. */
    constructor(window: number);
    /** Whether this, on this socket, is not the copy of something on the other. Also to be asked for what a socket sends itself. */
    isNew(link: Link, content: string): boolean;
}
