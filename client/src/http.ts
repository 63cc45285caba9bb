import type {
  ChatSettings,
  Connection,
  Done,
  Id,
  Message,
  Person,
  Success,
  Synced,
  SyncInput,
  Ticket,
  User,
} from './contract.js';
import { abortable, ChatError } from './errors.js';

/** The options of a client. */
export interface ClientOptions {
  /** The URL of the HTTP API, such as `https://api.example.com`. Tickets name the sockets' URL. */
  url: string;
  /** Sends requests: the global `fetch` by default. In Node, it must keep cookies. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Opens sockets: the global `WebSocket` by default, which Node has since version 22. */
  WebSocket?: SocketConstructor;
  /**
   * `false` to let a 401 reject instead of renewing the tokens. Use it wherever the new cookies
   * would not reach their owner, as in server-side rendering with a visitor's cookies.
   */
  refresh?: boolean;
}

/** The options of a single call. */
export interface CallOptions {
  /** Aborts the call, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** The time limit in milliseconds: 60,000 by default. */
  timeout?: number | undefined;
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

/**
 * The time limit of a refresh. The backend accepts an older token for 30 seconds after a newer one
 * was used, so requests and answers that are under way at the same time must be done by then.
 */
const REFRESH_TIMEOUT = 10_000;

interface Call extends CallOptions {
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
  /** Whether expired tokens are renewed. */
  readonly canRefresh: boolean;
  /** Completes the photos' URLs in an answer of `sync`, which are relative to the API's. */
  readonly resolved = (answer: Synced): Synced => {
    for (const { friend } of answer.chats) if (friend) this.resolvePhoto(friend);
    return answer;
  };
  /** Completes the URL of a person's photo. */
  readonly resolvePhoto = (person: Person): Person => {
    if (person.photoUrl) person.photoUrl = new URL(person.photoUrl, this.#url).href;
    return person;
  };
  #refreshing: Promise<Done> | undefined;
  #refreshes = 0;

  constructor({ url, fetch, refresh }: ClientOptions) {
    if (!/^https?:\/\//.test(url)) {
      throw new ChatError(0, `url must be like https://api.example.com, and is "${url}"`);
    }
    this.#url = url.replace(/\/+$/, '');
    this.canRefresh = refresh !== false;
    // The browser's `fetch` fails if it is called as a method of another object.
    this.#fetch = fetch ?? ((url, init) => globalThis.fetch(url, init));
  }

  /** Mails a six-digit code, which is valid for 3 minutes. */
  sendOtp(json: { email: string }, options?: CallOptions): Promise<Done> {
    return this.#json('POST', '/api/sendOtp', { ...options, json });
  }

  /** Signs in with a mailed code. If `isComplete` is false, call `uploadDetails` next. */
  verifyOtp(
    json: { email: string; otp: string },
    options?: CallOptions,
  ): Promise<Done & { isComplete: boolean }> {
    return this.#json('POST', '/api/verifyOtp', { ...options, json });
  }

  /** Invalidates the mailed code, if any. */
  deleteOtp(json: { email: string }, options?: CallOptions): Promise<Done> {
    return this.#json('DELETE', '/api/deleteOtp', { ...options, json });
  }

  /** Completes or changes the profile. `profile` is a JPEG, PNG or WebP image of up to 2 MiB. */
  uploadDetails(
    { profile, ...json }: { fullName: string; email: string; profile?: Blob },
    options?: CallOptions,
  ): Promise<Done> {
    const call = { ...options, signedIn: true };
    if (!profile) return this.#json('POST', '/api/uploadDetails', { ...call, json });
    const form = new FormData();
    for (const [name, value] of Object.entries(json)) form.append(name, value);
    form.append('profile', profile);
    return this.#json('POST', '/api/uploadDetails', { ...call, form });
  }

  /** Ends this session and closes its sockets. */
  logout(options?: CallOptions): Promise<Done> {
    return this.#json('POST', '/api/logout', options);
  }

  /**
   * Renews the tokens. Other methods do this when necessary. Concurrent calls share one request,
   * with the time limit of the first one: at most 10,000 ms. It is repeated once if its answer is
   * lost.
   */
  refresh({ signal, timeout = REFRESH_TIMEOUT }: CallOptions = {}): Promise<Done> {
    if (signal?.aborted) return abortable(new Promise(() => {}), signal);
    const renew = () =>
      this.#json<Done>('GET', '/api/refresh', { timeout: Math.min(timeout, REFRESH_TIMEOUT) });
    this.#refreshing ??= renew()
      .catch((error: ChatError) => (error.status === 0 ? renew() : Promise.reject(error)))
      .then((done) => (this.#refreshes++, done))
      .finally(() => (this.#refreshing = undefined));
    return abortable(this.#refreshing, signal);
  }

  /** Returns the signed-in user. */
  userDetails(options?: CallOptions): Promise<Success & { userdata: User }> {
    return this.#json('GET', '/api/userDetails', { ...options, signedIn: true });
  }

  /**
   * Lists the users. `search` matches the beginning of any word of a name. Pass `next` as `after`
   * to get the next page.
   */
  users(
    query?: { search?: string; limit?: number; after?: Id },
    options?: CallOptions,
  ): Promise<Success & { data: Person[]; next: Id | null }> {
    return this.#json('GET', '/api/users', { ...options, query, signedIn: true });
  }

  /** Creates a chat with another user. If it exists, rejects with 409 and its `chatId`. */
  createConnection(
    json: { personId: Id },
    options?: CallOptions,
  ): Promise<Done & { chatId: Id }> {
    return this.#json('POST', '/api/createConnection', { ...options, json, signedIn: true });
  }

  /**
   * Lists the chats, the most recently active one first. Pass `next` as `before` to get the next
   * page. Without a `limit`, a page has a thousand chats.
   */
  allConnection(
    query?: { limit?: number; before?: string },
    options?: CallOptions,
  ): Promise<Success & { data: Connection[]; next?: string }> {
    return this.#json('GET', '/api/allConnection', { ...options, query, signedIn: true });
  }

  /** Returns messages, oldest first: the latest ones, or those `before` or `after` a `seq`. */
  getChat(
    query: { chatId: Id; limit?: number; before?: number; after?: number },
    options?: CallOptions,
  ): Promise<Success & { data: { _id: Id; chats: Message[] }; hasMore: boolean }> {
    return this.#json('GET', '/api/getChat', { ...options, query, signedIn: true });
  }

  /**
   * Stores a message. With a `clientId`, the call is safe to repeat: a repeated call returns the
   * stored message.
   */
  sendMessage(
    json: { chatId: Id; userId: Id; message: string; clientId?: string; replyTo?: number },
    options?: CallOptions,
  ): Promise<Done & { data: Message }> {
    return this.#json('POST', '/api/sendMessage', { ...options, json, signedIn: true });
  }

  /** Returns the last message of a chat, if any. */
  lastMessage(
    query: { chatId: Id },
    options?: CallOptions,
  ): Promise<Success & { data: { _id: Id; chats: Message[] } }> {
    return this.#json('GET', '/api/lastMessage', { ...options, query, signedIn: true });
  }

  /**
   * Reads everything that is new: the entries after those that the caller holds, marks and profiles.
   * Pass `next` as `before` to get the next page. `live` does this itself.
   */
  async sync(json: SyncInput = {}, options?: CallOptions): Promise<Synced> {
    const call = { ...options, json, signedIn: true };
    return this.resolved(await this.#json<Synced>('POST', '/api/sync', call));
  }

  /** Moves the caller's watermarks forward. `live` does this itself. */
  receipt(
    json: { chatId: Id; delivered?: number; read?: number },
    options?: CallOptions,
  ): Promise<Done> {
    return this.#json('POST', '/api/receipt', { ...options, json, signedIn: true });
  }

  /** Changes the caller's settings of a chat. What is omitted stays as it is. */
  chatSettings(
    json: { chatId: Id } & Partial<ChatSettings>,
    options?: CallOptions,
  ): Promise<Success & { data: ChatSettings }> {
    return this.#json('PUT', '/api/chatSettings', { ...options, json, signedIn: true });
  }

  /** Sets whether others see when the caller is online, and was last seen. */
  presence(json: { visible: boolean }, options?: CallOptions): Promise<Done> {
    return this.#json('PUT', '/api/presence', { ...options, json, signedIn: true });
  }

  /** Creates a ticket, which opens one socket. `socket` calls this method itself. */
  socketTicket(options?: CallOptions): Promise<Ticket> {
    return this.#json('POST', '/api/socketTicket', { ...options, signedIn: true });
  }

  /** Downloads the photo at a `photoUrl`. */
  photo(photoUrl: string, options?: CallOptions): Promise<Blob> {
    const url = new URL(photoUrl, this.#url);
    return this.#call('GET', url, options ?? {}, (response) => response.blob());
  }

  #json<T>(method: string, path: string, call: Call = {}): Promise<T> {
    const url = new URL(this.#url + path);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return this.#call(method, url, call, async (response) =>
      // Only `allConnection` returns no body, if the list is empty.
      response.status === 204 ? { status: true, data: [] } : response.json(),
    );
  }

  /** Makes a request, and reads its answer, within the time limit and until it is aborted. */
  #call<T>(
    method: string,
    url: URL,
    { signal, timeout = TIMEOUT, ...call }: Call,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    const expired = new Promise<never>((_, reject) => {
      const timer = setTimeout(() => {
        reject(new ChatError(0, 'the server did not answer in time'));
        controller.abort();
      }, timeout);
      controller.signal.addEventListener('abort', () => clearTimeout(timer));
    });
    const answer = async () =>
      read(await this.#request(method, url, call, controller.signal)).catch(unreachable);
    // A `fetch` of the caller's may ignore its signal.
    return abortable(signal?.aborted ? expired : Promise.race([answer(), expired]), signal).finally(
      () => controller.abort(),
    );
  }

  async #request(
    method: string,
    url: URL,
    { json, form, signedIn }: Call,
    signal: AbortSignal,
  ): Promise<Response> {
    const refreshes = this.#refreshes;
    const send = () => {
      if (signal.aborted) unreachable(undefined);
      return this.#fetch(url.href, {
        method,
        credentials: 'include',
        signal,
        ...(json && {
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify(json),
        }),
        ...(form && { body: form }),
      }).catch(unreachable);
    };
    let response = await send();
    if (response.status === 401 && signedIn && this.canRefresh) {
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
  const { code, chatId, message = body?.message } = body?.error ?? {};
  const seconds = response.headers.get('Retry-After');
  return new ChatError(
    response.status,
    message ?? (response.statusText || `status ${response.status}`),
    { code, chatId, retryAfter: seconds === null ? undefined : Number(seconds) },
  );
}
