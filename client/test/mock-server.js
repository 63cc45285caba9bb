// A server whose behavior a test decides.
import { once } from 'node:events';
import { WebSocket, WebSocketServer } from 'ws';
import { createClient } from '../dist/client.js';
import { record, timings } from './harness.js';

/** Acknowledges every frame that asks for it. */
export const acknowledge = ({ ackId }, answer) => ackId && answer({ event: 'ack', ackId });

/**
 * Starts a server whose `frame` answers frames and whose `http` answers requests, and opens a
 * socket to it. By default, frames are acknowledged and every request is answered with a ticket.
 */
export async function serve(
  t,
  { frame = acknowledge, http = () => undefined, timings: more = {}, userId = 'ada' } = {},
) {
  const server = new WebSocketServer({ port: 0 });
  await once(server, 'listening');
  const frames = [];
  server.on('connection', (socket) =>
    socket.on('message', (data) => {
      const received = JSON.parse(data);
      frames.push(received);
      frame(received, (answer) => socket.send(JSON.stringify(answer)), socket);
    }),
  );
  const times = [];
  const ticket = {
    status: true,
    ticket: 't',
    url: `ws://localhost:${server.address().port}`,
    expiresIn: 30,
  };
  const client = createClient({
    url: 'http://api',
    WebSocket,
    fetch: async (address) => {
      times.push(performance.now());
      return (await http(new URL(address).pathname)) ?? Response.json(ticket);
    },
  });
  const socket = client.socket({ userId, name: 'Ada', timings: { ...timings, ...more } });
  t.after(() => {
    socket.disconnect();
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return { client, socket, events: record(socket), frames, times, server };
}

/** Returns an answer of the backend that reports a failure. */
export function failure(status, headers = {}) {
  const error = { status, code: 'internal', message: 'no' };
  return Response.json({ status: false, error }, { status, headers });
}
