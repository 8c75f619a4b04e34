// The worst that can be done to who looks into parts: long and odd input must cost what its length costs, and others get their turn meanwhile.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { describe, expect, test } from 'vitest';
import { BufferSource } from '../../src/message/archive/source.ts';
import { listArchive } from '../../src/message/archive/walk.ts';
import { HtmlText } from '../../src/message/content/html-text.ts';
import { Pace } from '../../src/message/content/pace.ts';
import { indexParts } from '../../src/message/content/part-index.ts';
import { PartSource } from '../../src/message/content/part-source.ts';
import { partText } from '../../src/message/content/part-text.ts';
import { detect } from '../../src/message/file-type/detect.ts';
import { defaultMimeLimits } from '../../src/message/mime/limits.ts';
import { valueAndParameters } from '../../src/message/mime/parameter-text.ts';
import { zip } from '../fakes/make-archive.ts';

/** Processor time in milliseconds. */
async function cost(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { system, user } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Four times the input costs about four times, not sixteen times as much. */
async function linear(make: (size: number) => () => unknown, size: number): Promise<void> {
  make(size)();
  const small = await cost(make(size));
  const large = await cost(make(size * 4));
  expect(large).toBeLessThan(Math.max(small, 10) * 10);
}

describe('text of HTML', () => {
  test.each([
    '<',
    '<a ',
    '<!--',
    '<!-',
    '&',
    '&amp',
    '<script>',
    '</script',
    '<p a="',
    "<p a='x' ",
    '<b>x</b>',
    ' \n',
    '<!',
    '</',
  ])(
    '%j again and again',
    (piece) =>
      linear(
        (size) => () => {
          const html = new HtmlText();
          const text = piece.repeat(size / piece.length);
          for (let at = 0; at < text.length; at += 65_536) html.push(text.slice(at, at + 65_536));
          html.end();
        },
        150_000,
      ),
    30_000,
  );
});

test.each(['<!-->', '<!--x-->', '<script></script>', '<!x>', '<style></style '])(
  '%j again and again in one piece costs what its length costs',
  (piece) =>
    linear(
      (size) => () => {
        const html = new HtmlText();
        html.push(piece.repeat(size / piece.length));
        html.end();
      },
      200_000,
    ),
  30_000,
);

test('a row of small blocks in memory leaves others their turn', async () => {
  // Blocks of a RAR archive that are no files, and nothing but their seven octets.
  const rar = Buffer.concat([
    Buffer.from('Rar!\x1a\x07\0', 'latin1'),
    Buffer.alloc(7 * 300_000, Buffer.from([0, 0, 0x75, 0, 0, 7, 0])),
  ]);
  let read = 0;
  const inside = zip([{ name: 'a.rar', data: rar, method: 0 }]);
  const step = async (octets: number): Promise<void> => {
    read += octets;
  };
  await listArchive(new BufferSource(inside, step), { names: 1000, bytes: 67_108_864, depth: 3 }, step);
  // Once to get it out of the zip, once more to look through it.
  expect(read).toBeGreaterThan(3 * rar.length);
});

describe('what a file is', () => {
  test.each([
    '#!',
    '<',
    '<job ',
    '<!--',
    '[',
    'set x = ',
    'PK\x03\x04',
    'PK',
    'from: \n',
    '/*',
    '//\n',
    '<?xml',
    ' ',
    '\0P',
  ])('%j again and again', async (piece) => {
    const octets = Buffer.from(piece.repeat(65_536 / piece.length), 'latin1');
    expect(await cost(() => detect(octets))).toBeLessThan(500);
  });
});

test.each(['a=b;', 'a*0=x;', "a*=utf-8''%41;", '"', '(', '=?utf-8?q?a?= ', ';', '\\'])(
  'parameters: %j again and again',
  (piece) => linear((size) => () => valueAndParameters(piece.repeat(size / piece.length)), 16_000),
);

test('a large part is looked into without a standstill', async () => {
  const archive = zip(
    Array.from({ length: 1500 }, (_, i) => ({ name: `${i}.txt`, data: Buffer.alloc(5000, i) })),
  );
  const padding = Buffer.alloc(6_000_000, 7);
  const body = Buffer.concat([padding, archive])
    .toString('base64')
    .replace(/(.{76})/g, '$1\r\n');
  const whole = Buffer.from(
    `Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n${body}\r\n`,
  );
  const message = {
    async *read(start = 0) {
      yield whole.subarray(start);
    },
  };
  const pace = new Pace(new AbortController().signal, { left: 1e9 });
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const indexed = { message, index: await indexParts(message, defaultMimeLimits, pace) };
  const place = indexed.index.get(1);
  if (place === undefined) throw new Error('no part');
  await partText(indexed, place, pace, 1_000_000);
  const source = await PartSource.open(indexed, place, pace);
  const found = await listArchive(source, { names: 1000, bytes: 67_108_864, depth: 3 }, (octets) =>
    pace.step(octets),
  );
  await source.close();
  delay.disable();
  expect(found?.listing.entries).toHaveLength(1000);
  expect([...(found?.listing.truncated ?? [])]).toContain('limit-archive-names');
  // The longest turn is a few milliseconds here.
  expect(delay.max / 1e6).toBeLessThan(1000);
}, 60_000);

test('a bomb costs what may be unpacked, not what it claims', async () => {
  const zeros = Buffer.alloc(30_000_000);
  const bomb = zip([
    { name: 'a.zip', data: zip([{ name: 'b.zip', data: zip([{ name: 'c', data: zeros }]) }]) },
  ]);
  const listing = (
    await listArchive(
      new BufferSource(bomb, async () => undefined),
      { names: 1000, bytes: 1_000_000, depth: 3 },
      async () => undefined,
    )
  )?.listing;
  expect(listing?.bytesLeft).toBeGreaterThan(-5_000_000);
  expect(listing?.entries.map(({ name }) => name)).toEqual(['a.zip', 'b.zip', 'c']);
});
