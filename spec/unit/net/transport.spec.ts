import { connect, createServer, type Socket } from 'node:net';
import { Duplex, duplexPair } from 'node:stream';
import { createSecureContext, TLSSocket, connect as tlsConnect } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { Transport, type TransportUser } from '../../../src/net/transport.ts';
import { testAuthority, testCertificate, testKey } from '../../fakes/certificates.ts';

/** Writes down what it is told. */
class Recorder implements TransportUser {
  readonly told: string[] = [];
  text = '';
  #wake: (() => void) | undefined;

  received(chunk: Buffer): void {
    this.text += chunk.toString('latin1');
    this.#tell('received');
  }
  inputEnded(): void {
    this.#tell('inputEnded');
  }
  drained(): void {
    this.#tell('drained');
  }
  failed(error: Error): void {
    this.#tell(`failed: ${error.message}`);
  }
  closed(): void {
    this.#tell('closed');
  }

  #tell(what: string): void {
    if (what !== 'received' || this.told.at(-1) !== 'received') this.told.push(what);
    this.#wake?.();
  }

  async until(what: () => boolean): Promise<void> {
    while (!what()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
  /** Until it has been told `what`. */
  hears(what: string): Promise<void> {
    return this.until(() => this.told.includes(what));
  }
  reads(text: string): Promise<void> {
    return this.until(() => this.text.length >= text.length);
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Collects what the other side gets. */
function listen(stream: Duplex): { text: string; readonly ended: Promise<void> } {
  const heard = { text: '', ended: new Promise<void>((resolve) => stream.on('end', resolve)) };
  stream.on('data', (chunk: Buffer) => {
    heard.text += chunk.toString('latin1');
  });
  stream.on('error', () => undefined);
  return heard;
}

function pair(): { ours: Duplex; theirs: Duplex } {
  const [ours, theirs] = duplexPair();
  return { ours, theirs };
}

const open: { destroy(): void }[] = [];
const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** A connection over loopback; `theirs` is the client's end. */
async function sockets(): Promise<{ ours: Socket; theirs: Socket }> {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const theirs = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const ours = await accepted;
  open.push(ours, theirs);
  return { ours, theirs };
}

describe('a transport', () => {
  it('reads nothing before it has a user, then tells it in order what happens', async () => {
    const { ours, theirs } = pair();
    const transport = new Transport(ours, systemClock);
    const heard = listen(theirs);
    theirs.write('before ');
    await turn();
    const user = new Recorder();
    transport.use(user);
    theirs.write('behind');
    theirs.end();
    await user.hears('inputEnded');
    expect(user.text).toBe('before behind');
    transport.write('reply \xff\r\n');
    transport.end();
    await heard.ended;
    expect(heard.text).toBe('reply \xff\r\n');
    transport.destroy();
    await user.hears('closed');
    expect(user.told).toEqual(['received', 'inputEnded', 'closed']);
  });

  it('tells of a failure, then that it is closed, and nothing after that; whoever counts connections hears of it first', async () => {
    const { ours } = pair();
    const told: string[] = [];
    const user = new Recorder();
    const transport = new Transport(ours, systemClock, () =>
      told.push(`released before ${user.told.at(-1)}`),
    );
    transport.use(user);
    ours.destroy(new Error('read ECONNRESET'));
    await user.hears('closed');
    expect(user.told).toEqual(['failed: read ECONNRESET', 'closed']);
    expect(told).toEqual(['released before failed: read ECONNRESET']);
    expect(transport.destroyed).toBe(true);
    transport.write('x');
    expect(await transport.send(Buffer.from('x'), 1000)).toEqual({ kind: 'closed' });
  });

  it('survives an error that nobody is there to hear, and calls who counts', async () => {
    const { ours } = pair();
    const released = new Promise<void>((resolve) => {
      new Transport(ours, systemClock, resolve).release();
    });
    ours.destroy(new Error('gone'));
    await released;
  });

  it.each(Array.from('PROXY x\r\nEHLO a\r\n', (_, i) => i))(
    'hands on from user to user what one gives back, cut at octet %i',
    async (at) => {
      const text = 'PROXY x\r\nEHLO a\r\n';
      const first = text.indexOf('\n') + 1;
      const { ours, theirs } = pair();
      const transport = new Transport(ours, systemClock);
      const last = new Recorder();
      let head = '';
      const user = new Recorder();
      user.received = (chunk): void => {
        head += chunk.toString('latin1');
        if (head.length < first) return;
        transport.unread(Buffer.from(head.slice(first), 'latin1'));
        transport.release();
        head = head.slice(0, first);
        // Later, as one would that had to ask somebody.
        setImmediate(() => transport.use(last));
      };
      transport.use(user);
      theirs.write(text.slice(0, at));
      theirs.write(text.slice(at));
      theirs.end();
      await last.hears('inputEnded');
      expect([head, last.text]).toEqual(['PROXY x\r\n', 'EHLO a\r\n']);
      expect(user.told).toEqual([]);
    },
  );

  it('says when too much is on its way, and when it was read', async () => {
    const { ours, theirs } = await sockets();
    const transport = new Transport(ours, systemClock);
    const user = new Recorder();
    transport.use(user);
    theirs.pause();
    const block = 'x'.repeat(65_536);
    let sent = 0;
    while (!transport.stalled) {
      transport.write(block);
      sent += block.length;
    }
    expect(user.told).toEqual([]);
    let got = 0;
    theirs.on('data', (chunk: Buffer) => {
      got += chunk.length;
    });
    theirs.resume();
    await user.hears('drained');
    expect(transport.stalled).toBe(false);
    transport.end();
    await new Promise((resolve) => theirs.on('end', resolve));
    expect(got).toBe(sent);
  });

  it('sends octets and says what became of them', async () => {
    const clock = new FakeClock();
    const { ours, theirs } = pair();
    const heard = listen(theirs);
    const transport = new Transport(ours, clock);
    transport.use(new Recorder());
    expect(await transport.send(Buffer.from('abc'), 1000)).toEqual({ kind: 'written' });
    theirs.pause();
    // The first fills the way, the others wait behind it.
    const sends = Array.from({ length: 3 }, () => transport.send(Buffer.alloc(100_000), 1000));
    await turn();
    clock.advance(1000);
    expect((await Promise.all(sends)).at(-1)).toEqual({ kind: 'timeout' });
    const last = transport.send(Buffer.alloc(10), 1000);
    const patient = transport.send(Buffer.alloc(10));
    expect(clock.pending).toBe(1);
    transport.destroy();
    expect(await Promise.all([last, patient])).toEqual([{ kind: 'closed' }, { kind: 'closed' }]);
    expect(clock.pending).toBe(0);
    expect(heard.text.slice(0, 3)).toBe('abc');
  });

  it('lingers: the last words go out, what still comes is read, and after its time the end', async () => {
    const clock = new FakeClock();
    const { ours, theirs } = pair();
    const heard = listen(theirs);
    const transport = new Transport(ours, clock);
    const user = new Recorder();
    transport.use(user);
    transport.pause();
    transport.write('421 bye\r\n');
    transport.linger(5000);
    await heard.ended;
    expect(heard.text).toBe('421 bye\r\n');
    theirs.write('still here');
    await user.reads('still here');
    expect(transport.destroyed).toBe(false);
    clock.advance(5000);
    await user.hears('closed');
    expect(clock.pending).toBe(0);
  });

  it('lingers no longer than the other side does, also without a user', async () => {
    const clock = new FakeClock();
    const { ours, theirs } = pair();
    const closed = new Promise<void>((resolve) => {
      const transport = new Transport(ours, clock, resolve);
      transport.write('421 bye\r\n');
      transport.linger(1000);
    });
    listen(theirs);
    theirs.end('QUIT\r\n');
    await closed;
    expect(clock.pending).toBe(0);
    // Nor is a timer begun for one that is closed already.
    const { ours: gone } = pair();
    const transport = new Transport(gone, clock);
    transport.destroy();
    transport.linger(1000);
    expect(clock.pending).toBe(0);
  });

  it('closes as soon as the last words are with the system', async () => {
    const { ours, theirs } = await sockets();
    const heard = listen(theirs);
    const closed = new Promise<void>((resolve) => {
      const transport = new Transport(ours, systemClock, resolve);
      transport.write('421 no\r\n');
      transport.closeSoon();
    });
    await closed;
    await heard.ended;
    expect(heard.text).toBe('421 no\r\n');
  });
});

/** A stream on top of another that is secured when it is told to be. */
class Cover extends Duplex {
  readonly #below: Duplex;
  constructor(below: Duplex) {
    super({ allowHalfOpen: true });
    this.#below = below;
    below.on('data', (chunk: Buffer) => this.push(Buffer.from(chunk.toString('latin1').toUpperCase())));
    below.on('end', () => this.push(null));
    below.on('close', () => this.destroy());
    below.resume();
  }
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#below.write(`<${chunk.toString('latin1')}>`, done);
  }
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#below.destroy();
    done(error);
  }
}

const context = createSecureContext({ cert: testCertificate, key: testKey });
const cover = (below: Duplex): TLSSocket =>
  new TLSSocket(below as Socket, { isServer: true, secureContext: context });

describe('a transport that is secured', () => {
  it('puts the stream on top in the place of the first, and reads nothing inside before the next use', async () => {
    const { ours, theirs } = pair();
    const heard = listen(theirs);
    const transport = new Transport(ours, systemClock);
    const user = new Recorder();
    transport.use(user);
    let top: Duplex | undefined;
    const secured = transport.secure((below) => {
      expect(['data', 'end', 'close', 'drain'].map((event) => below.listenerCount(event))).toEqual(
        // The end of a stream has one listener of Node's own.
        [0, pair().ours.listenerCount('end'), 0, 0],
      );
      top = new Cover(below);
      return top;
    });
    top?.emit('secure');
    theirs.write('inside');
    expect(await secured).toEqual({ kind: 'secured' });
    await turn();
    expect(user.text).toBe('');
    transport.use(user);
    await user.reads('inside');
    expect(user.text).toBe('INSIDE');
    transport.write('reply');
    await turn();
    expect(heard.text).toBe('<reply>');
    transport.destroy();
    await user.hears('closed');
    expect(ours.destroyed).toBe(true);
    expect(user.told).toEqual(['received', 'closed']);
  });

  it.each([
    ['an error', (top: Duplex) => top.destroy(new Error('no shared cipher')), 'no shared cipher'],
    ['a close', (top: Duplex) => top.destroy(), 'closed during the TLS handshake'],
    ['the end of the other side', (top: Duplex) => top.push(null), 'closed during the TLS handshake'],
  ])('is lost by %s in the handshake, which its user hears of too', async (_, end, cause) => {
    const { ours } = pair();
    const transport = new Transport(ours, systemClock);
    const user = new Recorder();
    transport.use(user);
    let top: Duplex | undefined;
    const secured = transport.secure((below) => {
      top = new Cover(below);
      return top;
    });
    if (top !== undefined) end(top);
    expect(await secured).toEqual({ kind: 'lost', cause });
    await user.hears('closed');
    expect(await transport.secure(cover)).toMatchObject({ kind: 'lost' });
  });

  it('carries TLS of Node over a real socket: data, half-close, end', async () => {
    const { ours, theirs } = await sockets();
    const released = { yet: false };
    const transport = new Transport(ours, systemClock, () => {
      released.yet = true;
    });
    const user = new Recorder();
    transport.use(user);
    theirs.write('STARTTLS\r\n');
    await user.reads('STARTTLS\r\n');
    transport.write('220 go\r\n');
    await new Promise((resolve) => theirs.once('data', resolve));
    const client = tlsConnect({ socket: theirs, ca: testAuthority, servername: 'mx.example.test' });
    open.push(client);
    const heard = listen(client);
    // Said as soon as it can be: it must wait for the next use.
    client.once('secureConnect', () => client.write('EHLO a\r\n'));
    expect(await transport.secure(cover)).toEqual({ kind: 'secured' });
    await turn();
    expect(user.text).toBe('STARTTLS\r\n');
    transport.use(user);
    await user.until(() => user.text.endsWith('EHLO a\r\n'));
    transport.write('250 mx\r\n');
    client.end('QUIT\r\n');
    await user.hears('inputEnded');
    transport.write('221 bye\r\n');
    transport.linger(5000);
    await heard.ended;
    await user.hears('closed');
    expect([heard.text, released.yet, ours.destroyed]).toEqual(['250 mx\r\n221 bye\r\n', true, true]);
    expect(user.told).toEqual(['received', 'inputEnded', 'closed']);
  });

  it('begins with what was given back: the handshake in clear octets that another had read first', async () => {
    const { ours, theirs } = await sockets();
    const transport = new Transport(ours, systemClock);
    const client = tlsConnect({ socket: theirs, ca: testAuthority, servername: 'mx.example.test' });
    open.push(client);
    const hello = new Recorder();
    const secured = new Promise((resolve) => {
      hello.received = (chunk): void => {
        expect([...chunk.subarray(0, 2)]).toEqual([0x16, 0x03]);
        transport.unread(chunk);
        setImmediate(() => resolve(transport.secure(cover)));
      };
    });
    transport.use(hello);
    expect(await secured).toEqual({ kind: 'secured' });
    const user = new Recorder();
    transport.use(user);
    client.write('EHLO a\r\n');
    await user.reads('EHLO a\r\n');
    expect(user.text).toBe('EHLO a\r\n');
  });

  it('is lost when what comes is no TLS, or the client goes during the handshake', async () => {
    for (const end of [
      (theirs: Socket) => theirs.write('MAIL FROM:<a@b>\r\n'),
      (theirs: Socket) => theirs.end(),
      (theirs: Socket) => theirs.resetAndDestroy(),
    ]) {
      const { ours, theirs } = await sockets();
      theirs.on('error', () => undefined);
      const transport = new Transport(ours, systemClock);
      const user = new Recorder();
      transport.use(user);
      const secured = transport.secure(cover);
      end(theirs);
      expect(await secured).toMatchObject({ kind: 'lost' });
      await user.hears('closed');
      expect([user.text, ours.destroyed]).toEqual(['', true]);
    }
  });

  it('works over a stream that is no socket', async () => {
    const { ours, theirs } = pair();
    const transport = new Transport(ours, systemClock);
    const client = tlsConnect({ socket: theirs as Socket, ca: testAuthority, servername: 'mx.example.test' });
    open.push(client);
    const heard = listen(client);
    expect(await transport.secure(cover)).toEqual({ kind: 'secured' });
    const user = new Recorder();
    transport.use(user);
    client.write('EHLO a\r\n');
    await user.reads('EHLO a\r\n');
    transport.write('250 mx\r\n');
    transport.linger(1000);
    await heard.ended;
    expect(heard.text).toBe('250 mx\r\n');
    transport.destroy();
  });
});
