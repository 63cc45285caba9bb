// The view of a signed-in person: their chats, other people, and the socket for live events.
import { openChat } from './chat.js';
import { alertLine, attempt, button, el, field, picture, sentence, show } from './dom.js';

/** The number of people that are listed. The search finds the others. */
const PEOPLE = 20;

/**
 * Events between the two people in this window. The backend has no event for new users, so each
 * person announces their arrival to the other.
 */
const newcomers = new EventTarget();

/** Shows the view. `edit` opens the profile; `ended` receives the reason why the session ended. */
export function showChats(place, { client, user, edit, ended }) {
  const socket = client.socket({ userId: user._id, name: user.fullName });
  const alert = alertLine();
  const state = el('p', { role: 'status', className: 'state' }, 'connecting');
  const news = el('p', { role: 'status', className: 'news' });
  const chatList = el('ul', { className: 'list' });
  const peopleList = el('ul', { className: 'list' });
  const pane = el(
    'div',
    { className: 'pane' },
    el('p', { className: 'quiet' }, 'Connect with someone, then choose a chat.'),
  );
  const search = field('Search people', { type: 'search', name: 'search' });
  let chats = [];
  let people = [];
  let open;
  const unread = new Set();

  const showError = (error) => void (alert.textContent = sentence(error));
  const leave = () => {
    newcomers.removeEventListener('arrived', findPeople);
    open?.close();
    socket.disconnect();
  };
  const signOut = button('Sign out', () =>
    attempt(signOut, alert, async () => {
      // Disconnect first: otherwise the socket would try to reconnect when the session ends.
      socket.disconnect();
      try {
        await client.logout();
      } catch (error) {
        // 401 means that the session has ended already.
        if (error.status !== 401) {
          socket.connect();
          throw error;
        }
      }
      leave();
      ended('You have signed out.');
    }),
  );
  const profile = button('Profile', () => {
    leave();
    edit(() => showChats(place, { client, user, edit, ended }));
  });

  async function loadChats() {
    ({ data: chats } = await client.allConnection());
    // Events of a chat arrive only in its room. After a reconnect, the socket joins it again.
    for (const { _id: chatId } of chats) socket.send('join-chat-room', { chatId });
    drawChats();
    drawPeople();
  }

  async function loadPeople() {
    const query = search.input.value.trim();
    const { data } = await client.users({ limit: PEOPLE, search: query || undefined });
    // Responses may arrive out of order.
    if (query !== search.input.value.trim()) return;
    people = data;
    drawPeople();
  }

  const findPeople = () => loadPeople().catch(showError);

  function drawChats() {
    keepFocus(chatList, chats, (chat) => {
      const isOpen = open?.chatId === chat._id;
      const last = chat.chats.message ?? 'no messages yet';
      return el(
        'button',
        {
          type: 'button',
          className: 'entry',
          onclick: () => choose(chat),
          'aria-current': isOpen ? 'true' : undefined,
        },
        picture(chat.friend),
        el(
          'span',
          { className: 'grow' },
          el('strong', {}, chat.friend.fullName),
          el('span', { className: 'quiet cut' }, last),
        ),
        unread.has(chat._id) ? el('span', { className: 'badge' }, 'new') : undefined,
      );
    });
    if (!chats.length) chatList.append(el('li', { className: 'quiet' }, 'No chats yet.'));
  }

  function drawPeople() {
    const friends = new Set([user._id, ...chats.map(({ friend }) => friend._id)]);
    const others = people.filter(({ _id }) => !friends.has(_id));
    keepFocus(peopleList, others, (person) => {
      const connect = button('Connect', () => attempt(connect, alert, () => connectTo(person)), {
        'aria-label': `Connect with ${person.fullName}`,
      });
      return el(
        'div',
        { className: 'entry' },
        picture(person),
        el('span', { className: 'grow cut' }, person.fullName),
        connect,
      );
    });
    if (!others.length) peopleList.append(el('li', { className: 'quiet' }, 'No one else.'));
  }

  async function connectTo(person) {
    const { chatId } = await client.createConnection({ personId: person._id });
    socket.send('addFriend', {
      id: person._id,
      userName: user.fullName,
      friendName: person.fullName,
    });
    await loadChats();
    choose(chats.find(({ _id }) => _id === chatId));
  }

  function choose(chat) {
    open?.close();
    unread.delete(chat._id);
    open = openChat(pane, { client, socket, user, chat, changed: noteLast });
    drawChats();
    pane.querySelector('[data-focus]').focus();
  }

  function noteLast(chatId, message) {
    const chat = chats.find(({ _id }) => _id === chatId);
    if (!chat) return;
    chat.chats = message;
    chats = [chat, ...chats.filter((other) => other !== chat)];
    drawChats();
  }

  socket.on('connect', () => {
    state.textContent = 'connected';
    // Catch up on what happened while the socket was disconnected.
    void attempt(chatList, alert, () => Promise.all([loadChats(), loadPeople(), open?.catchUp()]));
  });
  socket.on('disconnect', () => void (state.textContent = 'reconnecting'));
  socket.on(
    'connect_error',
    (error) => void (state.textContent = `reconnecting (${error.message})`),
  );
  socket.on('error', showError);
  socket.on('signedOut', () => {
    leave();
    ended('Your session has ended. Sign in again.');
  });
  socket.on('newFriend', ({ userName }) => {
    news.textContent = `${userName} has connected with you.`;
    loadChats().catch(showError);
  });
  socket.on('chatUpdate', ({ chatId, message }) => {
    // Confirm the delivery. The event has no number, so an open chat reads the message itself.
    socket.send('messageRecieved', { chatId, message });
    if (open?.chatId === chatId) {
      open.catchUp().catch(showError);
    } else {
      unread.add(chatId);
      noteLast(chatId, { message });
    }
  });
  socket.on(
    'messageSent',
    ({ chatId, message }) => open?.chatId === chatId && open.delivered(message),
  );
  socket.on('recieveUserResponse', ({ chatId }) => open?.chatId === chatId && open.active());

  search.input.oninput = findPeople;
  newcomers.dispatchEvent(new Event('arrived'));
  newcomers.addEventListener('arrived', findPeople);
  show(
    place,
    el(
      'header',
      { className: 'row' },
      picture(user),
      el(
        'div',
        { className: 'grow' },
        el('h2', { tabIndex: -1, 'data-focus': '' }, user.fullName),
        el('p', { className: 'quiet cut' }, user.email),
      ),
      state,
      profile,
      signOut,
    ),
    alert,
    news,
    el(
      'div',
      { className: 'chatting' },
      el(
        'div',
        { className: 'lists' },
        el('h3', {}, 'Chats'),
        chatList,
        el('h3', {}, 'People'),
        search.label,
        peopleList,
      ),
      pane,
    ),
  );
}

/** Redraws a list. If an entry had the focus, the entry with the same `_id` gets it again. */
function keepFocus(list, items, draw) {
  const focused =
    list.contains(document.activeElement) && document.activeElement.closest('li')?.dataset.id;
  list.replaceChildren(...items.map((item) => el('li', {}, draw(item))));
  [...list.children].forEach((entry, index) => (entry.dataset.id = items[index]._id));
  if (!focused) return;
  const entry = [...list.children].find(({ dataset }) => dataset.id === focused);
  entry?.querySelector('button')?.focus();
}
