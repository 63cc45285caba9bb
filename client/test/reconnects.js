// Breaks sockets repeatedly, and counts lost messages and leaked resources.
import { connectPair, eventually, messages, only, signUpPair, timers, unique } from './harness.js';

/**
 * Breaks the sockets of a chat's two members in turn, `count` times. Each time, the disconnected
 * member sends a message while offline. The other member replies once it has arrived; by then, the
 * new socket has joined the room.
 */
export async function reconnect(t, count) {
  const people = await signUpPair();
  const timersBefore = timers();
  const { a, b } = await connectPair(t, people);
  const sides = [
    { ...a, browser: people.ada.browser, expected: [] },
    { ...b, browser: people.bob.browser, expected: [] },
  ];
  for (const side of sides) side.before = messages(side.events).length;
  const timersWhileOpen = timers();
  const say = async (from, to) => {
    const message = unique();
    from.socket.send('chatsend', { chatId: people.chatId, message });
    to.expected.push(message);
    await eventually(() => messages(to.events).at(-1) === message);
  };

  for (let round = 0; round < count; round++) {
    const [cut, other] = round % 2 ? sides : [...sides].reverse();
    cut.browser.cut();
    await eventually(() => !cut.socket.connected);
    await say(cut, other);
    await say(other, cut);
  }

  const received = sides.map(({ events, before }) => messages(events).slice(before));
  const result = {
    reconnects: sides.reduce((sum, { events }) => sum + only(events, 'connect').length, 0),
    lost: sides.reduce(
      (sum, { expected }, index) =>
        sum + expected.filter((text) => !received[index].includes(text)).length,
      0,
    ),
    duplicated: received.reduce((sum, texts) => sum + texts.length - new Set(texts).size, 0),
    errors: sides.reduce((sum, { events }) => sum + only(events, 'error').length, 0),
    socketsLeft: sides.reduce((sum, { browser }) => sum + browser.open.size, 0) - sides.length,
    timersLeft: timers() - timersWhileOpen,
  };
  for (const { socket } of sides) socket.disconnect();
  await eventually(
    () => sides.every(({ browser }) => browser.open.size === 0) && timers() === timersBefore,
  );
  return result;
}
