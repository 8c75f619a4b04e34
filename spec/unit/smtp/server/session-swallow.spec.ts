// A command that is refused although octets of its own follow it (as those of BDAT do, RFC 3030 section 2): they are never commands.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../../src/bench/ports/clock.ts';
import { type Command, command } from '../../../../src/smtp/server/command.ts';
import { commands } from '../../../../src/smtp/server/commands/index.ts';
import { turns } from '../../../fakes/session-at-rest.ts';
import { SmtpRig } from '../../../fakes/smtp-rig.ts';

/** `TAKE 12` is always refused, with the 12 octets behind its line. */
const take: Command = command<undefined>({
  verb: 'TAKE',
  phases: ['refused', 'greeted', 'hello'],
  hook: undefined,
  parse: (line) => ({ kind: 'refuse', error: 'outOfSequence', swallow: Number(line.argument) }),
  args: () => [],
  reply: () => ({ code: 250, text: '250 never\r\n' }),
});
const table = commands as Map<string, Command>;
beforeEach(() => void table.set(take.verb, take));
afterEach(() => void table.delete(take.verb));

/** Code and first word of each reply. */
const codes = (text: string): string =>
  text
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) => line.slice(0, 3))
    .join(' ');

const WIRE = 'TAKE 14\r\nRSET\r\nMAIL\r\n.\nNOOP\r\nTAKE 0\r\nTAKE 1\r\nxEHLO c.example\r\nQUIT\r\n';

describe('octets behind a refused command', () => {
  it.each(Array.from(WIRE, (_, i) => i))(
    'are thrown away before the refusal goes out, cut at %i',
    async (at) => {
      const rig = new SmtpRig();
      const client = await rig.greeted();
      client.send(WIRE.slice(0, at));
      await turns();
      client.send(WIRE.slice(at));
      const text = await client.rest();
      client.stream.end();
      await client.over;
      expect(codes(text).replace(/250( 250)+/g, '250')).toBe('503 250 503 503 250 221');
      expect(
        rig.log.lines.map(({ fields }) => fields.command).filter((command) => command !== undefined),
      ).toEqual(['TAKE 14', 'TAKE 0', 'TAKE 1']);
    },
  );

  it('are no commands of a client that is not welcome either', async () => {
    const rig = new SmtpRig({ hooks: { accept: () => '554 5.7.1 no' } });
    const client = rig.connect();
    await client.reply();
    client.send('TAKE 6\r\nQUIT\r\nNOOP\r\n');
    expect([await client.reply(), await client.reply()].map(codes)).toEqual(['503', '503']);
    expect(codes(await client.quit())).toBe('221');
  });

  it('are waited for no longer than data, and there is no reply to the command', async () => {
    const clock = new FakeClock();
    const rig = new SmtpRig({ clock, options: { 'smtp-data-timeout': '20', 'smtp-command-timeout': '100' } });
    const client = await rig.greeted();
    client.send('TAKE 6\r\nQUIT');
    await turns();
    clock.advance(20_000);
    expect(codes(await client.rest())).toBe('421');
    client.stream.end();
    await client.over;
  });
});
