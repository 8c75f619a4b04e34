// What a policy gets when clamd, spamd or a web server misbehaves, how long that takes (by the clock), and that nothing stays behind.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readClamdCommand } from '../../src/bench/ports/clamd-server.ts';
import { FakeClock } from '../../src/bench/ports/clock.ts';
import { httpReply } from '../../src/bench/ports/http-server.ts';
import {
  closedPort,
  otherSockets,
  type Script,
  type ScriptedServer,
  type ServerConnection,
  startScripted,
} from '../../src/bench/ports/scripted-server.ts';
import { readSpamdCommand, spamdReply } from '../../src/bench/ports/spamd-server.ts';
import { type BlackHole, openBlackHole } from '../fakes/black-hole.ts';
import { type MessageSession, messageSession } from '../fakes/message-session.ts';
import { type Entry, type Rig, serviceRig } from '../fakes/service-rig.ts';

const MESSAGE = 'Subject: hello\r\nX: 1\r\n\r\nbody line\r\n';
const PROCESSED = 'X-Spam-Flag: YES\r\nSubject: hello\r\nX: 1\r\n\r\nbody line\r\n';

interface Protocol {
  readonly name: 'clamd' | 'spamd' | 'http';
  /** How long the whole reply may take. */
  readonly timeoutMs: number;
  /** Starts it; the first result. */
  start(rig: Rig, host: string, path: string): Promise<unknown>;
  /** Waits for the whole request. */
  request(connection: ServerConnection): Promise<unknown>;
  /** A good reply, and the fields of a result that must only come from the whole of it. */
  readonly reply: Buffer;
  readonly verdict: string;
  readonly timedOut: string;
  readonly noReply: RegExp;
}

async function readHttpHead(connection: ServerConnection): Promise<void> {
  await connection.until((received) => received.includes('\r\n\r\n'));
}

const protocols: readonly Protocol[] = [
  {
    name: 'clamd',
    timeoutMs: 120_000,
    start: (rig, host, path) => rig.call('clamd', path, host.replace('127.0.0.1', 'localhost')),
    request: readClamdCommand,
    reply: Buffer.from('stream: Eicar-Test-Signature FOUND\n'),
    verdict: 'is_infected',
    timedOut: 'no complete reply within 120 s',
    noReply: /the server closed (without a reply|while the message was sent)/,
  },
  {
    name: 'spamd',
    timeoutMs: 120_000,
    start: (rig, host, path) => rig.call('spamd', path, host, 'PROCESS'),
    request: readSpamdCommand,
    reply: spamdReply(true, 9, PROCESSED),
    verdict: 'replaced',
    timedOut: 'no complete reply within 120 s',
    noReply: /the server closed (without a reply|while the message was sent)/,
  },
  {
    name: 'http',
    timeoutMs: 30_000,
    start: (rig, host) => rig.call('http.request', `http://${host}/`, 'GET'),
    request: readHttpHead,
    reply: httpReply(200, 'OK', ['Content-Type: text/plain'], 'hello'),
    verdict: 'rcode',
    timedOut: 'no complete response within 30 s',
    noReply: /the server closed before the response was complete|the response is not HTTP/,
  },
];

let hole: BlackHole;
beforeAll(async () => {
  hole = await openBlackHole();
});
afterAll(() => hole.close());

/** Lets everything that is ready happen; no time passes. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe.each(protocols)('$name', (protocol) => {
  const { name, timeoutMs, reply, verdict } = protocol;
  let clock: FakeClock;
  let message: MessageSession;
  let rig: Rig;
  let server: ScriptedServer | undefined;
  let sockets = 0;

  beforeEach(async () => {
    await settle();
    sockets = otherSockets();
    clock = new FakeClock();
    message = await messageSession(MESSAGE);
    rig = serviceRig({ clock, message, options: { 'http-allow-reserved': '127.0.0.0/8' } });
  });

  // Nothing stays behind, whatever happened: no socket, no timer, no memory, no file, no result; the message is whole.
  afterEach(async () => {
    expect(rig.start('wait', 1)).toEqual([{}]);
    rig.close();
    await settle();
    expect(otherSockets(...(server === undefined ? [] : [server]))).toBe(sockets);
    await server?.quiet();
    await server?.close();
    server = undefined;
    expect(clock.pending).toBe(0);
    expect(rig.services.http.held).toEqual({ connections: 0, bytes: 0 });
    expect([MESSAGE, PROCESSED]).toContain((await message.content()).toString());
    expect(await message.files()).toEqual([]);
    await message.dispose();
  });

  async function serve(script: Script): Promise<string> {
    server = await startScripted(script);
    return server.host;
  }

  /** The result of one start and wait; a failed one has `error` and a log line with it. */
  async function outcome(host: string, connected = true): Promise<Entry> {
    expect(await protocol.start(rig, host, message.spool.path)).toBe(connected);
    return result();
  }

  async function result(): Promise<Entry> {
    const entry = (await rig.wait())[name]?.entries[0];
    if (entry === undefined) throw new Error('no result');
    if (entry.error !== undefined) {
      expect(rig.log.short.some((line) => line.endsWith(`service ${name} failed: ${entry.error}`))).toBe(
        true,
      );
    }
    return entry as Entry;
  }

  function isFailure(entry: Entry): void {
    expect(entry.error).toBeTypeOf('string');
    expect(entry).not.toHaveProperty(verdict, true);
    expect(entry).not.toHaveProperty('rcode');
    expect(entry).not.toHaveProperty('signature');
  }

  it('works with a good server', async () => {
    const host = await serve(async (connection) => {
      await protocol.request(connection);
      await connection.send(reply);
      connection.end();
    });
    const entry = await outcome(host);
    expect(entry).toHaveProperty(verdict);
    expect(entry).not.toHaveProperty('error');
  });

  it('refused: at once', async () => {
    const port = await closedPort();
    const entry = await outcome(`127.0.0.1:${port}`, false);
    expect(entry.error).toMatch(/connection refused$/);
    isFailure(entry);
    expect(entry.elapsed_time).toBe(0);
  });

  it('no answer to connecting: after 10 s', async () => {
    const start = protocol.start(rig, `127.0.0.1:${hole.port}`, message.spool.path);
    await settle();
    clock.advance(9999);
    await settle();
    expect(rig.log.lines).toEqual([]);
    clock.advance(1);
    // localhost has a second address, where nobody listens.
    expect(await start).toBe(false);
    const entry = await result();
    expect(entry.error).toContain('no connection within 10 s');
    isFailure(entry);
    expect(entry.elapsed_time).toBe(10);
  });

  it('silent: after the time-out', async () => {
    let asked = (): void => undefined;
    const wasAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const host = await serve(async (connection) => {
      await protocol.request(connection);
      asked();
      await connection.hold;
    });
    expect(await protocol.start(rig, host, message.spool.path)).toBe(true);
    const waiting = rig.wait();
    await wasAsked;
    await settle();
    clock.advance(timeoutMs - 1);
    await settle();
    expect(server?.open).toBe(1);
    clock.advance(1);
    const entry = (await waiting)[name]?.entries[0];
    expect(entry?.error).toBe(protocol.timedOut);
    isFailure(entry as Entry);
    expect(entry?.elapsed_time).toBe(timeoutMs / 1000);
  });

  it('slow, but in time: every byte by itself', async () => {
    const host = await serve(async (connection) => {
      await protocol.request(connection);
      for (let i = 0; i < reply.length; i++) {
        clock.advance(100);
        await connection.send(reply.subarray(i, i + 1));
      }
      connection.end();
    });
    const entry = await outcome(host);
    expect(entry).toHaveProperty(verdict);
    expect(entry).not.toHaveProperty('error');
  });

  it('too slow: bytes that keep coming do not put the time-out off', async () => {
    const step = timeoutMs / (reply.length - 5);
    let sent = 0;
    const host = await serve(async (connection) => {
      await protocol.request(connection);
      await settle();
      for (; sent < reply.length && rig.log.lines.length === 0; sent++) {
        await connection.send(reply.subarray(sent, sent + 1));
        await settle();
        clock.advance(step);
      }
      await connection.hold;
    });
    const entry = await outcome(host);
    expect(sent).toBeLessThan(reply.length);
    expect(entry.error).toBe(protocol.timedOut);
    isFailure(entry);
  });

  it.each<[string, (connection: ServerConnection) => void]>([
    ['closes', (connection) => connection.end()],
    ['resets', (connection) => connection.reset()],
  ])('cut: %s as soon as it is connected, and when it has the request', async (_how, close) => {
    for (const early of [true, false]) {
      const host = await serve(async (connection) => {
        if (!early) await protocol.request(connection);
        close(connection);
      });
      // A reset that comes with the connection may be seen as either.
      const connected = await protocol.start(rig, host, message.spool.path);
      const entry = await result();
      if (connected === true) expect(entry.error).toMatch(protocol.noReply);
      else expect(entry.error).toMatch(/connection reset/);
      isFailure(entry);
      await server?.quiet();
      await server?.close();
    }
  });

  it.each<[string, (connection: ServerConnection) => void]>([
    ['closes', (connection) => connection.end()],
    ['resets', (connection) => connection.reset()],
  ])('cut: %s after each byte of its reply: never a wrong answer', async (_how, close) => {
    let length = 0;
    const host = await serve(async (connection) => {
      await protocol.request(connection);
      await connection.send(reply.subarray(0, length));
      close(connection);
    });
    const complete = name === 'clamd' ? reply.length - 1 : reply.length;
    for (length = 1; length < complete; length++) isFailure(await outcome(host));
    expect((await message.content()).toString()).toBe(MESSAGE);
  });

  it.each<[string, Buffer]>([
    ['garbage', Buffer.from('what do you want?\r\n\r\n')],
    ['every byte, NUL and 8-bit', Buffer.from(Array.from({ length: 256 }, (_, i) => i))],
    ['NUL only', Buffer.alloc(1000)],
    ['another protocol', Buffer.from('220 mx.example ESMTP\r\n')],
    ['an empty line', Buffer.from('\r\n')],
  ])('garbage: %s', async (_what, garbage) => {
    const host = await serve(async (connection) => {
      await protocol.request(connection);
      await connection.send(garbage);
      connection.end();
    });
    isFailure(await outcome(host));
  });

  it('oversized: a reply without end', async () => {
    const host = await serve(async (connection) => {
      await protocol.request(connection);
      const junk = Buffer.alloc(65_536, 'x');
      if (name === 'http') await connection.send('HTTP/1.1 200 OK\r\n\r\n');
      while (!connection.ended && !connection.socket.destroyed) await connection.send(junk);
    });
    if (name === 'http') rig.set('http-max-size', '1000000');
    const entry = await outcome(host);
    expect(entry.error).toMatch(/is (longer|larger) than/);
    isFailure(entry);
    expect(String(entry.reply ?? '').length).toBeLessThan(3_000_000);
  });

  it('talks before it is asked', async () => {
    const host = await serve(async (connection) => {
      await connection.send('unknown command ERROR\n');
      await connection.hold;
    });
    expect(await protocol.start(rig, host, message.spool.path)).toBe(true);
    const waiting = rig.wait();
    await settle();
    clock.advance(timeoutMs);
    isFailure((await waiting)[name]?.entries[0] as Entry);
  });

  it('the client leaves while it is at work', async () => {
    const host = await serve(async (connection) => {
      await protocol.request(connection);
      await connection.hold;
    });
    await protocol.start(rig, host, message.spool.path);
    rig.endOfHook();
    await settle();
    expect(clock.pending).toBe(0);
    expect(rig.log.lines).toEqual([]);
  });
});

describe.each(['clamd', 'spamd'])('%s, sending', (name) => {
  let clock: FakeClock;
  let message: MessageSession;
  let rig: Rig;
  let server: ScriptedServer;

  beforeEach(async () => {
    clock = new FakeClock();
    message = await messageSession(Buffer.alloc(30_000_000, 'x'), 'a@b.c', 100_000_000);
    rig = serviceRig({ clock, message, options: { 'spamd-max-size': '0' } });
  });
  afterEach(async () => {
    rig.close();
    await server.quiet();
    await server.close();
    expect(clock.pending).toBe(0);
    await message.dispose();
  });

  const start = () => rig.call(name, message.spool.path, server.host.replace('127.0.0.1', 'localhost'));

  it('gives up when the server takes nothing for the time-out', async () => {
    server = await startScripted((connection) => {
      connection.socket.pause();
    });
    expect(await start()).toBe(true);
    const waiting = rig.wait();
    // Until the kernel's buffers are full: no more progress.
    let before = -1;
    for (let sent = 0; before !== sent; ) {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 200));
      sent = server.connections[0]?.socket.bytesRead ?? 0;
    }
    clock.advance(120_000);
    expect((await waiting)[name]?.error).toBe('the server took nothing for 120 s while the message was sent');
    for (const connection of server.connections) connection.socket.resume();
  });

  it('does not give up while it is taken, however slowly', async () => {
    server = await startScripted(async (connection) => {
      for (let seen = 2_000_000; seen <= 30_000_000; seen += 2_000_000) {
        await connection.untilBytes(seen);
        clock.advance(20_000);
      }
      await connection.untilBytes(30_000_020);
      await connection.send(name === 'clamd' ? 'stream: OK\n' : spamdReply(false, 1, ''));
      connection.end();
    });
    await start();
    const result = (await rig.wait())[name];
    expect(result?.error).toBeUndefined();
    expect(result?.elapsed_time).toBeGreaterThan(120);
  });

  it('reads the answer of a server that has had enough and resets', async () => {
    server = await startScripted(async (connection) => {
      await connection.untilBytes(100_000);
      connection.socket.pause();
      await connection.send(
        name === 'clamd' ? 'INSTREAM size limit exceeded. ERROR\n' : 'SPAMD/1.0 76 too big\r\n',
      );
      connection.socket.destroy();
    });
    await start();
    expect((await rig.wait())[name]?.error).toMatch(/size limit exceeded|too big/);
  });
});
