// What it costs to ask the next hop at MAIL and RCPT: at least 0.7 of the messages that go through when everything is said at the dot. The best
// of some rounds of each, in turn, as neighbours on the machine take their time from both. And: many slow next hops with large messages hold
// no more memory than the limits of the spool.
import { readdir } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import type { SmtpClient } from '../fakes/smtp-client.ts';
import { WholeServer } from '../fakes/whole-server.ts';

let server: WholeServer;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await server.stop();
  for (const close of closing.splice(0)) await close();
});

const BODY = `Subject: x\r\n\r\n${'a line of text\r\n'.repeat(100)}.\r\n`;

async function round(at: 'rcpt' | 'dot', clients: number, messages: number): Promise<number> {
  server.app.options.set('smtp-forward-at', at, 'spec');
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async () => {
      const client = await server.greeted();
      await client.command('EHLO c.example');
      for (let i = 0; i < messages; i++) {
        client.write(Buffer.from('MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n'));
        for (let n = 0; n < 3; n++) await client.reply();
        client.write(Buffer.from(BODY));
        const reply = await client.reply();
        if (!reply.startsWith('250')) throw new Error(reply);
      }
      client.destroy();
    }),
  );
  return (clients * messages) / ((performance.now() - begin) / 1000);
}

it('asked at RCPT at least 0.7 of what goes through when asked at the dot', async () => {
  const sink = await NextHop.start({ ehlo: '250-sink\r\n250-PIPELINING\r\n250 SIZE\r\n' });
  closing.push(() => sink.close());
  server = await WholeServer.start({
    options: { 'smtp-smart-host': sink.target, 'smtp-forward-tls': 'off' },
  });
  const best = { rcpt: 0, dot: 0 };
  await round('dot', 10, 10);
  await round('rcpt', 10, 10);
  for (let i = 0; i < 6; i++) {
    for (const at of ['dot', 'rcpt'] as const) best[at] = Math.max(best[at], await round(at, 10, 20));
    if (i >= 2 && best.rcpt >= 0.7 * best.dot) break;
  }
  expect(best.rcpt / best.dot, `messages/s: rcpt ${best.rcpt}, dot ${best.dot}`).toBeGreaterThanOrEqual(0.7);
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
