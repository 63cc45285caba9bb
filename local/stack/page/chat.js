// One chat: its messages, the friend's presence, and a form to send messages.
import { alertLine, attempt, button, clock, el, field, show } from './dom.js';

/** The time for which a sign of activity marks a friend as active, in milliseconds. */
const ACTIVE_FOR = 6_000;
/** The minimum interval between signs of activity that are sent, in milliseconds. */
const ANNOUNCE_EVERY = 3_000;

/** Opens a chat. `changed` is called with each new message. */
export function openChat(pane, { client, socket, user, chat, changed }) {
  const chatId = chat._id;
  const friend = chat.friend.fullName;
  const alert = alertLine();
  const presence = el('p', { role: 'status', className: 'presence' });
  const log = el('ol', { role: 'log', 'aria-label': `Messages with ${friend}`, tabIndex: 0 });
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
  const earlier = button('Earlier messages', () => attempt(earlier, alert, loadEarlier), {
    hidden: true,
    className: 'earlier',
  });

  let first = 0;
  let last = 0;
  let reading = Promise.resolve();
  let announcedAt = 0;
  let timer;
  let unsent;

  /** Reads new messages. Reads are sequential, so that no message appears twice or out of order. */
  function catchUp() {
    reading = reading
      .catch(() => {})
      .then(async () => {
        for (let more = true; more; ) {
          const { data, hasMore } = await client.getChat({ chatId, after: last || undefined });
          // On the first read, `hasMore` refers to older messages; after that, to newer ones.
          if (!last) earlier.hidden = !hasMore;
          more = Boolean(last) && hasMore;
          data.chats.forEach(append);
        }
      });
    return reading;
  }

  async function loadEarlier() {
    const { data, hasMore } = await client.getChat({ chatId, before: first });
    earlier.hidden = !hasMore;
    log.prepend(...data.chats.map(draw));
    first = data.chats[0]?.seq ?? first;
  }

  function append(message) {
    if (message.seq <= last) return;
    first ||= message.seq;
    last = message.seq;
    log.append(draw(message));
    log.scrollTop = log.scrollHeight;
    changed(chatId, message);
  }

  function draw({ sendBy, message, sendTime }) {
    const isOwn = sendBy === user._id;
    const item = el(
      'li',
      { className: isOwn ? 'own' : 'theirs' },
      el('span', { className: 'hidden' }, `${isOwn ? 'You' : friend}: `),
      el('span', { className: 'text' }, message),
      el(
        'small',
        {},
        clock(sendTime),
        isOwn ? el('span', { className: 'tick' }, ' stored ✓') : undefined,
      ),
    );
    item.dataset.message = message;
    return item;
  }

  /**
   * Marks a message as delivered. The event has the text but no number, so it counts for the oldest
   * undelivered message with that text.
   */
  function delivered(message) {
    const waiting = [...log.querySelectorAll('.own:not(.delivered)')].find(
      ({ dataset }) => dataset.message === message,
    );
    if (!waiting) return;
    waiting.classList.add('delivered');
    waiting.querySelector('.tick').textContent = ' delivered ✓✓';
  }

  function active() {
    presence.textContent = `${friend} is active`;
    clearTimeout(timer);
    timer = setTimeout(() => (presence.textContent = ''), ACTIVE_FOR);
  }

  function announce() {
    if (Date.now() - announcedAt < ANNOUNCE_EVERY) return;
    announcedAt = Date.now();
    socket.send('sendActiveResponse', { chatId });
  }

  text.input.oninput = announce;
  form.onsubmit = (event) => {
    event.preventDefault();
    void attempt(form, alert, async () => {
      const message = text.input.value;
      // A retry uses the same `clientId`, so the message is stored once even if a response was
      // lost.
      if (unsent?.message !== message) unsent = { message, clientId: crypto.randomUUID() };
      const { data } = await client.sendMessage({ chatId, userId: user._id, ...unsent });
      // The message is stored before the friend is notified.
      socket.send('chatsend', { chatId, message });
      unsent = undefined;
      if (text.input.value === message) text.input.value = '';
      if (data.seq === last + 1) append(data);
      else await catchUp();
    });
  };

  show(
    pane,
    el('header', { className: 'row' }, el('h3', { className: 'grow' }, friend), presence),
    earlier,
    log,
    alert,
    form,
  );
  void attempt(log, alert, catchUp);
  announce();
  return { chatId, catchUp, delivered, active, close: () => clearTimeout(timer) };
}
