// Code that the types must accept or reject. It is compiled but never run.
import {
  ChatError,
  type ChatSnapshot,
  type ChatSummary,
  createClient,
  type Entry,
  io,
  type OpenChat,
} from '../dist/client.js';

const client = createClient({ url: 'https://api.example.com' });

export async function endpoints(): Promise<void> {
  const { userdata } = await client.userDetails();
  const email: string = userdata.email;
  const { isComplete } = await client.verifyOtp({ email, otp: '123456' });
  const complete: boolean = isComplete;
  const { data, hasMore } = await client.getChat({ chatId: 'c', before: 7 });
  const last: string | undefined = hasMore && complete ? data.chats.at(-1)?.clientId : undefined;
  const connections = (await client.allConnection()).data.map(({ friend }) => friend.fullName);
  await client
    .uploadDetails({ fullName: connections[0] ?? last ?? '', email, profile: new Blob() })
    .catch((error) => {
      if (error instanceof ChatError && error.code?.startsWith('invalid'))
        error.retryAfter?.toFixed();
    });
  // @ts-expect-error: the e-mail address is missing
  await client.verifyOtp({ otp: '123456' });
  const { signal } = new AbortController();
  await client.logout({ signal });
  await client.users({ search: 'a' }, { signal, timeout: 1_000 });
  // @ts-expect-error: a signal is not a parameter of the endpoint
  await client.getChat({ chatId: 'c', signal });
  // @ts-expect-error: no such endpoint
  await client.removeEverything();
}

const socket = client.socket({ userId: 'a', name: 'Ada' });
socket.on('chatUpdate', ({ chatId, message }) => chatId + message);
socket.on('signedOut', ({ message }) => message.trim());
socket.send('chatsend', { chatId: 'c', message: 'Hello' });
socket.once('connect', () => {});
export const joined: Promise<void> = socket.join('c', { signal: new AbortController().signal });
export const ready: Promise<void> = socket.ready();
// @ts-expect-error: no such event
socket.on('chatSent', () => {});
// @ts-expect-error: the message is missing
socket.send('chatsend', { chatId: 'c' });
// @ts-expect-error: no such action
socket.send('shout', {});

const live = client.live({ userId: 'a', name: 'Ada', storage: new Map() as never });
live.on('entry', ({ chatId, entry }) => chatId + entry.seq);
live.on('presence', ({ online, lastSeen }) => (online ? '' : lastSeen?.trim()));
live.on('gone', (chatId) => chatId.trim());
export const chats: readonly ChatSummary[] = live.chats().getSnapshot().chats;
export const open: OpenChat = live.openChat('c', { limit: 20 });
export const unsubscribe: () => void = open.subscribe(() => {});
const snapshot: ChatSnapshot = open.getSnapshot();
export const sent: Promise<Entry> = open.send('Hello', { replyTo: 1 });
export const state: 'sending' | 'stored' | 'failed' | undefined = snapshot.pending[0]?.state;
open.typing(true);
// @ts-expect-error: a snapshot is never modified
snapshot.entries.push();
// @ts-expect-error: no such event
live.on('chatUpdate', () => {});
// @ts-expect-error: the text is missing
live.send('c');
socket.send('typing', { chatId: 'c', typing: true });
socket.send('receipt', { chatId: 'c', read: 2 });
// @ts-expect-error: a seq is a number
socket.send('receipt', { chatId: 'c', read: '2' });

const shaped = io('https://api.example.com', {
  query: { userId: 'a', name: 'Ada' },
  transports: ['websocket'],
});
shaped.on('newFriend', (...[id, userName, friendName]) => id + userName + friendName);
shaped.emit('chatsend', { chatId: 'c', message: 'Hello' });
// @ts-expect-error: no such event
shaped.on('chatUpdated', () => {});
// @ts-expect-error: there is no third argument
shaped.on('chatUpdate', (chatId, message, third) => third);
// @ts-expect-error: the message is missing
shaped.emit('chatsend', 'c');
// @ts-expect-error: no such action
shaped.emit('shout', 'c');
shaped.on('chatUpdate', (chatId: string, message: string) => chatId + message);
shaped.emit('chatsend', 'c', 'Hello').off('chatUpdate').disconnect();
