// Mail that would go round in circles: to this server itself, or around by others.
import { afterEach, describe, expect, it } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { WholeServer } from '../fakes/whole-server.ts';

let server: WholeServer;
let hop: NextHop | undefined;
afterEach(async () => {
  await server.stop();
  await hop?.close();
  hop = undefined;
});

/** The first refusal, or the reply at the dot. */
async function dot(message: string): Promise<string> {
  const client = server.inMemory();
  let reply = await client.reply();
  for (const line of [
    'EHLO c.example',
    'MAIL FROM:<a@b.example>',
    'RCPT TO:<c@d.example>',
    'DATA',
    message,
  ]) {
    reply = line === message ? await client.command(`${message}.`) : await client.command(line);
    if (/^[45]/.test(reply)) break;
  }
  await client.quit();
  return reply;
}

describe('a smart host that is this server itself', () => {
  it.each(['dot', 'rcpt'])(
    'is not asked: 451, one session, and the log says why, asked at %s',
    async (at) => {
      server = await WholeServer.start({ options: { 'smtp-forward-at': at } });
      server.app.options.set('smtp-smart-host', `127.0.0.1:${server.port}`, 'spec');
      const sessions = server.app.counters.connections;
      expect(await dot('Subject: x\r\n\r\nx\r\n')).toMatch(/^451 4\.4\.1 /);
      expect(server.app.counters.connections).toBe(sessions + 1);
      expect(
        server.said(/^warning next hop failed .*the next hop is this server itself, a loop/),
      ).toHaveLength(1);
    },
  );
});

describe('limit-received', () => {
  it('554 5.4.6 at dot without asking hook.dot or the next hop', async () => {
    hop = await NextHop.start();
    server = await WholeServer.start({
      policy: "function hook.dot() syslog.info('asked') end",
      options: { 'smtp-smart-host': hop.target },
    });
    const message = (count: number): string => `${'Received: by x; now\r\n'.repeat(count)}\r\nx\r\n`;
    expect(await dot(message(100))).toMatch(/^250 /);
    expect(await dot(message(101))).toMatch(
      /^554 5\.4\.6 message \w+ has more than 100 Received headers, it goes round in circles\r\n$/,
    );
    expect(server.said(/^info asked/)).toHaveLength(1);
    expect(server.said(/^info mail .*"result":"refused".*"cause":"hops"/)).toHaveLength(1);
    expect(hop.connections.flatMap((connection) => connection.contents)).toHaveLength(1);
  });
});

describe('limit-headers', () => {
  it('552 5.3.4 at dot without asking hook.dot or the next hop', async () => {
    hop = await NextHop.start();
    server = await WholeServer.start({
      policy: "function hook.dot() syslog.info('asked') end",
      options: { 'smtp-smart-host': hop.target, 'limit-headers': '2000' },
    });
    const message = (count: number): string => `${'A:\r\n b\r\n'.repeat(count)}\r\n${'x\r\n'.repeat(5000)}`;
    expect(await dot(message(2000))).toMatch(/^250 /);
    expect(await dot(message(2001))).toBe('552 5.3.4 message has more than 2000 headers\r\n');
    expect(server.said(/^info asked/)).toHaveLength(1);
    expect(server.said(/^info mail .*"result":"refused".*"cause":"headerCount"/)).toHaveLength(1);
    expect(hop.connections.flatMap((connection) => connection.contents)).toHaveLength(1);
  });
});
