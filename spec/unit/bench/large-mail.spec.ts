// Mail that is large or strange where the bench itself reads it: the file that is traced, and the next hop that takes it. The time it takes grows as its
// size does: each of these took minutes, or overflowed the stack, when it did not.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { envelopeOf } from '../../../src/bench/play/play-file.ts';
import { readPlayedFile } from '../../../src/bench/play/played-file.ts';
import { ScriptedHop, type TakenMessage } from '../../../src/bench/ports/scripted-hop.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-large-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('a file that is traced', () => {
  it.each([
    ['empty lines', '\n'.repeat(8_000_000), 'message'],
    ['comments', `${'#\r\n'.repeat(2_000_000)}EHLO x\n`, 'session'],
    ['no line end', `To: x@example.com ${' '.repeat(8_000_000)}`, 'message'],
  ])('is told by its first line behind %s', async (_, text, kind) => {
    const path = join(directory, 'large.eml');
    await writeFile(path, text, 'latin1');
    expect((await readPlayedFile(path)).kind).toBe(kind);
  });

  it.each([
    ['spaces without a colon', ' '.repeat(1_000_000)],
    ['spaces before a colon', `${' '.repeat(1_000_000)}: x`],
    ['no end of the header', 'y'.repeat(8_000_000)],
  ])('has its envelope from a header with %s', (_, text) => {
    const envelope = envelopeOf(`To: x@example.com\nX${text}`, undefined, []);
    expect(envelope?.recipients).toEqual(['x@example.com']);
  });
});

/** What a next hop has taken of what it was sent, and in pieces of this size. */
async function takenOf(lines: readonly string[], content: string, size: number): Promise<TakenMessage> {
  const [client, server] = duplexPair();
  client.resume();
  const taken = new Promise<TakenMessage>((resolve) => {
    new ScriptedHop({}, server, { lmtp: false, taken: resolve });
  });
  const octets = Buffer.from(
    `${lines.map((line) => `${line}\r\n`).join('')}DATA\r\n${content}.\r\n`,
    'latin1',
  );
  for (let at = 0; at < octets.length; at += size) client.write(octets.subarray(at, at + size));
  const message = await taken;
  client.end();
  return message;
}

describe('the next hop of a case', () => {
  const envelope = ['MAIL FROM:<a@b.example>', 'RCPT TO:<x@example.com>'];

  it.each([1, 2, 3, 4, 5, 7, 1000])('finds the end of the content in pieces of %i octets', async (size) => {
    for (const content of ['', 'x\r\n', '\r\n', 'a.\r\n..b\r\n..\r\n', '\r\r\n\n.\r\r\n'])
      expect((await takenOf(envelope, content, size)).data.toString('latin1')).toBe(
        content.replaceAll(/(^|\r\n)\./g, '$1'),
      );
  });

  it('takes many pieces in the time of their size', async () => {
    const content = `${'y'.repeat(70)}\r\n`.repeat(400_000);
    expect((await takenOf(envelope, content, 16_384)).data.length).toBe(content.length);
  });

  it.each(['"a>b"@example.com', '"<\\">"@example.com', 'x@example.com'])('knows %s', async (path) => {
    const { recipients } = await takenOf(
      [envelope[0] ?? '', `RCPT TO:<${path}> NOTIFY=NEVER`],
      'x\r\n',
      1000,
    );
    expect(recipients).toEqual([path]);
  });
});
