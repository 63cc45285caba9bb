// Measures the client. The results depend on the machine, so nothing is asserted.
import { connectPair, signUpPair, unique } from './harness.js';
import { reconnect } from './reconnects.js';

const closing = [];
const t = { after: (close) => closing.push(close) };

const people = await signUpPair();
const { a, b } = await connectPair(t, people);
const times = [];
for (let count = 0; count < 1_100; count++) {
  const message = unique();
  const start = performance.now();
  const received = new Promise((resolve) => {
    const handler = (event) => {
      if (event.message !== message) return;
      b.socket.off('chatUpdate', handler);
      resolve();
    };
    b.socket.on('chatUpdate', handler);
  });
  a.socket.send('chatsend', { chatId: people.chatId, message });
  await received;
  times.push(performance.now() - start);
}
// The first messages include cold starts.
const sorted = times.slice(100).sort((x, y) => x - y);
const at = (part) => `${sorted[Math.floor(sorted.length * part)].toFixed(1)} ms`;
console.log(
  `send to handler, ${sorted.length} messages: p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}`,
);
for (const close of closing.splice(0)) close();

const start = performance.now();
const result = await reconnect(t, 1_000);
console.log(
  `1,000 forced reconnects in ${((performance.now() - start) / 1000).toFixed(0)} s:`,
  result,
);
