/**
 * Returns a `fetch` that keeps cookies, which no version of Node does: one per user who signs in.
 *
 * Each cookie goes back to the host that has set it, and to no other.
 */
export declare function cookieFetch(fetch?: (url: string, init: RequestInit) => Promise<Response>): (url: string, init?: RequestInit) => Promise<Response>;
