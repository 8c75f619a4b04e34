import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../src/bench/ports/clock.ts';
import { recipientOf } from '../../../../src/smtp/protocol/recipient.ts';
import { type RigClient, type RigSettings, SmtpRig } from '../../../fakes/smtp-rig.ts';

const { ETIMEDOUT } = constants.errno;
const turns = async (n = 4): Promise<void> => {
  for (let i = 0; i < n; i++) await new Promise((resolve) => setImmediate(resolve));
};

interface Timed {
  readonly rig: SmtpRig;
  readonly clock: FakeClock;
  readonly client: RigClient;
}

async function timed(settings: RigSettings = {}): Promise<Timed> {
  const clock = new FakeClock();
  const rig = new SmtpRig({ hooks: { error: () => undefined, close: () => undefined }, ...settings, clock });
  return { rig, clock, client: await rig.greeted() };
}

/** The session is over, and no timer is left. */
async function over({ rig, clock, client }: Timed): Promise<void> {
  client.stream.end();
  await client.over;
  expect([rig.counters.sessions, clock.pending]).toEqual([0, 0]);
}

describe('limits of a session', () => {
  it.each([
    ['limit-commands', '3', 'NOOP', '250', '421 4.7.0 too many commands without a message\r\n'],
    ['limit-unknown', '2', 'FOO', '502', '421 4.7.0 too many unknown commands\r\n'],
    ['limit-errors', '2', 'DATA', '503', '421 4.7.0 too many errors\r\n'],
  ])('%s=%s', async (name, limit, command, code, last) => {
    const session = await timed({ options: { [name]: limit } });
    const { client, rig } = session;
    for (let i = 0; i < Number(limit); i++)
      expect(await client.command(command)).toMatch(new RegExp(`^${code} `));
    client.send(`${command}\r\nNOOP\r\n`);
    expect(await client.rest()).toBe(last);
    expect(rig.instance.calls).toEqual([['close', 2]]);
    await over(session);
  });

  it('count commands from the last message on, and 0 is no limit', async () => {
    const { client } = await timed({
      options: { 'limit-commands': '6', 'limit-errors': '0', 'limit-unknown': '0' },
    });
    for (let i = 0; i < 3; i++) {
      await client.openMessage();
      client.send('x\r\n.\r\n');
      expect(await client.reply()).toMatch(/^451/);
    }
    for (let i = 0; i < 6; i++) expect(await client.command('FOO')).toMatch(/^502/);
    expect(await client.command('NOOP')).toMatch(/^421 4\.7\.0 too many commands/);
  });

  it('do not count recipients that were taken, as EHLO has told how many may come', async () => {
    const { client } = await timed({ options: { 'limit-commands': '4', 'limit-recipients': '20' } });
    await client.command('EHLO client.example');
    await client.command('MAIL FROM:<a@b.example>');
    for (let i = 0; i < 20; i++) expect(await client.command(`RCPT TO:<${i}@c.example>`)).toMatch(/^250/);
    expect(await client.command('RCPT TO:<20@c.example>')).toMatch(/^452 4\.5\.3/);
    expect(await client.command('DATA')).toMatch(/^354/);
  });

  it('count them when the transaction is given up', async () => {
    const { client } = await timed({ options: { 'limit-commands': '6' } });
    await client.command('EHLO client.example');
    await client.command('MAIL FROM:<a@b.example>');
    for (let i = 0; i < 8; i++) expect(await client.command(`RCPT TO:<${i}@c.example>`)).toMatch(/^250/);
    expect(await client.command('RSET')).toMatch(/^250/);
    expect(await client.command('NOOP')).toMatch(/^421 4\.7\.0 too many commands/);
  });
});

describe('time-outs of a session', () => {
  it.each([
    ['waiting for a command', 'smtp-command-timeout', [], '421 4.4.2 mx.example no command for 7 s\r\n'],
    [
      'in the middle of a command',
      'smtp-command-timeout',
      ['NOO'],
      '421 4.4.2 mx.example no command for 7 s\r\n',
    ],
    [
      'in the middle of a message',
      'smtp-data-timeout',
      ['EHLO c\r\nMAIL FROM:<a@b.cc>\r\nRCPT TO:<d@e.ff>\r\nDATA\r\nx\r\n'],
      '421 4.4.2 mx.example no data for 7 s\r\n',
    ],
  ])('%s', async (_, name, sent, last) => {
    const session = await timed({ options: { [name]: '7' } });
    const { client, clock, rig } = session;
    client.send(...sent);
    await turns();
    client.received = '';
    clock.advance(6999);
    await turns();
    expect(client.received).toBe('');
    clock.advance(1);
    expect(await client.rest()).toBe(last);
    expect(rig.instance.calls).toEqual([
      ['error', ETIMEDOUT, 'Connection timed out'],
      ['close', 0],
    ]);
    expect(rig.spools.size).toBe(0);
    await over(session);
  });

  it.each([
    ['command', [], 'N', '421 4.4.2 mx.example no command for 7 s\r\n'],
    ['answer of AUTH', ['EHLO c', 'AUTH LOGIN'], 'dGVz', '421 4.4.2 mx.example no command for 7 s\r\n'],
  ] as const)('count from the start of a %s, not from each byte of it', async (_, lines, bytes, last) => {
    const session = await timed({
      options: { 'smtp-command-timeout': '7' },
      hooks: { auth: () => '235 ok' },
    });
    const { client, clock } = session;
    await client.commands(...lines);
    for (let i = 0; i < 6; i++) {
      client.send(bytes);
      await turns();
      clock.advance(1000);
    }
    expect(client.received).toBe('');
    client.send(bytes);
    clock.advance(1000);
    expect(await client.rest()).toBe(last);
    await over(session);
  });

  it('begin anew with each command', async () => {
    const { client, clock } = await timed({ options: { 'smtp-command-timeout': '7' } });
    for (let i = 0; i < 5; i++) {
      clock.advance(6000);
      expect(await client.command('NOOP')).toMatch(/^250 /);
    }
    await client.quit();
  });

  it.each([
    [100, 1, 8],
    [1000, 1, 8],
    [100, 50, 14],
  ])('smtp-data-min-rate=%i: %i bytes a second are too slow after %i s', async (rate, bytes, seconds) => {
    const session = await timed({
      options: { 'smtp-data-timeout': '7', 'smtp-data-min-rate': String(rate) },
    });
    const { client, clock, rig } = session;
    await client.openMessage();
    let waited = 0;
    for (; waited < 60 && client.received === ''; waited++) {
      client.send('x'.repeat(bytes));
      await turns();
      clock.advance(1000);
      await turns();
    }
    expect(await client.rest()).toBe(`421 4.4.2 mx.example data slower than ${rate} bytes/s\r\n`);
    expect(waited).toBe(seconds);
    expect(rig.instance.calls).toEqual([
      ['error', ETIMEDOUT, 'Connection timed out'],
      ['close', 0],
    ]);
    expect(rig.log.lines.find(({ message }) => message === 'mail')?.fields).toMatchObject({
      result: 'lost',
      from: 'a@b.example',
      bytes: bytes * waited,
      cause: `less than ${rate} bytes/s of data`,
    });
    await over(session);
  });

  it('do not call slow who is kept waiting by us, or who sends as fast as he must', async () => {
    let go = (): void => undefined;
    const session = await timed({
      options: { 'smtp-data-timeout': '7', 'smtp-data-min-rate': '100' },
      hooks: {
        content: () =>
          new Promise((resolve) => {
            go = () => resolve(undefined);
          }),
      },
    });
    const { client, clock } = session;
    await client.openMessage();
    for (let i = 0; i < 40; i++) {
      client.send('x'.repeat(100));
      await turns();
      clock.advance(100_000);
      go();
      await turns();
      clock.advance(1000);
      await turns();
    }
    expect(client.received).toBe('');
    client.send('\r\n.\r\n');
    await turns();
    go();
    expect(await client.reply()).toMatch(/^451 /);
    await client.quit();
    await over(session);
  });

  it('do not run while a hook is suspended', async () => {
    let go = (): void => undefined;
    const session = await timed({
      options: { 'smtp-command-timeout': '7' },
      hooks: {
        noop: () =>
          new Promise((resolve) => {
            go = () => resolve('250 at last');
          }),
      },
    });
    const { client, clock } = session;
    client.send('NOOP\r\n');
    await turns();
    clock.advance(60_000);
    await turns();
    go();
    expect(await client.reply()).toBe('250 at last\r\n');
    clock.advance(6000);
    expect(await client.command('NOOPX')).toMatch(/^502/);
    await client.quit();
    await over(session);
  });

  it('end a session that is older than limit-session-time, in the middle of a message too', async () => {
    for (const busy of [false, true]) {
      const session = await timed({ options: { 'limit-session-time': '100' } });
      const { client, clock, rig } = session;
      if (busy) await client.openMessage();
      clock.advance(99_000);
      client.send(busy ? 'x' : 'NOOP\r\n');
      await turns();
      client.received = '';
      clock.advance(1000);
      expect(await client.rest()).toBe('421 4.4.2 mx.example session longer than 100 s\r\n');
      expect(rig.instance.calls.at(-1)).toEqual(['close', 2]);
      await over(session);
    }
  });

  it('cut off a hook that is at work when the session has become too old', async () => {
    const session = await timed({
      options: { 'limit-session-time': '100' },
      hooks: { noop: () => new Promise(() => undefined), close: () => undefined },
    });
    const { client, clock, rig } = session;
    client.send('NOOP\r\nNOOP\r\n');
    await turns();
    clock.advance(100_000);
    expect(await client.rest()).toBe('421 4.4.2 mx.example session longer than 100 s\r\n');
    expect(rig.instance.calls).toEqual([['noop'], ['close', 2]]);
    await over(session);
  });

  it('bring a message that is being forwarded to its end first, when the session has become too old', async () => {
    let go = (): void => undefined;
    const session = await timed({
      options: { 'limit-session-time': '100' },
      smartHost: () =>
        new Promise((resolve) => {
          go = () =>
            resolve({
              kind: 'delivered',
              host: 'next',
              code: 250,
              text: '250 ok',
              rcpts: [{ recipient: recipientOf('x'), code: 250, text: '250 ok' }],
            });
        }),
    });
    const { client, clock } = session;
    await client.openMessage();
    client.send('x\r\n.\r\nNOOP\r\n');
    await turns(20);
    clock.advance(100_000);
    await turns();
    expect(client.received).toBe('');
    go();
    expect(await client.rest()).toMatch(
      /^250 [^\r]*\r\n421 4\.4\.2 mx\.example session longer than 100 s\r\n$/,
    );
    await over(session);
  });

  it.each([
    ['limit-commands', 'NOOP'],
    ['limit-unknown', 'FOO'],
    ['limit-errors', 'DATA'],
  ])('%s lets QUIT through', async (name, command) => {
    const session = await timed({ options: { [name]: '2' } });
    const { client, rig } = session;
    await client.commands(command, command);
    expect(await client.command('QUIT')).toMatch(/^221 /);
    await over(session);
    expect(rig.instance.calls).toEqual([['close', 0]]);
  });

  it('limit-line-length above limit-pipeline-bytes: a legal line is read to its end', async () => {
    const session = await timed({
      options: { 'limit-line-length': '16384', 'limit-pipeline-bytes': '4096' },
    });
    const { client } = session;
    for (const sizes of [[5000, 5000, 5000], [3000, 500], [16_000]]) {
      client.send('NOOP ');
      for (const size of sizes) {
        client.send('x'.repeat(size));
        await turns();
      }
      client.send('\r\n');
      expect(await client.reply()).toMatch(/^250 /);
    }
    await client.quit();
  });

  it('end a session whose client does not read: hook.close(3)', async () => {
    const session = await timed({ options: { 'smtp-reply-timeout': '9', 'limit-commands': '0' } });
    const { client, clock, rig } = session;
    client.stream.pause();
    // HELP makes much of little.
    client.send('HELP\r\n'.repeat(2000));
    await turns(10);
    clock.advance(9000);
    await turns();
    await client.over;
    expect(rig.instance.calls).toEqual([
      ['error', ETIMEDOUT, 'Connection timed out'],
      ['close', 3],
    ]);
    // Nothing was produced beyond what could be sent.
    expect(rig.counters.commands).toBeLessThan(1000);
    expect([rig.counters.sessions, clock.pending]).toEqual([0, 0]);
  });

  it('go on when a slow client reads at last', async () => {
    const session = await timed({ options: { 'smtp-reply-timeout': '9', 'limit-commands': '0' } });
    const { client, clock } = session;
    client.stream.pause();
    client.send('HELP\r\n'.repeat(1000), 'QUIT\r\n');
    await turns(10);
    clock.advance(8000);
    client.stream.resume();
    const text = await client.rest();
    expect(text.match(/^214 2\.0\.0 End/gm)).toHaveLength(1000);
    expect(text).toMatch(/221 2\.0\.0 .*\r\n$/);
    await over(session);
  });
});

describe('before the banner', () => {
  it('waits for the name of the client no longer than dns-client-timeout', async () => {
    const asked: unknown[] = [];
    const rig = new SmtpRig({
      options: { 'dns-client-timeout': '3' },
      hooks: { accept: () => undefined },
      deps: {
        resolver: {
          reverse: (address, options) => {
            asked.push(address, options?.timeoutMs, options?.signal?.aborted);
            return Promise.resolve('mail.example');
          },
          confirms: (host, address, options) => {
            asked.push(host, address, (options?.timeoutMs ?? 0) <= 3000);
            return Promise.resolve(true);
          },
        },
      },
    });
    const client = await rig.greeted();
    expect(asked).toEqual(['192.0.2.1', 3000, false, 'mail.example', '192.0.2.1', true]);
    expect(rig.instance.client.confirmed_host).toBe('mail.example');
    expect(rig.instance.calls).toEqual([['accept', '192.0.2.1', 'mail.example']]);
    await client.quit();
  });

  it('refuses a client that comes too often, with hook.reply and hook.close only', async () => {
    const rig = new SmtpRig({
      options: { 'rate-client': '1' },
      hooks: { accept: () => undefined, reply: () => undefined, close: () => undefined },
    });
    await (await rig.greeted('2001:db8::1')).quit();
    const client = rig.connect('2001:db8::2');
    expect(await client.rest()).toBe('421 4.4.5 [2001:db8::2] connections 2 exceed 1/60s\r\n');
    client.stream.end();
    await client.over;
    expect(rig.instance.calls).toEqual([
      ['reply', '421 4.4.5 [2001:db8::2] connections 2 exceed 1/60s\r\n'],
      ['close', 2],
    ]);
    await (await rig.greeted('2001:db9::2')).quit();
  });

  it('refuses a client that talks before the banner, with smtp-greet-pause', async () => {
    const clock = new FakeClock();
    const rig = new SmtpRig({
      clock,
      options: { 'smtp-greet-pause': '2000' },
      hooks: { accept: () => undefined, close: () => undefined },
    });
    const quiet = rig.connect();
    await turns();
    expect(quiet.received).toBe('');
    clock.advance(2000);
    expect(await quiet.reply()).toMatch(/^220/);
    expect(rig.instance.client.is_pipelining).toBe(false);
    await quiet.quit();
    for (const ms of [0, 1000, 1999]) {
      const early = rig.connect();
      if (ms > 0) await turns();
      clock.advance(ms);
      early.send('EHLO early.example\r\n');
      // It does not wait any longer than that.
      expect(await early.rest()).toBe('554 5.5.0 mx.example you talked before the banner\r\n');
      expect(rig.instance.calls).toEqual([['close', 2]]);
      early.stream.end();
      await early.over;
    }
    expect(rig.log.lines.filter(({ fields }) => fields?.cause === 'earlyTalker')).toHaveLength(3);
    expect(clock.pending).toBe(0);
  });

  it.each([
    ['smtp-greet-pause', { 'smtp-greet-pause': '60000' }],
    ['the look-up of its name', { 'dns-client-timeout': '60' }],
  ])(
    'a session that is cut off while it waits for %s hears 421 and no banner; hook.accept is not called',
    async (_, options) => {
      for (const how of ['session time', 'shutdown']) {
        const clock = new FakeClock();
        const rig = new SmtpRig({
          clock,
          options: { 'limit-session-time': '5', ...options },
          hooks: { accept: () => new Promise(() => undefined), close: () => undefined },
          reverse: (_address) => new Promise((resolve) => clock.after(60_000, () => resolve('x.example'))),
        });
        const client = rig.connect();
        await turns();
        const closing = how === 'shutdown' ? rig.server.close(0) : undefined;
        clock.advance(5000);
        await turns();
        clock.advance(60_000);
        const text = await client.rest();
        client.stream.end();
        await client.over;
        await closing;
        expect(text).toMatch(/^421 4\.[34]\.2 [^\r]*\r\n$/);
        expect(rig.hookNames).toEqual(['close']);
      }
    },
  );

  it('drops a client that talks too early with rfc2920-pipelining-reject', async () => {
    const rig = new SmtpRig({
      options: { 'rfc2920-pipelining-reject': '+', 'dns-client-timeout': '1' },
      hooks: { close: () => undefined },
      reverse: async () => void (await turns()),
    });
    const client = rig.connect();
    client.send('EHLO c.example\r\n');
    expect(await client.rest()).toBe('550 5.3.3 pipelining not allowed\r\n');
    expect(rig.instance.calls).toEqual([['close', 2]]);
  });
});
