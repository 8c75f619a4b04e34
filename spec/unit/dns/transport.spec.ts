// Sockets: who gets one, when they are replaced and closed, and what a failing one tells.
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../../../src/base/clock.ts';
import { FakeDnsServer } from '../../../src/bench/ports/dns-server.ts';
import { TcpTransport } from '../../../src/dns/tcp.ts';
import { type ReplyReceiver, UdpTransport } from '../../../src/dns/udp.ts';
import { encodeQuery, withId } from '../../../src/dns/wire.ts';
import { openSockets, socketsClosed } from '../../fakes/open-sockets.ts';
import { Program } from '../../fakes/program.ts';
import { A } from './support.ts';

const servers: FakeDnsServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(): Promise<FakeDnsServer> {
  const server = await FakeDnsServer.start(['a.test A 300 192.0.2.1']);
  servers.push(server);
  return server;
}

const query = encodeQuery('a.test', A, 1, false);
const held = encodeQuery('held.test', A, 1, false);

/** A receiver that takes everything, and when it was called. */
function receiver(): ReplyReceiver & { readonly result: Promise<string> } {
  let settle: (result: string) => void = () => {};
  const result = new Promise<string>((resolve) => {
    settle = resolve;
  });
  return {
    result,
    reply: (packet) => {
      settle(`reply ${packet.readUInt16BE(6)}`);
      return true;
    },
    failed: settle,
  };
}

describe('UDP', () => {
  it('replaces a shared socket after 256 queries', async () => {
    const server = await start();
    server.script('held.test', { kind: 'hold' });
    const udp = new UdpTransport('127.0.0.1', server.port, systemRandom);
    // While these wait, no socket is closed for want of queries.
    const held32 = Array.from({ length: 32 }, receiver);
    for (const one of held32) udp.send(held, one);
    await server.seen(32);
    for (let i = 0; i < 300; i++) {
      const round = Array.from({ length: 32 }, receiver);
      for (const one of round) udp.send(query, one);
      expect(new Set(await Promise.all(round.map((one) => one.result)))).toEqual(new Set(['reply 1']));
    }
    const uses = new Map<number, number>();
    for (const { port } of server.queries) uses.set(port, (uses.get(port) ?? 0) + 1);
    expect(uses.size).toBeGreaterThan(32);
    expect(Math.max(...uses.values())).toBe(256);
    // What waits on a socket that takes no more queries is still answered.
    server.release();
    expect(new Set(await Promise.all(held32.map((one) => one.result)))).toEqual(new Set(['reply 0']));
  });

  it('asks from sockets of answered queries again: at random, each for 16 queries, and none of them stays', async () => {
    const server = await start();
    const udp = new UdpTransport('127.0.0.1', server.port, systemRandom);
    const before = openSockets();
    for (let i = 0; i < 200; i++) {
      const one = receiver();
      udp.send(query, one);
      expect(await one.result).toBe('reply 1');
    }
    const ports = server.queries.map(({ port }) => port);
    const uses = new Map<number, number>();
    for (const port of ports) uses.set(port, (uses.get(port) ?? 0) + 1);
    expect(new Set(ports.slice(0, 8)).size).toBe(8);
    expect(uses.size).toBeGreaterThanOrEqual(200 / 16);
    expect(Math.max(...uses.values())).toBeLessThanOrEqual(16);
    // Which one comes next is not what came before.
    const turns = ports.slice(8).filter((port, at) => port !== ports[at]);
    expect(turns.length).toBeGreaterThan(100);
    await socketsClosed(before);
  });

  it('does not ask again from a socket with a query that was given up', async () => {
    const server = await start();
    server.script('held.test', { kind: 'hold' });
    const udp = new UdpTransport('127.0.0.1', server.port, systemRandom);
    const before = openSockets();
    for (let i = 0; i < 20; i++) {
      const exchange = udp.send(held, receiver());
      await server.seen(i + 1);
      exchange.cancel();
    }
    await socketsClosed(before);
    expect(new Set(server.queries.map(({ port }) => port)).size).toBeGreaterThan(15);
  });

  it('closes what it has kept, and keeps nothing any more', async () => {
    const server = await start();
    const udp = new UdpTransport('127.0.0.1', server.port, systemRandom);
    const before = openSockets();
    const ask = async (): Promise<void> => {
      const one = receiver();
      udp.send(query, one);
      await one.result;
    };
    await ask();
    expect(openSockets()).toBe(before + 1);
    udp.close();
    await socketsClosed(before);
    await ask();
    await new Promise((resolve) => setImmediate(resolve));
    expect(openSockets()).toBe(before);
  });

  it('opens more sockets when each carries 64 queries, and closes them all', async () => {
    const server = await start();
    server.script(() => true, { kind: 'drop' });
    const udp = new UdpTransport('127.0.0.1', server.port, systemRandom);
    const before = openSockets();
    const exchanges = Array.from({ length: 32 * 64 }, () => udp.send(query, receiver()));
    expect(openSockets() - before).toBe(32);
    exchanges.push(udp.send(query, receiver()));
    expect(openSockets() - before).toBe(33);
    for (const exchange of exchanges) exchange.cancel();
    await socketsClosed(before);
  });

  it('tells ECONNREFUSED, and why a socket cannot be connected, after send has returned', async () => {
    const server = await FakeDnsServer.start();
    await server.close();
    for (const [address, cause] of [
      ['127.0.0.1', 'ECONNREFUSED'],
      ['255.255.255.255', 'EACCES'],
    ] as const) {
      let returned = false;
      const one = receiver();
      const failed = one.failed.bind(one);
      const udp = new UdpTransport(address, server.port, systemRandom);
      udp.send(query, {
        reply: one.reply,
        failed: (text) => {
          expect(returned).toBe(true);
          failed(text);
        },
      });
      returned = true;
      expect(await one.result).toBe(cause);
    }
  });

  it('does not deliver what was cancelled', async () => {
    const server = await start();
    server.script('held.test', { kind: 'hold' });
    const udp = new UdpTransport('127.0.0.1', server.port, systemRandom);
    let called = false;
    const exchange = udp.send(held, {
      reply: () => {
        called = true;
        return true;
      },
      failed: () => {
        called = true;
      },
    });
    await server.seen(1);
    exchange.cancel();
    exchange.cancel();
    server.release();
    const other = receiver();
    udp.send(query, other);
    await other.result;
    expect(called).toBe(false);
  });

  it('does not keep the process alive', async () => {
    const server = await start();
    server.script(() => true, { kind: 'drop' });
    const code = `import { UdpTransport } from './src/dns/udp.ts';
      import { encodeQuery } from './src/dns/wire.ts';
      const udp = new UdpTransport('127.0.0.1', ${server.port}, () => 0);
      udp.send(encodeQuery('a.test', 1, 1, false), { reply: () => true, failed() {} });
      console.log('sent');`;
    const child = new Program(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', code], {
      cwd: join(import.meta.dirname, '../../..'),
    });
    await server.seen(1);
    expect(await child.ended).toMatchObject({ code: 0, stdout: 'sent\n' });
  });
});

describe('TCP', () => {
  it('opens 100 connections at most; the others wait their turn', async () => {
    const server = await start();
    server.script('held.test', { kind: 'hold' });
    const tcp = new TcpTransport('127.0.0.1', server.port);
    const receivers = Array.from({ length: 150 }, receiver);
    const exchanges = receivers.map((one) => tcp.send(withId(held, 1), one));
    await server.seen(100);
    expect(tcp.connections).toBe(100);
    exchanges[149]?.cancel();
    exchanges[0]?.cancel();
    await server.seen(101);
    expect(tcp.connections).toBe(100);
    server.script('held.test', { kind: 'answer' });
    server.release();
    const results = await Promise.all(receivers.slice(1, 149).map((one) => one.result));
    expect(results.length).toBe(148);
    expect(new Set(results)).toEqual(new Set(['reply 0']));
    expect(server.queries.length).toBe(149);
    expect(tcp.connections).toBe(0);
  });

  it('takes an answer that comes octet by octet', async () => {
    const server = await start();
    const tcp = new TcpTransport('127.0.0.1', server.port);
    // Two answers in one stream: the first counts.
    server.script('a.test', { kind: 'packet', make: (_query, reply) => [reply, reply] });
    const one = receiver();
    tcp.send(withId(query, 1), one);
    expect(await one.result).toBe('reply 1');
    expect(tcp.connections).toBe(0);
  });
});
