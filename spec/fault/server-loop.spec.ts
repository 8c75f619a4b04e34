// Mail that would go round in circles: to this server itself, or around by others.
import { afterEach, describe, expect, it } from 'vitest';
import { NextHop } from '../fakes/next-hop.ts';
import { WholeServer } from '../fakes/whole-server.ts';

let server: WholeServer;
let hop: NextHop | undefined;
afterEach(async () => {
  await server.stop();
  await hop?.close();
  hop = undefined;
});

async function dot(message: string): Promise<string> {
  const client = server.inMemory();
  await client.reply();
  await client.openMessage();
  client.send(`${message}.\r\n`);
  const reply = await client.reply();
  await client.quit();
  return reply;
}

describe('a smart host that is this server itself', () => {
  it('is not asked: 451, one session, and the log says why', async () => {
    server = await WholeServer.start();
    server.app.dependencies.options.set('smtp-smart-host', `127.0.0.1:${server.port}`, 'spec');
    const sessions = server.app.counters.connections;
    expect(await dot('Subject: x\r\n\r\nx\r\n')).toMatch(/^451 4\.4\.1 /);
    expect(server.app.counters.connections).toBe(sessions + 1);
    expect(server.said(/^warning next hop failed .*the next hop is this server itself, a loop/)).toHaveLength(
      1,
    );
  });
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
    expect(server.said(/^info message refused .*"cause":"hops"/)).toHaveLength(1);
    expect(hop.connections.flatMap((connection) => connection.contents)).toHaveLength(1);
  });
});
