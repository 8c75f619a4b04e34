import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chain, type Maybe } from '../../../src/base/maybe.ts';
import { DotFraming } from '../../../src/message/framing/dot.ts';
import { HeaderList } from '../../../src/message/header/header-list.ts';
import {
  type ContentSink,
  MessageReceiver,
  type Onward,
  type ReceiverLimits,
} from '../../../src/message/receiver.ts';
import { type Spool, SpoolStore } from '../../../src/message/spool.ts';

const NO_DISK = { message: 1_000_000_000, total: 1_000_000_000 };
const ALL_ON_DISK = { message: 0, total: 0 };
const NO_LIMITS: ReceiverLimits = { size: 0, headers: 1_000_000 };

interface Received {
  readonly receiver: MessageReceiver;
  readonly spool: Spool;
  readonly headers: HeaderList;
  readonly calls: string[];
  /** How the last chunk ended. */
  readonly end: string;
  readonly rest: string;
}

type Reaction = (call: string) => Maybe<Onward>;

/** Feeds chunks; every hook is there unless `only` names some. */
async function receive(
  chunks: readonly string[],
  settings: {
    readonly only?: readonly string[];
    readonly limits?: ReceiverLimits;
    readonly react?: Reaction;
    readonly spool?: Spool;
  } = {},
): Promise<Received> {
  const { only = ['content', 'header', 'eoh', 'body'], limits = NO_LIMITS, react = () => 'on' } = settings;
  const spool = settings.spool ?? new SpoolStore().create('', 'T', NO_DISK);
  const headers = new HeaderList();
  const calls: string[] = [];
  const note =
    (name: string) =>
    (value?: Buffer): Maybe<Onward> => {
      const call = value === undefined ? name : `${name} ${value.toString('latin1')}`;
      calls.push(call);
      return react(call);
    };
  const sink: ContentSink = {
    content: only.includes('content') ? note('content') : undefined,
    header: only.includes('header') ? note('header') : undefined,
    eoh: only.includes('eoh') ? note('eoh') : undefined,
    body: only.includes('body')
      ? (lines) => {
          const line = lines.bytes.subarray(lines.starts[0], lines.ends[0]);
          return chain(note('body')(line), (go) => (go === 'on' ? 1 : 0));
        }
      : undefined,
  };
  const receiver = new MessageReceiver(new DotFraming(), spool, headers, sink, limits);
  let end = 'more';
  let rest = '';
  for (const chunk of chunks) {
    const bytes = Buffer.from(chunk, 'latin1');
    const received = await receiver.feed(bytes);
    end = received.kind;
    if (received.kind === 'end') rest = bytes.toString('latin1', received.next);
    if (received.kind !== 'more') break;
  }
  return { receiver, spool, headers, calls, end, rest };
}

const stored = async (spool: Spool): Promise<string> => {
  const pieces: Buffer[] = [];
  for await (const piece of spool.read()) pieces.push(piece);
  return Buffer.concat(pieces).toString('latin1');
};
const lines = (calls: readonly string[]): readonly string[] =>
  calls.filter((call) => !call.startsWith('content '));
const content = (calls: readonly string[]): string =>
  calls
    .filter((call) => call.startsWith('content '))
    .map((call) => call.slice(8))
    .join('');

describe('MessageReceiver', () => {
  it('calls content, header, eoh and body in this order for a chunk', async () => {
    const { calls, end, rest } = await receive(['A: 1\r\nB: 2\r\n 3\r\n\r\nx\r\n..y\r\n\r\n.\r\nQUIT\r\n']);
    expect(calls).toEqual([
      'content A: 1\r\nB: 2\r\n 3\r\n\r\nx\r\n.y\r\n\r\n',
      'header A: 1',
      'header B: 2\r\n 3',
      'eoh',
      'body x',
      'body .y',
      'body ',
    ]);
    expect([end, rest]).toEqual(['end', 'QUIT\r\n']);
  });

  it.each([
    ['no header', '\r\nbody\r\n', ['eoh', 'body body'], 0, true],
    ['no empty line', 'A: 1\r\nB: 2\r\n', ['header A: 1', 'header B: 2', 'eoh'], 12, false],
    ['only the empty line', '\r\n', ['eoh'], 0, true],
    ['nothing', '', ['eoh'], 0, false],
    ['a first line that is folded', ' x\r\nA: 1\r\n\r\n', ['header  x', 'header A: 1', 'eoh'], 10, true],
    ['a fold of blanks', 'A: 1\r\n  \r\nB: 2\r\n\r\n', ['header A: 1\r\n  ', 'header B: 2', 'eoh'], 16, true],
    [
      'bytes of all kinds',
      'A: \0\xff\r\n\r\n\0\x80\r\n',
      ['header A: \0\xff', 'eoh', 'body \0\x80'],
      7,
      true,
    ],
  ])('understands a message with %s', async (_, text, calls, headerLength, hasEmptyLine) => {
    const { receiver, calls: seen, spool } = await receive([`${text}.\r\n`]);
    expect(lines(seen)).toEqual(calls);
    expect(receiver.layout).toEqual({ headerLength, hasEmptyLine });
    expect(await stored(spool)).toBe(text);
  });

  it('gives the same for every split', async () => {
    const piece = fc.constantFrom(
      'A: 1\r\n',
      ' f\r\n',
      '\r\n',
      'body',
      '.',
      '..',
      '\r\n.\r\n',
      '\n',
      '\r',
      '\0',
      'x\r\n',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 12 }),
        fc.array(fc.nat(60), { maxLength: 6 }),
        async (parts, cuts) => {
          const text = `${parts.join('')}\r\n.\r\n`;
          const points = [
            0,
            ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b),
            text.length,
          ];
          const whole = await receive([text]);
          for (const chunks of [
            points.slice(1).map((end, i) => text.slice(points[i], end)),
            text.split(''),
          ]) {
            const split = await receive(chunks);
            expect(lines(split.calls)).toEqual(lines(whole.calls));
            expect(content(split.calls)).toBe(content(whole.calls));
            expect(await stored(split.spool)).toBe(await stored(whole.spool));
            expect(split.headers.all).toEqual(whole.headers.all);
            expect(split.receiver.layout).toEqual(whole.receiver.layout);
          }
          const quiet = await receive(text.split(''), { only: [] });
          expect(quiet.headers.all).toEqual(whole.headers.all);
          expect(quiet.receiver.layout).toEqual(whole.receiver.layout);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('never calls content with nothing', async () => {
    const { calls } = await receive(['.', '\r', '\n']);
    expect(calls).toEqual(['eoh']);
  });

  it('waits for a hook that suspends before it goes on', async () => {
    const order: string[] = [];
    const react: Reaction = async (call): Promise<Onward> => {
      order.push(`begin ${call}`);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(`end ${call}`);
      return 'on';
    };
    const { calls, end } = await receive(['A: 1\r\nB: 2\r\n\r\nx\r\ny\r\n.\r\n'], {
      react,
      only: ['header', 'eoh', 'body'],
    });
    expect(end).toBe('end');
    expect(order).toEqual(calls.flatMap((call) => [`begin ${call}`, `end ${call}`]));
    expect(calls).toEqual(['header A: 1', 'header B: 2', 'eoh', 'body x', 'body y']);
  });

  it('makes no promise when no hook suspends', () => {
    const sink: ContentSink = { content: () => 'on', header: () => 'on', eoh: () => 'on', body: () => 1 };
    const receiver = new MessageReceiver(
      new DotFraming(),
      new SpoolStore().create('', 'T', NO_DISK),
      new HeaderList(),
      sink,
      NO_LIMITS,
    );
    expect(receiver.feed(Buffer.from('A: 1\r\n\r\nx\r\n.\r\n'))).toEqual({ kind: 'end', next: 14 });
  });

  it.each(['content', 'header B', 'eoh', 'body x'])('stops when %s ends the session', async (where) => {
    const { calls, end } = await receive(['A: 1\r\nB: 2\r\n\r\nx\r\ny\r\n.\r\n'], {
      react: (call) => (call.startsWith(where) ? 'stop' : 'on'),
    });
    expect(end).toBe('stopped');
    expect(calls.at(-1)).toMatch(new RegExp(`^${where}`));
  });

  it('keeps headers and shows those that are complete, in the middle of the header block too', async () => {
    const { headers, receiver } = await receive(['A: 1\r\nB: 2\r\n 3\r\nC: '], { only: [] });
    expect(headers.all).toEqual([]);
    receiver.syncHeaders();
    expect(headers.all).toEqual(['A: 1']);
    await receiver.feed(Buffer.from('4\r\n\r\n.\r\n'));
    expect(headers.all).toEqual(['A: 1', 'B: 2\r\n 3', 'C: 4']);
    expect(headers.edited).toBe(false);
  });

  it('drops what is beyond the size limit, without calling hooks, and finds the end', async () => {
    const limits = { ...NO_LIMITS, size: 20 };
    const { receiver, calls, end, spool } = await receive(
      ['A: 1\r\n\r\n', 'x'.repeat(12), 'x\r\nmore\r\n.', '\r\nQUIT\r\n'],
      { limits },
    );
    expect(receiver.fault).toEqual({ kind: 'size' });
    expect([end, receiver.received]).toEqual(['end', 29]);
    expect(content(calls)).toBe(`A: 1\r\n\r\n${'x'.repeat(12)}`);
    expect(spool.size).toBe(20);
  });

  it('takes a message of exactly the limit', async () => {
    const { receiver } = await receive(['A: 1\r\n\r\n1234567890\r\n.\r\n'], {
      limits: { ...NO_LIMITS, size: 20 },
    });
    expect([receiver.fault, receiver.received]).toEqual([undefined, 20]);
  });

  it.each([
    ['many lines', Array.from({ length: 40 }, (_, i) => `H${i}: x\r\n`)],
    ['a line without end', Array.from({ length: 40 }, () => 'xxxxx')],
    ['a fold without end', ['A: 1\r\n', ...Array.from({ length: 40 }, () => ' xxx\r\n')]],
  ])('limits the header block: %s', async (_, chunks) => {
    const { receiver, calls } = await receive([...chunks, '\r\n\r\nbody\r\n.\r\n'], {
      limits: { size: 0, headers: 100 },
      only: ['header', 'eoh', 'body'],
    });
    expect(receiver.fault).toEqual({ kind: 'headers' });
    expect(calls.every((call) => call.startsWith('header'))).toBe(true);
    expect(calls.join('').length).toBeLessThan(400);
  });

  it('does not count the body as header', async () => {
    const { receiver } = await receive(['A: 1\r\n\r\n', 'x'.repeat(5000), '\r\n.\r\n'], {
      limits: { size: 0, headers: 100 },
      only: [],
    });
    expect(receiver.fault).toBeUndefined();
  });

  it('shows observers the content once, and its end', async () => {
    const seen: string[] = [];
    const spool = new SpoolStore().create('', 'T', NO_DISK);
    const receiver = new MessageReceiver(
      new DotFraming(),
      spool,
      new HeaderList(),
      { content: undefined, header: undefined, eoh: undefined, body: undefined },
      NO_LIMITS,
    );
    receiver.observe({ feed: (bytes) => seen.push(bytes.toString()), end: () => seen.push('(end)') });
    await receiver.feed(Buffer.from('A: 1\r\n\r\n..x\r'));
    await receiver.feed(Buffer.from('\n.\r\n'));
    expect(seen.at(-1)).toBe('(end)');
    expect(seen.slice(0, -1).join('')).toBe('A: 1\r\n\r\n.x\r\n');
  });

  it('takes linear time for one long line in small pieces', async () => {
    const started = performance.now();
    await receive([...Array.from({ length: 5000 }, () => 'x'.repeat(1000)), '\r\n.\r\n'], {
      only: ['body'],
      limits: { size: 0, headers: 100_000_000 },
    });
    await receive(['\r\n', ...Array.from({ length: 5000 }, () => 'x'.repeat(1000)), '\r\n.\r\n'], {
      only: ['body'],
    });
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});

describe('MessageReceiver on a disk that fails', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'smtpe-receiver-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('keeps the error, reads the rest, and lets no rejection get lost', async () => {
    const lost: unknown[] = [];
    const note = (reason: unknown): void => {
      lost.push(reason);
    };
    process.on('unhandledRejection', note);
    const spool = new SpoolStore().create(join(directory, 'missing'), 'T', ALL_ON_DISK);
    const { receiver, end } = await receive(['A: 1\r\n', '\r\n..x\r\n..y\r\n..z\r\n', '.\r\n'], { spool });
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect([receiver.fault?.kind, end]).toEqual(['spool', 'end']);
    expect(lost).toEqual([]);
    await spool.delete();
  });
});

describe('a line of the body that is longer than bodyLine', () => {
  const limits = { ...NO_LIMITS, bodyLine: 10 };
  const parts = (length: number): string[] => {
    const text = Array.from({ length }, (_, i) => String(i % 10)).join('');
    return text === '' ? [''] : (text.match(/.{1,10}/g) ?? []);
  };

  it('is handed over in parts of that size, in any split; the message is not changed', async () => {
    for (const length of [0, 1, 9, 10, 11, 12, 13, 19, 20, 21, 22, 35]) {
      const line = parts(length).join('');
      const wire = `A: 1\r\n\r\nx\r\n${line}\r\ny\r\n.\r\n`;
      const body = ['x', ...parts(length), 'y'].map((part) => `body ${part}`);
      for (let cut = 1; cut < wire.length; cut++) {
        const { calls, spool } = await receive([wire.slice(0, cut), wire.slice(cut)], {
          only: ['body'],
          limits,
        });
        expect(calls).toEqual(body);
        expect(Buffer.concat(spool.pieces as Buffer[]).toString('latin1')).toBe(wire.slice(0, -3));
      }
      const { calls } = await receive(wire.split(''), {
        only: ['body'],
        limits,
        react: async (): Promise<Onward> => 'on',
      });
      expect(calls).toEqual(body);
    }
  });
});

describe('a message with many Received headers', () => {
  const wire = (count: number): string =>
    `${'Received: by x\r\n\tfor y\r\n'.repeat(count)}A: 1\r\n\r\nx\r\n.\r\n`;

  it.each([
    [0, 500, undefined],
    [3, 3, undefined],
    [3, 4, { kind: 'hops' }],
  ])('limit %i, %i headers: %j', async (hops, count, fault) => {
    for (const only of [['header', 'body'], ['body'], []]) {
      for (const chunks of [[wire(count)], wire(count).split('')]) {
        const { receiver, calls } = await receive(chunks, { only, limits: { ...NO_LIMITS, hops } });
        expect(receiver.fault).toEqual(fault);
        if (fault !== undefined) expect(calls.some((call) => call.startsWith('body'))).toBe(false);
      }
    }
  });

  it('counts them as they are written, and no others', async () => {
    const all =
      'RECEIVED:x\r\nreceived :x\r\nReceived\t: x\r\nReceived-SPF: x\r\nX-Received: x\r\nReceiver: x\r\n';
    const { receiver } = await receive([`${all}\r\n.\r\n`], { limits: { ...NO_LIMITS, hops: 3 } });
    expect(receiver.fault).toBeUndefined();
    const more = await receive([`${all}Received: x\r\n\r\n.\r\n`], { limits: { ...NO_LIMITS, hops: 3 } });
    expect(more.receiver.fault).toEqual({ kind: 'hops' });
  });
});

describe('a message with many headers', () => {
  const header = 'A: x\r\n\ty\r\n z\r\n';
  it.each([
    [3, header.repeat(3), undefined],
    [3, header.repeat(4), { kind: 'header-count' }],
    // What is no header and no continuation counts as well.
    [3, ' x\r\n y\r\nz\r\nA: 1\r\n', undefined],
    [3, ' x\r\n y\r\nz\r\nA: 1\r\nB: 2\r\n', { kind: 'header-count' }],
    [3, 'a:\r\nb\r\n:\r\n\0\r\n', { kind: 'header-count' }],
  ])('limit %i, %j: %j', async (headerCount, block, fault) => {
    const wire = `${block}\r\n${'x: 1\r\n'.repeat(9)}.\r\n`;
    for (const only of [['header', 'body'], ['body'], []]) {
      for (const chunks of [[wire], wire.split('')]) {
        const { receiver, calls } = await receive(chunks, { only, limits: { ...NO_LIMITS, headerCount } });
        expect(receiver.fault).toEqual(fault);
        if (fault !== undefined) expect(calls.some((call) => call.startsWith('body'))).toBe(false);
      }
    }
  });
});
