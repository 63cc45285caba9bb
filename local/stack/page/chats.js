// The view of a signed-in person: their chats, other people, and the live connection.
import { openChat } from './chat.js';
import {
  alertLine,
  attempt,
  button,
  el,
  field,
  keyedList,
  picture,
  sentence,
  show,
} from './dom.js';

/** The number of people that are listed. The search finds the others. */
const PEOPLE = 20;

/**
 * Events between the two people in this window. The backend has no event for new users, so each
 * person announces their arrival to the other.
 */
const newcomers = new EventTarget();

/**
 * Shows the view. `edit` opens the profile; `ended` receives the reason why the session ended.
 * `problem` is an error to start with.
 */
export function showChats(place, { client, user, edit, ended, problem = '' }) {
  // The storage keeps messages that are not sent yet when the page is closed.
  const live = client.live({ userId: user._id, name: user.fullName, storage: localStorage });
  const chats = live.chats();
  const alert = alertLine();
  const state = el('p', { role: 'status', className: 'state' }, 'connecting');
  const news = el('p', { role: 'status', className: 'news' });
  const chatList = el('ul', { className: 'list' });
  const peopleList = el('ul', { className: 'list' });
  const drawChatList = keyedList(chatList, ({ _id }) => _id, createChat);
  const drawPeopleList = keyedList(peopleList, ({ _id }) => _id, createPerson);
  const pane = el(
    'div',
    { className: 'pane' },
    el('p', { className: 'quiet' }, 'Connect with someone, then choose a chat.'),
  );
  const search = field('Search people', { type: 'search', name: 'search' });
  let people = [];
  let open;

  const showError = (error) => void (alert.textContent = sentence(error));
  const again = (problem) => showChats(place, { client, user, edit, ended, problem });
  const leave = () => {
    newcomers.removeEventListener('arrived', findPeople);
    open?.close();
    live.close();
  };
  const signOut = button('Sign out', () =>
    attempt(signOut, alert, async () => {
      // Leave first: otherwise the socket would try to reconnect when the session ends.
      leave();
      try {
        await client.logout();
      } catch (error) {
        // 401 means that the session has ended already.
        if (error.status !== 401) return again(sentence(error));
      }
      localStorage.removeItem(`serverless-chat-client:${user._id}`);
      ended('You have signed out.');
    }),
  );
  const profile = button('Profile', () => {
    leave();
    edit(again);
  });

  /** Draws both lists: a person with whom there is a chat is not among the people. */
  function draw() {
    const { chats: all } = chats.getSnapshot();
    const known = new Set([user._id, ...all.map(({ friend }) => friend?._id)]);
    drawChatList(all);
    drawPeopleList(people.filter(({ _id }) => !known.has(_id)));
  }

  function createChat({ _id: chatId }) {
    const element = el('button', {
      type: 'button',
      className: 'entry',
      onclick: () => choose(chatId),
    });
    let drawn;
    const update = (chat) => {
      element.ariaCurrent = String(open?.chatId === chatId);
      // A chat that has not changed is the same object.
      if (drawn === chat) return;
      drawn = chat;
      const { friend, last, unread } = chat;
      element.replaceChildren(
        picture(friend ?? {}),
        el(
          'span',
          { className: 'grow' },
          el('strong', {}, friend?.fullName ?? ''),
          el('span', { className: 'quiet cut' }, last?.message ?? 'no messages yet'),
        ),
        unread ? badge(unread) : '',
      );
    };
    return { element: el('li', {}, element), update };
  }

  function createPerson(person) {
    const connect = button('Connect', () => attempt(connect, alert, () => connectTo(person)), {
      'aria-label': `Connect with ${person.fullName}`,
    });
    const name = el('span', { className: 'grow cut' }, person.fullName);
    const entry = el('div', { className: 'entry' }, picture(person), name, connect);
    return { element: el('li', {}, entry), update() {} };
  }

  async function findPeople() {
    try {
      const query = search.input.value.trim();
      const { data } = await client.users({ limit: PEOPLE, search: query || undefined });
      // Responses may arrive out of order.
      if (query !== search.input.value.trim()) return;
      people = data;
      draw();
    } catch (error) {
      showError(error);
    }
  }

  async function connectTo(person) {
    const { chatId } = await client.createConnection({ personId: person._id });
    choose(chatId);
  }

  function choose(chatId) {
    open?.close();
    open = openChat(pane, { live, user, chatId });
    draw();
    pane.querySelector('[data-focus]').focus();
  }

  live.on('connect', () => {
    state.textContent = 'connected';
    findPeople();
  });
  live.on('disconnect', () => void (state.textContent = 'reconnecting'));
  live.on('connect_error', ({ message }) => void (state.textContent = `reconnecting (${message})`));
  live.on('error', showError);
  live.on('signedOut', () => {
    leave();
    ended('Your session has ended. Sign in again.');
  });
  live.on('newChat', ({ friend }) => {
    news.textContent = `You are connected with ${friend.fullName}.`;
  });
  chats.subscribe(draw);

  alert.textContent = problem;
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
        el('p', { className: 'quiet none' }, 'No chats yet.'),
        el('h3', {}, 'People'),
        search.label,
        peopleList,
        el('p', { className: 'quiet none' }, 'No one else.'),
      ),
      pane,
    ),
  );
}

/** Creates the number of unread messages. 100 means more than 99. */
function badge(unread) {
  const count = unread > 99 ? '99+' : String(unread);
  return el('span', { className: 'badge' }, count, el('span', { className: 'hidden' }, ' unread'));
}
