// Errors of API Gateway, and joins that fail: only what can be repeated is repeated, alone.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { eventually, messages, only, timings } from './harness.js';
import { acknowledge, serve } from './mock-server.js';

const JOIN = 'join-chat-room';

/** The errors that API Gateway sends by itself, with the status of each. */
const ERRORS = [
  ['Internal server error', 500],
  ['Too Many Requests', 429],
  ['Limit exceeded', 429],
  ['Endpoint request timed out', 504],
];

const gatewayError = (message) => ({ message, connectionId: 'x', requestId: 'y' });

/** Returns the chats of the joins among the frames. */
const joins = (frames) =>
  frames.filter(({ action }) => action === JOIN).map(({ chatId }) => chatId);

const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

for (const [message, status] of ERRORS) {
  test(`"${message}" loses one frame and not the connection`, async (t) => {
    let isFailing = true;
    const { socket, events, frames } = await serve(t, {
      frame: (frame, answer) => {
        if (frame.action !== 'chatsend' || !isFailing) return acknowledge(frame, answer);
        isFailing = false;
        answer(gatewayError(message));
      },
    });
    socket.send(JOIN, { chatId: 'c' });
    socket.send('chatsend', { chatId: 'c', message: '1' });
    await eventually(() => only(events, 'error').length);
    socket.send('chatsend', { chatId: 'c', message: '2' });
    await eventually(() => frames.some((frame) => frame.message === '2'));
    await pause(2 * timings.maxBackoff);
    assert.deepEqual(
      only(events, 'error').map((error) => [error.status, error.code, error.message]),
      [[status, undefined, message]],
    );
    assert.deepEqual([only(events, 'connect').length, only(events, 'disconnect')], [1, []]);
    // The join had been acknowledged, so it is not repeated.
    assert.deepEqual(joins(frames), ['c']);
  });

  test(`a join that fails with "${message}" is repeated on the same socket`, async (t) => {
    let failures = 3;
    const { socket, events, frames } = await serve(t, {
      frame: (frame, answer) => {
        if (frame.chatId === 'b' && frame.action === JOIN && failures-- > 0)
          answer(gatewayError(message));
        else acknowledge(frame, answer);
      },
    });
    socket.send(JOIN, { chatId: 'a' });
    await eventually(() => frames.length === 1);
    socket.send(JOIN, { chatId: 'b' });
    socket.send('chatsend', { chatId: 'b', message: '1' });
    await eventually(() => frames.some(({ action }) => action === 'chatsend'));
    assert.deepEqual(joins(frames), ['a', 'b', 'b', 'b', 'b']);
    assert.deepEqual(only(events, 'disconnect'), []);
  });
}

test('a join that fails with a server error is repeated on the same socket', async (t) => {
  for (const status of [429, 500, 503]) {
    let isAway = true;
    const { socket, events, frames } = await serve(t, {
      frame: ({ action, ackId }, answer) => {
        if (isAway) answer({ event: 'error', action, status, message: 'unavailable', ackId });
        else answer({ event: 'ack', ackId });
        isAway = false;
      },
    });
    await socket.join('c');
    assert.deepEqual(joins(frames), ['c', 'c']);
    assert.deepEqual(
      only(events, 'error').map((error) => [error.status, error.chatId]),
      [[status, 'c']],
    );
    assert.deepEqual(only(events, 'disconnect'), []);
  }
});

test('a join that is not answered is repeated on the same socket, and frames wait', async (t) => {
  let count = 0;
  const { socket, events, frames } = await serve(t, {
    timings: { probe: 200, answer: 500 },
    frame: (frame, answer) => {
      if (frame.action !== JOIN || count++) acknowledge(frame, answer);
    },
  });
  socket.send(JOIN, { chatId: 'c' });
  socket.send('chatsend', { chatId: 'c', message: '1' });
  await eventually(() => frames.some(({ message }) => message === '1'));
  assert.deepEqual(
    frames.map(({ action }) => action),
    [JOIN, 'ping', JOIN, 'chatsend'],
  );
  assert.deepEqual(only(events, 'disconnect'), []);
});

test('a late answer to a repeated join counts', async (t) => {
  let answerLate;
  const { socket, frames } = await serve(t, {
    frame: (frame, answer) => {
      answerLate ??= () => acknowledge(frame, answer);
      if (joins(frames).length === 1) answer(gatewayError('Internal server error'));
    },
  });
  const joined = socket.join('c');
  await eventually(() => joins(frames).length === 2);
  answerLate();
  await joined;
});

test('while a join is repeated, other rooms and frames go on', async (t) => {
  const { socket, events, frames } = await serve(t, {
    frame: (frame, answer) => {
      if (frame.chatId === 'stuck') return answer(gatewayError('Too Many Requests'));
      acknowledge(frame, answer);
      if (frame.action === 'chatsend') answer({ ...frame, event: 'chatUpdate' });
    },
  });
  socket.send(JOIN, { chatId: 'stuck' });
  socket.send('chatsend', { chatId: 'stuck', message: 'waits' });
  await eventually(() => joins(frames).length >= 2);
  socket.send(JOIN, { chatId: 'fine' });
  socket.send('chatsend', { chatId: 'fine', message: 'goes on' });
  socket.send('addFriend', { id: 'i', userName: 'Ada', friendName: 'Bob' });
  await eventually(() => frames.some(({ action }) => action === 'addFriend'));
  await eventually(() => messages(events).includes('goes on'));
  assert.ok(!frames.some(({ message }) => message === 'waits'));
  assert.deepEqual(only(events, 'disconnect'), []);
});

test('the repeats of a join back off', async (t) => {
  const random = mock.method(Math, 'random', () => 1);
  t.after(() => random.mock.restore());
  const times = [];
  const { socket } = await serve(t, {
    timings: { backoff: 20, maxBackoff: 80 },
    frame: ({ action }, answer) => {
      if (action === JOIN) times.push(performance.now());
      answer(gatewayError('Too Many Requests'));
    },
  });
  socket.send(JOIN, { chatId: 'c' });
  await eventually(() => times.length >= 6);
  const waits = times.slice(1).map((time, index) => time - times[index]);
  for (const [index, least] of [20, 40, 80, 80, 80].entries()) {
    // Timers may fire a millisecond early.
    assert.ok(waits[index] >= least - 1, `wait ${index} was ${waits[index]} ms`);
  }
});

test('twenty joins that are throttled all succeed without a new socket', async (t) => {
  let allowed = 0;
  const refill = setInterval(() => (allowed = 2), 10);
  t.after(() => clearInterval(refill));
  const { socket, events } = await serve(t, {
    frame: (frame, answer) => {
      if (allowed-- > 0) acknowledge(frame, answer);
      else answer(gatewayError('Too Many Requests'));
    },
  });
  await Promise.all(Array.from({ length: 20 }, (_, room) => socket.join(`room ${room}`)));
  assert.deepEqual([only(events, 'connect').length, only(events, 'disconnect')], [1, []]);
});

test('a room that was refused for good is not joined again', async (t) => {
  const { socket, events, frames, server } = await serve(t, {
    frame: ({ action, chatId, ackId }, answer) =>
      answer(
        chatId === 'other'
          ? { event: 'error', action, status: 403, code: 'notAMember', message: 'no', ackId }
          : { event: 'ack', ackId },
      ),
  });
  await assert.rejects(socket.join('other'), { status: 403, code: 'notAMember', chatId: 'other' });
  await socket.join('mine');
  for (const client of server.clients) client.terminate();
  await eventually(() => only(events, 'connect').length === 2);
  await socket.join('mine');
  assert.deepEqual(joins(frames), ['other', 'mine', 'mine']);
});

test('a connection that the server does not know is replaced', async (t) => {
  let isKnown = false;
  const { socket, events } = await serve(t, {
    frame: ({ action, ackId }, answer) => {
      if (isKnown) answer({ event: 'ack', ackId });
      else answer({ event: 'error', action, status: 401, message: 'connect again', ackId });
      isKnown = true;
    },
  });
  await socket.join('c');
  assert.equal(only(events, 'connect').length, 2);
});
