// The handshake with a client, over streams in memory and over sockets: which certificate it gets, what is known of it, and every way in which it
// can fail, which leaves the connection closed.
import { X509Certificate } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { makeContexts, type TlsContexts, type TlsValues } from '../../../src/net/tls-context.ts';
import { acceptTls, type HandshakeOutcome } from '../../../src/net/tls-handshake.ts';
import { Transport } from '../../../src/net/transport.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import { expired, good, mxEc, mxRsa, odd, otherRsa, stranger } from '../../fakes/tls-certificates.ts';
import { helloOf, materialOf, secured, tlsClient, tlsOption } from '../../fakes/tls-rig.ts';

const material = materialOf({ mxEc, mxRsa, otherRsa });

function values(options: Readonly<Partial<Record<keyof TlsValues, string>>> = {}): TlsValues {
  return createOptions({ 'smtp-tls': tlsOption('mxEc', 'mxRsa', 'otherRsa'), ...options }).values;
}

function contexts(options?: Parameters<typeof values>[0], ticketKey?: Buffer): TlsContexts {
  const made = makeContexts(values(options), material, ticketKey);
  if (made.kind !== 'made') throw new Error(JSON.stringify(made));
  return made.contexts;
}

const open: Duplex[] = [];
afterEach(() => {
  for (const stream of open.splice(0)) stream.destroy();
});

interface Tried {
  readonly outcome: HandshakeOutcome;
  /** What the client says of it. */
  readonly client: string;
  readonly socket: TLSSocket;
  readonly transport: Transport;
}

async function shake(
  ours: Duplex,
  theirs: Duplex,
  client: ConnectionOptions,
  made: TlsContexts,
): Promise<Tried> {
  open.push(ours, theirs);
  const transport = new Transport(ours, systemClock);
  const accepting = acceptTls(transport, made, { implicit: false, clock: systemClock });
  const socket = tlsClient(theirs, client);
  open.push(socket);
  const said = secured(socket);
  const outcome = await accepting;
  return { outcome, client: await said, socket, transport };
}

function over(client: ConnectionOptions, made = contexts()): Promise<Tried> {
  const [ours, theirs] = duplexPair({ allowHalfOpen: true });
  return shake(ours, theirs, client, made);
}

/** A connection over loopback. */
async function sockets(): Promise<readonly [Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const theirs = connect({ port: typeof address === 'object' ? (address?.port ?? 0) : 0, host: '127.0.0.1' });
  const ours = await accepted;
  server.close();
  open.push(ours, theirs);
  return [ours, theirs];
}

const typeOf = (socket: TLSSocket): string => {
  const { subject, publicKey } = new X509Certificate(socket.getPeerCertificate().raw);
  return `${subject} ${publicKey.asymmetricKeyType}`;
};

const MX_EC = 'CN=mx.example.test ec';
const MX_RSA = 'CN=mx.example.test rsa';
const OTHER = 'CN=other.example.test rsa';

describe('the certificate that a client gets', () => {
  const rsaOnly = {
    '1.2': { ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' },
    '1.3': { sigalgs: 'rsa_pss_rsae_sha256:rsa_pkcs1_sha256' },
  };
  for (const version of ['1.2', '1.3'] as const) {
    const protocol = `TLSv${version}` as const;
    const only = { minVersion: protocol, maxVersion: protocol };
    it.each([
      ['no name', {}, MX_EC],
      ['its name', { servername: 'mx.example.test' }, MX_EC],
      ['another of its names', { servername: 'mail.example.test' }, MX_EC],
      ['capitals', { servername: 'MAIL.Example.TEST' }, MX_EC],
      ['the other one', { servername: 'other.example.test' }, OTHER],
      ['a wildcard', { servername: 'a.wild.example.test' }, OTHER],
      ['a wildcard, two labels', { servername: 'a.b.wild.example.test' }, MX_EC],
      ['a wildcard, no label', { servername: 'wild.example.test' }, MX_EC],
      ['nobody', { servername: 'nobody.example.test' }, MX_EC],
      ['rsa only', { servername: 'mx.example.test', ...rsaOnly[version] }, MX_RSA],
      ['rsa only, no name', rsaOnly[version], MX_RSA],
    ])(`with TLS ${version}, asking for %s`, async (_name, options, certificate) => {
      const { outcome, client, socket } = await over({ ...only, ...options });
      expect(client).toBe('secured');
      expect(typeOf(socket)).toBe(certificate);
      expect(outcome).toMatchObject({
        kind: 'secured',
        tls: { version: protocol, by: 'smtpe', implicit: false },
      });
    });
  }

  it('is right over sockets too, with the hello in single octets, and what is said inside arrives', async () => {
    const hello = await helloOf({ servername: 'other.example.test' });
    expect(hello.length).toBeGreaterThan(200);
    const [ours, theirs] = await sockets();
    // A client whose first flight goes out octet by octet.
    const [inner, outer] = duplexPair();
    let first = true;
    outer.on('data', async (chunk: Buffer) => {
      if (!first) return void theirs.write(chunk);
      first = false;
      theirs.setNoDelay(true);
      for (const octet of chunk) {
        theirs.write(Buffer.of(octet));
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    theirs.on('data', (chunk: Buffer) => outer.write(chunk));
    const { outcome, socket, transport } = await shake(
      ours,
      inner,
      { servername: 'other.example.test' },
      contexts(),
    );
    expect(outcome.kind).toBe('secured');
    expect(typeOf(socket)).toBe(OTHER);
    const said = new Promise<string>((resolve) => {
      transport.use({
        received: (chunk) => resolve(chunk.toString()),
        ...{ inputEnded() {}, drained() {}, failed() {}, closed() {} },
      });
    });
    socket.write('EHLO a\r\n');
    expect(await said).toBe('EHLO a\r\n');
    transport.write('250 ok\r\n');
    expect(String(await new Promise((resolve) => socket.once('data', resolve)))).toBe('250 ok\r\n');
  });
});

describe('what is known of a client', () => {
  it.each([
    ['TLSv1.3', { ciphers: 'TLS_AES_128_GCM_SHA256' }, { cipher: 'TLS_AES_128_GCM_SHA256', bits: 128 }],
    ['TLSv1.3', {}, { cipher: 'TLS_AES_256_GCM_SHA384', bits: 256 }],
    [
      'TLSv1.2',
      { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-CHACHA20-POLY1305' },
      { cipher: 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', bits: 256 },
    ],
  ] as const)('%s %j', async (version, options, tls) => {
    const { outcome } = await over({
      ...options,
      servername: 'MX.Example.Test',
      ALPNProtocols: ['h2', 'smtp'],
    });
    expect(outcome).toEqual({
      kind: 'secured',
      tls: {
        ...{ version, ...tls, name: 'mx.example.test', alpn: 'smtp', resumed: false },
        ...{ implicit: false, by: 'smtpe', certificate: undefined },
      },
    });
  });

  const ask = { 'smtp-tls-client-ca': 'ca.pem' };
  const as = ({ certificate, key }: typeof good): ConnectionOptions => ({ cert: certificate, key });
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const only = { minVersion: version, maxVersion: version };
    it(`its certificate, with ${version}`, async () => {
      const made = contexts(ask);
      const certificate = async (client: ConnectionOptions): Promise<unknown> => {
        const { outcome } = await over({ ...only, ...client }, made);
        return outcome.kind === 'secured' ? outcome.tls.certificate : outcome;
      };
      expect(await certificate({})).toBeUndefined();
      expect(await certificate(as(good))).toEqual({
        ...{ result: 'verified', cause: undefined, commonName: 'client.example.test' },
        ...{ subject: 'O=B\xc3\xbcro, CN=client.example.test', issuer: 'CN=smtpe test ca' },
        names: ['client.example.test', 'box@example.test'],
        serial: expect.stringMatching(/^[0-9a-f]{16,40}$/),
        fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
        notAfter: expect.stringMatching(/^2126-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      });
      expect(await certificate(as(expired))).toMatchObject({
        result: 'untrusted',
        cause: 'CERT_HAS_EXPIRED',
      });
      expect(await certificate(as(stranger))).toMatchObject({
        ...{ result: 'untrusted', cause: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
        names: ['stranger.example.test'],
      });
      // OpenSSL has escaped the line end already.
      expect(await certificate(as(odd))).toMatchObject({ commonName: 'evil\\0D\\0AMAIL FROM:\\<x\\>' });
    });

    it(`must have a certificate that is verified, with ${version}`, async () => {
      const made = contexts({ ...ask, 'smtp-tls-client-cert': 'must' });
      const cause = async (client: ConnectionOptions): Promise<string> => {
        const [ours, theirs] = await sockets();
        const { outcome, transport } = await shake(ours, theirs, { ...only, ...client }, made);
        expect(transport.closed).toBe(outcome.kind === 'lost');
        return outcome.kind === 'lost' ? outcome.cause : 'secured';
      };
      expect(await cause(as(good))).toBe('secured');
      expect(await cause({})).toBe('peer did not return a certificate');
      expect(await cause(as(expired))).toBe('the certificate of the client: CERT_HAS_EXPIRED');
      expect(await cause(as(stranger))).toBe(
        'the certificate of the client: UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      );
    });
  }

  it('is not asked for a certificate with off, or without authorities', async () => {
    for (const options of [{ ...ask, 'smtp-tls-client-cert': 'off' }, {}]) {
      const { outcome } = await over(as(good), contexts(options));
      expect(outcome).toMatchObject({ kind: 'secured', tls: { certificate: undefined } });
    }
  });
});

describe('a handshake that fails', () => {
  it.each([
    [
      'ALPN without smtp',
      { ALPNProtocols: ['h2'] },
      {},
      /ALERT_NO_APPLICATION_PROTOCOL/,
      /no application protocol|closed/,
    ],
    [
      'a version that is too old',
      { maxVersion: 'TLSv1.2' },
      { 'smtp-tls-min': '1.3' },
      /ALERT_PROTOCOL_VERSION/,
      /unsupported protocol/,
    ],
    [
      'no cipher in common',
      { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
      { 'smtp-tls-ciphers': 'ECDHE-ECDSA-AES256-GCM-SHA384' },
      /HANDSHAKE_FAILURE/,
      /no shared cipher/,
    ],
  ] satisfies readonly (readonly [string, ConnectionOptions, object, RegExp, RegExp])[])(
    '%s',
    async (_name, client, options, said, cause) => {
      const { outcome, client: error, transport } = await over(client, contexts(options));
      expect(error).toMatch(said);
      expect(outcome).toEqual({ kind: 'lost', cause: expect.stringMatching(cause) });
      expect(transport.closed).toBe(true);
    },
  );

  it('TLS 1.3 goes on with a list of ciphers for TLS 1.2', async () => {
    const made = contexts({ 'smtp-tls-ciphers': 'ECDHE-ECDSA-AES256-GCM-SHA384' });
    expect((await over({}, made)).outcome).toMatchObject({ tls: { version: 'TLSv1.3' } });
    expect((await over({ maxVersion: 'TLSv1.2' }, made)).outcome).toMatchObject({
      tls: { cipher: 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384' },
    });
  });

  const hello = helloOf({ servername: 'mx.example.test' });
  it.each([
    ['a command in clear', async () => [Buffer.from('MAIL FROM:<a@b>\r\n')], /no TLS record/],
    [
      '20 KB of hello',
      async () => [Buffer.concat([Buffer.from([22, 3, 1, 0x3f, 0xff, 1, 0, 0x50, 0]), Buffer.alloc(16_377)])],
      /more than 16384/,
    ],
    [
      'a hello, then garbage',
      async () => [await hello, Buffer.from('garbage in place of the next flight\r\n')],
      /./,
    ],
    [
      'the end within the hello',
      async () => [(await hello).subarray(0, 100), 'end' as const],
      /within the TLS handshake/,
    ],
    ['the end behind the hello', async () => [await hello, 'end' as const], /closed/],
    ['nothing at all, and the end', async () => ['end' as const], /within the TLS handshake/],
    ['a reset', async () => [(await hello).subarray(0, 100), 'reset' as const], /ECONNRESET|closed/],
    ['a reset behind the hello', async () => [await hello, 'reset' as const], /ECONNRESET|closed/],
  ])('%s', async (_name, make, cause) => {
    const [ours, theirs] = await sockets();
    const transport = new Transport(ours, systemClock);
    const accepting = acceptTls(transport, contexts(), { implicit: true, clock: systemClock });
    theirs.on('error', () => undefined).resume();
    for (const step of await make()) {
      if (step === 'end') theirs.end();
      else if (step === 'reset') theirs.resetAndDestroy();
      else theirs.write(step);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(await accepting).toEqual({ kind: 'lost', cause: expect.stringMatching(cause) });
    expect(transport.closed).toBe(true);
  });

  it('is one that its caller has ended, at any time', async () => {
    for (const sent of [undefined, 1, 100, 10_000]) {
      const [ours, theirs] = await sockets();
      theirs.on('error', () => undefined).resume();
      const transport = new Transport(ours, systemClock);
      const accepting = acceptTls(transport, contexts(), { implicit: true, clock: systemClock });
      if (sent !== undefined) theirs.write((await hello).subarray(0, sent));
      await new Promise((resolve) => setImmediate(resolve));
      transport.destroy();
      expect((await accepting).kind).toBe('lost');
      expect(await acceptTls(transport, contexts(), { implicit: true, clock: systemClock })).toEqual({
        kind: 'lost',
        cause: 'closed before the TLS handshake',
      });
    }
  });

  it('behind it a broken record closes the connection, and its user hears of it', async () => {
    const [ours, theirs] = await sockets();
    const [inner, outer] = duplexPair();
    let garbage = false;
    outer.on('data', (chunk: Buffer) => theirs.write(garbage ? Buffer.alloc(chunk.length, 65) : chunk));
    theirs.on('data', (chunk: Buffer) => outer.write(chunk)).on('error', () => undefined);
    const { outcome, socket, transport } = await shake(ours, inner, {}, contexts());
    expect(outcome.kind).toBe('secured');
    socket.on('error', () => undefined);
    const told: string[] = [];
    const closed = new Promise<void>((resolve) => {
      transport.use({
        ...{ received() {}, inputEnded() {}, drained() {} },
        failed: (error) => told.push(error.message),
        closed: resolve,
      });
    });
    garbage = true;
    socket.write('NOOP\r\n');
    await closed;
    expect(told).toEqual([expect.stringMatching(/wrong version number|record/)]);
  });

  it('a client that asks for another handshake within TLS 1.2 does not get one', async () => {
    const { outcome, socket } = await over({ maxVersion: 'TLSv1.2' });
    expect(outcome.kind).toBe('secured');
    const error = await new Promise<Error>((resolve) => {
      socket.on('error', resolve);
      socket.renegotiate({ rejectUnauthorized: false }, (failed) =>
        resolve(failed ?? new Error('renegotiated')),
      );
    });
    expect(error.message).toMatch(/no renegotiation/);
  });
});

describe('tickets', () => {
  const key = Buffer.alloc(48, 3);
  /** The session that a client has from a server with these contexts. */
  async function sessionOf(made: TlsContexts, client: ConnectionOptions): Promise<Buffer> {
    const { socket, transport } = await over(client, made);
    const session = new Promise<Buffer>((resolve) => socket.once('session', resolve));
    transport.use({ received() {}, inputEnded() {}, drained() {}, failed() {}, closed() {} });
    // TLS 1.3 sends it with the first octets of the server.
    transport.write('220 x\r\n');
    socket.resume();
    return socket.getSession() !== undefined && client.maxVersion === 'TLSv1.2'
      ? (socket.getSession() ?? session)
      : session;
  }
  const resumed = async (made: TlsContexts, client: ConnectionOptions, session: Buffer): Promise<unknown> => {
    const { outcome } = await over({ ...client, session }, made);
    return outcome.kind === 'secured' ? outcome.tls.resumed : outcome;
  };

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const client: ConnectionOptions = {
      minVersion: version,
      maxVersion: version,
      servername: 'mx.example.test',
    };
    it(`of one process are good at another with the same key, with ${version}`, async () => {
      const session = await sessionOf(contexts({}, key), client);
      expect(await resumed(contexts({}, Buffer.from(key)), client, session)).toBe(true);
      expect(await resumed(contexts({}, Buffer.alloc(48, 4)), client, session)).toBe(false);
    });

    it(`keep the client's certificate, and are no way around one, with ${version}`, async () => {
      const ask = { 'smtp-tls-client-ca': 'ca.pem' };
      const must = { ...ask, 'smtp-tls-client-cert': 'must' };
      const known = { ...client, cert: good.certificate, key: good.key };
      const session = await sessionOf(contexts(ask, key), known);
      const again = await over({ ...known, session }, contexts(ask, key));
      expect(again.outcome).toMatchObject({ tls: { resumed: true, certificate: { result: 'verified' } } });
      expect(await resumed(contexts(must, key), known, session)).toBe(false);
      const unknown = await sessionOf(contexts({}, key), client);
      const [ours, theirs] = await sockets();
      const without = await shake(ours, theirs, { ...client, session: unknown }, contexts(must, key));
      expect(without.outcome.kind).toBe('lost');
    });
  }
});
