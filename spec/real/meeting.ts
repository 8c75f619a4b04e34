// Relays in front of servers that let nothing through until each of them has a connection: who asks the servers one after the other
// waits for ever. Used to show that two servers are asked at the same time.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface Meeting {
  /** The relays' `127.0.0.1:port`, in the order of the servers. */
  readonly hosts: readonly string[];
  /** How often all were there. */
  readonly met: number;
  stop(): Promise<void>;
}

/** One relay for each port of 127.0.0.1. */
export async function startMeeting(ports: readonly number[]): Promise<Meeting> {
  const waiting: Socket[][] = ports.map(() => []);
  const sockets = new Set<Socket>();
  let met = 0;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const arrive = (at: number, socket: Socket): void => {
    keep(socket);
    waiting[at]?.push(socket);
    if (waiting.some((here) => here.length === 0)) return;
    met++;
    for (const [index, here] of waiting.entries()) {
      const guest = here.shift();
      const port = ports[index];
      if (guest === undefined || port === undefined) continue;
      const server = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      keep(server);
      guest.pipe(server).pipe(guest);
    }
  };
  const relays: Server[] = [];
  for (const at of ports.keys()) {
    const relay = createServer({ allowHalfOpen: true }, (socket) => arrive(at, socket));
    relay.listen(0, '127.0.0.1');
    await once(relay, 'listening');
    relays.push(relay);
  }
  return {
    hosts: relays.map((relay) => `127.0.0.1:${(relay.address() as AddressInfo).port}`),
    get met() {
      return met;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await Promise.all(relays.map((relay) => new Promise((resolve) => relay.close(resolve))));
    },
  };
}
