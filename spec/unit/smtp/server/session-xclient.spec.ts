import { describe, expect, it } from 'vitest';
import type { FakeHooks } from '../../../fakes/fake-policy.ts';
import { FakePolicy } from '../../../fakes/fake-policy.ts';
import { type RigClient, SmtpRig } from '../../../fakes/smtp-rig.ts';

async function trusted(hooks: FakeHooks = {}, options = {}): Promise<{ rig: SmtpRig; client: RigClient }> {
  const rig = new SmtpRig({ hooks, options: { 'smtp-xclient-hosts': '127.0.0.1', ...options } });
  return { rig, client: await rig.greeted('127.0.0.1') };
}
const codes = async (client: RigClient, ...lines: readonly string[]): Promise<readonly string[]> =>
  (await client.commands(...lines)).map((text) => text.slice(0, 3));
/** The calls of each instance of the policy, in order. */
const calls = (rig: SmtpRig): readonly unknown[] =>
  rig.policy instanceof FakePolicy ? rig.policy.instances.map((instance) => instance.calls) : [];

describe('XCLIENT', () => {
  it('starts the session over as another client', async () => {
    const { rig, client } = await trusted({
      accept: () => undefined,
      xclient: () => undefined,
      noop: () => undefined,
    });
    await client.commands('EHLO c.example');
    const line = 'XCLIENT ADDR=IPv6:2001:db8::7 NAME=Spike.Example PORT=99 LOGIN=bob DESTADDR=192.0.2.1';
    expect(await client.command(line)).toMatch(/^220 /);
    expect(calls(rig)).toEqual([
      [['accept', '127.0.0.1', '[127.0.0.1]'], ['xclient']],
      [['accept', '2001:db8::7', 'spike.example']],
    ]);
    expect(rig.instance.client).toMatchObject({ input: line });
    expect(await codes(client, 'MAIL FROM:<a@b.cc>', 'NOOP')).toEqual(['503', '250']);
    expect(rig.instance.client).toEqual({
      address: '2001:db8::7',
      host: 'spike.example',
      confirmed_host: 'spike.example',
      port: 99,
      local_address: '192.0.2.1',
      auth_user: 'bob',
      authenticated: true,
      id_sess: expect.any(String),
      input: 'NOOP',
      is_pipelining: false,
      is_tls: false,
    });
    expect(await client.command('EHLO c.example')).toContain('(2001:db8::7, spike.example)');
    await client.quit();
    expect(rig.log.lines.at(-1)?.fields).toMatchObject({ client: '2001:db8::7' });
    expect(rig.log.lines.find(({ message }) => message === 'client named by XCLIENT')?.fields).toMatchObject({
      client: '2001:db8::7',
      host: 'spike.example',
      before: '127.0.0.1',
      peer: '127.0.0.1',
      login: 'bob',
    });
  });

  it('runs a fresh instance of the policy: hook.reset, and nothing else, ends the old one', async () => {
    const { rig, client } = await trusted({
      accept: () => undefined,
      xclient: () => undefined,
      reset: () => undefined,
      close: () => undefined,
    });
    await client.command('XCLIENT ADDR=192.0.2.7');
    await client.command('XCLIENT ADDR=192.0.2.8');
    await client.quit();
    expect(calls(rig)).toEqual([
      [['accept', '127.0.0.1', '[127.0.0.1]'], ['xclient'], ['reset']],
      [['accept', '192.0.2.7', '[192.0.2.7]'], ['xclient'], ['reset']],
      [
        ['accept', '192.0.2.8', '[192.0.2.8]'],
        ['close', 0],
      ],
    ]);
    expect((rig.policy as FakePolicy).instances.map(({ closed }) => closed)).toEqual([true, true, true]);
  });

  it('begins with the options of the process', async () => {
    const { rig, client } = await trusted({
      helo: ({ owner }) => {
        owner.options.set('limit-recipients', '1', 'spec');
        return undefined;
      },
    });
    const dialogue = ['MAIL FROM:<a@b.cc>', 'RCPT TO:<c@d.ee>', 'RCPT TO:<d@d.ee>', 'RSET'];
    expect(await codes(client, 'HELO c', ...dialogue)).toEqual(['250', '250', '250', '452', '250']);
    await client.command('XCLIENT ADDR=192.0.2.7');
    expect(await codes(client, 'EHLO c', ...dialogue)).toEqual(['250', '250', '250', '250', '250']);
    await client.quit();
    expect(rig.counters.sessions).toBe(0);
  });

  it('may be said again: the peer is the one that is trusted', async () => {
    const { client } = await trusted();
    expect(await codes(client, 'XCLIENT ADDR=192.0.2.7', 'XCLIENT ADDR=192.0.2.8', 'EHLO c')).toEqual([
      '220',
      '220',
      '250',
    ]);
    await client.quit();
  });

  it.each([
    ['XCLIENT ADDR=192.0.2.7 FOO=1', '501 5.5.4 invalid argument FOO=1\r\n'],
    ['XCLIENT ADDR=[UNAVAILABLE]', '501 5.5.4 invalid argument ADDR=[UNAVAILABLE]\r\n'],
    ['XCLIENT NAME', '501 5.5.4 invalid argument NAME\r\n'],
    ['XCLIENT PROTO=LMTP', '501 5.5.4 invalid argument PROTO=LMTP\r\n'],
    ['XCLIENT', '501 5.5.2 missing argument\r\n'],
    ['XCLIENT  ', '501 5.5.2 missing argument\r\n'],
  ])('is refused with what is wrong, and changes nothing then: %s', async (line, reply) => {
    const { rig, client } = await trusted({ accept: () => undefined, xclient: () => undefined });
    expect(await client.commands('EHLO c', line)).toEqual([expect.any(String), reply]);
    expect(await codes(client, 'MAIL FROM:<a@b.cc>')).toEqual(['250']);
    expect(calls(rig)).toEqual([[['accept', '127.0.0.1', '[127.0.0.1]']]]);
    await client.quit();
  });

  it.each(['550 5.7.1 no', '451 4.7.1 later'])('is refused by hook.xclient: %s', async (reply) => {
    const { rig, client } = await trusted({ accept: () => undefined, xclient: () => reply });
    expect(await codes(client, 'EHLO c', 'XCLIENT ADDR=192.0.2.7', 'MAIL FROM:<a@b.cc>')).toEqual([
      '250',
      reply.slice(0, 3),
      '250',
    ]);
    expect(rig.hookNames).toEqual(['accept', 'xclient']);
    await client.quit();
  });

  it.each(['MAIL', 'RCPT'])(
    'is out of sequence in a transaction, after %s, and changes nothing',
    async (last) => {
      const { rig, client } = await trusted({ accept: () => undefined, out_seq: () => undefined });
      const begin = ['EHLO c', 'MAIL FROM:<a@b.cc>', 'RCPT TO:<d@e.ff>'].slice(0, last === 'MAIL' ? 2 : 3);
      await client.commands(...begin);
      expect(await codes(client, 'XCLIENT ADDR=192.0.2.7', 'RCPT TO:<d@e.ff>', 'DATA')).toEqual([
        '503',
        '250',
        '354',
      ]);
      expect(rig.hookNames).toEqual(['accept', 'out_seq']);
      client.send('.\r\n');
      await client.reply();
      await client.quit();
    },
  );

  it('ends an authentication', async () => {
    const { rig, client } = await trusted({ auth: () => '235 2.7.0 ok', noop: () => undefined });
    await client.commands('EHLO c', 'AUTH PLAIN AGEAYg==', 'NOOP');
    expect(rig.instance.client).toMatchObject({ auth_user: 'a', authenticated: true });
    await client.commands('XCLIENT NAME=x.example', 'NOOP');
    expect(rig.instance.client).toMatchObject({ authenticated: false });
    for (const field of ['auth_user', 'auth_mechanism', 'auth_claim', 'auth_password']) {
      expect(rig.instance.client).not.toHaveProperty(field);
    }
    expect(await codes(client, 'EHLO c', 'AUTH PLAIN AGEAYg==')).toEqual(['250', '235']);
    await client.quit();
  });

  it('with LOGIN says that the client has authenticated', async () => {
    const { client } = await trusted({ auth: () => '235 2.7.0 ok' });
    await client.commands('XCLIENT LOGIN=bob', 'EHLO c');
    expect(await codes(client, 'AUTH PLAIN AGEAYg==')).toEqual(['503']);
    await client.commands('XCLIENT LOGIN=[UNAVAILABLE]', 'EHLO c');
    expect(await codes(client, 'AUTH PLAIN AGEAYg==')).toEqual(['235']);
    await client.quit();
  });

  it('counts for rate-client', async () => {
    const { client } = await trusted({}, { 'rate-client': '1' });
    expect(await client.command('XCLIENT ADDR=192.0.2.7 NAME=x.example')).toMatch(/^220/);
    client.send('XCLIENT ADDR=192.0.2.7\r\n');
    expect(await client.rest()).toBe('421 4.4.5 x.example [192.0.2.7] connections 2 exceed 1/60s\r\n');
  });

  it('begins to count anew for limit-errors, limit-unknown and limit-commands', async () => {
    const limits = { 'limit-errors': '3', 'limit-unknown': '3', 'limit-commands': '4' };
    const { client } = await trusted({}, limits);
    for (let i = 1; i < 4; i++) {
      expect(await codes(client, 'FOO', 'FOO', `XCLIENT ADDR=192.0.2.${i}`)).toEqual(['502', '502', '220']);
    }
    await client.quit();
  });

  it('forgets that the client before has pipelined', async () => {
    const { rig, client } = await trusted(
      { noop: () => undefined },
      { 'rfc2920-pipelining-enable': '+', 'rfc2920-pipelining-reject': '+' },
    );
    await client.command('EHLO c');
    client.send('MAIL FROM:<a@b.cc>\r\nRSET\r\nNOOP\r\n');
    await client.reply();
    await client.reply();
    await client.reply();
    expect(rig.instance.client).toMatchObject({ is_pipelining: true });
    expect(await codes(client, 'XCLIENT ADDR=192.0.2.7', 'NOOP')).toEqual(['220', '250']);
    expect(rig.instance.client).toMatchObject({ is_pipelining: false });
    // What comes before the new banner is too early.
    client.send('XCLIENT ADDR=192.0.2.8\r\nEHLO c\r\n');
    expect(await client.rest()).toMatch(/^550 5\.3\.3/);
  });

  it('refused by hook.accept leaves only QUIT', async () => {
    const { client } = await trusted({
      accept: (_, ip) => (ip === '192.0.2.66' ? '554 5.7.1 blocked' : undefined),
    });
    expect(await codes(client, 'XCLIENT ADDR=192.0.2.66', 'EHLO c', 'XCLIENT ADDR=192.0.2.7')).toEqual([
      '554',
      '503',
      '503',
    ]);
    expect(await client.quit()).toMatch(/^221/);
  });

  it('that cannot get its instance ends the session, and calls none of its hooks', async () => {
    const policy = new FakePolicy({ close: () => undefined });
    let opened = 0;
    const rig = new SmtpRig({
      options: { 'smtp-xclient-hosts': '127.0.0.1' },
      policy: {
        revision: 1,
        path: 'p',
        open: (owner) =>
          ++opened === 1
            ? policy.open(owner)
            : { kind: 'failed', outcome: { kind: 'error', message: 'x', traceback: '' } },
      },
    });
    const client = await rig.greeted('127.0.0.1');
    client.send('XCLIENT ADDR=192.0.2.7\r\nNOOP\r\n');
    expect(await client.rest()).toBe('421 4.3.0 internal error\r\n');
    client.stream.end();
    await client.over;
    expect(policy.instances.map(({ calls, closed }) => [calls, closed])).toEqual([[[], true]]);
    expect(rig.counters.sessions).toBe(0);
  });

  it('is unknown when it is switched off', async () => {
    const { client } = await trusted({}, { 'smtp-xclient': '-' });
    expect(await client.command('EHLO c')).not.toContain('XCLIENT');
    expect(await client.command('XCLIENT ADDR=192.0.2.7')).toMatch(/^502/);
    await client.quit();
  });
});

describe('HELP', () => {
  it.each([
    ['a stranger', '192.0.2.1', {}, false, false],
    ['a trusted peer', '127.0.0.1', {}, true, true],
    ['a trusted peer without XCLIENT', '127.0.0.1', { 'smtp-xclient': '-' }, true, false],
  ] as const)('names what %s may use', async (_, address, options, verb, xclient) => {
    const rig = new SmtpRig({ options: { 'smtp-xclient-hosts': '127.0.0.1', ...options } });
    const client = await rig.greeted(address);
    const help = await client.command('HELP');
    expect([/\bVERB\b/.test(help), /\bXCLIENT\b/.test(help), /\bAUTH\b/.test(help)]).toEqual([
      verb,
      xclient,
      false,
    ]);
    expect(help).toMatch(/^214-[\s\S]*MAIL[\s\S]*\r\n214 2\.0\.0 End\r\n$/);
    await client.quit();
  });

  it('names AUTH after EHLO when there is hook.auth', async () => {
    const rig = new SmtpRig({ hooks: { auth: () => undefined } });
    const client = await rig.greeted();
    expect(await client.command('HELP')).not.toContain('AUTH');
    await client.command('EHLO c');
    expect(await client.command('HELP')).toContain('AUTH');
    await client.quit();
  });

  it('and VERB and XCLIENT are for whoever sits at the terminal', async () => {
    const rig = new SmtpRig();
    const client = rig.connect('127.0.0.1', true);
    await client.reply();
    expect(await client.command('HELP')).toContain('VERB    XCLIENT');
    expect(await client.command('XCLIENT ADDR=192.0.2.7')).toMatch(/^220/);
    await client.quit();
  });
});
