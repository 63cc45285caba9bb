// One chat: what was said, who is there, and something to say.
import { alertLine, attempt, button, clock, el, field, show } from './dom.js';

/** Somebody counts as active for so long after they were heard of, and tells it about as often. */
const ACTIVE_FOR = 6_000;
const TELL_EVERY = 3_000;

/** Opens a chat. `changed` is told each new last message. */
export function openChat(pane, { client, socket, user, chat, changed }) {
  const chatId = chat._id;
  const friend = chat.friend.fullName;
  const alert = alertLine();
  const presence = el('p', { role: 'status', className: 'presence' });
  const log = el('ol', { role: 'log', 'aria-label': `Messages with ${friend}`, tabIndex: 0 });
  const text = field('Message', { name: 'message', required: true, maxLength: 4096, 'data-focus': '' });
  const form = el('form', { className: 'say' }, text.label, el('button', { className: 'main' }, 'Send'));
  const earlier = button('Earlier messages', () => attempt(earlier, alert, loadEarlier), { hidden: true, className: 'earlier' });

  let first = 0;
  let last = 0;
  let reading = Promise.resolve();
  let told = 0;
  let timer;
  let unsent;

  /** Reads what is new: one read after the other, so that nothing is shown twice or out of order. */
  function catchUp() {
    reading = reading.catch(() => {}).then(async () => {
      for (let more = true; more; ) {
        const { data, hasMore } = await client.getChat({ chatId, after: last || undefined });
        // The first read gives the newest messages, and `hasMore` means older ones; after that it means newer ones.
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
      el('small', {}, clock(sendTime), isOwn ? el('span', { className: 'tick' }, ' stored ✓') : undefined),
    );
    item.dataset.message = message;
    return item;
  }

  /** The other side has received this. The event has the text and no number, so it counts for the oldest that waits for it. */
  function delivered(message) {
    const waiting = [...log.querySelectorAll('.own:not(.delivered)')].find(({ dataset }) => dataset.message === message);
    if (!waiting) return;
    waiting.classList.add('delivered');
    waiting.querySelector('.tick').textContent = ' delivered ✓✓';
  }

  function active() {
    presence.textContent = `${friend} is active`;
    clearTimeout(timer);
    timer = setTimeout(() => (presence.textContent = ''), ACTIVE_FOR);
  }

  function tellActive() {
    if (Date.now() - told < TELL_EVERY) return;
    told = Date.now();
    socket.send('sendActiveResponse', { chatId });
  }

  text.input.oninput = tellActive;
  form.onsubmit = (event) => {
    event.preventDefault();
    void attempt(form, alert, async () => {
      const message = text.input.value;
      // The same name for the same send: if the answer was lost, trying again stores nothing twice.
      if (unsent?.message !== message) unsent = { message, clientId: crypto.randomUUID() };
      const { data } = await client.sendMessage({ chatId, userId: user._id, ...unsent });
      // First it is stored, then the other side is told.
      socket.send('chatsend', { chatId, message });
      unsent = undefined;
      if (text.input.value === message) text.input.value = '';
      if (data.seq === last + 1) append(data);
      else await catchUp();
    });
  };

  show(pane, el('header', { className: 'row' }, el('h3', { className: 'grow' }, friend), presence), earlier, log, alert, form);
  void attempt(log, alert, catchUp);
  tellActive();
  return { chatId, catchUp, delivered, active, close: () => clearTimeout(timer) };
}
