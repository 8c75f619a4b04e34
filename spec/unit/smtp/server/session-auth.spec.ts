import { describe, expect, it } from 'vitest';
import type { HookOutcome } from '../../../../src/policy/instance.ts';
import type { FakeHook, FakeHooks } from '../../../fakes/fake-policy.ts';
import { type RigClient, SmtpRig } from '../../../fakes/smtp-rig.ts';

const PLAIN = Buffer.from('\0alice\0secret').toString('base64');
const USER = Buffer.from('alice').toString('base64');
const WORD = Buffer.from('secret').toString('base64');

async function session(hooks: FakeHooks): Promise<{ rig: SmtpRig; client: RigClient }> {
  const rig = new SmtpRig({ hooks });
  const client = await rig.greeted();
  await client.command('EHLO c.example');
  return { rig, client };
}
const welcome = { auth: () => '235 2.7.0 welcome', noop: () => undefined };
const calls = (rig: SmtpRig): readonly unknown[] =>
  rig.instance.calls.filter(([name]) => name === 'auth').map(([, line]) => line);

describe('AUTH', () => {
  it('is announced and known only when the policy has hook.auth', async () => {
    const without = new SmtpRig();
    const client = await without.greeted();
    expect(await client.command('EHLO c.example')).not.toContain('AUTH');
    expect(await client.command(`AUTH PLAIN ${PLAIN}`)).toMatch(/^502 /);
    await client.quit();
    const rig = new SmtpRig({ hooks: welcome });
    const other = await rig.greeted();
    expect(await other.command('EHLO c.example')).toContain('250-AUTH PLAIN LOGIN\r\n');
    await other.quit();
  });

  it.each([
    ['PLAIN with an initial response', [[`AUTH PLAIN ${PLAIN}`, '235 ']], `AUTH PLAIN ${PLAIN}`],
    [
      'PLAIN without',
      [
        ['AUTH PLAIN', '334 \r\n'],
        [PLAIN, '235 '],
      ],
      `AUTH PLAIN ${PLAIN}`,
    ],
    [
      'LOGIN',
      [
        ['AUTH LOGIN', '334 VXNlcm5hbWU6\r\n'],
        [USER, '334 UGFzc3dvcmQ6\r\n'],
        [WORD, '235 '],
      ],
      `AUTH LOGIN ${USER} ${WORD}`,
    ],
    [
      'LOGIN with the user at once',
      [
        [`AUTH LOGIN ${USER}`, '334 UGFzc3dvcmQ6\r\n'],
        [WORD, '235 '],
      ],
      `AUTH LOGIN ${USER} ${WORD}`,
    ],
    ['lower case', [[`auth plain ${PLAIN}`, '235 ']], `auth plain ${PLAIN}`],
  ] as const)('%s', async (_, turns, line) => {
    const { rig, client } = await session(welcome);
    for (const [sent, reply] of turns) expect(await client.command(sent)).toContain(reply);
    expect(calls(rig)).toEqual([line]);
    await client.command('NOOP');
    expect(rig.instance.client).toMatchObject({
      auth_user: 'alice',
      auth_mechanism: line.split(' ')[1]?.toUpperCase(),
      authenticated: true,
    });
    expect(await client.command(`AUTH PLAIN ${PLAIN}`)).toMatch(/^503 5\.5\.1 already/);
    expect((await client.commands('RSET', 'EHLO c.example', `AUTH PLAIN ${PLAIN}`)).at(-1)).toMatch(/^503 /);
    await client.quit();
  });

  it('answers a dialogue that comes in one packet', async () => {
    const { rig, client } = await session(welcome);
    client.send(`AUTH LOGIN\r\n${USER}\r\n${WORD}\r\nNOOP\r\n`);
    expect(
      [await client.reply(), await client.reply(), await client.reply(), await client.reply()].map((text) =>
        text.slice(0, 3),
      ),
    ).toEqual(['334', '334', '235', '250']);
    expect(calls(rig)).toEqual([`AUTH LOGIN ${USER} ${WORD}`]);
    await client.quit();
  });

  it('fails without a reply of hook.auth, and may be tried again', async () => {
    let tries = 0;
    const { client } = await session({ auth: () => (++tries === 1 ? undefined : '235 2.7.0 ok') });
    expect(await client.command(`AUTH PLAIN ${PLAIN}`)).toBe('535 5.7.8 authentication failed\r\n');
    expect(await client.command(`AUTH PLAIN ${PLAIN}`)).toBe('235 2.7.0 ok\r\n');
    await client.quit();
  });

  it.each([
    ['*', '501 5.7.0 authentication cancelled\r\n'],
    ['not base64!', '501 5.5.2 invalid base64\r\n'],
    ['a\0b', '500 5.5.2 syntax error, NUL or CR in command\r\n'],
    ['x'.repeat(16_383), '500 5.5.2 line longer than 16384 bytes\r\n'],
  ])('ends a dialogue at %j, and the next line is a command', async (answer, reply) => {
    const { rig, client } = await session(welcome);
    await client.command('AUTH PLAIN');
    expect(await client.command(answer)).toBe(reply);
    expect(await client.command('NOOP')).toBe('250 2.0.0 OK\r\n');
    expect(calls(rig)).toEqual([]);
    await client.quit();
  });

  it.each([
    ['AUTH', '504 5.5.4'],
    ['AUTH CRAM-MD5', '504 5.5.4'],
    ['AUTH PLAIN %%%', '501 5.5.2 invalid base64'],
    // Bits are left over.
    ['AUTH PLAIN AGEAYh==', '501 5.5.2 invalid base64'],
    ...['x', 'xx', 'xx=', 'xxx', 'xxxxx', 'xx===', 'x===', '==', 'xx==xx=='].map((text): [string, string] => [
      `AUTH PLAIN ${text}`,
      '501 5.5.2 invalid base64',
    ]),
    [`AUTH PLAIN ${PLAIN} ${PLAIN}`, '501 5.5.2 syntax error'],
    [`AUTH LOGIN ${USER} ${WORD} ${WORD}`, '501 5.5.2 syntax error'],
  ])('refuses %s', async (line, reply) => {
    const { rig, client } = await session(welcome);
    expect(await client.command(line)).toContain(reply);
    expect(calls(rig)).toEqual([]);
    await client.quit();
  });

  const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64') || '=';
  // RFC 4616 section 2. What was meant would be a guess, and an empty password is no proof.
  it.each([
    ...[
      '',
      'alice',
      'alice\0secret',
      '\0\0',
      '\0\0secret',
      '\0alice\0',
      '\0alice\0secret\0',
      '\0a\0b\0c',
    ].flatMap((response): [string[]][] => [
      [[`AUTH PLAIN ${base64(response)}`]],
      [['AUTH PLAIN', base64(response)]],
    ]),
    [['AUTH PLAIN', '']],
    [['AUTH LOGIN =', WORD]],
    [['AUTH LOGIN', '', WORD]],
    [['AUTH LOGIN', USER, '']],
    [[`AUTH LOGIN ${USER} =`]],
    [[`AUTH LOGIN ${base64('a\0b')}`, WORD]],
    [['AUTH LOGIN', USER, base64('a\0b')]],
  ])(
    'fails without asking the policy when user or password are missing or not told apart: %j',
    async (lines) => {
      const { rig, client } = await session(welcome);
      expect((await client.commands(...lines)).at(-1)).toBe('535 5.7.8 authentication failed\r\n');
      expect(calls(rig)).toEqual([]);
      expect(await client.command(`AUTH PLAIN ${PLAIN}`)).toMatch(/^235/);
      await client.quit();
    },
  );

  it('takes answers of 12288 bytes (RFC 4954 section 4)', async () => {
    const { rig, client } = await session(welcome);
    const answer = Buffer.from(`\0alice\0${'x'.repeat(9209)}`).toString('base64');
    expect(answer.length).toBe(12_288);
    expect(await client.commands('AUTH PLAIN', answer)).toEqual(['334 \r\n', '235 2.7.0 welcome\r\n']);
    expect(calls(rig)).toEqual([`AUTH PLAIN ${answer}`]);
    await client.quit();
  });

  it('is out of sequence within a transaction: hook.unknown does not see the password', async () => {
    const seen: string[] = [];
    const look = (name: string) => (_: unknown, line: unknown) => {
      seen.push(`${name} ${String(line).slice(0, 10)}`);
      return undefined;
    };
    const { client } = await session({
      ...welcome,
      unknown: look('unknown'),
      out_seq: look('out_seq'),
    });
    for (const before of ['MAIL FROM:<a@b.cc>', 'RCPT TO:<c@d.ee>']) {
      expect((await client.commands(before, `AUTH PLAIN ${PLAIN}`)).at(-1)).toMatch(
        /^503 5\.5\.1 AUTH PLAIN \S+ out of sequence/,
      );
    }
    expect(seen).toEqual(['out_seq AUTH PLAIN', 'out_seq AUTH PLAIN']);
    expect((await client.commands('RSET', `AUTH PLAIN ${PLAIN}`)).at(-1)).toMatch(/^235/);
    await client.quit();
  });

  it('is unknown before EHLO and after HELO', async () => {
    const early = await new SmtpRig({ hooks: welcome }).greeted();
    expect(await early.command(`AUTH PLAIN ${PLAIN}`)).toMatch(/^502/);
    await early.quit();
    const { client } = await session(welcome);
    expect((await client.commands('HELO c.example', `AUTH PLAIN ${PLAIN}`)).at(-1)).toMatch(/^502/);
    await client.quit();
  });

  describe('its fields', () => {
    const FIELDS = ['auth_claim', 'auth_password', 'auth_mechanism', 'auth_user', 'authenticated'];
    /** What each hook saw of them. */
    async function seen(
      reply: string | undefined,
      lines: readonly string[],
    ): Promise<Record<string, Record<string, unknown>>> {
      const views: Record<string, Record<string, unknown>> = {};
      const look =
        (name: string, answer?: string): FakeHook =>
        (instance) => {
          views[name] = Object.fromEntries(FIELDS.map((field) => [field, instance.client[field]]));
          return answer;
        };
      const rig = new SmtpRig({
        hooks: { auth: look('auth', reply), reply: look('reply'), rset: look('rset'), close: look('close') },
      });
      const client = await rig.greeted();
      await client.command('EHLO c.example');
      for (const line of lines) await client.command(line);
      views.answer = views.reply ?? {};
      await client.command('RSET');
      await client.quit();
      return views;
    }
    const claim = { auth_claim: 'alice', auth_password: 'secret' };
    const nothing = {
      auth_claim: undefined,
      auth_password: undefined,
      auth_user: undefined,
      authenticated: false,
    };

    it.each([
      ['PLAIN', [`AUTH PLAIN ${PLAIN}`]],
      ['PLAIN', ['AUTH PLAIN', PLAIN]],
      ['LOGIN', ['AUTH LOGIN', USER, WORD]],
      ['LOGIN', [`AUTH LOGIN ${USER}`, WORD]],
      ['LOGIN', [`AUTH LOGIN ${USER} ${WORD}`]],
    ])(
      'claim and password are there while hook.auth runs, the user after 235: %s %j',
      async (mechanism, lines) => {
        const views = await seen('235 2.7.0 ok', lines);
        expect(views.auth).toEqual({ ...nothing, ...claim, auth_mechanism: mechanism });
        expect(views.answer).toEqual({ ...nothing, auth_mechanism: mechanism });
        const after = { ...nothing, auth_user: 'alice', authenticated: true, auth_mechanism: mechanism };
        expect([views.rset, views.close]).toEqual([after, after]);
      },
    );

    it.each(['535 5.7.8 no', '454 4.7.0 later', undefined])('nothing is left after %s', async (reply) => {
      const views = await seen(reply, [`AUTH PLAIN ${PLAIN}`]);
      expect(views.auth).toEqual({ ...nothing, ...claim, auth_mechanism: 'PLAIN' });
      expect(views.rset).toEqual({ ...nothing, auth_mechanism: undefined });
    });

    it.each([['a reply that hook.reply has changed', '235 2.7.0 ok', '535 5.7.8 changed my mind']])(
      'no user after %s',
      async (_, reply, instead) => {
        const rig = new SmtpRig({
          hooks: {
            auth: () => reply,
            reply: (_instance, text) => (String(text).startsWith('235') ? instead : undefined),
            noop: () => undefined,
          },
        });
        const client = await rig.greeted();
        expect((await client.commands('EHLO c', `AUTH PLAIN ${PLAIN}`, 'NOOP')).at(1)).toBe(`${instead}\r\n`);
        expect(rig.instance.client).toMatchObject({ authenticated: false });
        expect(rig.instance.client).not.toHaveProperty('auth_user');
        await client.quit();
      },
    );

    it.each([
      ['boss\0alice\0secret', 'alice', 'secret'],
      ['\0\xe9\xff\0\xfe', '\xe9\xff', '\xfe'],
    ])('are decoded octets: %j', async (response, user, password) => {
      const views = await seen('535 5.7.8 no', [
        `AUTH PLAIN ${Buffer.from(response, 'latin1').toString('base64') || '='}`,
      ]);
      expect(views.auth).toMatchObject({ auth_claim: user, auth_password: password });
    });
  });

  it.each(['250 2.0.0 ok', '200 x', '334 ', '354 go', '300 x'])(
    'is not answered by %s: 421, and nobody is authenticated',
    async (reply) => {
      const { rig, client } = await session({ auth: () => reply, close: () => undefined });
      client.send(`AUTH PLAIN ${PLAIN}\r\nNOOP\r\n`);
      expect(await client.rest()).toBe('421 4.3.0 internal error\r\n');
      client.stream.end();
      await client.over;
      expect(rig.instance.client).toMatchObject({ authenticated: false });
      const line = rig.log.lines.find(({ level }) => level === 'err');
      expect(line?.message).toMatch(/^hook\.auth returned a string of \d+ bytes, .*235, 4xx or 5xx/);
    },
  );

  it('leaves no secret in the log', async () => {
    const rig = new SmtpRig({ hooks: { auth: () => '535 5.7.8 no' }, deps: {} });
    const verbose = rig.log as { verbose(word: string): boolean };
    verbose.verbose = () => true;
    const client = await rig.greeted();
    await client.commands(
      'EHLO c.example',
      `AUTH PLAIN ${PLAIN}`,
      'AUTH PLAIN',
      PLAIN,
      'AUTH LOGIN',
      USER,
      WORD,
      'MAIL FROM:<a@b.cc>',
      `AUTH PLAIN ${PLAIN}`,
      `AUTH ${PLAIN}`,
      `AUTH PLAIN ${'x'.repeat(20_000)}`,
      PLAIN,
      WORD,
    );
    await client.quit();
    const log = JSON.stringify(rig.log.lines);
    for (const secret of [PLAIN, WORD, 'secret']) expect(log).not.toContain(secret);
    expect(log).toContain('AUTH ...');
  });

  it.each<[string, HookOutcome | string]>([
    [
      'a wrong result',
      { kind: 'misshapen', count: 2, results: [{ type: 'string', text: 'secret' }, { type: 'nil' }] },
    ],
    ['a reply without a code', 'secret'],
    ['a reply that does not fit', `354 ${PLAIN}`],
    ['a reply that is too long', `250 ${'secret'.repeat(4000)}`],
  ])('leaves no secret in the log, nor for hook.error, with %s', async (_, result) => {
    for (const hook of ['auth', 'unknown'] as const) {
      const rig = new SmtpRig({ hooks: { [hook]: () => result, error: () => undefined } });
      const client = await rig.greeted();
      if (hook === 'auth') await client.command('EHLO c.example');
      client.send(`AUTH PLAIN ${PLAIN}\r\n`);
      await client.rest();
      client.stream.end();
      await client.over;
      const said = JSON.stringify([rig.log.lines, rig.instance.calls.filter(([name]) => name === 'error')]);
      for (const secret of [PLAIN, 'secret']) expect(said).not.toContain(secret);
    }
  });
});
