import { ChatError } from './errors.js';

/** An id: 24 hexadecimal digits. */
export type Id = string;

/** The field that all successful responses share. */
export interface Success {
  status: true;
}

/** A successful response without data. */
export interface Done extends Success {
  message: string;
}

/** A user as others see them. */
export interface Person {
  _id: Id;
  fullName: string;
  /** The URL of the photo, if any. */
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

/** A stored message. `seq` numbers the messages of a chat: 1, 2, 3 … without gaps. */
export interface Message {
  _id: Id;
  sendBy: Id;
  /** RFC 3339, UTC. */
  sendTime: string;
  message: string;
  seq: number;
  /** The sender's own id for the message, if any. */
  clientId?: string;
}

/** A chat with a friend. `chats` is the last message, or `[]`. */
export interface Connection {
  _id: Id;
  friend: Person;
  chats: Message | [];
}

/** A ticket, which opens one socket at `url` within `expiresIn` seconds. */
export interface Ticket extends Success {
  ticket: string;
  url: string;
  expiresIn: number;
}

/** The options of a client. */
export interface ClientOptions {
  /** The URL of the HTTP API, such as `https://api.example.com`. Tickets name the sockets' URL. */
  url: string;
  /** Sends requests: the global `fetch` by default. In Node, it must keep cookies. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Opens sockets: the global `WebSocket` by default, which Node has since version 22. */
  WebSocket?: SocketConstructor;
}

/** The part of a WebSocket that this client uses. Browsers and the package `ws` provide it. */
export interface Socket {
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
  readonly readyState: number;
  send(text: string): void;
  close(): void;
}

/** A constructor of sockets. */
export type SocketConstructor = new (url: string) => Socket;

/** The time limit of a request. API Gateway responds within 30 seconds; uploads may be slow. */
const TIMEOUT = 60_000;

interface Call {
  query?: object | undefined;
  json?: object;
  form?: FormData;
  /** Whether the endpoint needs an access token, so that a 401 may mean that it has expired. */
  signedIn?: boolean;
}

/**
 * The HTTP API: one method per endpoint. Parameters and results have the contract's names.
 *
 * Every failure rejects with a `ChatError`. If the access token has expired, concurrent calls share
 * one refresh and are then repeated. If the refresh returns 401, the session has ended, and all of
 * them reject.
 */
export class HttpApi {
  readonly #url: string;
  readonly #fetch: NonNullable<ClientOptions['fetch']>;
  #refreshing: Promise<unknown> | undefined;
  #refreshes = 0;

  constructor({ url, fetch }: ClientOptions) {
    this.#url = url.replace(/\/+$/, '');
    // The browser's `fetch` fails if it is called as a method of another object.
    this.#fetch = fetch ?? ((url, init) => globalThis.fetch(url, init));
  }

  /** Mails a six-digit code, which is valid for 3 minutes. */
  sendOtp(json: { email: string }): Promise<Done> {
    return this.#json('POST', '/api/sendOtp', { json });
  }

  /** Signs in with a mailed code. If `isComplete` is false, call `uploadDetails` next. */
  verifyOtp(json: { email: string; otp: string }): Promise<Done & { isComplete: boolean }> {
    return this.#json('POST', '/api/verifyOtp', { json });
  }

  /** Invalidates the mailed code, if any. */
  deleteOtp(json: { email: string }): Promise<Done> {
    return this.#json('DELETE', '/api/deleteOtp', { json });
  }

  /** Completes or changes the profile. `profile` is a JPEG, PNG or WebP image of up to 2 MiB. */
  uploadDetails({
    profile,
    ...json
  }: {
    fullName: string;
    email: string;
    profile?: Blob;
  }): Promise<Done> {
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

  /** Renews the tokens. Other methods do this when necessary. Concurrent calls share one request. */
  refresh(): Promise<Done> {
    this.#refreshing ??= this.#json<Done>('GET', '/api/refresh')
      .then((done) => (this.#refreshes++, done))
      .finally(() => (this.#refreshing = undefined));
    return this.#refreshing as Promise<Done>;
  }

  /** Returns the signed-in user. */
  userDetails(): Promise<Success & { userdata: User }> {
    return this.#json('GET', '/api/userDetails', { signedIn: true });
  }

  /**
   * Lists the users. `search` matches the beginning of any word of a name. Pass `next` as `after`
   * to get the next page.
   */
  users(query?: {
    search?: string;
    limit?: number;
    after?: Id;
  }): Promise<Success & { data: Person[]; next: Id | null }> {
    return this.#json('GET', '/api/users', { query, signedIn: true });
  }

  /** Creates a chat with another user. Rejects with 409 if it already exists. */
  createConnection(json: { personId: Id }): Promise<Done & { chatId: Id }> {
    return this.#json('POST', '/api/createConnection', { json, signedIn: true });
  }

  /** Lists all chats, the most recently active one first. */
  allConnection(): Promise<Success & { data: Connection[] }> {
    return this.#json('GET', '/api/allConnection', { signedIn: true });
  }

  /** Returns messages, oldest first: the latest ones, or those `before` or `after` a `seq`. */
  getChat(query: {
    chatId: Id;
    limit?: number;
    before?: number;
    after?: number;
  }): Promise<Success & { data: { _id: Id; chats: Message[] }; hasMore: boolean }> {
    return this.#json('GET', '/api/getChat', { query, signedIn: true });
  }

  /**
   * Stores a message. With a `clientId`, the call is safe to repeat: a repeated call returns the
   * stored message.
   */
  sendMessage(json: {
    chatId: Id;
    userId: Id;
    message: string;
    clientId?: string;
  }): Promise<Done & { data: Message }> {
    return this.#json('POST', '/api/sendMessage', { json, signedIn: true });
  }

  /** Returns the last message of a chat, if any. */
  lastMessage(query: { chatId: Id }): Promise<Success & { data: { _id: Id; chats: Message[] } }> {
    return this.#json('GET', '/api/lastMessage', { query, signedIn: true });
  }

  /** Creates a ticket, which opens one socket. `socket` calls this method itself. */
  socketTicket(): Promise<Ticket> {
    return this.#json('POST', '/api/socketTicket', { signedIn: true });
  }

  /** Downloads the photo at a `photoUrl`. */
  async photo(photoUrl: string): Promise<Blob> {
    return (await this.#request('GET', new URL(photoUrl, this.#url), {})).blob();
  }

  async #json<T>(method: string, path: string, call: Call = {}): Promise<T> {
    const url = new URL(this.#url + path);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const response = await this.#request(method, url, call);
    // Only `allConnection` returns no body, if the list is empty.
    if (response.status === 204) return { status: true, data: [] } as T;
    return (await response.json().catch(unreachable)) as T;
  }

  async #request(method: string, url: URL, call: Call): Promise<Response> {
    const { json, form, signedIn } = call;
    const refreshes = this.#refreshes;
    const send = () =>
      this.#fetch(url.href, {
        method,
        credentials: 'include',
        signal: AbortSignal.timeout(TIMEOUT),
        ...(json && {
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify(json),
        }),
        ...(form && { body: form }),
      }).catch(unreachable);
    let response = await send();
    if (response.status === 401 && signedIn) {
      // If another call has refreshed the token since this one was sent, only repeat it.
      if (refreshes === this.#refreshes) await this.refresh();
      response = await send();
    }
    if (response.ok) return response;
    throw await errorFrom(response);
  }
}

function unreachable(cause: unknown): never {
  throw new ChatError(0, 'the server cannot be reached', { cause });
}

/** Converts an error response. The bodies of the backend's and of API Gateway's responses differ. */
async function errorFrom(response: Response): Promise<ChatError> {
  const body = await response.json().catch(() => undefined);
  const { code, message = body?.message } = body?.error ?? {};
  const seconds = response.headers.get('Retry-After');
  return new ChatError(
    response.status,
    message ?? (response.statusText || `status ${response.status}`),
    { code, retryAfter: seconds === null ? undefined : Number(seconds) },
  );
}
