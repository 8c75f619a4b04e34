import { describe, expect, it } from 'vitest';
import {
  LENIENT,
  type LenienceSpec,
  lenienceNames,
  lenienceOf,
  lenienceTable,
  STRICT,
} from '../../../../src/smtp/protocol/lenience.ts';
import { SmtpRig } from '../../../fakes/smtp-rig.ts';

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
