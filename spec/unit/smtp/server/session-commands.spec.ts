// Commands as RFC 5321 has them: what may stand behind them, and VRFY and HELP.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type RigSettings, SmtpRig } from '../../../fakes/smtp-rig.ts';

async function replies(settings: RigSettings, ...lines: readonly string[]): Promise<readonly string[]> {
  const client = await new SmtpRig(settings).greeted();
  const all = await client.commands(...lines);
  if (all.at(-1)?.startsWith('354') === true) await client.command('.');
  await client.quit();
  return all;
}
const TRANSACTION = ['EHLO c.example', 'MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>'];

describe('arguments', () => {
  it.each(['DATA', 'RSET', 'QUIT'])('%s has none: 501, and nothing happens', async (verb) => {
    const all = await replies({}, ...TRANSACTION, `${verb} now`, `${verb} a b`, `${verb} `);
    expect(all.slice(-3)).toEqual([
      '501 5.5.4 unexpected argument now\r\n',
      '501 5.5.4 unexpected argument a b\r\n',
      expect.stringMatching({ DATA: /^354/, RSET: /^250/, QUIT: /^221/ }[verb] ?? /^$/),
    ]);
  });

  it('calls no hook for a command that is refused for its argument', async () => {
    const rig = new SmtpRig({
      hooks: { data: () => undefined, rset: () => undefined, quit: () => undefined },
    });
    const client = await rig.greeted();
    await client.commands(...TRANSACTION, 'DATA x', 'RSET x', 'QUIT x');
    expect(rig.hookNames).toEqual([]);
    await client.quit();
  });

  it('says first that a command is out of sequence', async () => {
    expect((await replies({}, 'EHLO c.example', 'DATA x')).at(-1)).toMatch(/^503/);
  });

  it.each(['NOOP', 'HELP'])('%s may have one', async (verb) => {
    expect((await replies({}, `${verb} what ever`))[0]).toMatch(/^2/);
  });
});

describe('VRFY', () => {
  it('is answered 252 at any time, and tells nothing', async () => {
    const all = await replies(
      {},
      'VRFY root',
      'EHLO c.example',
      'VRFY <a@b.example>',
      ...TRANSACTION.slice(1),
      'vrfy x',
    );
    for (const at of [0, 2, 5]) expect(all[at]).toBe('252 2.5.0 cannot VRFY user; send mail to find out\r\n');
    expect(await replies({}, 'VRFY')).toEqual(['501 5.5.2 missing argument\r\n']);
  });

  it('is what hook.unknown says where there is one', async () => {
    const hooks = { unknown: (_: unknown, line: unknown) => `502 5.5.1 not ${line}` };
    expect(await replies({ hooks }, 'VRFY root')).toEqual(['502 5.5.1 not VRFY root\r\n']);
  });

  it('does not count as unknown', async () => {
    const all = await replies({ options: { 'limit-unknown': '1' } }, ...Array(5).fill('VRFY root'), 'NOOP');
    expect(all.at(-1)).toMatch(/^250/);
  });
});

describe('HELP', () => {
  const verbs = (text: string | undefined): readonly string[] =>
    (text ?? '')
      .replace(/not implemented:.*\r\n.*\r\n/, '')
      .match(/\b[A-Z]{4,}\b/g)
      ?.filter((word) => word !== 'ESMTP') ?? [];
  const MAIL = ['DATA', 'EHLO', 'HELO', 'HELP', 'NOOP', 'MAIL', 'RCPT', 'RSET', 'QUIT', 'VRFY', 'BDAT'];
  const sorted = (all: readonly string[]): readonly string[] => [...all].sort();

  it('lists what this client may use now, and each of that is served', async () => {
    const auth = { auth: () => undefined };
    expect(sorted(verbs((await replies({}, 'EHLO c.example', 'HELP')).at(-1)))).toEqual(sorted(MAIL));
    expect(sorted(verbs((await replies({ hooks: auth }, 'EHLO c.example', 'HELP')).at(-1)))).toEqual(
      sorted(['AUTH', ...MAIL]),
    );
    expect(sorted(verbs((await replies({ hooks: auth }, 'HELO c.example', 'HELP')).at(-1)))).toEqual(
      sorted(MAIL),
    );
    const trusted = { 'smtp-xclient-hosts': '0.0.0.0/0 ::/0' };
    const all = [...MAIL, 'VERB', 'XCLIENT'];
    expect(sorted(verbs((await replies({ options: trusted }, 'HELP')).at(-1)))).toEqual(sorted(all));
    const off = { ...trusted, 'smtp-xclient': '-' };
    expect(sorted(verbs((await replies({ options: off }, 'HELP')).at(-1)))).toEqual(
      sorted([...MAIL, 'VERB']),
    );
    for (const verb of MAIL.filter((one) => one !== 'QUIT')) {
      expect((await replies({}, verb))[0], verb).not.toMatch(/^502/);
    }
  });
});

describe('MAIL and RCPT', () => {
  const asked: RigSettings['hooks'] = {
    mail: () => undefined,
    rcpt: () => undefined,
    forward: () => '250 ok',
  };

  it('ask the policy about domains of one label', async () => {
    const rig = new SmtpRig({ hooks: asked });
    const client = await rig.greeted();
    const all = await client.commands(
      'EHLO c.example',
      'MAIL FROM:<root@localhost>',
      'RCPT TO:<a@com>',
      'RCPT TO:<postmaster>',
    );
    expect(all.slice(1).map((text) => text.slice(0, 3))).toEqual(['250', '250', '250']);
    expect(rig.instance.calls).toEqual([
      ['mail', 'root@localhost', 'localhost'],
      ['rcpt', 'a@com', 'com'],
      ['rcpt', 'postmaster', ''],
    ]);
    await client.quit();
  });

  it('show the bare mailbox of a source route, and hook.forward what hook.rcpt got', async () => {
    const rig = new SmtpRig({ hooks: asked });
    const client = await rig.greeted();
    await client.commands(
      'EHLO c.example',
      'MAIL FROM:<@r.example:A@B.Example>',
      'RCPT TO:<@r.example,@s.example:X@Example.NET>',
      'DATA',
    );
    client.send('A: 1\r\n\r\n.\r\n');
    await client.reply();
    const calls = rig.instance.calls;
    expect(calls[0]).toEqual(['mail', 'A@B.Example', 'b.example']);
    expect(calls[1]).toEqual(['rcpt', 'X@Example.NET', 'example.net']);
    expect(calls[2]?.slice(2)).toEqual(['A@B.Example', ['X@Example.NET']]);
    await client.quit();
  });

  it.each([
    ['MAIL', '501 5.5.2'],
    ['MAIL FROM', '501 5.5.2'],
    ['MAIL FROM:', '501 5.5.2'],
    ['MAIL FROM<a@b.example>', '501 5.5.2'],
    ['MAIL FROM :<a@b.example>', '501 5.5.2'],
    ['MAIL x FROM:<a@b.example>', '501 5.5.2'],
    ['MAIL TO:<a@b.example>', '501 5.5.2'],
    ['MAIL FROM:a@b.example', '553 5.1.0'],
    ['MAIL FROM:Foo Bar <a@b.example>', '553 5.1.0'],
    ['MAIL FROM:<<a@b.example>>', '553 5.1.0'],
    ['MAIL FROM:<a b@b.example>', '553 5.1.7'],
    ['MAIL FROM:<a..b@b.example>', '553 5.1.7'],
    ['MAIL FROM:<a@>', '553 5.1.7'],
    ['MAIL FROM:<a@b.example.>', '553 5.1.7'],
    ['MAIL FROM:<a@b\xfc.example>', '553 5.6.7'],
    ['MAIL FROM:<a@b.example>x', '501 5.5.4'],
    ['MAIL FROM:<a@b.example>,<c@d.example>', '501 5.5.4'],
    ['MAIL FROM:<>>>', '501 5.5.4'],
    ['MAIL FROM:<a@b.example> SIZE=', '501 5.5.4'],
    ['MAIL FROM:<a@b.example> BODY=foo', '501 5.5.4'],
    ['MAIL FROM:<a@b.example> SIZE=1 SIZE=1', '501 5.5.4'],
    ['MAIL FROM:<a@b.example> REQUIRETLS', '555 5.5.4'],
    ['MAIL FROM:<a@b.example> AUTH=<>', '555 5.5.4'],
  ])('%s is %s, no hook is called and the next is taken', async (line, reply) => {
    const rig = new SmtpRig({ hooks: { mail: () => undefined } });
    const client = await rig.greeted();
    const all = await client.commands('EHLO c.example', line, 'MAIL FROM: <a@b.example> SIZE=1 ');
    expect(all[1]?.slice(0, 9)).toBe(reply);
    expect(all[2]).toBe('250 2.1.0 sender <a@b.example> OK\r\n');
    expect(rig.hookNames).toEqual(['mail']);
    await client.quit();
  });
});

describe('the numbers of doc/reference/errors.md', () => {
  const refused: RigSettings['hooks'] = {
    rcpt: (_: unknown, address: unknown) => (address === 'no@d.example' ? '550 5.1.1 no' : undefined),
  };
  it.each<[string, readonly string[], Readonly<Record<string, string>>?]>([
    ['E011', ['DATA']],
    ['E011', ['MAIL FROM:<a@b.example>', 'DATA']],
    ['E011', ['MAIL FROM:<a@b.example>', 'RCPT TO:<>', 'DATA']],
    ['E052', ['MAIL FROM:<a@b.example>', 'RCPT TO:<no@d.example>', 'DATA']],
    ['E012', ['MAIL FROM:']],
    ['E012', ['VRFY']],
    ['E013', ['MAIL <a@b.example>']],
    ['E013', ['MAIL TO:<a@b.example>']],
    ['E016', ['MAIL FROM:<a@b.example>x']],
    ['E016', ['MAIL FROM:<a@b.example> SIZE=x']],
    ['E016', ['MAIL FROM:<a@b.example> SIZE=1 SIZE=1']],
    ['E017', ['MAIL FROM:<a@b.example> REQUIRETLS']],
    ['E025', ['RSET x']],
    ['E030', ['MAIL FROM:<a@b.example']],
    ['E030', ['MAIL FROM:<<a@b.example>>']],
    ['E031', ['MAIL FROM:a@b.example']],
    ['E031', ['MAIL FROM:Foo <a@b.example>']],
    ['E032', ['MAIL FROM:<@b.example>']],
    ['E033', [`MAIL FROM:<${'a'.repeat(65)}@b.example>`], { 'rfc2821-local-length': '+' }],
    ['E034', [`MAIL FROM:<a@${'b.'.repeat(126)}exam>`]],
    ['E035', ['MAIL FROM:<a b@b.example>']],
    ['E035', ['MAIL FROM:<a..b@b.example>']],
    ['E036', ['MAIL FROM:<>', 'RCPT TO:<.a@b.example>']],
    ['E037', ['MAIL FROM:<a>'], { 'rfc2821-angle-brackets': '+' }],
    ['E038', ['MAIL FROM:<a@>']],
    ['E038', ['MAIL FROM:<a@b.example.>']],
    ['E038', [`MAIL FROM:<a@${'b'.repeat(64)}.example>`]],
    ['E039', ['MAIL FROM:<>', 'RCPT TO:<a@-b.example>']],
    ['E040', ['MAIL FROM:<>', 'RCPT TO:<>']],
    ['E041', ['MAIL FROM:<a@b\xfc.example>']],
  ])('%s for %j', async (number, lines, options = {}) => {
    const settings = { hooks: refused, options: { ...options, 'smtp-error-url': 'https://e.example/#' } };
    const all = await replies(settings, 'EHLO c.example', ...lines);
    expect(all.at(-1)).toContain(` https://e.example/#${number} `);
    const rows = readFileSync(join(import.meta.dirname, '../../../../doc/reference/errors.md'), 'utf8');
    const row = rows.split('\n').find((line) => line.startsWith(`| ${number} | `));
    expect(row?.split(' | ')[2]).toContain(`\`${all.at(-1)?.slice(0, 9)} `);
  });
});
