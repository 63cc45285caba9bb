import type { Id } from './contract.js';

/** The state of one chat: what is true, and what the others were told. */
interface State {
  isTyping: boolean;
  wasSent: boolean;
  sentAt: number;
  send: ReturnType<typeof setTimeout> | undefined;
  stop: ReturnType<typeof setTimeout> | undefined;
}

/** Tells others that the user is typing: at most one frame per chat and interval. */
export class Typing {
  readonly #send: (chatId: Id, typing: boolean) => void;
  readonly #interval: number;
  readonly #chats = new Map<Id, State>();

  constructor(send: (chatId: Id, typing: boolean) => void, interval: number) {
    this.#send = send;
    this.#interval = interval;
  }

  /** Call it on each keystroke. The user stops by `false`, or by not calling it any more. */
  set(chatId: Id, isTyping: boolean): void {
    let state = this.#chats.get(chatId);
    if (!state) {
      if (!isTyping) return;
      state = { isTyping, wasSent: false, sentAt: -Infinity, send: undefined, stop: undefined };
      this.#chats.set(chatId, state);
    }
    state.isTyping = isTyping;
    clearTimeout(state.stop);
    if (isTyping) state.stop = setTimeout(() => this.set(chatId, false), this.#interval * 1.5);
    this.#update(chatId, state);
  }

  /** Notes that the others know that the user has stopped, because a message arrives instead. */
  stopped(chatId: Id): void {
    const state = this.#chats.get(chatId);
    if (!state) return;
    clearTimeout(state.send);
    clearTimeout(state.stop);
    state.send = undefined;
    state.isTyping = state.wasSent = false;
  }

  /** Sends nothing more. */
  stop(): void {
    for (const chatId of this.#chats.keys()) this.stopped(chatId);
  }

  #update(chatId: Id, state: State): void {
    if (state.send) return;
    const wait = state.sentAt + this.#interval - performance.now();
    if (wait > 0) {
      if (state.isTyping === state.wasSent) return;
      state.send = setTimeout(() => {
        state.send = undefined;
        if (state.isTyping !== state.wasSent) this.#update(chatId, state);
      }, wait + 1);
    } else if (state.isTyping || state.wasSent) {
      state.wasSent = state.isTyping;
      state.sentAt = performance.now();
      this.#send(chatId, state.isTyping);
    }
  }
}
