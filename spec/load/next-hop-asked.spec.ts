// Many slow next hops with large messages hold no more memory than the limits of the spool.
import { readdir } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import type { SmtpClient } from '../fakes/smtp-client.ts';
import { WholeServer } from '../fakes/whole-server.ts';

let server: WholeServer;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await server.stop();
  for (const close of closing.splice(0)) await close();
});

/** Takes everything up to 354 and reads nothing of the content. */
async function slowHop(): Promise<{
  readonly server: Server;
  readonly sockets: Set<Socket>;
  readonly port: number;
  readonly begun: number;
}> {
  const sockets = new Set<Socket>();
  let begun = 0;
  const hop = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.write('220 slow\r\n');
    socket.on('data', (chunk) => {
      for (const line of chunk.toString('latin1').split('\r\n').slice(0, -1)) {
        if (line !== 'DATA') socket.write('250 ok\r\n');
        else {
          begun++;
          socket.pause();
          socket.write('354 go\r\n');
        }
      }
    });
  });
  await new Promise<void>((resolve) => hop.listen(0, '127.0.0.1', resolve));
  const address = hop.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { port } = address;
  return {
    ...{ server: hop, sockets, port },
    get begun() {
      return begun;
    },
  };
}

it('fifty slow next hops with large messages: memory stays within the limits of the spool', async () => {
  const SIZE = 3_000_000;
  const hop = await slowHop();
  closing.push(async () => {
    for (const socket of hop.sockets) socket.destroy();
    await new Promise((resolve) => hop.server.close(resolve));
  });
  server = await WholeServer.start({
    options: {
      'smtp-smart-host': `127.0.0.1:${hop.port}`,
      'smtp-forward-tls': 'off',
      'smtp-forward-parallel': '50',
      'smtp-max-size': '0',
      'spool-memory-total': '1000000',
    },
  });
  const piece = Buffer.from(`${'x'.repeat(998)}\r\n`.repeat(100));
  const bytes = (): number => process.memoryUsage().arrayBuffers;
  const before = bytes();
  let most = 0;
  const clients: SmtpClient[] = [];
  for (let i = 0; i < 50; i++) {
    const client = await server.greeted();
    clients.push(client);
    for (const command of ['EHLO c', 'MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>', 'DATA'])
      await client.command(command);
    client.write('Subject: x\r\n\r\n');
    for (let sent = 0; sent < SIZE; sent += piece.length) {
      await new Promise<void>((resolve) => client.socket.write(piece, () => resolve()));
      most = Math.max(most, bytes() - before);
    }
    client.write('.\r\n');
  }
  // Each next hop has said 354, and reads nothing more.
  while (hop.begun < 50) await new Promise((resolve) => setTimeout(resolve, 20));
  for (let i = 0; i < 20; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    most = Math.max(most, bytes() - before);
  }
  expect(await readdir(server.spool)).toHaveLength(50);
  for (const client of clients) client.socket.resetAndDestroy();
  await server.quiet();
  expect(await readdir(server.spool)).toEqual([]);
  // Of each what is on its way to the socket (256 KiB), of all what spool-memory-total leaves in memory, and what is not collected yet: of
  // 150 MB of messages.
  expect(most).toBeLessThan(60_000_000);
});
