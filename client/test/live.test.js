// What users of `live` rely on, against the mock backend and the stack.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from './harness.js';
import { listed, live, texts, until, WORLDS } from './live.js';

for (const [name, start] of WORLDS) {
  test(`messages arrive at all devices, and the list follows, on ${name}`, async (t) => {
    const { ada, bob, chatId } = await start(t);
    const [a, b, second] = [await live(t, ada), await live(t, bob), await live(t, bob)];
    const heard = [];
    b.on('entry', ({ entry }) => heard.push(entry.message));

    const entry = await a.send(chatId, 'Hello');
    assert.equal(entry.message, 'Hello');
    assert.equal(entry.by, ada.id);
    await a.send(chatId, 'Bob', { replyTo: entry.seq });
    for (const device of [b, second]) {
      await eventually(() => listed(device, chatId)?.last?.message === 'Bob');
      const chat = listed(device, chatId);
      assert.deepEqual([chat.unread, chat.friend.fullName, chat.kind], [2, 'Ada', 'direct']);
      assert.equal(chat.last.replyTo, entry.seq);
    }
    assert.deepEqual(heard, ['Hello', 'Bob']);
    assert.equal(listed(a, chatId).unread, 0);

    // What is read on one device is read on the other.
    b.markRead(chatId);
    assert.equal(listed(b, chatId).unread, 0);
    await eventually(() => listed(second, chatId).unread === 0);
  });

  test(`an open chat has history, ticks, typing and presence, on ${name}`, async (t) => {
    const { ada, bob, chatId } = await start(t);
    const a = await live(t, ada);
    for (let count = 1; count <= 30; count++) await a.send(chatId, `${count}`);
    const mine = a.openChat(chatId, { limit: 20 });
    const b = await live(t, bob);
    const other = b.openChat(chatId, { limit: 20 });

    const page = await until(other, ({ entries }) => entries.length === 20);
    assert.equal(page.hasOlder, true);
    assert.equal(texts(page).at(-1), '30');
    await other.loadOlder();
    const all = other.getSnapshot();
    assert.deepEqual(
      texts(all),
      Array.from({ length: 30 }, (_, index) => `${index + 1}`),
    );
    assert.equal(all.hasOlder, false);

    const { seq } = await mine.send('31');
    await until(mine, ({ delivered, read }) => delivered >= seq && read < seq);
    other.markRead();
    await until(mine, ({ read }) => read >= seq);

    await until(mine, ({ presence }) => presence?.online === true);
    other.typing(true);
    await until(mine, ({ typing }) => typing[0] === bob.id);
    await other.send('32');
    await until(mine, (chat) => texts(chat).at(-1) === '32' && !chat.typing.length);
    b.close();
    await until(mine, ({ presence }) => presence?.online === false);
  });

  test(`nothing is lost, doubled or reordered by an outage, on ${name}`, async (t) => {
    const { ada, bob, chatId } = await start(t);
    const [a, b] = [await live(t, ada), await live(t, bob)];
    const chat = b.openChat(chatId);
    const expected = [];
    for (let round = 0; round < 10; round++) {
      const sent = [];
      for (const text of [`${round}a`, `${round}b`, `${round}c`]) {
        expected.push(text);
        sent.push(a.send(chatId, text));
      }
      (round % 2 ? ada : bob).browser.cut();
      await Promise.all(sent);
    }
    await until(chat, (snapshot) => texts(snapshot).length >= expected.length);
    assert.deepEqual(texts(chat.getSnapshot()), expected);
    assert.deepEqual(a.openChat(chatId).getSnapshot().pending, []);
  });

  test(`a new chat appears, with what is said first, on ${name}`, async (t) => {
    const { ada, bob, another } = await start(t);
    const cleo = await another('Cleo');
    const [a, b] = [await live(t, ada), await live(t, bob)];
    const c = await live(t, cleo);
    assert.deepEqual(c.chats().getSnapshot().chats, []);
    const { chatId } = await cleo.client.createConnection({ personId: ada.id });
    await eventually(() => listed(a, chatId)?.friend?.fullName === 'Cleo');
    await eventually(() => listed(c, chatId)?.friend?.fullName === 'Ada');
    const heard = [];
    a.on('entry', ({ entry }) => heard.push(entry.message));
    await c.send(chatId, 'Hello');
    await eventually(() => heard.length);
    assert.deepEqual(heard, ['Hello']);
    assert.equal(a.chats().getSnapshot().chats[0]._id, chatId);
    assert.equal(listed(b, chatId), undefined);
    await assert.rejects(ada.client.createConnection({ personId: cleo.id }), {
      status: 409,
      code: 'alreadyConnected',
      chatId,
    });
  });
}
