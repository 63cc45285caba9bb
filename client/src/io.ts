import { type ClientOptions, HttpApi } from './http.js';
import { Emitter } from './emitter.js';
import { ChatError } from './errors.js';
import { ACTIONS, type Action, EVENTS } from './names.js';
import { ChatSocket, type SocketOptions } from './socket.js';

/** What `io` takes. Other options of `socket.io-client` may be given and mean nothing here. */
export interface IoOptions extends Omit<ClientOptions, 'url'> {
  /** `userId` and `name`, as an object or as the text of a query. */
  query: { userId: string; name: string } | Record<string, string> | string;
  /** `false` to call `connect()` oneself. */
  autoConnect?: boolean;
  timings?: SocketOptions['timings'];
  [other: string]: unknown;
}

const SOCKET_EVENTS = ['connect', 'disconnect', 'connect_error', 'error', 'signedOut'] as const;

/** A `ChatSocket` in the shape of `socket.io-client`'s socket. */
export class IoSocket extends Emitter<Record<string, any[]>> {
  readonly #socket: ChatSocket;

  /** Use `io`. */
  constructor(socket: ChatSocket) {
    super();
    this.#socket = socket;
    for (const event of SOCKET_EVENTS) socket.on(event, (...args: unknown[]) => this.tell(event, ...args));
    for (const [event, names] of Object.entries(EVENTS) as [keyof typeof EVENTS, readonly string[]][]) {
      socket.on(event, (payload: Record<string, string>) => this.tell(event, ...names.map((name) => payload[name])));
    }
  }

  get connected(): boolean {
    return this.#socket.connected;
  }

  get id(): string | undefined {
    return this.#socket.id;
  }

  connect(): this {
    this.#socket.connect();
    return this;
  }

  disconnect(): this {
    this.#socket.disconnect();
    return this;
  }

  /**
   * Sends an action with its parameters in the order of the contract, as in `emit('chatsend', chatId, message)`, or by name in one
   * object, as in `emit('chatsend', { chatId, message })`. Never throws: what cannot be sent is told by an `error` event.
   */
  emit(action: string, ...args: any[]): this {
    try {
      if (!Object.hasOwn(ACTIONS, action)) throw new ChatError(404, `there is no action "${action}"`, { action });
      const [first] = args;
      const isByName = args.length === 1 && typeof first === 'object' && first !== null;
      const names = ACTIONS[action as Action];
      const parameters = Object.fromEntries(names.map((name, index) => [name, isByName ? first[name] : args[index]]));
      this.#socket.send(action as Action, parameters as never);
    } catch (error) {
      this.tell('error', error);
    }
    return this;
  }
}

/**
 * Opens a socket in the way of `socket.io-client`.
 *
 * `url` is the HTTP API's; the user has to be signed in there. Handlers get an event's parameters as positional arguments.
 */
export function io(url: string, { query, autoConnect, timings, fetch, WebSocket }: IoOptions): IoSocket {
  const { userId = '', name = '' } = Object.fromEntries(new URLSearchParams(query));
  const api = new HttpApi({ url, ...(fetch && { fetch }) });
  const socket = new ChatSocket(api, WebSocket ?? globalThis.WebSocket, { userId, name, ...(timings && { timings }) });
  const shaped = new IoSocket(socket);
  if (autoConnect !== false) socket.connect();
  return shaped;
}
