import { createServer, type Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { createSecureContext, TLSSocket, connect as tlsConnect } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import type { ConnectionWrapper, WrapOutcome } from '../../../src/net/connection-wrapper.ts';
import { type BoundSockets, onPort } from '../../../src/net/listener.ts';
import { type ListenerRow, listenerRows } from '../../../src/net/listener-row.ts';
import { Listeners } from '../../../src/net/listeners.ts';
import { ProxyWrapper } from '../../../src/net/proxy-wrapper.ts';
import { TlsWrapper } from '../../../src/net/tls-wrapper.ts';
import type { Transport } from '../../../src/net/transport.ts';
import { OptionLayer } from '../../../src/options/option-layer.ts';
import { Sessions } from '../../../src/smtp/server/sessions.ts';
import { testAuthority, testCertificate, testKey } from '../../fakes/certificates.ts';
import { SmtpClient } from '../../fakes/smtp-client.ts';
import { RigClient, type RigSettings, SmtpRig } from '../../fakes/smtp-rig.ts';

const TIMEOUT_MS = 5000;

/** Reads a line, or what comes before the other side has gone. `rest` is what came behind it. */
function firstLine(
  transport: Transport,
  most: number,
): Promise<{ line: string; whole: boolean } | undefined> {
  return new Promise((resolve) => {
    let line = '';
    transport.use({
      received: (chunk) => {
        line += chunk.toString('latin1');
        const end = line.indexOf('\n') + 1;
        if (end === 0 && line.length <= most) return;
        transport.unread(Buffer.from(end === 0 ? '' : line.slice(end), 'latin1'));
        resolve({ line: end === 0 ? line : line.slice(0, end), whole: end > 0 });
      },
      inputEnded: () => resolve(undefined),
      drained: () => undefined,
      failed: () => undefined,
      closed: () => resolve(undefined),
    });
  });
}

/** Eats `NAME address CRLF` and calls the client by it; refuses what is longer than it can be. */
const naming: ConnectionWrapper = {
  name: 'naming',
  namesPeer: true,
  timeoutMs: () => TIMEOUT_MS,
  wrap: async (transport, peer): Promise<WrapOutcome> => {
    const read = await firstLine(transport, 40);
    if (read === undefined) return { kind: 'gone' };
    const address = read.whole ? /^NAME ([\d.]+)\r\n$/.exec(read.line)?.[1] : undefined;
    if (address === undefined) return { kind: 'refuse', cause: 'no name' };
    return { kind: 'pass', transport, peer: { ...peer, address, port: 99 } };
  },
};

/** Refuses, with a word, a client that begins with `!`. */
const barking: ConnectionWrapper = {
  name: 'barking',
  namesPeer: false,
  timeoutMs: () => TIMEOUT_MS,
  wrap: (transport, peer) =>
    new Promise((resolve) => {
      transport.use({
        received: (chunk) => {
          transport.unread(chunk);
          if (chunk[0] === 33) resolve({ kind: 'refuse', cause: 'it barks', text: '421 no dogs\r\n' });
          else resolve({ kind: 'pass', transport, peer });
        },
        inputEnded: () => resolve({ kind: 'gone' }),
        drained: () => undefined,
        failed: () => undefined,
        closed: () => resolve({ kind: 'gone' }),
      });
    }),
};

/** A row with wrappers, served by the sessions of a rig. */
function site(wrappers: readonly ConnectionWrapper[], settings: RigSettings = {}) {
  const rig = new SmtpRig({ ...settings, options: { 'rate-global': '0', ...settings.options } });
  const sessions = new Sessions(rig.deps);
  const listeners = new Listeners(rig.deps);
  const [only] = listenerRows(rig.options, sessions);
  if (only === undefined) throw new Error('no row');
  const row: ListenerRow = { ...only, wrappers };
  return { rig, sessions, listeners, row };
}
type Site = ReturnType<typeof site>;

/** A connection as the system would hand it over: every write of the client arrives as one chunk. */
function arrive({ listeners, row }: Pick<Site, 'listeners' | 'row'>, from = '192.0.2.1'): RigClient {
  const [ours, theirs] = duplexPair();
  const socket = { remoteAddress: from, remotePort: 1234, localAddress: '192.0.2.25', localPort: 25 };
  listeners.accept(Object.assign(theirs, socket) as Duplex as Socket, row);
  // As a socket does; a pair of streams does not.
  theirs.on('close', () => ours.destroy());
  return new RigClient(ours, Promise.resolve(), theirs);
}

const turns = async (): Promise<void> => {
  for (let i = 0; i < 6; i++) await new Promise((resolve) => setImmediate(resolve));
};
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};
const causes = (rig: SmtpRig): unknown[] =>
  rig.log.lines.filter(({ message }) => message !== 'session').map(({ fields }) => fields.cause);

describe('a chain of wrappers', () => {
  const wire = 'NAME 198.51.100.7\r\nEHLO c.example\r\nNOOP\r\n';

  it.each(Array.from(wire, (_, i) => i))('leads through to the session, cut at octet %i', async (at) => {
    const { rig, sessions, ...rest } = site([naming, barking], { hooks: { noop: () => undefined } });
    const client = arrive(rest);
    client.send(wire.slice(0, at));
    await turns();
    expect(client.received === '').toBe(at <= wire.indexOf('\n') + 1);
    client.send(wire.slice(at));
    const replies = [await client.reply(), await client.reply(), await client.reply()];
    expect(replies.map((reply) => reply.slice(0, 3))).toEqual(['220', '250', '250']);
    expect(rig.instance.client).toMatchObject({
      address: '198.51.100.7',
      port: 99,
      local_address: '192.0.2.25',
    });
    client.stream.end();
    await until(() => sessions.count === 0);
    expect(rig.limits.total).toBe(0);
  });

  it.each(Array.from('NAME 198.51.100.7\r\n!EHLO c\r\n', (_, i) => i))(
    'refuses with a word and without a session, cut at octet %i',
    async (at) => {
      const text = 'NAME 198.51.100.7\r\n!EHLO c\r\n';
      const { rig, sessions, ...rest } = site([naming, barking]);
      const client = arrive(rest);
      client.send(text.slice(0, at));
      await turns();
      client.send(text.slice(at));
      expect(await client.rest()).toBe('421 no dogs\r\n');
      expect([sessions.count, rig.limits.total, rig.counters.connections]).toEqual([0, 0, 1]);
      expect(causes(rig)).toEqual(['barking: it barks']);
      client.stream.end();
    },
  );

  it('costs nothing when it is empty: the session has begun before accept returns', () => {
    const { sessions, ...rest } = site([]);
    arrive(rest);
    expect(sessions.count).toBe(1);
  });

  it('gives nobody rights by the name of another: trusted is the end of the socket', async () => {
    const settings = { options: { 'smtp-xclient-hosts': '198.51.100.7 203.0.113.1' } };
    const offered = async (from: string): Promise<boolean> => {
      const client = arrive(site([naming], settings), from);
      client.send('NAME 198.51.100.7\r\n');
      await client.reply();
      return (await client.command('EHLO c')).includes('XCLIENT');
    };
    expect([await offered('192.0.2.1'), await offered('203.0.113.1')]).toEqual([false, true]);
  });

  it('counts the connection from the start, and the client by its name', async () => {
    const { rig, sessions, ...rest } = site([naming], {
      options: { 'limit-client-connections': '2', 'limit-connections': '4' },
    });
    // One balancer for all of them, who is no client.
    const clients = [1, 1, 1, 2].map((n) => ({ n, client: arrive(rest) }));
    expect([rig.limits.total, await arrive(rest).rest()]).toEqual([
      4,
      '421 4.3.2 too many connections, try again later\r\n',
    ]);
    for (const { n, client } of clients) client.send(`NAME 198.51.100.${n}\r\n`);
    const said = await Promise.all(clients.map(({ client }) => client.reply()));
    expect(said.map((text) => text.slice(0, 3))).toEqual(['220', '220', '421', '220']);
    expect(said[2]).toBe('421 4.7.0 too many connections from 198.51.100.1\r\n');
    expect([rig.limits.total, sessions.count]).toEqual([3, 3]);
    for (const { client } of clients) client.stream.end();
    await until(() => sessions.count === 0);
    expect(rig.limits.total).toBe(0);
  });

  it('waits for a wrapper no longer than its time, and for nothing of it afterwards', async () => {
    const clock = new FakeClock();
    const { rig, sessions, ...rest } = site([naming], { clock });
    const client = arrive(rest);
    client.send('NAME 198');
    await turns();
    clock.advance(TIMEOUT_MS - 1);
    await turns();
    expect(client.ended).toBe(false);
    clock.advance(1);
    expect(await client.rest()).toBe('');
    expect([sessions.count, rig.limits.total, clock.pending]).toEqual([0, 0, 0]);
    expect(causes(rig)).toEqual(['naming: not done within 5 s']);
  });

  it.each([
    ['closes its side', (client: RigClient) => client.stream.end()],
    ['resets', (client: RigClient) => client.reset()],
  ])('has nothing left of a client that %s before it is through', async (_, go) => {
    const clock = new FakeClock();
    const { rig, sessions, ...rest } = site([naming], { clock });
    const client = arrive(rest);
    client.send('NAME');
    await turns();
    go(client);
    await until(() => rig.limits.total === 0);
    await turns();
    expect([sessions.count, rig.limits.total, clock.pending]).toEqual([0, 0, 0]);
    expect(rig.said).toEqual(['connection gone before it was served']);
  });

  it('closes those that nobody serves yet when the server closes', async () => {
    const { rig, listeners, row } = site([naming]);
    const client = arrive({ listeners, row });
    await listeners.close();
    expect(await client.rest()).toBe('');
    await turns();
    expect(rig.limits.total).toBe(0);
  });

  it('takes a connection off the count once, though a wrapper refuses it when it is closed already', async () => {
    const late: ConnectionWrapper = {
      ...barking,
      wrap: (transport) =>
        new Promise((resolve) => {
          const done = () => resolve({ kind: 'refuse', cause: 'no handshake', text: '421 no\r\n' });
          const nothing = (): void => undefined;
          transport.use({
            received: nothing,
            inputEnded: nothing,
            drained: nothing,
            failed: nothing,
            closed: done,
          });
        }),
    };
    const { rig, sessions, ...rest } = site([late]);
    const [first] = [arrive(rest), arrive(rest)];
    await turns();
    expect(rig.limits.total).toBe(2);
    first?.reset();
    await until(() => rig.log.lines.length > 0);
    await turns();
    expect([rig.limits.total, sessions.count]).toEqual([1, 0]);
  });

  it('closes, and says that it is a bug, when a wrapper throws', async () => {
    const broken: ConnectionWrapper = {
      ...naming,
      wrap: () => {
        throw new Error('oops');
      },
    };
    const { rig, ...rest } = site([broken]);
    expect(await arrive(rest).rest()).toBe('');
    expect(rig.log.lines.map(({ level, fields }) => [level, fields.cause])).toEqual([
      ['err', 'naming: oops'],
      ['info', 'naming: internal error'],
    ]);
    expect(rig.limits.total).toBe(0);
  });

  it('takes TLS from the first octet as a wrapper', async () => {
    const context = createSecureContext({ cert: testCertificate, key: testKey });
    const implicit: ConnectionWrapper = {
      name: 'tls',
      namesPeer: false,
      timeoutMs: () => TIMEOUT_MS,
      wrap: async (transport, peer) => {
        const secured = await transport.secure(
          (below) => new TLSSocket(below as Socket, { isServer: true, secureContext: context }),
        );
        return secured.kind === 'secured' ? { kind: 'pass', transport, peer } : { kind: 'gone' };
      },
    };
    const seen: unknown[] = [];
    const { sessions, listeners, row } = site([naming, implicit], {
      hooks: { accept: (_, address) => void seen.push(address) },
    });
    const [endpoint] = await listeners.listen([{ ...row, addresses: onPort(['127.0.0.1'], 0) }]);
    const client = await SmtpClient.connect(endpoint?.port ?? 0);
    client.socket.write('NAME 198.51.100.7\r\n');
    const tls = tlsConnect({ socket: client.socket, ca: testAuthority, servername: 'mx.example.test' });
    let text = '';
    tls.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    tls.on('error', () => undefined);
    tls.write('EHLO c.example\r\nQUIT\r\n');
    await until(() => text.includes('221 '));
    expect(text.match(/^\d{3} /gm)).toEqual(['220 ', '250 ', '221 ']);
    expect(seen).toEqual(['198.51.100.7']);
    tls.end();
    await until(() => sessions.count === 0);
    await listeners.close();
  });
});

describe('several listeners', () => {
  const open: Listeners[] = [];
  afterEach(async () => {
    for (const listeners of open.splice(0)) await listeners.close();
  });

  it('have options of their own, over those of the process as they are at any time', async () => {
    const { rig, listeners, row, sessions } = site([], { options: { 'smtp-server-address': '127.0.0.1' } });
    open.push(listeners);
    const own = new OptionLayer(rig.options, () => [
      { name: 'smtp-max-size', text: '1000', origin: 'a.cf:1' },
    ]);
    const rows = [
      { ...row, name: 'mx', addresses: onPort(['127.0.0.1'], 0) },
      { ...row, name: 'submission', addresses: onPort(['127.0.0.1'], 0), options: own },
    ];
    const endpoints = await listeners.listen(rows);
    expect(endpoints).toHaveLength(2);
    rig.options.set('smtp-max-size', '2000', 'reload');
    const sizes: (string | undefined)[] = [];
    for (const { port } of endpoints) {
      const client = await SmtpClient.connect(port);
      await client.reply();
      client.socket.write('EHLO c.example\r\n');
      sizes.push(/SIZE (\d+)/.exec(await client.reply())?.[1]);
      client.socket.end('QUIT\r\n');
    }
    expect(sizes).toEqual(['2000', '1000']);
    await until(() => sessions.count === 0);
  });

  it('listen on sockets that another process holds, each on its own', async () => {
    const { listeners, row } = site([]);
    const asked: unknown[] = [];
    const bound: BoundSockets = async (...wish) => {
      asked.push(wish);
      return [];
    };
    await listeners.listen(
      [row, { ...row, key: 'submission', addresses: onPort(['127.0.0.1'], 587) }],
      bound,
    );
    expect(asked).toEqual([
      ['', row.addresses],
      ['submission', onPort(['127.0.0.1'], 587)],
    ]);
  });

  it('all of them listen, or none', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const { listeners, row } = site([], { options: { 'smtp-server-address': '127.0.0.1' } });
    open.push(listeners);
    const rows = [
      { ...row, addresses: onPort(['127.0.0.1'], 0) },
      { ...row, addresses: onPort(['127.0.0.1'], port) },
    ];
    await expect(listeners.listen(rows)).rejects.toMatchObject({
      code: 'EADDRINUSE',
      where: `127.0.0.1:${port}`,
    });
    expect(listeners.endpoints).toEqual([]);
    taken.close();
  });

  it('are one without a name by the options of today', () => {
    const { rig, sessions } = site([], {
      options: {
        'smtp-server-address': '127.0.0.1 ::1',
        'smtp-server-port': '2525',
        'smtp-server-queue': '7',
      },
    });
    expect(listenerRows(rig.options, sessions)).toEqual([
      {
        key: '',
        name: '',
        addresses: [
          { address: '127.0.0.1', port: 2525, ipv6Only: true },
          { address: '::1', port: undefined, ipv6Only: true },
        ],
        flags: new Set(),
        backlog: 7,
        options: rig.options,
        wrappers: [expect.any(ProxyWrapper), expect.any(TlsWrapper)],
        handler: sessions,
      },
    ]);
  });

  it('are those of smtp-listen: one for each name, and one for each address without', () => {
    const { rig, sessions } = site([], {
      options: {
        'smtp-listen':
          'mx=0.0.0.0:25, [::]:25; mx=192.0.2.1:2525 submission=[::]:587/auth-required *:0 [::1]:0 submission=[::1]:0/Auth-Required',
      },
    });
    const rows = listenerRows(rig.options, sessions);
    const place = (address: string | undefined, port: number, ipv6Only = false) => ({
      ...{ address, port, ipv6Only },
    });
    expect(rows.map(({ key, name, addresses, flags }) => [key, name, addresses, [...flags]])).toEqual([
      ['mx', 'mx', [place('0.0.0.0', 25, true), place('192.0.2.1', 2525, true)], []],
      ['1', '', [place('::', 25, true)], []],
      ['submission', 'submission', [place('::', 587), place('::1', 0)], ['auth-required']],
      ['4', '', [place(undefined, 0)], []],
      ['5', '', [place('::1', 0)], []],
    ]);
  });

  it('hand connections to whoever serves them, SMTP or not', async () => {
    const { listeners, row } = site([]);
    const served: unknown[] = [];
    const handler = {
      connection: (transport: Transport, ...[peer, listener, delay]: readonly unknown[]) => {
        served.push(peer, (listener as ListenerRow).name, delay);
        transport.write('hello\n');
        transport.linger(1000);
      },
      refusal: () => 'go away\n',
    };
    const other = { ...row, name: 'echo', handler };
    const client = arrive({ listeners, row: other });
    expect(await client.rest()).toBe('hello\n');
    expect(served).toEqual([
      {
        address: '192.0.2.1',
        port: 1234,
        localAddress: '192.0.2.25',
        localPort: 25,
        socketAddress: '192.0.2.1',
      },
      'echo',
      0,
    ]);
  });
});
