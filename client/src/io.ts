import { Emitter } from './emitter.js';
import { ChatError } from './errors.js';
import { type ClientOptions, HttpApi } from './http.js';
import {
  ACTIONS,
  type Action,
  type Arguments,
  type EventArguments,
  EVENTS,
  type Parameters,
  type ServerEvent,
} from './names.js';
import { ChatSocket, type SocketEvents, type SocketOptions } from './socket.js';

/** The options of `io`. Other options of `socket.io-client` are accepted and ignored. */
export interface IoOptions extends Omit<ClientOptions, 'url'> {
  /** `userId` and `name`, as an object or a query string. */
  query: { userId: string; name: string } | Record<string, string> | string;
  /** `false` to connect only when `connect()` is called. */
  autoConnect?: boolean;
  timings?: SocketOptions['timings'];
  [other: string]: unknown;
}

/** The events of an `IoSocket` and the arguments of their handlers. */
export type IoEvents = Omit<SocketEvents, ServerEvent> & {
  [E in ServerEvent]: EventArguments<E>;
};

const SOCKET_EVENTS = ['connect', 'disconnect', 'connect_error', 'error', 'signedOut'] as const;

/** A `ChatSocket` with the interface of a `socket.io-client` socket. */
export class IoSocket extends Emitter<IoEvents> {
  readonly #socket: ChatSocket;

  /** Use `io` instead. */
  constructor(socket: ChatSocket) {
    super();
    this.#socket = socket;
    for (const event of SOCKET_EVENTS) {
      socket.on(event, (...args: unknown[]) => this.publish(event, ...(args as never)));
    }
    for (const event of Object.keys(EVENTS) as (keyof typeof EVENTS)[]) {
      const names: readonly string[] = EVENTS[event];
      socket.on(event, (payload: Record<string, unknown>) =>
        this.publish(event, ...(names.map((name) => payload[name]) as never)),
      );
    }
    // `socket.io-client` is silent about the end of a session, beyond `disconnect`.
    this.on('signedOut', () => {});
  }

  /** Whether the socket is connected or will reconnect. */
  get active(): boolean {
    return this.#socket.active;
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

  open(): this {
    return this.connect();
  }

  close(): this {
    return this.disconnect();
  }

  removeListener<Name extends keyof IoEvents>(
    event: Name,
    handler?: (...args: IoEvents[Name]) => unknown,
  ): this {
    return this.off(event, handler);
  }

  removeAllListeners(event?: keyof IoEvents): this {
    return this.off(event);
  }

  /**
   * Sends an action. Its parameters are positional, as in `emit('chatsend', chatId, message)`, or
   * named in one object, as in `emit('chatsend', { chatId, message })`.
   *
   * Never throws: an action that cannot be sent causes an `error` event.
   */
  emit<A extends Action>(action: A, ...args: Arguments<A> | [Parameters<A>]): this {
    try {
      if (!Object.hasOwn(ACTIONS, action)) {
        throw new ChatError(404, `unknown action "${action}"`, { action });
      }
      const [first] = args as [any];
      const isNamed = args.length === 1 && typeof first === 'object' && first !== null;
      const parameters = Object.fromEntries(
        ACTIONS[action].map((name, index) => [name, isNamed ? first[name] : args[index]]),
      );
      this.#socket.send(action, parameters as never);
    } catch (error) {
      this.publish('error', error as ChatError);
    }
    return this;
  }
}

/**
 * Opens a socket with the interface of `socket.io-client`.
 *
 * `url` is the URL of the HTTP API, where the user must be signed in. Handlers receive the fields
 * of an event as positional arguments.
 */
export function io(
  url: string,
  { query, autoConnect, timings, fetch, WebSocket, refresh }: IoOptions = { query: '' },
): IoSocket {
  const { userId, name } = Object.fromEntries(new URLSearchParams(query));
  if (!userId || !name) throw new ChatError(0, 'io needs the options { query: { userId, name } }');
  const api = new HttpApi({
    url,
    ...(fetch && { fetch }),
    ...(refresh !== undefined && { refresh }),
  });
  const options = { userId, name, ...(timings && { timings }) };
  const socket = new ChatSocket(api, WebSocket ?? globalThis.WebSocket, options);
  const ioSocket = new IoSocket(socket);
  if (autoConnect !== false) socket.connect();
  return ioSocket;
}
