import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../fakes/clock.ts';
import { type RigClient, type RigSettings, SmtpRig } from '../../fakes/smtp-rig.ts';

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

  it('begin anew with whatever comes', async () => {
    const { client, clock } = await timed({ options: { 'smtp-command-timeout': '7' } });
    for (let i = 0; i < 5; i++) {
      clock.advance(6000);
      client.send('N');
      await turns();
    }
    clock.advance(6000);
    client.send('\r\n');
    expect(await client.reply()).toMatch(/^502 5\.5\.1 NNNNN/);
    await client.quit();
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

  it('let a hook finish that is at work when the session has become too old', async () => {
    let go = (): void => undefined;
    const session = await timed({
      options: { 'limit-session-time': '100' },
      hooks: {
        noop: () =>
          new Promise((resolve) => {
            go = () => resolve(undefined);
          }),
      },
    });
    const { client, clock } = session;
    client.send('NOOP\r\nNOOP\r\n');
    await turns();
    clock.advance(101_000);
    await turns();
    go();
    expect(await client.rest()).toBe('250 2.0.0 OK\r\n421 4.4.2 mx.example session longer than 100 s\r\n');
    await over(session);
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

  it('notices a client that talks too early, with smtp-greet-pause even a slow one', async () => {
    const clock = new FakeClock();
    const rig = new SmtpRig({
      clock,
      options: { 'smtp-greet-pause': '2000' },
      hooks: { accept: () => undefined },
    });
    const quiet = rig.connect();
    await turns();
    expect(quiet.received).toBe('');
    clock.advance(2000);
    expect(await quiet.reply()).toMatch(/^220/);
    expect(rig.instance.client.is_pipelining).toBe(false);
    await quiet.quit();
    const early = rig.connect();
    await turns();
    clock.advance(1000);
    early.send('EHLO early.example\r\n');
    // It does not wait any longer than that.
    expect(await early.reply()).toMatch(/^220/);
    expect(rig.instance.client.is_pipelining).toBe(true);
    expect(await early.reply()).toMatch(/^250-Hello early/);
    await early.quit();
    expect(clock.pending).toBe(0);
  });

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
