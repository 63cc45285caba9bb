// A network between client and server that can die without closing a connection.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** Starts a proxy for the server at `port` until the end of the test. */
export async function startProxy(t, port) {
  const sockets = new Set();
  const keep = (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  };
  const server = createServer((near) => {
    const far = connect(port, 'localhost');
    keep(near);
    keep(far);
    near.pipe(far);
    far.pipe(near);
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: server.address().port,
    /** Stops to forward anything on the connections so far, without closing them. New ones work. */
    freeze() {
      for (const socket of sockets) {
        socket.unpipe();
        socket.resume();
      }
    },
  };
}
