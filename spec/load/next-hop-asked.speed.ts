// What it costs to ask the next hop at MAIL and RCPT: at least 0.7 of the messages that go through when everything is said at the dot. The best
// of some rounds of each, in turn, as neighbours on the machine take their time from both.
import { afterEach, expect, it } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
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
