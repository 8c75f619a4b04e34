// All connections to next hops are read into one buffer: what one of them has said so far must be its own when others are read meanwhile.
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { FakeClock } from '../../../../src/bench/ports/clock.ts';
import { parseTarget, type SmtpTarget } from '../../../../src/net-address/host-list.ts';
import { type Connection, connect } from '../../../../src/smtp/client/connection.ts';
import { waitUntil } from '../../../fakes/wait-until.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Both ends of a connection. */
async function pair(): Promise<{ readonly near: Connection; readonly far: Socket }> {
  const server = createServer();
  servers.push(server);
  const far = new Promise<Socket>((resolve) => {
    server.once('connection', resolve);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const target = parseTarget(`127.0.0.1:${port}`) as SmtpTarget;
  const limits = { clock: new FakeClock(), timeoutMs: 10_000, signal: new AbortController().signal };
  const outcome = await connect('127.0.0.1', target, limits);
  if (outcome.kind !== 'connected') throw new Error(outcome.loss.error);
  return { near: outcome.connection, far: await far };
}

it('keeps the pieces of replies that come to several connections by turns apart', async () => {
  const names = ['alpha', 'bravo', 'charlie'];
  const pairs = await Promise.all(names.map(pair));
  const heard: string[] = [];
  for (const { near } of pairs)
    near.use({
      reply: ({ text }) => heard.push(text),
      drain: () => undefined,
      expired: () => undefined,
      lost: ({ error }) => heard.push(error),
    });
  for (const [i, { far, near }] of pairs.entries()) {
    far.write(`250-${names[i]} one\r\n250-${names[i]}`);
    await waitUntil(() => expect(near.quiet).toBe(false));
  }
  for (const [i, { far }] of pairs.entries()) {
    far.write(` two\r\n250 ${names[i]} three\r\n`);
    await waitUntil(() => expect(heard.length).toBe(i + 1));
  }
  expect(heard).toEqual(names.map((name) => `250-${name} one\r\n250-${name} two\r\n250 ${name} three\r\n`));
  for (const { far, near } of pairs) {
    near.destroy();
    far.destroy();
  }
});
