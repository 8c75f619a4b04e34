import { afterEach, describe, expect, it } from 'vitest';
import {
  LENIENT,
  type LenienceSpec,
  lenienceNames,
  lenienceOf,
  lenienceTable,
  STRICT,
} from '../../../../src/smtp/protocol/lenience.ts';
import { SmtpRig } from '../../../fakes/smtp-rig.ts';
import { WholeServer } from '../../../fakes/whole-server.ts';

/** The reply to the line where it belongs in a session. */
async function replyTo(line: string, options: Readonly<Record<string, string>>): Promise<string> {
  const client = await new SmtpRig({ options }).greeted();
  await client.commands('EHLO c.example', ...(line.startsWith('MAIL') ? [] : ['MAIL FROM:<s@example.com>']));
  const reply = await client.command(line);
  await client.quit();
  return reply;
}

describe('smtp-lenient', () => {
  it.each(lenienceNames.map((name) => [name, lenienceTable[name]] as const))(
    '%s: refused without it, taken with it, refused by the option that wins',
    async (_, spec: LenienceSpec) => {
      expect(await replyTo(spec.example, {})).toMatch(/^5(?:01|53|55) 5\.\d\.\d /);
      expect(await replyTo(spec.example, { 'smtp-lenient': '+' })).toMatch(/^250 2\./);
      if (spec.unless !== undefined) {
        expect(await replyTo(spec.example, { 'smtp-lenient': '+', [spec.unless]: '+' })).toMatch(/^5/);
      }
      for (const other of ['smtp-strict-commands', 'rfc2821-angle-brackets'] as const) {
        if (other === spec.unless) continue;
        expect(await replyTo(spec.example, { 'smtp-lenient': '+', [other]: '+' })).toMatch(/^250 /);
      }
    },
  );

  it.each([
    'MAIL FROM:<a@example.com> REQUIRETLS',
    'MAIL FROM:<a@example.com> SMTPUTF8',
    'MAIL FROM:<a@example.com> BODY=BINARYMIME',
    'MAIL FROM:<a@example.com> BODY=foo',
    'MAIL FROM:<a@example.com> FOO=BAR',
    'MAIL FROM:Foo Bar <a@example.com>',
    'MAIL SAVE:<a@example.com>',
    'MAIL a:b@example.com',
    'RCPT user:name@example.com',
    'MAIL FROM:<a@example.com>garbage',
    'MAIL FROM:<a@example.com>>>',
    'RCPT TO:b@example.com c@example.com',
    'RCPT TO:<b@example.com>,<c@example.com>',
    'RCPT TO:<b@example.com> <c@example.com>',
    'RCPT TO:<b@example.com>x',
    'RCPT TO:<b@>',
    'RCPT TO:<b@.example.com>',
    'RCPT TO:<b@\xfc.example>',
  ])('never lets through: %s', async (line) => {
    expect(await replyTo(line, { 'smtp-lenient': '+' })).toMatch(/^5/);
  });

  it('is off by default', () => {
    const off = { 'smtp-lenient': false, 'smtp-strict-commands': false, 'rfc2821-angle-brackets': false };
    expect(lenienceOf(off)).toBe(STRICT);
    expect(lenienceOf({ ...off, 'smtp-lenient': true })).toBe(LENIENT);
  });
});

describe('a policy', () => {
  let server: WholeServer;
  afterEach(() => server.stop());

  it('lets it through for some clients only', async () => {
    server = await WholeServer.start({
      policy: `
        function hook.accept(ip)
          if net.contains_ip('192.0.2.0/24', ip) then smtpe.setoption('smtp-lenient', '+') end
        end
        function hook.forward(path, sender, rcpts) return '250 ' .. sender .. ' ' .. table.concat(rcpts, ' ') end`,
    });
    const said = async (address: string): Promise<readonly string[]> => {
      const client = server.inMemory(address);
      await client.reply();
      const all = [
        ...(await client.commands(
          'EHLO c.example',
          'MAIL FROM:a..b@Example.com.',
          'RCPT TO:<c@Example.org> NOTIFY=NEVER',
        )),
      ];
      if (all.at(-1)?.startsWith('250') === true)
        all.push(...(await client.commands('DATA', 'A: 1\r\n\r\n.')));
      await client.quit();
      return all.slice(1).map((text) => text.trimEnd());
    };
    expect(await said('192.0.2.1')).toEqual([
      '250 2.1.0 sender <a..b@Example.com> OK',
      '250 2.1.0 recipient <c@example.org> OK',
      expect.stringMatching(/^354/),
      '250 a..b@Example.com c@Example.org',
    ]);
    expect((await said('198.51.100.1'))[0]).toMatch(/^553/);
  });
});
