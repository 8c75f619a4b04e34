// The name server of the soak: NXDOMAIN for everything after a while, and now and then nothing at all.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Seeded } from '../../fakes/seeded.ts';

export interface SoakNameServer {
  readonly address: string;
  close(): void;
}

export async function startSoakNameServer(random: Seeded): Promise<SoakNameServer> {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    if (random.oneIn(300)) return;
    let end = 12;
    while (end < query.length && query[end] !== 0) end += (query[end] ?? 0) + 1;
    const reply = Buffer.from(query.subarray(0, end + 5));
    reply[2] = 0x84;
    reply[3] = 3;
    for (const at of [6, 8, 10]) reply.writeUInt16BE(0, at);
    const send = (): void => {
      socket.send(reply, from.port, from.address, () => undefined);
    };
    if (random.oneIn(4)) setTimeout(send, random.below(30));
    else send();
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { address: `127.0.0.1:${socket.address().port}`, close: () => socket.close() };
}
