import { ChatError } from './errors.js';

/** 24 hex digits. */
export type Id = string;

/** What every success says, beside its own fields. */
export interface Success {
  status: true;
}

/** A success without data. */
export interface Done extends Success {
  message: string;
}

/** Somebody as others see them. */
export interface Person {
  _id: Id;
  fullName: string;
  /** Where the picture is, if there is one. */
  photoUrl: string | null;
}

/** The signed-in user. */
export interface User {
  _id: Id;
  email: string;
  fullName: string | null;
  photoUrl: string | null;
  isProfileComplete: boolean;
}

/** A stored message. `seq` counts 1, 2, 3 … in its chat, without a gap. */
export interface Message {
  _id: Id;
  sendBy: Id;
  /** RFC 3339, UTC. */
  sendTime: string;
  message: string;
  seq: number;
  /** What the sender named this send, if anything. */
  clientId?: string;
}

/** A chat with a friend; `chats` is the last message, or `[]`. */
export interface Connection {
  _id: Id;
  friend: Person;
  chats: Message | [];
}

/** What opens one socket, within `expiresIn` seconds. */
export interface Ticket extends Success {
  ticket: string;
  url: string;
  expiresIn: number;
}

/** How this client reaches the backend. */
export interface ClientOptions {
  /** The HTTP API's URL, as in `https://api.example.com`. It is all that has to be known: tickets name the sockets' URL. */
  url: string;
  /** What requests are made with: the global one by default. Where cookies are not kept for it (Node), it has to keep them. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** What sockets are made with: the global one by default. Node has it from version 22. */
  WebSocket?: SocketConstructor;
}

/** As much of a WebSocket as is used here; browsers' and that of the package `ws` will do. */
export interface Socket {
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
  readonly readyState: number;
  send(text: string): void;
  close(): void;
}

/** What makes one. */
export type SocketConstructor = new (url: string) => Socket;

/** API Gateway answers within 30 seconds; a photo may take a while to get there. */
const TIMEOUT = 60_000;

interface Call {
  query?: object | undefined;
  json?: object;
  form?: FormData;
  /** Whether the endpoint takes an `access-key`, so that a 401 may only mean that it ran out. */
  signedIn?: boolean;
}

/**
 * The HTTP API, a method for each endpoint, with the contract's names for what goes in and what comes out.
 *
 * Whatever fails rejects with a `ChatError`. An access token that ran out is refreshed once, however many calls notice, and the
 * calls are repeated; a refresh that is answered 401 means that the session is over, and rejects all of them.
 */
export class HttpApi {
  readonly #url: string;
  readonly #fetch: NonNullable<ClientOptions['fetch']>;
  #renewal: Promise<unknown> | undefined;
  #renewals = 0;

  constructor({ url, fetch }: ClientOptions) {
    this.#url = url.replace(/\/+$/, '');
    // Unbound, the browser's own refuses to run as anything else's method.
    this.#fetch = fetch ?? ((url, init) => globalThis.fetch(url, init));
  }

  /** Mails a code of six digits, good for 3 minutes. */
  sendOtp(json: { email: string }): Promise<Done> {
    return this.#json('POST', '/api/sendOtp', { json });
  }

  /** Signs in with a mailed code. Where `isComplete` is false, `uploadDetails` has to follow. */
  verifyOtp(json: { email: string; otp: string }): Promise<Done & { isComplete: boolean }> {
    return this.#json('POST', '/api/verifyOtp', { json });
  }

  /** Makes a mailed code good for nothing. */
  deleteOtp(json: { email: string }): Promise<Done> {
    return this.#json('DELETE', '/api/deleteOtp', { json });
  }

  /** Completes or changes the profile. `profile` is a JPEG, PNG or WebP of at most 2 MiB. */
  uploadDetails({ profile, ...json }: { fullName: string; email: string; profile?: Blob }): Promise<Done> {
    if (!profile) return this.#json('POST', '/api/uploadDetails', { json, signedIn: true });
    const form = new FormData();
    for (const [name, value] of Object.entries(json)) form.append(name, value);
    form.append('profile', profile);
    return this.#json('POST', '/api/uploadDetails', { form, signedIn: true });
  }

  /** Ends this session and closes its sockets. */
  logout(): Promise<Done> {
    return this.#json('POST', '/api/logout');
  }

  /** Takes the next tokens. Other methods do it themselves when they have to. Calls at the same time share one request. */
  refresh(): Promise<Done> {
    this.#renewal ??= this.#json<Done>('GET', '/api/refresh')
      .then((done) => (this.#renewals++, done))
      .finally(() => (this.#renewal = undefined));
    return this.#renewal as Promise<Done>;
  }

  /** The signed-in user. */
  userDetails(): Promise<Success & { userdata: User }> {
    return this.#json('GET', '/api/userDetails', { signedIn: true });
  }

  /** The directory. `search` is the start of any part of a name; `next` is what to ask for `after`. */
  users(query?: { search?: string; limit?: number; after?: Id }): Promise<Success & { data: Person[]; next: Id | null }> {
    return this.#json('GET', '/api/users', { query, signedIn: true });
  }

  /** Opens a chat with somebody. 409 where there is one already. */
  createConnection(json: { personId: Id }): Promise<Done & { chatId: Id }> {
    return this.#json('POST', '/api/createConnection', { json, signedIn: true });
  }

  /** All chats, the last active first. */
  allConnection(): Promise<Success & { data: Connection[] }> {
    return this.#json('GET', '/api/allConnection', { signedIn: true });
  }

  /** Messages of a chat, oldest first: the last ones, or those `before` or `after` a `seq`. */
  getChat(query: {
    chatId: Id;
    limit?: number;
    before?: number;
    after?: number;
  }): Promise<Success & { data: { _id: Id; chats: Message[] }; hasMore: boolean }> {
    return this.#json('GET', '/api/getChat', { query, signedIn: true });
  }

  /** Stores a message. With a `clientId` it can be repeated until it is heard: the repeat gives the first one's message. */
  sendMessage(json: {
    chatId: Id;
    userId: Id;
    message: string;
    clientId?: string;
  }): Promise<Done & { data: Message }> {
    return this.#json('POST', '/api/sendMessage', { json, signedIn: true });
  }

  /** The last message of a chat, if there is one. */
  lastMessage(query: { chatId: Id }): Promise<Success & { data: { _id: Id; chats: Message[] } }> {
    return this.#json('GET', '/api/lastMessage', { query, signedIn: true });
  }

  /** What opens one socket. `socket` asks for it itself. */
  socketTicket(): Promise<Ticket> {
    return this.#json('POST', '/api/socketTicket', { signedIn: true });
  }

  /** The picture that a `photoUrl` leads to. */
  async photo(photoUrl: string): Promise<Blob> {
    return (await this.#request('GET', new URL(photoUrl, this.#url), {})).blob();
  }

  async #json<T>(method: string, path: string, call: Call = {}): Promise<T> {
    const url = new URL(this.#url + path);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const response = await this.#request(method, url, call);
    // `allConnection` alone answers without a body: there are none.
    return response.status === 204 ? ({ status: true, data: [] } as T) : ((await response.json().catch(unreachable)) as T);
  }

  async #request(method: string, url: URL, call: Call): Promise<Response> {
    const { json, form, signedIn } = call;
    const renewals = this.#renewals;
    const send = () =>
      this.#fetch(url.href, {
        method,
        credentials: 'include',
        signal: AbortSignal.timeout(TIMEOUT),
        ...(json && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(json) }),
        ...(form && { body: form }),
      }).catch(unreachable);
    let response = await send();
    if (response.status === 401 && signedIn) {
      // A call that was sent before somebody else's refresh and answered after it only has to be repeated.
      if (renewals === this.#renewals) await this.refresh();
      response = await send();
    }
    if (response.ok) return response;
    throw await errorOf(response);
  }
}

function unreachable(cause: unknown): never {
  throw new ChatError(0, 'the server cannot be reached', { cause });
}

/** The error in an answer: the backend's own, or API Gateway's, which has another form. */
async function errorOf(response: Response): Promise<ChatError> {
  const body = await response.json().catch(() => undefined);
  const message = body?.error?.message ?? body?.message ?? (response.statusText || `status ${response.status}`);
  const retryAfter = response.headers.get('Retry-After');
  return new ChatError(response.status, message, { retryAfter: retryAfter === null ? undefined : Number(retryAfter) });
}
