// Helpers for the tests of `live`: people with chats, on the mock backend or on a real stack.
import { eventually, signUp, signUpPair, timings as socketTimings, url } from './harness.js';
import { createClient } from '../dist/client.js';
import { startBackend } from './mock-backend.js';

/** Short timings for tests. */
export const timings = {
  ...socketTimings,
  probe: 1_000,
  gap: 60,
  receipt: 60,
  typing: 120,
  leave: 60,
};

/** Starts the mock backend with two people who share a chat. */
export async function startMock(t, options) {
  const backend = await startBackend(t, options);
  const ada = backend.person('Ada');
  const bob = backend.person('Bob');
  const chatId = backend.chat(ada, bob);
  return { backend, ada, bob, chatId, another: async (name) => backend.person(name) };
}

/** The places where a scenario runs: the name of each, and how it starts. */
export const WORLDS = [
  ['the mock backend', startMock],
  ['the stack', async () => ({ ...(await signUpPair()), another: (name) => signUp(name) })],
];

/** Opens the chats of a person until the end of the test, and waits until they are there. */
export async function live(t, person, { isLazy, timings: more, ...options } = {}) {
  const live = person.client.live({
    userId: person.id,
    name: person.name,
    timings: { ...timings, ...more },
    ...options,
  });
  t.after(() => live.close());
  live.on('error', () => {});
  if (!isLazy) await live.ready();
  return live;
}

/**
 * Returns a person whose frames `decide` loses (`drop`), doubles (`duplicate`) or delays (by this
 * many milliseconds), in both directions.
 */
export function shaky(person, decide) {
  const act = (deliver) => {
    const fault = decide();
    if (fault === 'drop') return;
    if (typeof fault === 'number') return void setTimeout(deliver, fault);
    deliver();
    if (fault === 'duplicate') deliver();
  };
  class ShakySocket extends person.browser.WebSocket {
    send(text) {
      act(() => this.readyState === 1 && super.send(text));
    }
    get onmessage() {
      return super.onmessage;
    }
    set onmessage(handler) {
      super.onmessage = handler && ((event) => act(() => super.onmessage && handler(event)));
    }
  }
  const client = createClient({
    url: person.url ?? url,
    fetch: person.browser.fetch,
    WebSocket: ShakySocket,
  });
  return { ...person, client };
}

/** Breaks the sockets of a person, and resolves once `live` has noticed it. */
export async function cut(live, { browser }) {
  const noticed = new Promise((resolve) => live.once('disconnect', resolve));
  browser.cut();
  await noticed;
}

/** Waits until a snapshot fulfills a condition, and returns it. */
export async function until(store, condition, limit) {
  await eventually(() => condition(store.getSnapshot()), limit);
  return store.getSnapshot();
}

/** Returns a chat of the list. */
export function listed(live, chatId) {
  return live
    .chats()
    .getSnapshot()
    .chats.find(({ _id }) => _id === chatId);
}

/** Returns the texts of the messages of a snapshot. */
export function texts({ entries }) {
  return entries.filter(({ kind }) => kind === 'message').map(({ message }) => message);
}

export const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis));
