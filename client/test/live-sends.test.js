// Sending with `live`: durable, in order, withdrawn, refused, and across reloads and tabs.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { eventually, timers } from './harness.js';
import { cut, listed, live, pause, startMock, texts, until } from './live.js';

/** A storage as `localStorage`, which tabs share. */
class Storage {
  items = new Map();
  getItem = (key) => this.items.get(key) ?? null;
  setItem = (key, value) => void this.items.set(key, value);
  removeItem = (key) => void this.items.delete(key);
}

/** Returns the texts that the backend has stored. */
function stored(backend, chatId) {
  return backend.chats.get(chatId).entries.map(({ message }) => message.message);
}

test('a message is shown at once, and then under the same key', async (t) => {
  const { backend, ada, chatId } = await startMock(t, {
    outgoing: ({ event }) => (event === 'ack' ? 100 : undefined),
  });
  const a = await live(t, ada);
  const chat = a.openChat(chatId);
  const done = chat.send('Hello', { replyTo: 7 });
  const [pending] = chat.getSnapshot().pending;
  assert.deepEqual(
    [pending.message, pending.replyTo, pending.state, pending.error],
    ['Hello', 7, 'sending', undefined],
  );
  assert.ok(Math.abs(Date.parse(pending.at) - Date.now()) < 5_000);
  const entry = await done;
  assert.equal(entry.clientId, pending.clientId);
  assert.equal(chat.getSnapshot().entries[0], entry);
  assert.deepEqual(chat.getSnapshot().pending, []);
  assert.equal(backend.frames(ada, 'sendMessage').length, 1);
});

test('a stored message stays pending until the entries before it have arrived', async (t) => {
  const { backend, ada, bob, chatId } = await startMock(t, {
    outgoing: ({ event }) => (event === 'entry' ? 'drop' : undefined),
  });
  const a = await live(t, ada, { timings: { gap: 200 } });
  const chat = a.openChat(chatId);
  backend.store(chatId, bob, '1');
  await chat.send('2');
  const { pending, entries } = chat.getSnapshot();
  assert.deepEqual([pending[0].state, entries.length], ['stored', 0]);
  await until(chat, (snapshot) => !snapshot.pending.length);
  assert.deepEqual(texts(chat.getSnapshot()), ['1', '2']);
});

test('the messages of a chat are stored in order, however the network delays them', async (t) => {
  let count = 0;
  const { backend, ada, chatId } = await startMock(t, {
    incoming: ({ action }) => (action === 'sendMessage' ? 40 - 10 * count++ : undefined),
  });
  const a = await live(t, ada);
  const all = ['1', '2', '3', '4'];
  await Promise.all(all.map((text) => a.send(chatId, text)));
  assert.deepEqual(stored(backend, chatId), all);
});

test('a chat that waits does not hold up another one', async (t) => {
  const { backend, ada, bob, chatId } = await startMock(t, {
    refuse: (action, input) => action === 'sendMessage' && input.message === 'stuck' && 503,
  });
  const other = backend.chat(ada, backend.person('Cleo'));
  const a = await live(t, ada);
  a.send(chatId, 'stuck');
  a.send(chatId, 'behind');
  await a.send(other, 'free');
  assert.deepEqual(stored(backend, chatId), []);
  assert.ok(bob);
});

test('a message that is sent offline is stored once connected', async (t) => {
  const { backend, ada, chatId } = await startMock(t);
  const a = await live(t, ada, { isLazy: true });
  const sent = ['1', '2', '3'].map((text) => a.send(chatId, text));
  await Promise.all(sent);
  assert.deepEqual(stored(backend, chatId), ['1', '2', '3']);
});

test('failures for the moment are repeated with the same clientId', async (t) => {
  const failures = [500, 429, 503, 'gateway'];
  const { backend, ada, chatId } = await startMock(t, {
    refuse: (action) => action === 'sendMessage' && failures.shift(),
  });
  const a = await live(t, ada);
  await a.send(chatId, 'Hello');
  const frames = backend.frames(ada, 'sendMessage');
  assert.equal(frames.length, 5);
  assert.equal(new Set(frames.map(({ clientId }) => clientId)).size, 1);
  assert.deepEqual(stored(backend, chatId), ['Hello']);
});

test('a lost acknowledgement causes a repeat, and stores nothing twice', async (t) => {
  let lost = 2;
  const { backend, ada, chatId } = await startMock(t, {
    outgoing: ({ event, entry }) => (event === 'ack' && entry && lost-- > 0 ? 'drop' : undefined),
  });
  const a = await live(t, ada, { timings: { probe: 100 } });
  const heard = [];
  a.on('entry', ({ entry }) => heard.push(entry.seq));
  const entry = await a.send(chatId, 'Hello');
  assert.equal(entry.seq, 1);
  await a.send(chatId, 'again');
  assert.deepEqual(stored(backend, chatId), ['Hello', 'again']);
  assert.deepEqual(heard, [1, 2]);
});

test('a refused message fails, can be retried or discarded, and does not stop others', async (t) => {
  let isRefusing = true;
  const { backend, ada, chatId } = await startMock(t, {
    refuse: (action, input) => isRefusing && input.message?.startsWith('bad') && 422,
  });
  const a = await live(t, ada);
  const chat = a.openChat(chatId);
  const results = await Promise.allSettled(
    ['bad 1', 'good', 'bad 2'].map((text) => chat.send(text)),
  );
  assert.deepEqual(
    results.map(({ status, reason }) => [status, reason?.status]),
    [
      ['rejected', 422],
      ['fulfilled', undefined],
      ['rejected', 422],
    ],
  );
  const { pending } = chat.getSnapshot();
  assert.deepEqual(
    pending.map(({ state, error }) => [state, error.status]),
    [
      ['failed', 422],
      ['failed', 422],
    ],
  );
  isRefusing = false;
  chat.discard(pending[0].clientId);
  chat.retry(pending[1].clientId);
  await until(chat, (snapshot) => !snapshot.pending.length);
  assert.deepEqual(stored(backend, chatId), ['good', 'bad 2']);
});

test('a frame that is too large fails at once', async (t) => {
  const { backend, ada, chatId } = await startMock(t);
  const a = await live(t, ada);
  await assert.rejects(a.send(chatId, 'é'.repeat(16_000)), { name: 'ChatError', status: 413 });
  assert.deepEqual(backend.frames(ada, 'sendMessage'), []);
});

test('an aborted signal withdraws what was not sent, and else ends the waiting', async (t) => {
  let isHeld = true;
  const { backend, ada, chatId } = await startMock(t, {
    outgoing: ({ event, entry }) => (event === 'ack' && entry && isHeld ? 'drop' : undefined),
  });
  const a = await live(t, ada);
  const chat = a.openChat(chatId);
  const reason = new Error('left');
  await assert.rejects(chat.send('never', { signal: AbortSignal.abort(reason) }), reason);
  const [one, two] = [new AbortController(), new AbortController()];
  const first = chat.send('1', { signal: one.signal });
  const second = chat.send('2', { signal: two.signal });
  await eventually(() => stored(backend, chatId).length === 1);
  one.abort(reason);
  two.abort(reason);
  await assert.rejects(first, reason);
  await assert.rejects(second, reason);
  assert.deepEqual(
    chat.getSnapshot().pending.map(({ message }) => message),
    ['1'],
  );
  isHeld = false;
  await until(chat, (snapshot) => texts(snapshot).includes('1') && !snapshot.pending.length);
  assert.deepEqual(stored(backend, chatId), ['1']);
});

test('waiting can be aborted elsewhere, too', async (t) => {
  const { ada, bob, backend, chatId } = await startMock(t);
  for (let count = 0; count < 40; count++) backend.store(chatId, bob, `${count}`);
  const a = await live(t, ada, { isLazy: true });
  const reason = new Error('left');
  const signal = AbortSignal.abort(reason);
  await assert.rejects(a.ready({ signal }), reason);
  await a.ready();
  const chat = a.openChat(chatId, { limit: 10 });
  await assert.rejects(chat.loadOlder({ signal }), reason);
  await until(chat, ({ entries }) => entries.length === 40);
});

test('messages survive a reload, in order', async (t) => {
  const { backend, ada, chatId } = await startMock(t);
  const storage = new Storage();
  const first = ada.client.live({ userId: ada.id, name: 'Ada', storage });
  const sent = ['1', '2'].map((text) => first.send(chatId, text));
  first.close();
  for (const done of sent) await assert.rejects(done, { status: 0 });
  assert.equal(storage.items.size, 1);

  const second = await live(t, ada, { storage });
  const chat = second.openChat(chatId);
  await until(chat, (snapshot) => texts(snapshot).length === 2);
  assert.deepEqual(stored(backend, chatId), ['1', '2']);
  assert.equal(storage.items.size, 0);
});

test('tabs share a storage: what one leaves, another one sends, and nothing twice', async (t) => {
  let isDown = true;
  const { backend, ada, chatId } = await startMock(t, {
    refuse: (action) => action === 'sendMessage' && isDown && 503,
  });
  const storage = new Storage();
  const one = await live(t, ada, { storage });
  one.send(chatId, 'one');
  const two = await live(t, ada, { storage });
  two.send(chatId, 'two');
  one.send(chatId, 'three');
  await pause(50);
  assert.equal(JSON.parse([...storage.items.values()][0]).length, 3);
  isDown = false;
  await eventually(() => storage.items.size === 0);
  await pause(200);
  assert.deepEqual(stored(backend, chatId).sort(), ['one', 'three', 'two']);
  for (const tab of [one, two]) assert.deepEqual(tab.openChat(chatId).getSnapshot().pending, []);
});

test('a storage that is full, broken or foreign does not stop a message', async (t) => {
  const { backend, ada, chatId } = await startMock(t);
  const fail = () => {
    throw new Error('QuotaExceededError');
  };
  for (const storage of [
    { getItem: fail, setItem: fail, removeItem: fail },
    { getItem: () => '{', setItem: fail, removeItem: fail },
    { getItem: () => '[null, {"a":1}]', setItem: fail, removeItem: fail },
    { getItem: () => '{"a":1}', setItem: fail, removeItem: fail },
  ]) {
    const a = await live(t, ada, { storage });
    await a.send(chatId, 'Hello');
  }
  assert.equal(stored(backend, chatId).length, 4);
});

test('a rejection that nobody awaits is no uncaught error', async (t) => {
  const { ada, chatId } = await startMock(t, {
    refuse: (action) => action === 'sendMessage' && 403,
  });
  const uncaught = mock.fn();
  process.on('unhandledRejection', uncaught);
  t.after(() => process.off('unhandledRejection', uncaught));
  const a = await live(t, ada);
  const chat = a.openChat(chatId);
  chat.send('Hello');
  chat.send('Hello', { signal: new AbortController().signal });
  await until(chat, ({ pending }) => pending.every(({ state }) => state === 'failed'));
  await pause(20);
  assert.equal(uncaught.mock.callCount(), 0);
});

test('at most a thousand messages wait', async (t) => {
  const { ada, chatId } = await startMock(t, {
    refuse: (path) => path === '/api/socketTicket' && 503,
  });
  const a = await live(t, ada, { isLazy: true });
  for (let count = 0; count < 1_000; count++) a.send(chatId, `${count}`);
  await assert.rejects(a.send(chatId, 'one more'), /too many/);
});

test('close() ends everything, and leaves no timer', async (t) => {
  const { backend, ada, bob, chatId } = await startMock(t);
  const before = timers();
  const a = await live(t, ada);
  const chat = a.openChat(chatId);
  await until(chat, ({ presence }) => presence);
  backend.store(chatId, bob, '1');
  await eventually(() => listed(a, chatId).unread === 1);
  chat.typing(true);
  a.markRead(chatId);
  a.close();
  // What was read is told first.
  await eventually(() => backend.chats.get(chatId).marks.get(ada.id)?.read === 1);
  await eventually(() => ada.browser.open.size === 0 && timers() <= before);

  const b = await live(t, ada, { isLazy: true });
  b.close();
  await assert.rejects(b.ready(), { name: 'ChatError', status: 0 });
  await assert.rejects(b.send(chatId, 'late'), { name: 'ChatError', status: 0 });
  b.openChat(chatId).close();
});

test('the end of the session ends the waiting', async (t) => {
  let isOver = false;
  const { ada, chatId } = await startMock(t, {
    refuse: (path) => isOver && path.startsWith('/api') && 401,
  });
  const a = await live(t, ada);
  const ended = [];
  a.on('signedOut', ({ status }) => ended.push(status));
  isOver = true;
  await cut(a, ada);
  await assert.rejects(a.send(chatId, 'Hello'), { status: 401 });
  assert.deepEqual(ended, [401]);
});

test('photos have whole addresses, and settings are up to date', async (t) => {
  const { ada, bob, chatId } = await startMock(t);
  const a = await live(t, ada);
  const url = `http://mock/uploads/${bob.id}.jpg`;
  assert.equal(listed(a, chatId).friend.photoUrl, url);
  assert.equal((await ada.client.sync()).chats[0].friend.photoUrl, url);
  const b = await live(t, bob);
  await b.send(chatId, '1');
  await b.send(chatId, '2');
  await eventually(() => listed(a, chatId).lastSeq === 2);
  await ada.client.chatSettings({ chatId, muted: true, clearedSeq: 1 });
  await eventually(() => listed(a, chatId).settings.muted);
  assert.equal(listed(a, chatId).unread, 1);
  const { entries, hasOlder } = a.openChat(chatId).getSnapshot();
  assert.deepEqual([entries.length, hasOlder], [1, false]);
});
