// What a change of the content costs at worst: linear in the message, others get their turn, and a message is never held.
import { describe, expect, test } from 'vitest';
import type { ChangeSource } from '../../src/message/change/change-source.ts';
import { ContentChanges } from '../../src/message/change/content-changes.ts';
import { HeaderList } from '../../src/message/header/header-list.ts';
import { defaultMimeLimits } from '../../src/message/mime/limits.ts';
import { standstill } from '../fakes/standstill.ts';
import { least, processorTime } from './mime-messages.ts';

const rules = { signed: false, nested: false } as const;
const fill = (unit: string, length: number): string => unit.repeat(Math.ceil(length / unit.length));
const series = (count: number, make: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => make(i)).join('');

/** Made while it is read: nothing of it is kept. */
function sourceOf(head: string, unit: string, length: number, tail: string): ChangeSource {
  const piece = Buffer.from(fill(unit, 65_536), 'latin1');
  const count = Math.max(1, Math.floor(length / piece.length));
  const [first, last] = [Buffer.from(head, 'latin1'), Buffer.from(tail, 'latin1')];
  const size = first.length + count * piece.length + last.length;
  return {
    size,
    async *read(start = 0) {
      let at = 0;
      for (let i = -1; i <= count; i++) {
        const part = i < 0 ? first : i === count ? last : piece;
        if (at + part.length > start) yield part.subarray(Math.max(0, start - at));
        at += part.length;
      }
    },
  };
}

const fixed = (octets: Buffer): ChangeSource => ({
  size: octets.length,
  async *read(start = 0) {
    for (let at = start; at < octets.length; at += 65_536) yield octets.subarray(at, at + 65_536);
  },
});

async function change(
  source: ChangeSource,
  work: (changes: ContentChanges) => Promise<unknown>,
  each = (_octets: number): void => undefined,
): Promise<number> {
  const changes = new ContentChanges(source);
  await work(changes);
  if (changes.count === 0) return 0;
  let octets = 0;
  const { content } = await changes.write(new HeaderList());
  for await (const part of content) {
    octets += part.length;
    each(octets);
  }
  return octets;
}

const footer = (changes: ContentChanges) =>
  changes.addFooter({ text: 'tschüß', html: undefined }, rules, defaultMimeLimits);
const remove = (index: number) => (changes: ContentChanges) =>
  changes.remove(index, { text: 'gone', without: false }, rules, defaultMimeLimits);

const mixed = 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n';
const text = (more: string): string =>
  `MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n${more}\r\n`;
const quoted = 'Content-Transfer-Encoding: quoted-printable\r\n';
const base64 = 'Content-Transfer-Encoding: base64\r\n';

/** What stands before and behind as much as there is of the unit. */
const cases: readonly (readonly [
  string,
  string,
  string,
  string,
  (changes: ContentChanges) => Promise<unknown>,
])[] = [
  ['text that becomes quoted-printable', text(''), 'some words in a line\r\n', '', footer],
  ['a line without end', text(''), 'x', '\r\n', footer],
  ['blanks', text(''), ' ', '\r\n', footer],
  ['equal signs in quoted-printable', text(quoted), '=', '\r\n', footer],
  ['equal signs and blanks in quoted-printable', text(quoted), `=${' '.repeat(999)}`, '\r\n', footer],
  ['base64', text(base64), `${'QUJD'.repeat(16)}\r\n`, '', footer],
  ['UTF-16', text(base64).replace('utf-8', 'utf-16le'), `${'QQBC'.repeat(16)}\r\n`, '', footer],
  ['tags that are none', text('').replace('plain', 'html'), '</bod', '</body>\r\n', footer],
  [
    'an attachment that is removed',
    `${mixed}Content-Type: application/x\r\n\r\n`,
    'AAAA\r\n',
    '--b--\r\n',
    remove(3),
  ],
  [
    'an attachment that stays',
    `${mixed}Content-Type: application/x\r\n\r\n`,
    'AAAA\r\n',
    '--b--\r\n',
    remove(2),
  ],
  [
    'lines like delimiters',
    `${mixed}Content-Type: application/x\r\n\r\n`,
    '--bb\r\n',
    '--b--\r\n',
    remove(3),
  ],
];

const octets = 600_000;
describe('linear', () => {
  test.each(cases)('%s', async (_, head, unit, tail, work) => {
    const time = async (length: number): Promise<number> => {
      const used: number[] = [];
      for (let round = 0; round < 2; round++)
        used.push(
          await processorTime(async () => {
            expect(await change(sourceOf(head, unit, length, tail), work)).toBeGreaterThan(10);
          }),
        );
      return least(used);
    };
    const small = await time(octets / 2);
    // Quadratic would be 16 times.
    expect(await time(2 * octets)).toBeLessThan(9 * small + 50);
  });

  test.each<[string, (count: number) => string]>([
    ['parts', (count) => `${mixed}${series(count, () => '\r\nx\r\n--b\r\n')}\r\nx\r\n--b--\r\n`],
    ['headers of a part', (count) => `${mixed}${series(count, (i) => `X-${i}: y\r\n`)}\r\nx\r\n--b--\r\n`],
    ['parameters', (count) => `Content-Type: text/plain${series(count, (i) => `; a${i}=b`)}\r\n\r\nx\r\n`],
    ['comments', (count) => `Content-Type: text/plain ${fill('(', count)}\r\n\r\nx\r\n`],
    ['open quotes', (count) => `Content-Type: text/plain; ${fill('a="', count)}\r\n\r\nx\r\n`],
    ['blanks in a header', (count) => `Content-Type: text/plain;${fill(' ', count)}x\r\n\r\nx\r\n`],
    ['folds', (count) => `Content-Type: text/plain;${fill('\r\n ', count)}x\r\n\r\nx\r\n`],
  ])('many %s', async (name, make) => {
    const time = async (count: number): Promise<number> => {
      const source = fixed(Buffer.from(make(count), 'latin1'));
      const used: number[] = [];
      for (let round = 0; round < 2; round++)
        used.push(
          await processorTime(() =>
            change(source, async (changes) => {
              await footer(changes);
              await remove(2)(changes);
            }),
          ),
        );
      return least(used);
    };
    const count = name === 'parts' ? 200 : 10_000;
    const small = await time(count);
    expect(await time(4 * count)).toBeLessThan(9 * small + 50);
  });
});

test('headers without end are left alone', async () => {
  for (const head of [
    `Content-Type: text/plain; ${fill('a=b; ', 600_000)}`,
    series(10, () => `X: ${fill('=?utf-8?q?x?= ', 100_000)}\r\n`).trimEnd(),
  ]) {
    const changes = new ContentChanges(fixed(Buffer.from(`${head}\r\n\r\nx\r\n`, 'latin1')));
    expect(await footer(changes)).toEqual({ kind: 'fault', fault: 'unsafe', why: 'headers_too_long' });
  }
});

test('others get their turn', async () => {
  const still: number[] = [];
  for (let round = 0; round < 2; round++) {
    const source = sourceOf(text(''), 'some words in a line\r\n', 4 * octets, '');
    still.push(
      await standstill(async () => {
        await change(source, footer);
      }),
    );
  }
  expect(least(still)).toBeLessThan(500);
});

test('100 MB are never held', async () => {
  const source = sourceOf(
    `${mixed}Content-Type: application/x\r\n\r\n`,
    `${'A'.repeat(76)}\r\n`,
    100 * octets,
    '--b--\r\n',
  );
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const written = await change(
    source,
    (changes) => changes.addFooter({ text: 'bye', html: undefined }, rules, defaultMimeLimits),
    () => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    },
  );
  expect(written).toBeGreaterThan(source.size);
  expect(most).toBeLessThan(80 * octets);
});
