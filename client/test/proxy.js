// A network between client and server that can break, stall, or die without closing a connection.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** Starts a proxy for the server at `port` until the end of the test. */
export async function startProxy(t, port) {
  /** The connections of the client, and both sides of all connections. */
  const clients = new Set();
  const sockets = new Set();
  const frozen = new WeakSet();
  /** The acts that wait until a stalled network goes on. */
  let held;
  let isDown = false;
  const now = (act) => (held ? held.push(act) : act());
  const forward = (from, to) => {
    sockets.add(from);
    from.on('error', () => {});
    from.on('data', (data) => frozen.has(from) || now(() => to.write(data)));
    from.on('close', () => {
      sockets.delete(from);
      if (!frozen.has(from)) now(() => to.end());
    });
  };
  const server = createServer((near) => {
    if (isDown) return near.destroy();
    const far = connect(port, 'localhost');
    clients.add(near);
    near.on('close', () => clients.delete(near));
    forward(near, far);
    forward(far, near);
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  t.after(() => {
    held = undefined;
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: server.address().port,
    /** Stops to forward anything on the connections so far, without closing them. New ones work. */
    freeze() {
      for (const socket of sockets) frozen.add(socket);
    },
    /** Breaks the connections so far. What the client has sent before still reaches the server. */
    cut() {
      for (const socket of clients) socket.destroy();
    },
    /** Breaks all connections, and refuses new ones until `restore`. */
    takeDown() {
      isDown = true;
      this.cut();
    },
    /** Holds back everything until `restore`. */
    stall() {
      held ??= [];
    },
    /** Goes on: what was held back is delivered now. */
    restore() {
      isDown = false;
      const acts = held ?? [];
      held = undefined;
      for (const act of acts) act();
    },
  };
}
