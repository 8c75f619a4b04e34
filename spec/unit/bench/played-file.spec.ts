// A session in a file: chunks of BDAT (RFC 3030) that end anywhere, within a line too, and the commands behind them.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readPlayedFile } from '../../../src/bench/play/played-file.ts';
import { Seeded } from '../../fakes/seeded.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-played-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function stepsOf(text: string): Promise<readonly string[]> {
  const path = join(directory, 'session.txt');
  await writeFile(path, text, 'latin1');
  const file = await readPlayedFile(path);
  if (file.kind !== 'session') throw new Error(file.kind);
  return file.steps.map((step) => `${step.kind} ${step.text}`);
}

it.each([
  ['at the end of a line', 'BDAT 7\r\nhello\r\nNOOP\r\n', ['line BDAT 7', 'octets hello\r\n', 'line NOOP']],
  ['at the end of a line of LF', 'BDAT 7\nhello\nNOOP\n', ['line BDAT 7', 'octets hello\r\n', 'line NOOP']],
  ['within a line', 'BDAT 3\r\nhelNOOP\r\n', ['line BDAT 3', 'octets hel', 'line NOOP']],
  ['before the line end', 'BDAT 5\r\nhello\r\nNOOP\r\n', ['line BDAT 5', 'octets hello', 'line NOOP']],
  ['between CR and LF', 'BDAT 6\r\nhello\r\nNOOP\r\n', ['line BDAT 6', 'octets hello\r', 'line NOOP']],
  [
    'within a line, and another one behind it',
    'BDAT 3\r\nhelBDAT 4 LAST\r\nlo\r\nQUIT\r\n',
    ['line BDAT 3', 'octets hel', 'line BDAT 4 LAST', 'octets lo\r\n', 'line QUIT'],
  ],
  ['with marks', 'C: BDAT 3\nC: hel\nC: NOOP\n', ['line BDAT 3', 'octets hel', 'line NOOP']],
])('a chunk that ends %s', async (_where, text, steps) => {
  expect(await stepsOf(`${text.startsWith('C:') ? 'C: ' : ''}EHLO a\r\n${text}`)).toEqual([
    'line EHLO a',
    ...steps,
  ]);
});

it('a message in chunks of any size, as it was on the wire, is the same octets', async () => {
  const message = 'Subject: x\r\n\r\nhello\r\n.dot\r\n\r\nBDAT 3\r\nQUIT\r\n';
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Seeded(seed);
    let wire = '';
    let commands = 0;
    for (let at = 0; at < message.length; commands++) {
      let end = Math.min(message.length, at + 1 + random.below(12));
      // What stands between CR and LF cannot be told from lines of a text.
      if (message[end] === '\n') end += 1;
      wire += `BDAT ${end - at}${end === message.length ? ' LAST' : ''}\r\n${message.slice(at, end)}`;
      at = end;
    }
    const steps = await stepsOf(`EHLO a\r\n${wire}NOOP\r\n`);
    const octets = steps.flatMap((step) =>
      step.startsWith('octets ') ? [step.slice('octets '.length)] : [],
    );
    expect([seed, octets.join(''), octets.length, steps.at(-1)]).toEqual([
      seed,
      message,
      commands,
      'line NOOP',
    ]);
  }
});
