import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SliceBatch } from '../../../../src/lua-api/value.ts';
import { DotFraming } from '../../../../src/message/framing/dot.ts';
import type { Framing } from '../../../../src/message/framing/framing.ts';
import { OctetsFraming } from '../../../../src/message/framing/octets.ts';
import { HeaderList } from '../../../../src/message/header/header-list.ts';
import { type ContentSink, MessageReceiver } from '../../../../src/message/receiver.ts';
import { SpoolStore } from '../../../../src/message/spool.ts';

/** The rules, stated as simply as possible on the whole text: what DATA makes of line ends, and an end of the last line. */
function normal(text: string): string {
  const lines = text.replace(/\r{1,16}\n|\r|\n/g, '\r\n');
  return lines === '' || lines.endsWith('\r\n') ? lines : `${lines}\r\n`;
}
const bareOf = (text: string): number => (text.match(/\r(?!\n)|(?<!\r)\n/g) ?? []).length;

/** `text` cut at the places. */
function cut(text: string, places: readonly number[]): string[] {
  const at = [0, ...places.map((n) => Math.min(n, text.length)).sort((a, b) => a - b), text.length];
  return at.slice(1).map((end, i) => text.slice(at[i], end));
}

/** Feeds segments as a session does, which takes no more than is wanted. */
function feeder(
  framing: OctetsFraming,
  segments: readonly string[],
  feed: (bytes: Buffer) => string,
): (size: number, last: boolean) => void {
  const waiting = segments.map((text) => Buffer.from(text, 'latin1')).filter((bytes) => bytes.length > 0);
  return (size, last) => {
    framing.begin(size, last);
    const said: string[] = [];
    if (size === 0) said.push(feed(Buffer.alloc(0)));
    while (framing.wanted > 0) {
      const segment = waiting.shift();
      if (segment === undefined) throw new Error('more wanted than there is');
      const part = segment.subarray(0, framing.wanted);
      if (part.length < segment.length) waiting.unshift(segment.subarray(part.length));
      said.push(feed(part));
    }
    expect(said.slice(0, -1).every((one) => one === 'more')).toBe(true);
    expect(said.at(-1)).toBe(last ? 'end' : 'chunk');
  };
}

interface Read {
  readonly pieces: readonly string[];
  readonly bare: number;
  readonly added: number;
}

/** The chunks of BDAT, the last with LAST, over segments of the connection. */
function read(chunks: readonly string[], segments: readonly string[] = [chunks.join('')]): Read {
  const framing = new OctetsFraming();
  const pieces: string[] = [];
  const chunk = feeder(framing, segments, (bytes) => {
    const progress = framing.feed(bytes, 0, (piece) => pieces.push(piece.toString('latin1')));
    if (progress.kind !== 'more') expect(progress.next).toBe(bytes.length);
    return progress.kind;
  });
  for (const [i, text] of chunks.entries()) chunk(text.length, i === chunks.length - 1);
  return { pieces, bare: framing.bareNewlines, added: framing.added };
}

describe('OctetsFraming', () => {
  it.each([
    ['nothing', '', '', 0],
    ['lines', 'a\r\nb\r\n', 'a\r\nb\r\n', 0],
    ['no end of the last line', 'a\r\nb', 'a\r\nb\r\n', 2],
    ['dots', '.\r\n..\r\na\r\n.\r\n', '.\r\n..\r\na\r\n.\r\n', 0],
    ['a smuggled end', 'a\r\n.\r\nMAIL FROM:<x@y>\r\n', 'a\r\n.\r\nMAIL FROM:<x@y>\r\n', 0],
    ['a bare LF', 'a\nb\r\n', 'a\r\nb\r\n', 0],
    ['a bare LF at the end', 'a\n', 'a\r\n', 0],
    ['a bare CR', 'a\rb\r\n', 'a\r\nb\r\n', 0],
    ['a bare CR at the end', 'a\r', 'a\r\n', 0],
    ['a bare CR at the start', '\ra', '\r\na\r\n', 2],
    ['several CRs before an LF', 'a\r\r\r\nb', 'a\r\nb\r\n', 2],
    ['too many of them', `a${'\r'.repeat(18)}\n`, 'a\r\n\r\n\r\n', 0],
    ['NUL and 8-bit octets', '\0\xff\r\n', '\0\xff\r\n', 0],
  ])('reads %s in every cutting into two chunks and three segments', (_, text, content, added) => {
    for (let a = 0; a <= text.length; a++) {
      for (let b = 0; b <= text.length; b++) {
        const result = read([text.slice(0, a), text.slice(a)], cut(text, [b, Math.min(b + 1, text.length)]));
        expect(result.pieces.join('')).toBe(content);
        expect([result.bare, result.added]).toEqual([bareOf(text), added]);
      }
    }
  });

  it('leaves alone what is behind its octets', () => {
    const framing = new OctetsFraming();
    framing.begin(3, false);
    const pieces: string[] = [];
    const emit = (piece: Buffer): void => void pieces.push(piece.toString('latin1'));
    // The LF behind the CR is no content.
    expect(framing.feed(Buffer.from('xxab\r\nQUIT\r\n'), 2, emit)).toEqual({ kind: 'chunk', next: 5 });
    expect([pieces.join('|'), framing.wanted]).toEqual(['ab', 0]);
    framing.begin(1, true);
    expect(framing.feed(Buffer.from('\nQUIT\r\n'), 0, emit)).toEqual({ kind: 'end', next: 1 });
    expect([pieces.join('|'), framing.bareNewlines]).toEqual(['ab|\r\n', 0]);
  });

  it('hands large pieces on as they came, without copying, lines with dots among them', () => {
    const framing = new OctetsFraming();
    const bytes = Buffer.from('.x\r\n'.repeat(1000));
    const pieces: Buffer[] = [];
    framing.begin(bytes.length, true);
    expect(framing.feed(bytes, 0, (piece) => pieces.push(piece))).toEqual({
      kind: 'end',
      next: bytes.length,
    });
    expect(pieces.map((piece) => [piece.buffer === bytes.buffer, piece.length])).toEqual([[true, 4000]]);
  });

  it('agrees with the rules stated on the whole text, and hands on no piece that is empty or ends within a CRLF', () => {
    fc.assert(
      fc.property(content, places, places, (text, chunks, segments) => {
        const { pieces, bare } = read(cut(text, chunks), cut(text, segments));
        expect(pieces.join('')).toBe(normal(text));
        expect(bare).toBe(bareOf(text));
        expect(pieces.every((piece) => piece !== '' && !piece.endsWith('\r'))).toBe(true);
      }),
      { numRuns: 4000 },
    );
  });
});

/** Anything a message may be made of, and short enough that cuts fall everywhere. */
const content = fc
  .array(
    fc.constantFrom(
      ...[
        '\r\n',
        '\r\n',
        '\r',
        '\n',
        '\r'.repeat(15),
        '.',
        '\r\n.\r\n',
        '\r\n\r\n',
        ' ',
        '\t',
        'A: 1\r\n',
        'x',
      ],
      ...['Subject: hello\r\n', 'x'.repeat(100), '\0', '\xff', ':', 'From '],
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));
const places = fc.array(fc.nat(800), { maxLength: 12 });

/** What hooks, header list and spool get of a message. */
interface Outcome {
  readonly calls: readonly string[];
  readonly content: string;
  readonly spool: string;
  readonly headers: readonly string[];
  readonly rest: readonly unknown[];
}

/** A receiver with every hook; `feed` it, and ask what came of it. */
function receiver(
  framing: Framing,
  bodyLine = 80,
): {
  readonly feed: (bytes: Buffer) => string;
  readonly outcome: () => Outcome;
} {
  const calls: string[] = [];
  let shown = '';
  const spool = new SpoolStore().create('', 'T', { message: 1_000_000, total: 0 });
  const headers = new HeaderList();
  const sink: ContentSink = {
    content: (chunk) => {
      shown += chunk.toString('latin1');
      return 'on';
    },
    header: (header) => {
      calls.push(`header ${header.toString('latin1')}`);
      return 'on';
    },
    eoh: () => {
      calls.push('eoh');
      return 'on';
    },
    body: (lines: SliceBatch) => {
      for (let i = 0; i < lines.count; i++)
        calls.push(`body ${lines.bytes.toString('latin1', lines.starts[i], lines.ends[i])}`);
      return lines.count;
    },
  };
  const receiving = new MessageReceiver(framing, spool, headers, sink, {
    size: 5000,
    headers: 2000,
    bodyLine,
  });
  return {
    feed: (bytes) => {
      const received = receiving.feed(bytes);
      if (received instanceof Promise) throw new Error('nothing here has to wait');
      return received.kind;
    },
    outcome: () => ({
      calls,
      content: shown,
      spool: Buffer.concat(spool.pieces ?? []).toString('latin1'),
      headers: headers.all,
      rest: [receiving.layout, receiving.fault, receiving.received],
    }),
  };
}

/** The same content by DATA: whole, with its dots doubled. */
function byData(text: string): Outcome {
  const { feed, outcome } = receiver(new DotFraming());
  const stuffed = `\r\n${normal(text)}`.replace(/\r\n\./g, '\r\n..').slice(2);
  expect(feed(Buffer.from(`${stuffed}.\r\n`, 'latin1'))).toBe('end');
  return outcome();
}

function byOctets(chunks: readonly string[], segments: readonly string[]): Outcome {
  const framing = new OctetsFraming();
  const { feed, outcome } = receiver(framing);
  const chunk = feeder(framing, segments, feed);
  for (const [i, text] of chunks.entries()) chunk(text.length, i === chunks.length - 1);
  return outcome();
}

describe('a message that comes in chunks of octets', () => {
  it('gives hooks, header list and spool what DATA would give, in any cutting into chunks and segments', () => {
    fc.assert(
      fc.property(content, places, places, (text, chunks, segments) => {
        expect(byOctets(cut(text, chunks), cut(text, segments))).toEqual(byData(text));
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ['an octet each', 'Subject: a\r\n b\r\n\r\n.\r\n..x\r\nlast', 1],
    ['two octets each', 'A: 1\r\nB: 2\r\nno header\r\n.\r\n', 2],
  ])('%s', (_, text, size) => {
    const chunks = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
    expect(byOctets(chunks, [text])).toEqual(byData(text));
    expect(byOctets(chunks, chunks)).toEqual(byData(text));
  });

  it('knows the limits of a message too, and drops the rest', () => {
    const text = `A: 1\r\n\r\n${'x'.repeat(70)}\r\n`.repeat(100);
    const outcome = byOctets(cut(text, [1000, 2000, 4000]), [text]);
    expect(outcome.rest.slice(1)).toEqual([{ kind: 'size' }, text.length]);
    expect(outcome.spool.length).toBeLessThanOrEqual(5000);
  });
});

/** The lines of a binary body, a long one in parts. */
function binaryLines(body: string, longest: number): string[] {
  const lines = body.split('\n');
  const end = lines.pop() ?? '';
  const all = lines.map((line) => line.replace(/\r$/, ''));
  if (end !== '') all.push(end);
  return all.flatMap((line) =>
    line === '' ? [''] : (line.match(new RegExp(`[^]{1,${longest}}`, 'g')) ?? []),
  );
}

describe('a binary message', () => {
  it('is what came, in any cutting, with lines that end with LF or CRLF', () => {
    fc.assert(
      fc.property(
        content,
        places,
        places,
        fc.integer({ min: 1, max: 9 }),
        (body, chunks, segments, longest) => {
          const text = `A: 1\r\n\r\n${body}`;
          const framing = new OctetsFraming(true);
          const { feed, outcome } = receiver(framing, longest);
          const chunk = feeder(framing, cut(text, segments), feed);
          const all = cut(text, chunks);
          for (const [i, one] of all.entries()) chunk(one.length, i === all.length - 1);
          const { calls, content: shown, rest, spool } = outcome();
          expect([spool, shown, framing.bareNewlines, framing.added]).toEqual([text, text, 0, 0]);
          expect(rest.slice(1)).toEqual([undefined, text.length]);
          expect(calls).toEqual([
            'header A: 1',
            'eoh',
            ...binaryLines(body, longest).map((line) => `body ${line}`),
          ]);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('is handed on in pieces none of which is empty or ends within a CRLF', () => {
    fc.assert(
      fc.property(content, places, places, (text, chunks, segments) => {
        const framing = new OctetsFraming(true);
        const pieces: string[] = [];
        const chunk = feeder(framing, cut(text, segments), (bytes) => {
          return framing.feed(bytes, 0, (piece) => pieces.push(piece.toString('latin1'))).kind;
        });
        const all = cut(text, chunks);
        for (const [i, one] of all.entries()) chunk(one.length, i === all.length - 1);
        expect(pieces.join('')).toBe(text);
        expect(
          pieces.some((piece, i) => piece === '' || (piece.endsWith('\r') && pieces[i + 1]?.[0] === '\n')),
        ).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});
