// STARTTLS in a session (RFC 3207): when it is taken, what is forgotten behind it, and that nothing said in clear is ever read as if it had been
// encrypted.
import { duplexPair } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../src/bench/ports/clock.ts';
import { InboundTls } from '../../../../src/net/inbound-tls.ts';
import type { TlsFacts } from '../../../../src/net/tls-facts.ts';
import type { ListenFlag } from '../../../../src/options/listen-list.ts';
import { peerAt } from '../../../fakes/peer.ts';
import { type RigSettings, SmtpRig } from '../../../fakes/smtp-rig.ts';
import { expired, good, mxEc } from '../../../fakes/tls-certificates.ts';
import { helloOf, materialOf, StartTlsClient, tlsOption } from '../../../fakes/tls-rig.ts';

const CERTIFICATES = { 'smtp-tls': tlsOption('mxEc') };

interface Met {
  readonly rig: SmtpRig;
  readonly client: StartTlsClient;
  readonly over: Promise<void>;
}

/** A client that has read the banner. */
async function meet(settings: RigSettings = {}, flags: readonly ListenFlag[] = []): Promise<Met> {
  const rig = new SmtpRig({
    ...settings,
    options: { ...CERTIFICATES, ...settings.options },
    deps: { tls: new InboundTls(materialOf({ mxEc })), ...settings.deps },
  });
  const [ours, theirs] = duplexPair({ allowHalfOpen: true });
  // What one end destroys is closed at the other, as a socket is.
  theirs.on('close', () => setImmediate(() => ours.destroy()));
  ours.on('close', () => setImmediate(() => theirs.destroy()));
  const client = new StartTlsClient(ours);
  const over = rig.serveAt(theirs, peerAt('192.0.2.1'), flags);
  expect(await client.reply()).toMatch(/^220 /);
  return { rig, client, over };
}

/** Behind EHLO and the handshake. */
async function encrypted(settings: RigSettings = {}, flags: readonly ListenFlag[] = []): Promise<Met> {
  const met = await meet(settings, flags);
  expect(await met.client.commands('EHLO c', 'STARTTLS')).toEqual(['250', '220']);
  expect(await met.client.secure()).toBe('secured');
  return met;
}

const turns = async (n = 20): Promise<void> => {
  for (let i = 0; i < n; i++) await new Promise((resolve) => setImmediate(resolve));
};
const AUTH = `AUTH PLAIN ${Buffer.from('\0alice\0secret').toString('base64')}`;
const MAIL = 'MAIL FROM:<a@b.cc>';

describe('STARTTLS', () => {
  it('is offered in clear; behind the handshake no banner, no EHLO that counts, no STARTTLS, client.tls', async () => {
    const { rig, client, over } = await meet({ hooks: { ehlo: () => undefined } });
    expect(await client.command('EHLO c')).toContain('250-STARTTLS\r\n');
    expect(await client.command('STARTTLS')).toBe('220 2.0.0 ready to start TLS\r\n');
    expect(await client.secure({ servername: 'mx.example.test' })).toBe('secured');
    await turns();
    expect(client.received).toBe('');
    expect(await client.commands(MAIL, 'HELP')).toEqual(['503', '214']);
    const ehlo = await client.command('EHLO d');
    expect(ehlo).toMatch(/^250-mx|^250-Hello d/);
    expect(ehlo).not.toContain('STARTTLS');
    expect(rig.instance.client).toMatchObject({
      is_tls: true,
      tls: { version: 'TLSv1.3', name: 'mx.example.test', by: 'smtpe', implicit: false },
    });
    expect(await client.commands(MAIL, 'RCPT TO:<c@d.ee>', 'RSET', 'QUIT')).toEqual([
      '250',
      '250',
      '250',
      '221',
    ]);
    client.end();
    await over;
    expect(rig.said).toContain('session');
    expect(rig.log.lines.at(-1)?.fields).toMatchObject({ tls: 'TLSv1.3', end: 'QUIT' });
  });

  it.each([
    ['an argument', ['EHLO c', 'STARTTLS x'], '501 5.5.4', {}],
    ['blanks', ['EHLO c', 'STARTTLS  '], '220', {}],
    ['small letters', ['EHLO c', 'starttls'], '220', {}],
    ['after HELO', ['HELO c', 'STARTTLS'], '220', {}],
    ['before a hello', ['STARTTLS'], '220', {}],
    ['in a transaction', ['EHLO c', MAIL, 'STARTTLS'], '503 5.5.1', {}],
    ['in a transaction with a recipient', ['EHLO c', MAIL, 'RCPT TO:<c@d.ee>', 'STARTTLS'], '503 5.5.1', {}],
    ['between chunks', ['EHLO c', MAIL, 'RCPT TO:<c@d.ee>', 'BDAT 0', 'STARTTLS'], '503 5.5.1', {}],
    ['behind a transaction', ['EHLO c', MAIL, 'RSET', 'STARTTLS'], '220', {}],
    ['without certificates', ['EHLO c', 'STARTTLS'], '502 5.5.1', { options: { 'smtp-tls': '' } }],
    [
      'certificates that nobody has read',
      ['EHLO c', 'STARTTLS'],
      '454 4.7.0',
      { options: { 'smtp-tls': 'x' } },
    ],
  ] as const)('%s', async (_name, lines, reply, settings) => {
    const { client } = await meet(settings);
    let last = '';
    for (const line of lines) last = await client.command(line);
    expect(last.slice(0, reply.length)).toBe(reply);
    client.raw.destroy();
  });

  it('twice: 503; on a listener that has none: 502', async () => {
    const { client } = await encrypted();
    expect(await client.commands('STARTTLS', 'EHLO c', 'STARTTLS', 'NOOP')).toEqual([
      '503',
      '250',
      '503',
      '250',
    ]);
    client.raw.destroy();
    const clear = await meet({}, ['no-tls']);
    expect(await clear.client.command('EHLO c')).not.toContain('STARTTLS');
    expect(await clear.client.command('STARTTLS')).toMatch(/^502 5\.5\.1/);
    clear.client.raw.destroy();
  });

  it('forgets what was said in clear: hello, AUTH; hook.reset runs, with client.tls', async () => {
    const told: unknown[] = [];
    const { rig, client } = await meet({
      options: { 'smtp-tls-auth-only': '-' },
      hooks: { auth: () => '235 2.7.0 ok', reset: ({ client: fields }) => void told.push({ ...fields }) },
    });
    expect(await client.commands('EHLO c', AUTH)).toEqual(['250', '235']);
    expect(await client.commands('STARTTLS')).toEqual(['220']);
    expect(await client.secure()).toBe('secured');
    expect(await client.commands(MAIL, 'EHLO d', AUTH, 'NOOP')).toEqual(['503', '250', '235', '250']);
    expect(told.at(1)).toMatchObject({ is_tls: true, authenticated: false, is_pipelining: false });
    expect(told.at(1)).not.toHaveProperty('auth_user');
    expect(told.at(1)).not.toHaveProperty('auth_mechanism');
    expect(rig.hookNames.slice(0, 4)).toEqual(['reset', 'auth', 'reset', 'reset']);
    client.raw.destroy();
  });

  it('a session after it is like any other: a message, octet for octet', async () => {
    const { rig, client, over } = await encrypted({
      smartHost: () =>
        Promise.resolve({ kind: 'delivered', host: 'n', code: 250, text: '250 ok', rcpts: [] }),
    });
    expect(await client.commands('EHLO c', MAIL, 'RCPT TO:<c@d.ee>', 'DATA')).toEqual([
      '250',
      '250',
      '250',
      '354',
    ]);
    client.send('A: 1\r\n\r\n..x\r\n.\r\nQUIT\r\n');
    expect([(await client.reply()).slice(0, 3), (await client.reply()).slice(0, 3)]).toEqual(['250', '221']);
    client.end();
    await over;
    expect(rig.delivered).toHaveLength(1);
  });
});

describe('hook.starttls', () => {
  it.each([
    ['a refusal', '454 4.7.0 not you', '454 4.7.0 not you\r\n', 'clear'],
    ['its own words', '220 2.0.0 go', '220 2.0.0 go\r\n', 'secured'],
    ['nothing', undefined, '220 2.0.0 ready to start TLS\r\n', 'secured'],
    ['a yes that is none here', '250 ok', '421 4.3.0 internal error\r\n', 'over'],
  ] as const)('says %s', async (_name, answer, reply, then) => {
    const { rig, client } = await meet({ hooks: { starttls: () => answer } });
    await client.command('EHLO c');
    expect(await client.command('STARTTLS')).toBe(reply);
    expect(rig.instance.calls).toContainEqual(['starttls']);
    if (then === 'secured') expect(await client.secure()).toBe('secured');
    if (then === 'over') expect(await client.rest()).toBe('');
    else expect((await client.command('NOOP')).slice(0, 3)).toBe('250');
    client.raw.destroy();
  });

  it('that fails is tolerated with hook-error=default', async () => {
    const { client } = await meet({
      hooks: { starttls: () => '250 ok' },
      options: { 'hook-error': 'default' },
    });
    expect(await client.commands('STARTTLS')).toEqual(['220']);
    expect(await client.secure()).toBe('secured');
    client.raw.destroy();
  });

  it('is not called for a STARTTLS that is refused anyway', async () => {
    const { rig, client } = await meet({ hooks: { starttls: () => undefined } });
    await client.commands('STARTTLS x', 'EHLO c', MAIL, 'STARTTLS');
    expect(rig.hookNames).not.toContain('starttls');
    client.raw.destroy();
  });

  it('with drop flag: the reply, and the end without a handshake', async () => {
    const { client } = await meet({ hooks: { starttls: () => [true, '220 2.0.0 go'] } });
    client.send('STARTTLS\r\n');
    expect(await client.rest()).toBe('220 2.0.0 go\r\n');
    client.raw.destroy();
  });

  it('hook.reply may refuse it: the session goes on in clear, with what came meanwhile', async () => {
    const { client } = await meet({
      hooks: {
        reply: async (_, line) => (String(line).startsWith('220 2.0.0') ? '454 4.7.0 no' : undefined),
      },
    });
    expect(await client.commands('EHLO c')).toEqual(['250']);
    client.send('STARTTLS\r\n');
    await Promise.resolve();
    client.send('NOOP\r\n');
    const replies = [await client.reply(), await client.reply()];
    // Whether NOOP came behind the reply is a matter of time; never is it thrown away quietly.
    expect(['454,250', '501,501']).toContain(replies.map((one) => one.slice(0, 3)).join());
    client.raw.destroy();
  });
});

describe('what comes in clear behind STARTTLS', () => {
  const injected = 'MAIL FROM:<evil@x.yy>\r\nRCPT TO:<c@d.ee>\r\n';
  const whole = `EHLO c\r\nSTARTTLS\r\n${injected}`;

  it('in one segment with it: 501, closed, no hook hears of it', async () => {
    const { rig, client, over } = await meet({ hooks: { mail: () => undefined, starttls: () => undefined } });
    client.send(whole);
    const said = await client.rest();
    expect(said.replace(/250[- ][^\n]*\n/g, '')).toBe(
      '501 5.5.1 nothing may stand behind STARTTLS before its reply\r\n',
    );
    client.raw.end();
    await over;
    expect(rig.hookNames).toEqual([]);
    expect(rig.said).toContain('something stands behind STARTTLS in clear: thrown away and closed');
    expect(rig.spools.size).toBe(0);
  });

  it('cut anywhere: never is a reply to MAIL sent, nor hook.mail called, and the connection is closed', async () => {
    for (let at = 1; at < whole.length; at++) {
      const { rig, client, over } = await meet({ hooks: { mail: () => undefined } });
      client.send(whole.slice(0, at));
      await turns(2);
      client.send(whole.slice(at));
      const said = await client.rest();
      client.raw.end();
      await over;
      const replies = said.split('\r\n').filter((line) => /^\d{3} /.test(line));
      expect([at, replies.map((line) => line.slice(0, 3))]).toEqual([
        at,
        ['250', at === whole.indexOf('MAIL') ? '220' : '501'],
      ]);
      expect(rig.hookNames).not.toContain('mail');
      expect([rig.counters.sessions, rig.server.sessions]).toEqual([0, 0]);
    }
  });

  it('while hook.starttls waits: 501, closed', async () => {
    let go: (() => void) | undefined;
    const { rig, client, over } = await meet({
      hooks: {
        mail: () => undefined,
        starttls: () =>
          new Promise<undefined>((resolve) => {
            go = () => resolve(undefined);
          }),
      },
    });
    client.send('STARTTLS\r\n');
    await turns();
    client.send(injected);
    await turns();
    go?.();
    expect(await client.rest()).toMatch(/^501 5\.5\.1 [^\n]*\n$/);
    client.raw.end();
    await over;
    expect(rig.hookNames).toEqual(['starttls']);
  });

  it('while hook.reply thinks about the 220: it is the handshake, which fails', async () => {
    let go: (() => void) | undefined;
    const { rig, client, over } = await meet({
      hooks: {
        mail: () => undefined,
        reply: (_, line) =>
          String(line).startsWith('220 2.0.0')
            ? new Promise<undefined>((resolve) => {
                go = () => resolve(undefined);
              })
            : undefined,
      },
    });
    client.send('STARTTLS\r\n');
    await turns();
    client.send(injected);
    await turns();
    go?.();
    expect(await client.rest()).toMatch(/^220 2\.0\.0 [^\n]*\n$/);
    client.raw.end();
    await over;
    expect(rig.hookNames).not.toContain('mail');
    expect(rig.log.lines.at(-1)?.fields).toMatchObject({
      end: expect.stringContaining('TLS handshake: no TLS record'),
    });
  });

  it('behind a STARTTLS that is refused it is commands as ever', async () => {
    const { client } = await meet({ options: { 'smtp-tls': '' } });
    client.send('STARTTLS\r\nNOOP\r\n');
    expect([(await client.reply()).slice(0, 3), (await client.reply()).slice(0, 3)]).toEqual(['502', '250']);
    client.raw.destroy();
  });

  it('a hello right behind it, before the 220, is refused too', async () => {
    const { client } = await meet();
    client.send(Buffer.concat([Buffer.from('STARTTLS\r\n'), await helloOf({})]));
    expect(await client.rest()).toMatch(/^501 /);
    client.raw.destroy();
  });
});

describe('the handshake behind STARTTLS', () => {
  const hooks = { error: () => undefined, close: () => undefined };

  it.each([
    ['silence', undefined],
    ['one octet', 1],
    ['half a hello', 100],
    ['a whole hello', 10_000],
  ])('%s: closed at the deadline, nothing is left', async (_name, octets) => {
    const clock = new FakeClock();
    const { rig, client, over } = await meet({ clock, hooks, options: { 'smtp-tls-timeout': '7' } });
    expect(await client.commands('STARTTLS')).toEqual(['220']);
    if (octets !== undefined) client.send((await helloOf({})).subarray(0, octets));
    await turns();
    clock.advance(6999);
    await turns();
    expect(client.ended).toBe(false);
    clock.advance(1);
    await client.rest();
    client.raw.destroy();
    await over;
    expect(rig.instance.calls.at(-2)).toEqual([
      'error',
      expect.any(Number),
      'TLS handshake: not done within 7 s',
    ]);
    expect(rig.instance.calls.at(-1)).toEqual(['close', 4]);
    expect([rig.counters.sessions, rig.server.sessions, clock.pending]).toEqual([0, 0, 0]);
    expect(rig.instance.closed).toBe(true);
  });

  it('one octet a second: closed at the same deadline', async () => {
    const clock = new FakeClock();
    const { client, over } = await meet({ clock, options: { 'smtp-tls-timeout': '30' } });
    await client.commands('STARTTLS');
    const hello = await helloOf({});
    for (let second = 0; second < 30; second++) {
      expect(client.ended).toBe(false);
      client.send(hello.subarray(second, second + 1));
      await turns(2);
      clock.advance(1000);
    }
    await client.rest();
    client.raw.destroy();
    await over;
  });

  it.each([
    ['a command', () => Promise.resolve(Buffer.from(`${MAIL}\r\n`)), /no TLS record/],
    ['protocols without smtp', () => helloOf({ ALPNProtocols: ['h2'] }), /no application protocol|closed/],
    [
      'an old version',
      () => helloOf({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
      /unsupported protocol|no suitable/,
    ],
  ] as const)(
    'that fails (%s): closed without a word, hook.error and hook.close, one line',
    async (_name, make, cause) => {
      const { rig, client, over } = await meet({ hooks });
      await client.commands('STARTTLS');
      client.send(await make());
      expect(await client.rest()).not.toMatch(/^\d{3} /);
      client.raw.destroy();
      await over;
      const { fields } = rig.log.lines.at(-1) ?? {};
      expect(fields).toMatchObject({ end: expect.stringMatching(cause), close: 4 });
      expect(rig.hookNames).toEqual(['error', 'close']);
      expect(rig.log.lines.map(({ message }) => message)).toEqual(['session']);
    },
  );

  it.each([
    ['the client closes instead', (client: StartTlsClient) => client.raw.end()],
    ['the client is gone', (client: StartTlsClient) => client.raw.destroy()],
  ])('%s: the session is over', async (_name, leave) => {
    const { rig, client, over } = await meet({ hooks });
    await client.commands('STARTTLS');
    leave(client);
    client.raw.destroy();
    await Promise.race([over, rig.server.close(0)]);
    expect(rig.instance.calls.at(-1)?.[0]).toBe('close');
    expect([rig.counters.sessions, rig.server.sessions]).toEqual([0, 0]);
  });

  it('is cut off when the server ends, and when the session is too old', async () => {
    const first = await meet({ hooks });
    await first.client.commands('STARTTLS');
    await Promise.all([first.over, first.rig.server.close(0)]);
    expect(first.rig.hookNames.at(-1)).toBe('close');
    const clock = new FakeClock();
    const second = await meet({ hooks, clock, options: { 'limit-session-time': '5' } });
    await second.client.commands('STARTTLS');
    await turns();
    clock.advance(5000);
    await second.client.rest();
    second.client.raw.destroy();
    await second.over;
    expect(clock.pending).toBe(0);
  });

  it('client certificates reach the policy', async () => {
    const ask = { 'smtp-tls-client-ca': 'ca.pem' };
    for (const [who, expected] of [
      [good, { result: 'verified', common_name: 'client.example.test' }],
      [expired, { result: 'untrusted', cause: 'CERT_HAS_EXPIRED' }],
    ] as const) {
      const { rig, client } = await meet({ options: ask, hooks: { ehlo: () => undefined } });
      await client.commands('STARTTLS');
      expect(await client.secure({ cert: who.certificate, key: who.key })).toBe('secured');
      await client.command('EHLO c');
      expect(rig.instance.client.tls).toMatchObject({ certificate: expected });
      client.raw.destroy();
    }
  });

  it('the end without close_notify in DATA is the end of the client: nothing is accepted', async () => {
    const { rig, client, over } = await encrypted({ hooks });
    expect(await client.commands('EHLO c', MAIL, 'RCPT TO:<c@d.ee>', 'DATA')).toEqual([
      '250',
      '250',
      '250',
      '354',
    ]);
    client.send('A: 1\r\n\r\nhalf a message');
    await turns();
    client.raw.end();
    await over;
    expect(rig.log.lines.filter(({ fields }) => fields.result === 'lost')).toHaveLength(1);
    expect([rig.delivered.length, rig.spools.size]).toEqual([0, 0]);
  });
});

describe('AUTH', () => {
  const hooks = { auth: () => '235 2.7.0 ok' };

  it('waits for TLS: not offered in clear and 538, offered and taken behind the handshake', async () => {
    const { rig, client } = await meet({ hooks });
    expect(await client.command('EHLO c')).not.toContain('AUTH');
    expect(await client.command(AUTH)).toBe(
      '538 5.7.11 encryption required for AUTH, say STARTTLS first\r\n',
    );
    expect(rig.hookNames).not.toContain('auth');
    expect(await client.commands('AUTH PLAIN', 'AUTH LOGIN', 'AUTH X', 'STARTTLS')).toEqual([
      '538',
      '538',
      '538',
      '220',
    ]);
    expect(await client.secure()).toBe('secured');
    expect(await client.command('EHLO c')).toContain('250-AUTH PLAIN LOGIN\r\n');
    expect(await client.commands(AUTH)).toEqual(['235']);
    expect(JSON.stringify(rig.log.lines)).not.toContain(AUTH.slice(11));
    client.raw.destroy();
  });

  it.each([
    [{ 'smtp-tls': '' }, true],
    [{ 'smtp-tls-auth-only': '-' }, true],
    [{}, false],
  ])('in clear with %j: %s', async (options, taken) => {
    const { client } = await meet({ hooks, options });
    expect((await client.command('EHLO c')).includes('250-AUTH')).toBe(taken);
    expect(await client.commands(AUTH)).toEqual([taken ? '235' : '538']);
    client.raw.destroy();
  });
});

describe('a listener with the flag tls-required', () => {
  it('takes nothing in clear but what leads to TLS, and no hook hears of the rest', async () => {
    const { rig, client } = await meet(
      { hooks: { unknown: () => undefined, out_seq: () => undefined, mail: () => undefined } },
      ['tls-required'],
    );
    expect(await client.commands('NOOP', 'EHLO c', 'HELO c')).toEqual(['250', '250', '250']);
    for (const line of [MAIL, 'RCPT TO:<c@d.ee>', 'DATA', 'RSET', 'VRFY x', 'HELP', 'WHAT', AUTH, ''])
      expect(await client.command(line)).toBe('530 5.7.0 STARTTLS first\r\n');
    client.send('BDAT 0 LAST\r\nBDAT 6 LAST\r\nQUIT\r\n');
    for (let i = 0; i < 2; i++) expect(await client.reply()).toBe('530 5.7.0 STARTTLS first\r\n');
    expect(rig.hookNames).toEqual([]);
    expect(await client.commands('STARTTLS')).toEqual(['220']);
    expect(await client.secure()).toBe('secured');
    expect(await client.commands('EHLO c', MAIL, 'WHAT')).toEqual(['250', '250', '502']);
    client.raw.destroy();
  });

  it('is met by TLS that a balancer has made', async () => {
    const rig = new SmtpRig({ options: CERTIFICATES, deps: { tls: new InboundTls(materialOf({ mxEc })) } });
    const [ours, theirs] = duplexPair();
    const client = new StartTlsClient(ours);
    const tls: TlsFacts = {
      ...{
        version: 'TLSv1.3',
        cipher: 'TLS_AES_256_GCM_SHA384',
        bits: 256,
        name: undefined,
        alpn: undefined,
      },
      ...{ resumed: false, implicit: true, by: 'proxy', certificate: undefined },
    };
    void rig.serveAt(theirs, peerAt('192.0.2.1', { tls }), ['tls-required']);
    await client.reply();
    expect(await client.command('EHLO c')).not.toContain('STARTTLS');
    expect(await client.commands(MAIL)).toEqual(['250']);
    ours.destroy();
  });
});

describe('a TLS record on a port in clear', () => {
  it('is closed at once without a reply, cut anywhere in its first octets', async () => {
    const hello = await helloOf({ servername: 'mx.example' });
    for (const front of ['', 'EHLO c\r\n', 'NOOP\r\nRSET\r\n']) {
      for (const at of [1, 2, 3, 4, 50, hello.length]) {
        const { rig, client, over } = await meet();
        client.send(Buffer.concat([Buffer.from(front), hello.subarray(0, at)]));
        await turns(2);
        if (at < hello.length) client.send(hello.subarray(at));
        const said = await client.rest();
        expect(said.replace(/250[- ][^\n]*\n/g, '')).toBe('');
        client.raw.end();
        await over;
        expect(rig.said).toContain('TLS in place of a command: closed');
        expect(rig.counters.sessions).toBe(0);
      }
    }
  });

  it('needs all three octets: what only begins like one is a bad command', async () => {
    const { client } = await meet();
    client.send('\x16\x03\x02 x\r\n');
    expect((await client.reply()).slice(0, 1)).toBe('5');
    client.send('\x16');
    await turns(2);
    client.send('\x03\r\nNOOP\r\n');
    expect([(await client.reply()).slice(0, 1), (await client.reply()).slice(0, 3)]).toEqual(['5', '250']);
    client.raw.destroy();
  });

  it('in content it is content', async () => {
    const { rig, client } = await meet({
      smartHost: () =>
        Promise.resolve({ kind: 'delivered', host: 'n', code: 250, text: '250 ok', rcpts: [] }),
    });
    await client.commands('EHLO c', MAIL, 'RCPT TO:<c@d.ee>', 'DATA');
    client.send('\x16\x03\x01\r\n.\r\n');
    expect((await client.reply()).slice(0, 3)).toBe('250');
    expect(rig.delivered).toHaveLength(1);
    client.raw.destroy();
  });
});
