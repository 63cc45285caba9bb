// Breaks sockets off again and again, and counts what gets lost and what is left over.
import { connectPair, eventually, messages, of, signUpPair, timers, unique } from './harness.js';

/**
 * Breaks off the two sides of a chat in turn, `count` times. Each time, the one that was cut says something while offline; when the
 * other one has heard it, which is when the server has accepted the new socket into the room, that one answers.
 */
export async function reconnect(t, count) {
  const people = await signUpPair();
  const timersBefore = timers();
  const { a, b } = await connectPair(t, people);
  const sides = [
    { ...a, browser: people.ada.browser, expected: [] },
    { ...b, browser: people.bob.browser, expected: [] },
  ];
  for (const side of sides) side.before = messages(side.told).length;
  const timersWhileOpen = timers();
  const say = async (from, to) => {
    const message = unique();
    from.socket.send('chatsend', { chatId: people.chatId, message });
    to.expected.push(message);
    await eventually(() => messages(to.told).at(-1) === message);
  };

  for (let round = 0; round < count; round++) {
    const [cut, other] = round % 2 ? sides : [...sides].reverse();
    cut.browser.cut();
    await eventually(() => !cut.socket.connected);
    await say(cut, other);
    await say(other, cut);
  }

  const received = sides.map(({ told, before }) => messages(told).slice(before));
  const result = {
    reconnects: sides.reduce((sum, { told }) => sum + of(told, 'connect').length, 0),
    lost: sides.reduce((sum, { expected }, index) => sum + expected.filter((text) => !received[index].includes(text)).length, 0),
    doubled: received.reduce((sum, texts) => sum + texts.length - new Set(texts).size, 0),
    errors: sides.reduce((sum, { told }) => sum + of(told, 'error').length, 0),
    socketsLeft: sides.reduce((sum, { browser }) => sum + browser.open.size, 0) - sides.length,
    timersLeft: timers() - timersWhileOpen,
  };
  for (const { socket } of sides) socket.disconnect();
  await eventually(() => sides.every(({ browser }) => browser.open.size === 0) && timers() === timersBefore);
  return result;
}
