// One chat: its messages with their ticks, the friend's presence, and a form to send messages.
import { alertLine, button, clock, el, field, keyedList, sentence, show } from './dom.js';

/** The ticks of the user's own messages. They are decorative, because each state has a word. */
const TICKS = { sending: '…', stored: '✓', delivered: '✓✓', read: '✓✓', failed: '!' };

/** Opens a chat. Returns it, so that it can be closed. */
export function openChat(pane, { live, user, chatId }) {
  const chat = live.openChat(chatId);
  const title = el('h3', { className: 'grow' });
  const presence = el('p', { className: 'presence' });
  const alert = alertLine();
  // Screen readers announce new messages, but not the moving ticks.
  const list = el('ol');
  const log = el('div', { role: 'log', 'aria-relevant': 'additions', tabIndex: 0 }, list);
  const drawMessages = keyedList(list, ({ clientId, _id }) => clientId ?? _id, createMessage);
  const text = field('Message', {
    name: 'message',
    required: true,
    maxLength: 4096,
    'data-focus': '',
  });
  const form = el(
    'form',
    { className: 'say' },
    text.label,
    el('button', { className: 'main' }, 'Send'),
  );
  // If loading fails, the snapshot has the error.
  const loadEarlier = () => chat.loadOlder().catch(() => {});
  const earlier = button('Earlier messages', loadEarlier, { className: 'earlier' });

  function draw() {
    const snapshot = chat.getSnapshot();
    const { friend, entries, pending, hasOlder, isLoading, error } = snapshot;
    title.textContent = friend?.fullName ?? '';
    log.ariaLabel = `Messages with ${title.textContent}`;
    presence.replaceChildren(...describe(snapshot));
    earlier.hidden = !hasOlder;
    earlier.ariaBusy = String(isLoading);
    alert.textContent = error ? sentence(error) : '';
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 50;
    drawMessages([...entries.filter(({ kind }) => kind === 'message'), ...pending]);
    if (isAtEnd) log.scrollTop = log.scrollHeight;
    markRead();
  }

  /** Marks what can be seen as read. The user's own messages need no receipt. */
  function markRead() {
    if (chat.getSnapshot().unread && document.visibilityState === 'visible') chat.markRead();
  }

  /** Creates a message, and returns how it changes. */
  function createMessage({ sendBy = user._id, clientId }) {
    const isOwn = sendBy === user._id;
    const body = el('span', { className: 'text' });
    const time = el('span');
    const tick = el('span', { className: 'tick', 'aria-live': 'off' });
    const failure = el('div', { className: 'row' });
    const element = el(
      'li',
      { className: isOwn ? 'own' : 'theirs' },
      el('span', { className: 'hidden' }, isOwn ? 'You: ' : `${title.textContent}: `),
      body,
      el('small', {}, time, isOwn ? tick : undefined),
      failure,
    );
    let drawn;
    const update = (message) => {
      // A message that has not changed is the same object.
      if (message !== drawn) {
        body.textContent = message.deleted ? 'This message was deleted.' : message.message;
        time.replaceChildren(clock(message.at));
        drawn = message;
      }
      const state = stateOf(message, chat.getSnapshot());
      if (tick.dataset.state === state) return;
      tick.dataset.state = state;
      failure.replaceChildren(...(state === 'failed' ? remedies(message) : []));
      tick.replaceChildren(` ${state} `, el('span', { 'aria-hidden': 'true' }, TICKS[state]));
    };
    return { element, update };
  }

  /** Returns what can be done about a message that the server has refused, and why it has. */
  function remedies({ clientId, error }) {
    return [
      el('p', { role: 'alert', className: 'alert' }, sentence(error)),
      button('Retry', () => chat.retry(clientId)),
      button('Discard', () => chat.discard(clientId)),
    ];
  }

  text.input.oninput = () => chat.typing(text.input.value !== '');
  form.onsubmit = (event) => {
    event.preventDefault();
    // The message is among the pending ones until it is stored, so there is nothing to wait for.
    chat.send(text.input.value);
    text.input.value = '';
    log.scrollTop = log.scrollHeight;
  };
  document.addEventListener('visibilitychange', markRead);

  show(pane, el('header', { className: 'row' }, title, presence), earlier, log, alert, form);
  const unsubscribe = chat.subscribe(draw);
  draw();
  return {
    chatId,
    close() {
      unsubscribe();
      document.removeEventListener('visibilitychange', markRead);
      chat.close();
    },
  };
}

/** Returns the state of one of the user's own messages. */
function stateOf({ seq, state }, { delivered, read }) {
  if (state) return state;
  if (seq <= read) return 'read';
  return seq <= delivered ? 'delivered' : 'stored';
}

/** Describes what the friend is doing. */
function describe({ friend, typing, presence }) {
  if (typing.length) return [`${friend?.fullName} is typing …`];
  if (presence?.online) return ['online'];
  if (!presence?.lastSeen) return [];
  return ['last seen ', clock(presence.lastSeen, { dateStyle: 'short', timeStyle: 'short' })];
}
