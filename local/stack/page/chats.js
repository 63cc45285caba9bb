// Somebody who is signed in: their chats, whom else there is, and the socket that all live events come over.
import { openChat } from './chat.js';
import { alertLine, attempt, button, el, field, picture, sentence, show } from './dom.js';

/** So many people are listed; the search finds the others. */
const PEOPLE = 20;

/** The backend has no event for new people. Here the two are in one window, and tell each other. */
const newcomers = new EventTarget();

/** Shows it all. `edit` changes the profile; `ended` is told why the session is over. */
export function showChats(place, { client, user, edit, ended }) {
  const socket = client.socket({ userId: user._id, name: user.fullName });
  const alert = alertLine();
  const state = el('p', { role: 'status', className: 'state' }, 'connecting');
  const news = el('p', { role: 'status', className: 'news' });
  const chatList = el('ul', { className: 'list' });
  const peopleList = el('ul', { className: 'list' });
  const pane = el('div', { className: 'pane' }, el('p', { className: 'quiet' }, 'Connect with somebody, then choose a chat.'));
  const search = field('Search people', { type: 'search', name: 'search' });
  let chats = [];
  let people = [];
  let open;
  const unread = new Set();

  const tell = (error) => void (alert.textContent = sentence(error));
  const leave = () => {
    newcomers.removeEventListener('arrived', findPeople);
    open?.close();
    socket.disconnect();
  };
  const logOut = button('Log out', () =>
    attempt(logOut, alert, async () => {
      // Before the logout, or the socket would take its own end for an accident.
      socket.disconnect();
      try {
        await client.logout();
      } catch (error) {
        // With a session that is over already there is nothing left to do.
        if (error.status !== 401) {
          socket.connect();
          throw error;
        }
      }
      leave();
      ended('You are logged out.');
    }),
  );
  const profile = button('Profile', () => {
    leave();
    edit(() => showChats(place, { client, user, edit, ended }));
  });

  async function loadChats() {
    ({ data: chats } = await client.allConnection());
    // Rooms are joined so that events arrive; the socket joins them again by itself after a reconnect.
    for (const { _id: chatId } of chats) socket.send('join-chat-room', { chatId });
    drawChats();
    drawPeople();
  }

  async function loadPeople() {
    const wanted = search.input.value.trim();
    const { data } = await client.users({ limit: PEOPLE, search: wanted || undefined });
    // Answers may come in another order than they were asked for.
    if (wanted !== search.input.value.trim()) return;
    people = data;
    drawPeople();
  }

  const findPeople = () => loadPeople().catch(tell);

  function drawChats() {
    keepFocus(chatList, chats, (chat) => {
      const isOpen = open?.chatId === chat._id;
      const last = chat.chats.message ?? 'no messages yet';
      return el(
        'button',
        { type: 'button', className: 'entry', onclick: () => choose(chat), 'aria-current': isOpen ? 'true' : undefined },
        picture(chat.friend),
        el('span', { className: 'grow' }, el('strong', {}, chat.friend.fullName), el('span', { className: 'quiet cut' }, last)),
        unread.has(chat._id) ? el('span', { className: 'badge' }, 'new') : undefined,
      );
    });
    if (!chats.length) chatList.append(el('li', { className: 'quiet' }, 'None yet.'));
  }

  function drawPeople() {
    const friends = new Set([user._id, ...chats.map(({ friend }) => friend._id)]);
    const others = people.filter(({ _id }) => !friends.has(_id));
    keepFocus(peopleList, others, (person) => {
      const connect = button('Connect', () => attempt(connect, alert, () => connectWith(person)), {
        'aria-label': `Connect with ${person.fullName}`,
      });
      return el('div', { className: 'entry' }, picture(person), el('span', { className: 'grow cut' }, person.fullName), connect);
    });
    if (!others.length) peopleList.append(el('li', { className: 'quiet' }, 'Nobody else.'));
  }

  async function connectWith(person) {
    const { chatId } = await client.createConnection({ personId: person._id });
    socket.send('addFriend', { id: person._id, userName: user.fullName, friendName: person.fullName });
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
    // Whatever happened while there was no socket is read now.
    void attempt(chatList, alert, () => Promise.all([loadChats(), loadPeople(), open?.catchUp()]));
  });
  socket.on('disconnect', () => void (state.textContent = 'reconnecting'));
  socket.on('connect_error', (error) => void (state.textContent = `reconnecting (${error.message})`));
  socket.on('error', tell);
  socket.on('signedOut', () => {
    leave();
    ended('Your session is over: sign in again.');
  });
  socket.on('newFriend', ({ userName }) => {
    news.textContent = `${userName} is now connected with you.`;
    loadChats().catch(tell);
  });
  socket.on('chatUpdate', ({ chatId, message }) => {
    // The sender is told that it arrived; what arrived is read from the chat, which has it with its number.
    socket.send('messageRecieved', { chatId, message });
    if (open?.chatId === chatId) {
      open.catchUp().catch(tell);
    } else {
      unread.add(chatId);
      noteLast(chatId, { message });
    }
  });
  socket.on('messageSent', ({ chatId, message }) => open?.chatId === chatId && open.delivered(message));
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
      logOut,
    ),
    alert,
    news,
    el(
      'div',
      { className: 'chatting' },
      el('div', { className: 'lists' }, el('h3', {}, 'Chats'), chatList, el('h3', {}, 'People'), search.label, peopleList),
      pane,
    ),
  );
}

/** Draws a list anew, by `_id`. Where the focus was in it, it stays on the same entry. */
function keepFocus(list, items, draw) {
  const focused = list.contains(document.activeElement) && document.activeElement.closest('li')?.dataset.id;
  list.replaceChildren(...items.map((item) => el('li', {}, draw(item))));
  [...list.children].forEach((entry, index) => (entry.dataset.id = items[index]._id));
  if (focused) [...list.children].find(({ dataset }) => dataset.id === focused)?.querySelector('button')?.focus();
}
