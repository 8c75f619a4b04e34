// What BDAT costs: no more than DATA for the same message, and no more for each octet however small the chunks are.
import { describe, expect, it } from 'vitest';
import { SmtpRig } from '../fakes/smtp-rig.ts';
import { least, processorTime } from './mime-messages.ts';

const OPEN = 'EHLO c.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n';
const MAIL = 'MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n';

function contentOf(bytes: number): string {
  const line = `${'The quick brown fox jumps over the lazy dog. '.repeat(2).slice(0, 76)}\r\n`;
  return `Subject: x\r\n\r\n${line.repeat(Math.ceil(bytes / line.length))}`;
}

/** As the network hands it over. */
function segments(wire: Buffer): Buffer[] {
  const all: Buffer[] = [];
  for (let at = 0; at < wire.length; at += 65_536) all.push(wire.subarray(at, at + 65_536));
  return all;
}

/** Sends all of it, and reads until the last reply has come. Milliseconds of processor time. */
async function serve(
  wire: Buffer,
  options: Readonly<Record<string, string>> = {},
): Promise<{ ms: number; last: string; taken: number }> {
  const rig = new SmtpRig({
    hooks: { forward: () => '250 2.0.0 taken' },
    options: {
      'limit-commands': '0',
      'spool-memory': '60000000',
      'spool-memory-total': '100000000',
      ...options,
    },
  });
  const client = await rig.greeted();
  let rest = '';
  const ms = await processorTime(async () => {
    client.send(...segments(wire));
    rest = await client.rest();
  });
  client.stream.end();
  await client.over;
  return { ms, last: rest.slice(-400), taken: rest.split('250 2.0.0 taken').length - 1 };
}

function byData(content: string, messages: number): Buffer {
  const one = `${MAIL}DATA\r\n${content}.\r\n`;
  return Buffer.from(`EHLO c.example\r\n${one.repeat(messages)}QUIT\r\n`, 'latin1');
}

function byChunks(content: string, size: number, messages: number): Buffer {
  const chunks: string[] = [];
  for (let at = 0; at < content.length; at += size) {
    const chunk = content.slice(at, at + size);
    chunks.push(`BDAT ${chunk.length}${at + size >= content.length ? ' LAST' : ''}\r\n${chunk}`);
  }
  return Buffer.from(`EHLO c.example\r\n${`${MAIL}${chunks.join('')}`.repeat(messages)}QUIT\r\n`, 'latin1');
}

describe('BDAT takes no more processor time than DATA', () => {
  it.each([
    ['1000 messages of 2 KB', 2000, 1_000_000, 1000],
    ['a message of 40 MB', 40_000_000, 100_000_000, 1],
    ['a message of 40 MB in chunks of 1 MiB', 40_000_000, 1_048_576, 1],
  ])('%s', async (name, bytes, size, messages) => {
    const content = contentOf(bytes);
    const [data, chunks] = [byData(content, messages), byChunks(content, size, messages)];
    const ours: number[] = [];
    const theirs: number[] = [];
    const several = async (wire: Buffer): Promise<number> => {
      let sum = 0;
      for (let i = 0; i < 5; i++) {
        const { ms, taken } = await serve(wire);
        expect(taken).toBe(messages);
        sum += ms;
      }
      return sum;
    };
    for (let round = 0; round < 5; round++) {
      theirs.push(await several(data));
      ours.push(await several(chunks));
    }
    const ratio = least(ours) / least(theirs);
    if (process.env.SMTPE_SHOW !== undefined) console.log(name, ratio.toFixed(2), least(theirs).toFixed(1));
    // Others use the machine too.
    expect(ratio).toBeLessThanOrEqual(1.4);
  });
});

describe('small chunks', () => {
  const wire = (count: number, chunk: string): Buffer =>
    Buffer.from(`${OPEN}BDAT 2\r\n\r\n${chunk.repeat(count)}BDAT 1 LAST\r\nxQUIT\r\n`, 'latin1');

  it.each([
    ['of an octet', 'BDAT 1\r\nx'],
    ['of nothing', 'BDAT 0\r\n'],
    ['of a CR', 'BDAT 1\r\n\r'],
    ['of half a line end', 'BDAT 2\r\na\rBDAT 1\r\n\n'],
  ])('%s take linear time: ten times as many take ten times as long', async (_, chunk) => {
    const options = { 'limit-small-chunks': '0' };
    const some: number[] = [];
    const many: number[] = [];
    for (let round = 0; round < 3; round++) {
      some.push((await serve(wire(5000, chunk), options)).ms);
      const { ms, last } = await serve(wire(50_000, chunk), options);
      expect(last).toContain('250 2.0.0 taken');
      many.push(ms);
    }
    expect(least(many)).toBeLessThanOrEqual(20 * least(some));
  });

  it.each(['BDAT 0\r\n', 'BDAT 1\r\nx'])('are no more than limit-small-chunks: %j', async (chunk) => {
    const { last } = await serve(wire(50_000, chunk));
    expect(last).toMatch(/421 4\.7\.0 too many small chunks\r\n$/);
  });
});
