// Whatever a stranger sends and however he cuts it, what a reader holds of it is at most about twice its octets, and the time goes with the
// octets. Many small pieces, few large ones, and small parts of large chunks, for each reader of the process.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { Octets } from '../../src/base/octets.ts';
import { Pieces } from '../../src/base/pieces.ts';
import { DotFraming } from '../../src/message/framing/dot.ts';
import { OctetsFraming } from '../../src/message/framing/octets.ts';
import { HeaderList } from '../../src/message/header/header-list.ts';
import { type ContentSink, MessageReceiver } from '../../src/message/receiver.ts';
import { SpoolStore } from '../../src/message/spool.ts';
import { LineReader } from '../../src/net/line-reader.ts';
import { SpamdReplyReader } from '../../src/service/spamd-reply.ts';
import { ReplyParser } from '../../src/smtp/protocol/reply-parser.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function held(): number {
  collect();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

/** Octets that one reader is given. */
const OCTETS = 16_384;
/** Readers at once, so that what they hold stands out. */
const READERS = 32;
/** What the process uses for itself between two looks, and what a reader costs without a byte in it. */
const SLACK = 3_000_000;

/** A reader in a state where it has to keep what it is given. */
interface Kept {
  feed(chunk: Buffer): void;
}

const noLimits = { message: Number.POSITIVE_INFINITY, total: Number.POSITIVE_INFINITY };
const spools = new SpoolStore();

function receiver(hooks: 'none' | 'header' | 'body', begin: string): Kept {
  const sink: ContentSink = {
    content: undefined,
    header: hooks === 'header' ? () => 'on' : undefined,
    eoh: undefined,
    body: hooks === 'body' ? () => 1 : undefined,
  };
  // What goes to the spool is another reader's; here it is left out.
  const spool = spools.create('', 'x', noLimits);
  spool.append = () => undefined;
  const reader = new MessageReceiver(new DotFraming(), spool, new HeaderList(), sink, {
    size: 0,
    headers: 1e9,
  });
  void reader.feed(Buffer.from(begin));
  return { feed: (chunk) => void reader.feed(chunk) };
}

const readers: readonly (readonly [string, string, () => Kept])[] = [
  [
    'Octets',
    'x',
    () => ({
      feed: (
        (octets) => (chunk: Buffer) =>
          octets.add(chunk)
      )(new Octets()),
    }),
  ],
  [
    'Pieces',
    'x',
    () => ({
      feed: (
        (pieces) => (chunk: Buffer) =>
          pieces.add(chunk)
      )(new Pieces()),
    }),
  ],
  [
    'commands that wait for a hook',
    'NOOP\r\n',
    () => {
      const reader = new LineReader(4096);
      return { feed: (chunk) => reader.push(chunk) };
    },
  ],
  [
    'a command line without its end',
    'x',
    () => {
      const reader = new LineReader(1e6);
      return {
        feed: (chunk) => {
          reader.push(chunk);
          reader.next();
        },
      };
    },
  ],
  ...['x', 'x\n', '\r', '\n', '..\r\n', 'x'.repeat(70)].map((text): readonly [string, string, () => Kept] => [
    `a message of ${JSON.stringify(text.slice(0, 8))} in memory`,
    text,
    () => {
      const spool = spools.create('', 'x', noLimits);
      const reader = new MessageReceiver(
        new DotFraming(),
        spool,
        new HeaderList(),
        { content: undefined, header: undefined, eoh: undefined, body: undefined },
        { size: 0, headers: 1e9 },
      );
      void reader.feed(Buffer.from('\r\n'));
      return { feed: (chunk) => void reader.feed(chunk) };
    },
  ]),
  ...['x', '\r', '\n', '.\r\n'].map((text): readonly [string, string, () => Kept] => [
    `a message in chunks of BDAT, of ${JSON.stringify(text)}, in memory`,
    text,
    () => {
      const framing = new OctetsFraming();
      const sink = { content: undefined, header: undefined, eoh: undefined, body: undefined };
      const spool = spools.create('', 'x', noLimits);
      const reader = new MessageReceiver(framing, spool, new HeaderList(), sink, { size: 0, headers: 1e9 });
      const feed = (chunk: Buffer): void => {
        framing.begin(chunk.length, false);
        void reader.feed(chunk);
      };
      feed(Buffer.from('\r\n'));
      return { feed };
    },
  ]),
  ['headers without hook.header', 'a:\r\n', () => receiver('none', '')],
  ['a folded header for hook.header', ' \r\n', () => receiver('header', 'a: \r\n')],
  ['a header line without its end', 'a', () => receiver('none', '')],
  ['a body line without its end for hook.body', 'a', () => receiver('body', '\r\n')],
  [
    'a reply of the next hop',
    '250-a\r\n',
    () => {
      const parser = new ReplyParser();
      return {
        feed: (chunk) => {
          parser.push(chunk);
          parser.next();
        },
      };
    },
  ],
  [
    'the head of a reply of spamd',
    'a: b\r\n',
    () => {
      const reader = new SpamdReplyReader(true);
      return { feed: (chunk) => void reader.push(chunk) };
    },
  ],
];

/** How the octets are cut: sizes of the chunks, and of the buffer that each is a part of. */
const cuts: readonly (readonly [string, number, number])[] = [
  ['one octet each', 1, 1],
  ['7 octets', 7, 7],
  ['600 octets', 600, 600],
  ['16 KiB', 16_384, 16_384],
  ['100 octets of 8 KiB each', 100, 8192],
];

function chunksOf(text: string, size: number, whole: number): Buffer[] {
  const octets = Buffer.from(text.repeat(Math.ceil(OCTETS / text.length)).slice(0, OCTETS), 'latin1');
  const chunks: Buffer[] = [];
  for (let at = 0; at < octets.length; at += size) {
    // As the system gives them: memory of their own.
    const chunk = Buffer.allocUnsafeSlow(Math.max(whole, size)).subarray(
      0,
      Math.min(size, octets.length - at),
    );
    octets.copy(chunk, 0, at);
    chunks.push(chunk);
  }
  return chunks;
}

describe.each(readers)('%s', (_, text, make) => {
  it.each(cuts)('cut into %s', async (__, size, whole) => {
    // Content may be longer than what was sent: a bare LF becomes CRLF.
    const content = text === '\r' || text === '\n' ? 2 : text === 'x\n' ? 1.5 : 1;
    const before = held();
    const kept: Kept[] = [];
    for (let i = 0; i < READERS; i++) {
      const reader = make();
      for (const chunk of chunksOf(text, size, whole)) reader.feed(chunk);
      kept.push(reader);
    }
    const bound = 2 * content * OCTETS * READERS + SLACK;
    await expect.poll(() => held() - before).toBeLessThan(bound);
    expect(kept).toHaveLength(READERS);
  });
});

describe('input that waits', () => {
  it.each([
    ['read as lines', 'NOOP\r\n', (reader: LineReader) => reader.next().kind !== 'none'],
    ['taken as data', 'x', (reader: LineReader) => reader.take() !== undefined],
  ] as const)('%s costs the same for each octet, however much of it there is', (_, text, step) => {
    const octets = 262_144;
    const reader = new LineReader(4096);
    const all = Buffer.from(text.repeat(octets / text.length), 'latin1');
    const began = performance.now();
    for (let i = 0; i < all.length; i++) reader.push(Buffer.from(all.subarray(i, i + 1)));
    while (step(reader));
    // It was 80 s when each chunk taken moved all others.
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(reader.buffered).toBe(0);
  });
});
