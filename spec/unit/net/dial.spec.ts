import { once } from 'node:events';
import { createServer, type Server, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { addressesOf, dial, dialHost, MAX_ADDRESSES } from '../../../src/net/dial.ts';
import { HostHealth, healthKey } from '../../../src/net/host-health.ts';

const { signal } = new AbortController();
const nobody = {
  addresses(host: string): never {
    throw new Error(`${host} was asked for`);
  },
};
const newSocket = (): Socket => new Socket();

it('a path that the system would cut is no other socket', async () => {
  const limits = { clock: new FakeClock(), timeoutMs: 1000, signal };
  const [fits, cut] = [107, 108].map((length) =>
    dial(newSocket, { path: '/tmp/'.padEnd(length, 'x') }, limits),
  );
  expect(await fits).toMatchObject({ kind: 'error', error: { code: 'ENOENT' } });
  expect(await cut).toMatchObject({ kind: 'error', error: { code: 'ENAMETOOLONG' } });
  expect(limits.clock.pending).toBe(0);
});

describe('addressesOf', () => {
  it.each([
    ['192.0.2.1', ['192.0.2.1']],
    ['2001:db8::1', ['2001:db8::1']],
    ['localhost', ['127.0.0.1', '::1']],
    ['LocalHost.', ['127.0.0.1', '::1']],
    ['mail.localhost', ['127.0.0.1', '::1']],
  ])('knows %s without asking', async (host, expected) => {
    expect(await addressesOf(host, nobody, { signal })).toEqual(expected);
  });

  it('asks for every other name, with the limit, and takes sixteen addresses', async () => {
    const many = Array.from({ length: 40 }, (_, i) => `192.0.2.${i}`);
    const asked: unknown[] = [];
    const source = {
      addresses(host: string, options?: { readonly timeoutMs?: number }) {
        asked.push([host, options?.timeoutMs]);
        return Promise.resolve(many);
      },
    };
    expect(await addressesOf('notlocalhost', source, { signal, timeoutMs: 7 })).toEqual(many.slice(0, 16));
    expect(MAX_ADDRESSES).toBe(16);
    expect(asked).toEqual([['notlocalhost', 7]]);
  });

  it('waits no longer when it is cancelled, and asks nobody when it was before', async () => {
    const stop = new AbortController();
    const found = addressesOf(
      'a.example',
      { addresses: () => new Promise(() => {}) },
      { signal: stop.signal },
    );
    stop.abort();
    expect(await found).toEqual([]);
    expect(await addressesOf('a.example', nobody, { signal: stop.signal })).toEqual([]);
  });
});

let server: Server;
let port = 0;
beforeEach(async () => {
  server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  port = address.port;
});
afterEach(() => {
  server.close();
});

describe('dial', () => {
  it('connects, and leaves no timer and no listener of its own', async () => {
    const clock = new FakeClock();
    const outcome = await dial(newSocket, { host: '127.0.0.1', port }, { clock, timeoutMs: 1000, signal });
    if (outcome.kind !== 'connected') throw new Error(outcome.kind);
    expect(clock.pending).toBe(0);
    expect(['connect', 'error', 'close'].map((name) => outcome.socket.listenerCount(name))).toEqual([
      0, 0, 0,
    ]);
    outcome.socket.destroy();
  });

  it('says what was wrong, and destroys the socket', async () => {
    const clock = new FakeClock();
    let socket: Socket | undefined;
    const make = (): Socket => {
      socket = new Socket();
      return socket;
    };
    const limits = { clock, timeoutMs: 1000, signal };
    // A port that nobody may connect to: connect() itself throws.
    expect(await dial(make, { host: '127.0.0.1', port: 65_536 }, limits)).toMatchObject({ kind: 'error' });
    expect(socket?.destroyed).toBe(true);
    const late = dial(make, { host: '127.0.0.1', port }, limits);
    clock.advance(1000);
    expect(await late).toEqual({ kind: 'timeout' });
    expect(socket?.destroyed).toBe(true);
    const stop = new AbortController();
    const given = dial(make, { host: '127.0.0.1', port }, { ...limits, signal: stop.signal });
    stop.abort();
    expect(await given).toEqual({ kind: 'cancelled' });
    expect(socket?.destroyed).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('makes no socket when it was cancelled before', async () => {
    const outcome = await dial(
      (): Socket => {
        throw new Error('made');
      },
      { host: '127.0.0.1', port },
      { clock: new FakeClock(), timeoutMs: 1000, signal: AbortSignal.abort() },
    );
    expect(outcome).toEqual({ kind: 'cancelled' });
  });
});

describe('dialHost', () => {
  const resolver = { addresses: () => Promise.resolve(['127.0.0.3', '127.0.0.2', '127.0.0.1']) };

  it('tries the addresses in order, but those that are refused, and remembers the dead ones', async () => {
    const clock = new FakeClock();
    const health = new HostHealth(clock);
    const asked: string[] = [];
    const refuse = (address: string): string | undefined => {
      asked.push(address);
      return address === '127.0.0.3' ? 'not that one' : undefined;
    };
    for (const expected of ['127.0.0.3 127.0.0.2 127.0.0.1', '127.0.0.3 127.0.0.1']) {
      const parts = { clock, timeoutMs: 1000, signal, resolver, refuse, health };
      const outcome = await dialHost(newSocket, 'h', port, parts);
      if (outcome.kind !== 'connected') throw new Error(outcome.kind);
      expect(outcome.address).toBe('127.0.0.1');
      outcome.socket.destroy();
      expect(asked.splice(0).join(' ')).toBe(expected);
    }
    expect(health.avoids(healthKey('127.0.0.2', port))).toBe(true);
    expect(health.avoids(healthKey('127.0.0.3', port))).toBe(false);
  });

  it('gives the reason for each address', async () => {
    server.close();
    await once(server, 'close');
    const parts = { clock: new FakeClock(), timeoutMs: 1000, signal, resolver };
    const outcome = await dialHost(newSocket, 'h', port, {
      ...parts,
      refuse: (address) => (address === '127.0.0.2' ? 'no' : undefined),
    });
    expect(outcome).toMatchObject({
      kind: 'failed',
      attempts: [
        { address: '127.0.0.3', why: { kind: 'error', error: { code: 'ECONNREFUSED' } } },
        { address: '127.0.0.2', why: { kind: 'refused', reason: 'no' } },
        { address: '127.0.0.1', why: { kind: 'error' } },
      ],
    });
  });
});
