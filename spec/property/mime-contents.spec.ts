// What mime.content and mime.text give of any message: the octets that mime.parts has the digest of, whatever is asked for first and in what ranges.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Pace, type ReadBudget } from '../../src/message/content/pace.ts';
import { indexParts } from '../../src/message/content/part-index.ts';
import {
  type IndexedMessage,
  partRange,
  readPart,
  readPartHeaders,
} from '../../src/message/content/part-octets.ts';
import { partText } from '../../src/message/content/part-text.ts';
import { defaultMimeLimits } from '../../src/message/mime/limits.ts';
import { headed, message } from '../fakes/message-pieces.ts';
import { observe } from '../fakes/observe-message.ts';

const paced = (budget: ReadBudget = { left: Number.MAX_SAFE_INTEGER }): Pace =>
  new Pace(new AbortController().signal, budget);

async function indexed(whole: Buffer, size: number): Promise<IndexedMessage> {
  const stored = {
    async *read(start = 0) {
      for (let at = start; at < whole.length; at += size) yield whole.subarray(at, at + size);
    },
  };
  return { message: stored, index: await indexParts(stored, defaultMimeLimits, paced()) };
}

const md5 = (octets: Buffer): string => createHash('md5').update(octets).digest('hex');

async function all(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const piece of pieces) copies.push(Buffer.from(piece));
  return Buffer.concat(copies);
}

describe('the octets of a part', () => {
  test('are those that mime.parts counts, in pieces of any size, in any order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(message, headed), fc.integer({ min: 1, max: 40 }), async (whole, size) => {
        const { parts } = observe(whole);
        const found = await indexed(whole, size);
        expect(found.index.size).toBeGreaterThanOrEqual(parts.length);
        for (const [i, part] of [...parts.entries()].reverse()) {
          const place = found.index.get(i + 1);
          if (place === undefined) throw new Error(`no place of part ${i + 1}`);
          const octets = await all(readPart(found, place, paced()));
          expect(md5(octets)).toBe(part.md5_decoded);
          const from = octets.length >> 1;
          expect(await partRange(found, place, paced(), from, from + 3)).toEqual({
            octets: octets.subarray(from, from + 3),
            more: octets.length > from + 3,
          });
          expect((await readPartHeaders(found, place, paced())).length).toBe(
            part.part_length - part.body_length,
          );
        }
      }),
      { numRuns: 60 },
    );
  });
});

/** Each octet by its number, a soft line break behind every 25. */
const quoted = (octets: Buffer): string =>
  [...octets]
    .map((octet, i) => `=${octet.toString(16).padStart(2, '0').toUpperCase()}${i % 25 === 24 ? '=\r\n' : ''}`)
    .join('');

test('the octets of a part are what somebody encoded', async () => {
  const octets = fc.uint8Array({ maxLength: 400 }).map((it) => Buffer.from(it));
  await fc.assert(
    fc.asyncProperty(
      octets,
      fc.boolean(),
      fc.integer({ min: 1, max: 90 }),
      async (content, isBase64, size) => {
        const body = isBase64 ? content.toString('base64').replace(/(.{76})/g, '$1\r\n') : quoted(content);
        const encoding = isBase64 ? 'base64' : 'quoted-printable';
        const whole = Buffer.from(
          `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}\r\n--b--\r\n`,
        );
        const found = await indexed(whole, size);
        const place = found.index.get(2);
        if (place === undefined) throw new Error('no part');
        expect(await all(readPart(found, place, paced()))).toEqual(content);
      },
    ),
    { numRuns: 60 },
  );
});

describe('the text of a part', () => {
  test('is UTF-8, the same for any split, and its beginning when there is a limit', async () => {
    await fc.assert(
      fc.asyncProperty(
        message,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 60 }),
        async (whole, size, limit) => {
          const found = await indexed(whole, size);
          const other = await indexed(whole, 1000);
          for (const place of found.index.values()) {
            const { text } = await partText(found, place, paced(), 1_000_000);
            expect(Buffer.from(text.toString('utf8'), 'utf8')).toEqual(text);
            expect((await partText(other, place, paced(), 1_000_000)).text).toEqual(text);
            const cut = await partText(found, place, paced(), limit);
            expect(cut.more).toBe(text.length > limit);
            expect(text.subarray(0, cut.text.length)).toEqual(cut.text);
            expect(limit - cut.text.length).toBeLessThan(cut.more ? 4 : limit + 1);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

test('a budget ends the reading, and so does who gives up', async () => {
  const whole = Buffer.from(`\r\n${'x'.repeat(200_000)}`);
  const found = await indexed(whole, 50_000);
  const place = found.index.get(1);
  if (place === undefined) throw new Error('no part');
  await expect(all(readPart(found, place, paced({ left: 100_000 })))).rejects.toThrow(
    'limit-mime-read-bytes',
  );
  const stop = new AbortController();
  stop.abort();
  await expect(all(readPart(found, place, new Pace(stop.signal, { left: 1e9 })))).rejects.toThrow(
    'nobody waits',
  );
});
