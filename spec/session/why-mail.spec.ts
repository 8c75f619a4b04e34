// What `smtpe why` finds of what a real session has logged: every recipient, however many there are, and every MAIL that was refused, whether it has
// become a transaction or not. The table is that of doc/log.md.
import { expect, it } from 'vitest';
import { Finder, type Story } from '../../src/observe/why/finder.ts';
import { type ReadRecord, readLogLine } from '../../src/observe/why/log-record.ts';
import { readWhyWords } from '../../src/observe/why/query.ts';
import { storyText } from '../../src/observe/why/story-text.ts';
import { formatLine } from '../../src/ops/log-line.ts';
import { type RigSettings, SmtpRig } from '../fakes/smtp-rig.ts';

const recordsOf = (rig: SmtpRig): readonly ReadRecord[] =>
  rig.log.lines.flatMap(
    ({ fields, level, message }) => readLogLine(formatLine({ time: 0, level, message, fields }, 1)) ?? [],
  );

function found(records: readonly ReadRecord[], word: string): readonly Story[] {
  const stories: Story[] = [];
  const finder = new Finder(readWhyWords([word, 'x'], 0).query, (story) => stories.push(story));
  for (const record of records) finder.take(record);
  finder.end();
  return stories;
}

async function dialogue(settings: RigSettings, lines: readonly string[]): Promise<SmtpRig> {
  const rig = new SmtpRig(settings);
  const client = await rig.greeted();
  for (const line of lines) await client.command(line);
  await client.quit();
  return rig;
}

const FROM = 'MAIL FROM:<a@b.example>';
const no = () => '550 5.7.1 no';

it.each([
  ['MAIL is answered 250', {}, ['EHLO c', FROM], 'mail'],
  ['a hook refuses MAIL', { hooks: { mail: no } }, ['EHLO c', FROM], 'mail'],
  ['every RCPT is refused', { hooks: { rcpt: no } }, ['EHLO c', FROM, 'RCPT TO:<c@d.example>'], 'mail'],
  ['MAIL has a parameter that is none', {}, ['EHLO c', `${FROM} NOTHING=1`], 'refusal'],
  ['MAIL has more behind its path', {}, ['EHLO c', `${FROM} and more`], 'refusal'],
  ['MAIL comes before EHLO', {}, [FROM], 'refusal'],
  ['MAIL is said twice', {}, ['EHLO c', 'MAIL FROM:<x@b.example>', FROM], 'mail'],
] as const)('by its sender: %s', async (_, settings, lines, kind) => {
  const records = recordsOf(await dialogue(settings as RigSettings, lines));
  expect(found(records, 'from=a@b.example').map((story) => story.kind)).toEqual([kind]);
  expect(found(records, 'from=z@b.example')).toEqual([]);
});

it('each of a thousand recipients, and those that were refused', async () => {
  const rig = new SmtpRig({
    options: { 'smtp-default-at-dot': '250', 'limit-recipients': '2000', 'limit-commands': '0' },
    hooks: { rcpt: (_, to) => (String(to).startsWith('no') ? '550 5.1.1 no such user' : undefined) },
  });
  const client = await rig.greeted();
  await client.command('EHLO c.example');
  await client.command(FROM);
  const names = Array.from({ length: 1000 }, (_, i) => `${i % 250 === 7 ? 'no' : 'user'}${i}@d.example`);
  client.send(names.map((name) => `RCPT TO:<${name}>\r\n`).join(''));
  for (let i = 0; i < names.length; i++) await client.reply();
  await client.command('DATA');
  client.send('Subject: x\r\n\r\nx\r\n.\r\n');
  await client.reply();
  await client.quit();
  const records = recordsOf(rig);
  for (const name of names) {
    const stories = found(records, `to=${name}`);
    expect(stories.length, name).toBe(1);
    const [story] = stories;
    if (story?.kind !== 'mail') throw new Error(`${name}: no mail`);
    const row = story.mail.to.find(({ to }) => to === name);
    expect(row?.status, name).toBe(name.startsWith('no') ? '550' : '250');
    if (name === names[999]) {
      expect(story.mail.to.length).toBe(1000);
      expect(storyText(story)).not.toContain('does not name');
    }
  }
  const lines = rig.log.lines.filter(({ message }) => message === 'recipients');
  expect(lines.length).toBe(9);
  for (const { fields, level, message } of rig.log.lines)
    expect(formatLine({ time: 0, level, message, fields }, 1).length).toBeLessThan(8192);
});
