// Nobody can tell by which command a message came: for any content, however it is cut into the chunks of BDAT and these into segments of the
// connection, the hooks, the file, the headers and the next hop have what DATA would give, and the client hears the same in the end.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/bench/ports/clock.ts';
import type { HookName } from '../../src/policy/hook-table.ts';
import type { FakeHooks } from '../fakes/fake-policy.ts';
import { SmtpRig } from '../fakes/smtp-rig.ts';

const OPEN = 'EHLO c.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n';
const names: readonly HookName[] = [
  'data',
  'content',
  'header',
  'eoh',
  'body',
  'dot',
  'forward',
  'reset',
  'out_seq',
  'unknown',
];

/** Hooks that only look; one of them says no to what has a certain word in it. */
const hooks: FakeHooks = Object.fromEntries(
  names.map((name) => [
    name,
    (_: unknown, text: unknown) =>
      (name === 'header' || name === 'body') && String(text).includes('refuse') ? '550 5.7.1 no' : undefined,
  ]),
);

interface Seen {
  readonly last: string;
  readonly calls: readonly string[];
  readonly content: string;
  readonly forwarded: readonly string[];
  /** client.message_length, but for the end that a last line was given. */
  readonly length: unknown;
}

/** What comes of the segments, which end with QUIT. */
async function serve(segments: readonly string[], options: Readonly<Record<string, string>>): Promise<Seen> {
  const forwarded: string[] = [];
  const rig = new SmtpRig({
    clock: new FakeClock(),
    hooks,
    options: { 'limit-small-chunks': '0', ...options },
    smartHost: async ({ message, eightBit }) => {
      const parts: Buffer[] = [];
      if (message !== undefined) for await (const part of message.read()) parts.push(part);
      forwarded.push(`${eightBit} ${Buffer.concat(parts).toString('latin1')}`);
      return { kind: 'delivered', host: 'next', code: 250, text: '250 ok', rcpts: [] };
    },
  });
  const client = await rig.greeted();
  client.send(...segments.filter((text) => text !== ''));
  const replies = (await client.rest()).split('\r\n').filter((line) => /^\d{3} /.test(line));
  client.stream.end();
  await client.over;
  expect([rig.server.sessions, rig.spools.size]).toEqual([0, 0]);
  const { calls } = rig.instance;
  return {
    last: replies.at(-2) ?? '',
    calls: calls.filter(([name]) => name !== 'content').map((call) => JSON.stringify(call.map(String))),
    content: calls.flatMap(([name, text]) => (name === 'content' ? [String(text)] : [])).join(''),
    forwarded,
    length: rig.instance.client.message_length,
  };
}

/** `text` cut at the places. */
function cut(text: string, places: readonly number[]): string[] {
  const at = [0, ...places.map((n) => n % (text.length + 1)).sort((a, b) => a - b), text.length];
  return at.slice(1).map((end, i) => text.slice(at[i], end));
}

function byChunks(text: string, chunks: readonly number[]): string {
  const all = cut(text, chunks);
  const wire = all.map((one, i) => `BDAT ${one.length}${i === all.length - 1 ? ' LAST' : ''}\r\n${one}`);
  return `${OPEN}${wire.join('')}QUIT\r\n`;
}

/** The same as one who knows DATA would send it. */
function byData(text: string): string {
  const lines = text.replace(/\r{1,16}\n|\r|\n/g, '\r\n');
  const whole = lines === '' || lines.endsWith('\r\n') ? lines : `${lines}\r\n`;
  return `${OPEN}DATA\r\n${`\r\n${whole}`.replace(/\r\n\./g, '\r\n..').slice(2)}.\r\nQUIT\r\n`;
}

const part = fc.constantFrom(
  ...[
    '\r\n',
    '\r\n',
    '\r\n\r\n',
    '\r',
    '\n',
    '.',
    '\r\n.\r\n',
    ' ',
    '\t',
    'A: 1\r\n',
    'Received: x\r\n',
    'Subject: hello\r\n',
  ],
  ...['x'.repeat(90), '\0', '\xff', ':', 'From ', 'refuse', 'QUIT\r\n', 'BDAT 5 LAST\r\n', 'RSET\r\n'],
);
const content = fc.array(part, { maxLength: 30 }).map((parts) => parts.join(''));
const places = fc.array(fc.nat(5000), { maxLength: 12 });
const options = fc.constantFrom<Readonly<Record<string, string>>>(
  {},
  { 'smtp-max-size': '500' },
  { 'limit-header-bytes': '1000', 'limit-received': '2' },
  { 'smtp-bare-newline': 'reject' },
);

describe('a message in chunks', () => {
  it('is what it would be by DATA', async () => {
    await fc.assert(
      fc.asyncProperty(content, places, places, options, async (text, chunks, segments, limits) => {
        // Whoever makes line ends of what is bare has nothing bare to be refused for.
        fc.pre(limits['smtp-bare-newline'] === undefined || !/\r(?!\n)|(?<!\r)\n/.test(text));
        const wire = byChunks(text, chunks);
        const data = await serve([byData(text)], limits);
        const inChunks = await serve(cut(wire, segments), limits);
        const added = text === '' || /[\r\n]$/.test(text) ? 0 : 2;
        const { length, last, calls, content: shown, forwarded } = inChunks;
        const refusedEarly = /^(552|554)/.test(last) || /^503/.test(last);
        if (refusedEarly) {
          // A limit is said at its chunk, and what comes behind is out of sequence.
          expect(data.last.slice(0, 3)).toMatch(/^55[24]$/);
          expect([forwarded, data.forwarded]).toEqual([[], []]);
          return;
        }
        expect({ last, calls, content: shown, forwarded }).toEqual({
          last: data.last,
          calls: data.calls,
          content: data.content,
          forwarded: data.forwarded,
        });
        if (data.length !== undefined) expect(Number(length) + added).toBe(Number(data.length));
      }),
      { numRuns: 400 },
    );
  });
});
