// Properties of MIME and URI discovery: the same tables for every split of the message, no input that makes it throw, lengths that add up
// to the message, URIs that follow from their keys.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { headed, message } from '../fakes/message-pieces.ts';
import { observe } from '../fakes/observe-message.ts';

/** Small enough that the fragments run into them. */
const tight = { depth: 2, parts: 5, headerBytes: 120, boundaryLength: 70, uris: 4, uriLength: 64 };

function split(whole: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [...new Set(cuts.map((cut) => (whole.length === 0 ? 0 : cut % whole.length)))].sort(
    (a, b) => a - b,
  );
  return [0, ...at].map((start, index) => whole.subarray(start, at[index] ?? whole.length));
}

/** As a socket gives them: the octets behind a chunk are overwritten before the next one comes. */
function* reused(chunks: readonly Buffer[]): Generator<Buffer> {
  for (const chunk of chunks) {
    const copy = Buffer.from(chunk);
    yield copy;
    copy.fill(0x2d);
  }
}

function observeStream(whole: Buffer, chunks: readonly Buffer[], limits: object): unknown {
  void whole;
  return observe([...chunks], limits);
}

describe('mime.parts and uri.found', () => {
  const cuts = fc.array(fc.nat(5000), { maxLength: 12 });

  for (const [name, limits] of [
    ['default limits', {}],
    ['tight limits', tight],
  ] as const) {
    test(`are the same for every split of the message (${name})`, () => {
      fc.assert(
        fc.property(fc.oneof(message, headed), cuts, (whole, at) => {
          const once = observe(whole, limits);
          expect(observeStream(whole, split(whole, at), limits)).toEqual(once);
          const single = Array.from(whole, (_, i) => whole.subarray(i, i + 1));
          expect(observe(single, limits)).toEqual(once);
        }),
        { numRuns: 400 },
      );
    });
  }

  test('do not depend on chunks staying as they were', () => {
    fc.assert(
      fc.property(headed, cuts, (whole, at) => {
        const once = observe(whole);
        const chunks = split(whole, at);
        expect(observe(reused(chunks) as unknown as readonly Buffer[])).toEqual(once);
      }),
      { numRuns: 200 },
    );
  });

  test('come out of any octets without an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (octets) => {
        observe(Buffer.from(octets));
      }),
      { numRuns: 300 },
    );
  });

  test('have lengths that fit into the message, part by part, in order', () => {
    fc.assert(
      fc.property(fc.oneof(message, headed), (whole) => {
        // Encoded and attached messages are listed twice, as octets and taken apart.
        const text = whole.toString('latin1');
        fc.pre(!/message\/rfc822|multipart\/digest|eml/.test(text));
        const { parts } = observe(whole);
        let at = 0;
        for (const part of parts) {
          expect(part.part_length).toBeGreaterThanOrEqual(part.body_length);
          const head = part.part_length - part.body_length;
          const found = bodyAt(text, at, head, part.body_length, part.md5_encoded);
          expect(found, JSON.stringify(part)).toBeGreaterThanOrEqual(0);
          at = found + part.part_length;
        }
        expect(at).toBeLessThanOrEqual(text.length);
      }),
      { numRuns: 300 },
    );
  });

  test('name each URI once, by the MD5 of uri_raw, with the number of a part', () => {
    fc.assert(
      fc.property(fc.oneof(message, headed), (whole) => {
        const { parts, uris, keys } = observe(whole);
        expect(new Set(keys).size).toBe(keys.length);
        for (const [index, uri] of uris.entries()) {
          expect(keys[index]).toBe(createHash('md5').update(uri.uri_raw, 'latin1').digest('hex'));
          expect(uri.mime_part).toBeGreaterThanOrEqual(0);
          expect(uri.mime_part).toBeLessThanOrEqual(parts.length);
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** Where, at or behind `from`, a part with this body begins; -1 if nowhere. */
function bodyAt(text: string, from: number, head: number, length: number, md5: string): number {
  for (let start = from; start + head + length <= text.length; start++) {
    const body = text.slice(start + head, start + head + length);
    if (createHash('md5').update(body, 'latin1').digest('hex') === md5) return start;
  }
  return -1;
}
