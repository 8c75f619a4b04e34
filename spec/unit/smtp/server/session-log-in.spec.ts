// Who decides about AUTH: the sources of log-ins in order, then hook.auth.
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../src/bench/ports/clock.ts';
import type { AuthAnswer, AuthQuestion, AuthSource, Credentials } from '../../../../src/users/auth-source.ts';
import type { FakeHook, FakeHooks } from '../../../fakes/fake-policy.ts';
import { type RigClient, type RigSettings, SmtpRig } from '../../../fakes/smtp-rig.ts';

type Verify = (credentials: Credentials, question: AuthQuestion) => Promise<AuthAnswer>;

const PLAIN = `AUTH PLAIN ${Buffer.from('\0alice\0secret').toString('base64')}`;
const OK = '235 2.7.0 authentication successful\r\n';
const NO = '535 5.7.8 authentication failed\r\n';
const LATER = '454 4.7.0 temporary authentication failure\r\n';

const answers = {
  ok: { kind: 'accepted', user: 'Alice@example.com' },
  unknown: { kind: 'unknown' },
  mismatch: { kind: 'refused', why: 'mismatch' },
  disabled: { kind: 'refused', why: 'disabled', reason: 'account closed\r\n250 ok\xff' },
  expired: { kind: 'refused', why: 'expired', reason: 'password expired' },
  down: { kind: 'unavailable', cause: 'it is down' },
  guessed: { kind: 'unavailable', cause: 'it is down', refused: true },
} as const satisfies Record<string, AuthAnswer>;
type Name = keyof typeof answers;

const source = (name: string, verify: Verify, isOn = true): AuthSource => ({
  name,
  isOn: () => isOn,
  verify,
});
const saying = (...names: readonly Name[]): AuthSource[] =>
  names.map((name, at) => source(`source ${at}`, () => Promise.resolve(answers[name])));

interface Setting extends RigSettings {
  readonly sources: readonly AuthSource[];
}

async function session({ sources, ...settings }: Setting): Promise<{ rig: SmtpRig; client: RigClient }> {
  const rig = new SmtpRig({ ...settings, deps: { authSources: sources } });
  const client = await rig.greeted();
  await client.command('EHLO c.example');
  return { rig, client };
}

/** hook.auth, and what it saw as client.auth_result. */
function hook(reply: string | undefined): { hooks: FakeHooks; seen: unknown[] } {
  const seen: unknown[] = [];
  const auth: FakeHook = (instance) => {
    seen.push(instance.client.auth_result);
    return reply;
  };
  return { hooks: { auth, noop: () => undefined }, seen };
}

describe('AUTH with sources of log-ins', () => {
  const CLOSED = '535 5.7.8 account closed??250 ok?\r\n';
  const EXPIRED = '535 5.7.8 password expired\r\n';
  const MINE = '235 2.7.0 mine\r\n';
  const OWN = '535 5.7.8 not from there\r\n';
  // The sources; client.auth_result; the reply without hook.auth, with one that is silent, one that says 235, one that refuses.
  const rows: readonly (readonly [readonly Name[], string | undefined, readonly string[]])[] = [
    [['ok'], 'ok', [OK, OK, MINE, OWN]],
    [['unknown'], 'unknown', [NO, NO, MINE, OWN]],
    [['mismatch'], 'mismatch', [NO, NO, NO, OWN]],
    [['disabled'], 'disabled', [CLOSED, CLOSED, CLOSED, OWN]],
    [['expired'], 'expired', [EXPIRED, EXPIRED, EXPIRED, OWN]],
    [['down'], 'temp_fail', [LATER, LATER, LATER, OWN]],
    [['unknown', 'ok'], 'ok', [OK, OK, MINE, OWN]],
    [['unknown', 'mismatch'], 'mismatch', [NO, NO, NO, OWN]],
    [['unknown', 'unknown'], 'unknown', [NO, NO, MINE, OWN]],
    [['unknown', 'down'], 'temp_fail', [LATER, LATER, LATER, OWN]],
    [['ok', 'mismatch'], 'ok', [OK, OK, MINE, OWN]],
    [['mismatch', 'ok'], 'mismatch', [NO, NO, NO, OWN]],
    // The one that could not be asked may know the user.
    [['down', 'ok'], 'ok', [OK, OK, MINE, OWN]],
    [['down', 'mismatch'], 'temp_fail', [LATER, LATER, LATER, OWN]],
    [['down', 'unknown'], 'temp_fail', [LATER, LATER, LATER, OWN]],
    [['guessed'], 'temp_fail', [LATER, LATER, LATER, OWN]],
    [[], undefined, ['502', NO, MINE, OWN]],
  ];
  it.each(rows)('%j make client.auth_result %s', async (names, result, replies) => {
    const said = [undefined, undefined, '235 2.7.0 mine', '535 5.7.8 not from there'];
    for (const [at, reply] of replies.entries()) {
      const { hooks, seen } = hook(said[at]);
      const { rig, client } = await session({ sources: saying(...names), ...(at > 0 && { hooks }) });
      expect([names, at, await client.command(PLAIN)]).toEqual([names, at, expect.stringContaining(reply)]);
      expect(seen).toEqual(at === 0 ? [] : [result]);
      await client.command('NOOP');
      const right = reply.startsWith('235');
      if (at > 0) {
        expect(rig.instance.client).not.toHaveProperty('auth_result');
        expect(rig.instance.client).not.toHaveProperty('auth_password');
        // By the name that the source gives; by the claim when the hook alone has decided.
        const user = result === 'ok' ? 'Alice@example.com' : 'alice';
        expect(rig.instance.client.auth_user).toBe(right ? user : undefined);
        expect(rig.instance.client.authenticated).toBe(right);
      }
      await client.quit();
    }
  });

  it('is offered when one of them is on, and unknown otherwise', async () => {
    const off = source('off', () => Promise.reject(new Error('asked')), false);
    const on = source('on', () => Promise.resolve(answers.ok));
    for (const [sources, offered] of [
      [[], false],
      [[off], false],
      [[off, on], true],
    ] as const) {
      const { client } = await session({ sources });
      expect((await client.command('EHLO c')).includes('AUTH PLAIN LOGIN')).toBe(offered);
      expect(await client.command(PLAIN)).toMatch(offered ? /^235/ : /^502/);
      await client.quit();
    }
  });

  it('gives a source what it needs to know, octet for octet', async () => {
    const asked: [Credentials, Omit<AuthQuestion, 'signal' | 'values'>][] = [];
    const { client } = await session({
      sources: [
        source('it', (credentials, { signal, values, ...about }) => {
          expect([signal.aborted, values['limit-auth']]).toEqual([false, 5]);
          asked.push([credentials, about]);
          return Promise.resolve(answers.mismatch);
        }),
      ],
    });
    const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');
    for (const response of ['\0\xe9 \t\0 p\xff', 'boss\0alice\0secret', 'alice\0alice\0secret'])
      await client.command(`AUTH PLAIN ${base64(response)}`);
    await client.commands('AUTH LOGIN', base64('bob'), base64('b'));
    expect(asked.map(([credentials]) => credentials)).toEqual([
      { user: '\xe9 \t', password: ' p\xff', authorize: '' },
      { user: 'alice', password: 'secret', authorize: 'boss' },
      { user: 'alice', password: 'secret', authorize: '' },
      { user: 'bob', password: 'b', authorize: '' },
    ]);
    const about = { address: '192.0.2.1', localAddress: '192.0.2.25', secure: false };
    expect(asked[0]?.[1]).toMatchObject({ ...about, session: expect.stringMatching(/^\w+$/) });
    await client.quit();
  });

  it('asks nobody when user or password are missing, nor after a log-in', async () => {
    let count = 0;
    const it = source('it', () => {
      count++;
      return Promise.resolve(answers.ok);
    });
    const { client } = await session({ sources: [it] });
    const replies = await client.commands('AUTH PLAIN AAA=', 'AUTH PLAIN', '*', PLAIN, PLAIN);
    expect(replies.map((text) => text.slice(0, 3))).toEqual(['535', '334', '501', '235', '503']);
    expect(count).toBe(1);
    await client.quit();
  });

  it('shows hook.auth whom the client wants to act for', async () => {
    let seen: unknown;
    const auth: FakeHook = ({ client }) => {
      seen = client.auth_authorize;
      return '235 2.7.0 ok';
    };
    const { rig, client } = await session({ sources: [], hooks: { auth, noop: () => undefined } });
    await client.commands(`AUTH PLAIN ${Buffer.from('boss\0alice\0secret').toString('base64')}`, 'NOOP');
    expect([seen, rig.instance.client.auth_user]).toEqual(['boss', 'alice']);
    expect(rig.instance.client).not.toHaveProperty('auth_authorize');
    await client.quit();
  });

  it('tells who logged in, who was refused, and who could not be asked; and no password', async () => {
    const { rig, client } = await session({ sources: saying('down', 'unknown') });
    await client.command(PLAIN);
    await client.quit();
    const other = await session({ sources: saying('ok') });
    await other.client.command(PLAIN);
    await other.client.quit();
    const lines = [...rig.log.lines, ...other.rig.log.lines].map(({ level, message, fields }) => ({
      level,
      message,
      fields,
    }));
    const about = { mechanism: 'PLAIN', client: '192.0.2.1' };
    for (const line of [
      ['warning', 'log-in cannot be checked: it is down', { source: 'source 0', client: '192.0.2.1' }],
      ['notice', 'log-in refused', { ...about, login: 'alice', result: 'temp_fail', code: 454 }],
      ['info', 'logged in', { ...about, login: 'Alice@example.com', source: 'source 0' }],
      ['info', 'refused', { cause: 'source 0', reply: '454 4.7.0', command: 'AUTH ...' }],
    ] as const) {
      const [level, message, fields] = line;
      expect(lines).toContainEqual({ level, message, fields: expect.objectContaining(fields) });
    }
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  it.each([
    ['the client is gone', (_rig: SmtpRig, client: RigClient) => client.reset()],
    ['the server is shut down', (rig: SmtpRig) => void rig.server.close(0)],
  ])('is cut off when %s meanwhile, and hook.auth is not called', async (_, end) => {
    const { hooks, seen } = hook('235 2.7.0 ok');
    const { rig, client } = await session({
      hooks,
      sources: [
        source('it', (_credentials, { signal }) => {
          setImmediate(() => end(rig, client));
          return new Promise((resolve) => {
            signal.addEventListener('abort', () => resolve(answers.ok));
          });
        }),
      ],
    });
    client.stream.on('end', () => client.stream.end());
    client.send(`${PLAIN}\r\n`);
    await client.over;
    expect([seen, client.received.includes('235'), rig.instance.client.auth_password]).toEqual([
      [],
      false,
      undefined,
    ]);
  });
});

describe('a log-in whose session ends with it', () => {
  const ends = (rig: SmtpRig): unknown[] =>
    rig.log.lines
      .filter(({ message }) => /^log-in (?:refused|not answered)|^logged in/.test(message))
      .map(({ fields, message }) => [message, fields.login, fields.result, fields.code]);
  const unheard = (result?: string): unknown[] => [['log-in not answered', 'alice', result, undefined]];
  const hang: Verify = (_, { signal }) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(answers.down));
    });

  it.each([
    ['while a source is asked', { sources: [source('it', hang)] }, unheard()],
    ['while its refusal waits', { sources: saying('mismatch') }, unheard('mismatch')],
    ['while the refusal of hook.auth waits', { sources: [], hooks: hook('535 5.7.8 no').hooks }, unheard()],
    [
      'while that of a source waits behind hook.auth',
      { sources: saying('disabled'), hooks: hook('235 2.7.0 ok').hooks },
      unheard('disabled'),
    ],
  ] as const)('is told of: the client goes %s', async (_, setting, told) => {
    const clock = new FakeClock();
    let shown: object | undefined;
    const close: FakeHook = (instance) => {
      shown = { ...instance.client };
      return undefined;
    };
    const hooks = { ...('hooks' in setting ? setting.hooks : {}), close };
    const { rig, client } = await session({
      ...{ ...setting, hooks, clock },
      options: { 'smtp-auth-delay': '2000' },
    });
    client.send(`${PLAIN}\r\n`);
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    client.reset();
    client.stream.end();
    await client.over;
    expect(ends(rig)).toEqual(told);
    expect(JSON.stringify(rig.log.lines)).not.toContain('secret');
    // Nor does hook.close find it.
    expect(Object.keys(shown ?? {})).not.toContain('auth_password');
    expect(Object.keys(shown ?? {}).filter((name) => name.startsWith('auth_'))).toEqual([]);
  });

  it.each([
    ['hook.auth refuses and drops', [true, '535 5.7.8 no'], [['log-in refused', 'alice', undefined, 535]]],
    ['hook.auth says 421', '421 4.7.0 go', [['log-in refused', 'alice', undefined, 421]]],
    ['hook.auth lets in and drops', [true, '235 2.7.0 ok'], []],
  ] as const)('is told of: %s', async (_, said, told) => {
    const auth: FakeHook = () => said;
    const { rig, client } = await session({ sources: [], hooks: { auth } });
    client.send(`${PLAIN}\r\n`);
    await client.rest();
    client.stream.end();
    await client.over;
    expect(ends(rig)).toEqual(told);
  });

  it('is told of: hook.auth fails', async () => {
    const auth: FakeHook = () => {
      throw new Error('bad');
    };
    const { rig, client } = await session({ sources: saying('ok'), hooks: { auth } });
    client.send(`${PLAIN}\r\n`);
    expect(await client.rest()).toMatch(/^421 4\.3\.0/);
    client.stream.end();
    await client.over;
    expect(ends(rig)).toEqual([['log-in refused', 'alice', 'ok', 421]]);
  });
});

describe('a refused log-in', () => {
  const right = `AUTH PLAIN ${Buffer.from('\0a\0right').toString('base64')}`;
  const verify: Verify = ({ password }) =>
    Promise.resolve(password === 'right' ? answers.ok : answers.mismatch);

  it('is answered not before smtp-auth-delay, whoever refuses and however fast; the others at once', async () => {
    const clock = new FakeClock();
    const waiting = async (client: RigClient, line: string): Promise<string> => {
      const before = clock.pending;
      const reply = client.command(line);
      const waits = (): Promise<void> => expect.poll(() => clock.pending).toBeGreaterThan(before);
      await waits();
      clock.advance(1999);
      await new Promise((resolve) => setImmediate(resolve));
      await waits();
      expect(client.received).toBe('');
      clock.advance(1);
      return reply;
    };
    const options = { 'smtp-auth-delay': '2000' };
    const { client } = await session({ clock, options, sources: [source('it', verify)] });
    expect(await waiting(client, PLAIN)).toBe(NO);
    expect(await client.command('AUTH PLAIN AAA=')).toBe(NO);
    expect(await client.command(right)).toBe(OK);
    await client.quit();
    for (const reply of ['535 5.7.8 no', '454 4.7.0 no', undefined]) {
      const other = await session({ clock, options, sources: [], hooks: hook(reply).hooks });
      expect(await waiting(other.client, PLAIN)).toMatch(reply === undefined ? NO : reply);
      await other.client.quit();
    }
    for (const names of [['down'], ['down', 'unknown'], ['unknown', 'down']] as const) {
      const down = await session({ clock, options, sources: saying(...names) });
      expect(await down.client.command(PLAIN)).toBe(LATER);
      await down.client.quit();
    }
    // A guess at the second source is no cheaper while the first cannot be asked.
    for (const names of [
      ['down', 'mismatch'],
      ['guessed'],
      ['down', 'guessed'],
      ['guessed', 'down'],
    ] as const) {
      const half = await session({ clock, options, sources: saying(...names) });
      expect(await waiting(half.client, PLAIN)).toBe(LATER);
      await half.client.quit();
    }
    // The time that the source took counts.
    const slow = await session({
      ...{ clock, options },
      sources: [
        source('it', () => new Promise((resolve) => clock.after(1500, () => resolve(answers.mismatch)))),
      ],
    });
    expect(await waiting(slow.client, PLAIN)).toBe(NO);
    await slow.client.quit();
    expect(clock.pending).toBe(0);
  });

  it('leaves no timer when the client goes meanwhile', async () => {
    const clock = new FakeClock();
    const options = { 'smtp-auth-delay': '2000', 'smtp-command-timeout': '5' };
    const { client } = await session({ clock, options, sources: saying('mismatch') });
    client.send(`${PLAIN}\r\n`);
    await expect.poll(() => clock.pending).toBe(2);
    client.reset();
    client.stream.end();
    await client.over;
    expect(clock.pending).toBe(0);
  });

  it.each([
    ['3', ['535', '535', '535', '421']],
    ['1', ['535', '421']],
    ['0', ['535', '535', '535', '535', '535', '535', '535']],
  ])('counts: with limit-auth=%s the replies are %j', async (limit, codes) => {
    const { client } = await session({ options: { 'limit-auth': limit }, sources: [source('it', verify)] });
    for (const code of codes) {
      const reply = await client.command(PLAIN);
      expect(reply.slice(0, 3)).toBe(code);
      if (code === '421') expect(reply).toBe('421 4.7.0 too many refused log-ins\r\n');
    }
    await client.quit();
  });

  it('counts as well when a source refuses behind one that could not be asked', async () => {
    const sources = [...saying('down'), source('it', verify)];
    const { client } = await session({ options: { 'limit-auth': '2' }, sources });
    expect([await client.command(PLAIN), await client.command(PLAIN)]).toEqual([LATER, LATER]);
    expect(await client.command(right)).toMatch(/^421 4\.7\.0 too many refused log-ins/);
    client.stream.end();
    await client.over;
  });

  it('does not count when nobody could be asked, when it is malformed or cancelled; other commands go on', async () => {
    const down = await session({ options: { 'limit-auth': '1' }, sources: saying('down') });
    for (let i = 0; i < 4; i++) expect(await down.client.command(PLAIN)).toBe(LATER);
    await down.client.quit();
    const { client } = await session({ options: { 'limit-auth': '1' }, sources: [source('it', verify)] });
    await client.commands('AUTH PLAIN', '*', 'AUTH PLAIN x', 'AUTH X', 'AUTH PLAIN AAA=');
    expect(await client.command(PLAIN)).toBe(NO);
    expect((await client.commands('NOOP', 'MAIL FROM:<a@b.example>', 'RSET')).map((text) => text[0])).toEqual(
      ['2', '2', '2'],
    );
    expect(await client.command(right)).toMatch(/^421/);
    client.stream.end();
    await client.over;
  });

  it('is forgotten by XCLIENT, and a LOGIN of it is a log-in', async () => {
    const options = { 'limit-auth': '1', 'smtp-xclient-hosts': '192.0.2.1' };
    const { rig, client } = await session({ options, sources: [source('it', verify)] });
    const replies = await client.commands(
      PLAIN,
      'XCLIENT ADDR=198.51.100.1',
      'EHLO c',
      right,
      'XCLIENT LOGIN=carol',
      'EHLO c',
      right,
    );
    expect(replies.map((text) => text.slice(0, 3))).toEqual([
      '535',
      '220',
      '250',
      '235',
      '220',
      '250',
      '503',
    ]);
    expect(rig.said.filter((text) => text === 'logged in')).toHaveLength(1);
    await client.quit();
  });
});
