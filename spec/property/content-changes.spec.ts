// Changes of the content: whatever the message, what was not changed stays octet for octet, and the result does not depend on how the message is
// cut; what is said to be done is done, and seen so by another parser (mailsplit).
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PlacedPart } from '../../src/message/change/part-map.ts';
import { createDecoder } from '../../src/message/mime/decoder.ts';
import { type Changing, changeMessage } from '../fakes/change-message.ts';
import { mailsplitLeaves } from '../fakes/mailsplit-parts.ts';
import { placeMessage } from '../fakes/place-message.ts';

const texts = [
  'hello\r\n',
  'hello',
  '',
  '\r\n',
  'a \r\n\r\n',
  '--\r\n',
  '--b x\r\n',
  'x'.repeat(1200),
  'h\xc3\xa4\r\n',
  '=20\r\n',
  'a=\r\nb=',
  '<p>x</body>y\r\n',
];
const encodings = [
  '',
  '',
  'Content-Transfer-Encoding: quoted-printable\r\n',
  'Content-Transfer-Encoding: 8bit\r\n',
];
const types = [
  '',
  'Content-Type: text/plain;\r\n\tcharset=utf-8\r\n',
  'Content-Type: text/plain; charset=iso-8859-1; format=flowed\r\n',
  'Content-Type: text/html\r\n',
  'Content-Type: application/x-y; name="z.bin"\r\nX-Odd:  \t a\r\n b \r\n',
  'Content-Type: text/plain; charset=iso-2022-jp\r\n',
];

interface Leaf {
  readonly head: string;
  readonly body: string;
}
interface Multi {
  readonly type: string;
  readonly pre: string;
  readonly post: string;
  readonly children: readonly Tree[];
}
type Tree = Leaf | Multi;

const leaf: fc.Arbitrary<Leaf> = fc.record({
  head: fc.tuple(fc.constantFrom(...types), fc.constantFrom(...encodings)).map((parts) => parts.join('')),
  body: fc.array(fc.constantFrom(...texts), { maxLength: 3 }).map((parts) => parts.join('')),
});
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.record({
      type: fc.constantFrom('mixed', 'alternative', 'related', 'report'),
      pre: fc.constantFrom('', 'pre\r\n', 'pre'),
      post: fc.constantFrom('', '\r\n', '\r\nafter\r\n'),
      children: fc.array(tie('tree'), { minLength: 1, maxLength: 4 }),
    }),
  ),
}));

let boundaries = 0;
function write(node: Tree): string {
  if ('body' in node) return `${node.head}\r\n${node.body}`;
  const boundary = `b${boundaries++}.`;
  const inside = node.children.map((child) => `--${boundary}\r\n${write(child)}\r\n`).join('');
  const pre = node.pre === '' ? '' : `${node.pre}\r\n`;
  return `Content-Type: multipart/${node.type}; boundary="${boundary}"\r\n\r\n${pre}${inside}--${boundary}--${node.post}`;
}

const message = tree.map((node) => {
  boundaries = 0;
  return Buffer.from(`MIME-Version: 1.0\r\nSubject: x\r\n${write(node)}\r\n`, 'latin1');
});

const own = (octets: Buffer, part: PlacedPart): string => octets.toString('latin1', part.at, part.bodyEnd);
const isInside = (part: PlacedPart, around: PlacedPart): boolean =>
  part === around || (part.parent !== undefined && isInside(part.parent, around));

async function changed(octets: Buffer, work: (change: Changing) => Promise<string>, size = 65_536) {
  let said = '';
  const out = await changeMessage(
    octets,
    async (change) => {
      said = await work(change);
    },
    { size },
  );
  return { said, out };
}

describe('a change of one part', () => {
  test('removed with a notice: all others stay, header block and body, and nothing else is added', async () => {
    await fc.assert(
      fc.asyncProperty(message, fc.nat(12), fc.integer({ min: 5, max: 60 }), async (octets, pick, size) => {
        const { map, records } = placeMessage(octets);
        const index = (pick % records.length) + 1;
        const { out, said } = await changed(octets, (change) => change.remove(index, 'gone'));
        const cut = await changed(octets, (change) => change.remove(index, 'gone'), size);
        expect(cut.out).toEqual(out);
        if (said !== 'noted') {
          expect(out).toEqual(octets);
          return;
        }
        const part = map.part(index);
        if (part === undefined || index === 1 || part.kind === 'epilogue') return;
        expect(out.subarray(0, part.at)).toEqual(octets.subarray(0, part.at));
        const tail = octets.subarray(part.end);
        expect(out.subarray(out.length - tail.length)).toEqual(tail);
        const middle = out.toString('latin1', part.at, out.length - tail.length);
        expect(middle.replace(/(?:\r\n)+$/, '')).toBe(
          'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\ngone',
        );
        const gone = [...map.all].filter((item) => isInside(item, part) && item !== part).length;
        expect(placeMessage(out).records.length).toBe(records.length - gone);
      }),
      { numRuns: 60 },
    );
  });

  test('taken out: all others stay, and no multipart is left without parts', async () => {
    await fc.assert(
      fc.asyncProperty(
        message,
        fc.array(fc.nat(12), { minLength: 1, maxLength: 5 }),
        async (octets, picks) => {
          const { map, records } = placeMessage(octets);
          const taken = new Set<number>();
          const out = await changeMessage(octets, async (change) => {
            for (const pick of picks) {
              const index = (pick % records.length) + 1;
              if ((await change.remove(index, false)) === 'noted') taken.add(index);
            }
          });
          const after = placeMessage(out);
          if (taken.size === 0) {
            expect(out).toEqual(octets);
            return;
          }
          expect([...after.defects]).toEqual(
            [...placeMessage(octets).defects].filter(
              // Those that lie in what is taken out go with it.
              (word) => !['text_after_parts', 'long_line'].includes(word) || after.defects.has(word),
            ),
          );
          for (const part of after.map.all)
            if (part.kind === 'multipart')
              expect(part.children.filter((child) => child.kind !== 'epilogue').length).toBeGreaterThan(0);
          const isTaken = (part: PlacedPart): boolean =>
            taken.has(part.number) || (part.parent !== undefined && isTaken(part.parent));
          const left = [...map.all].filter((part) => !isTaken(part)).map((part) => own(octets, part));
          const found = [...after.map.all].map((part) => own(out, part));
          let at = -1;
          if (!taken.has(1))
            for (const text of left) expect((at = found.indexOf(text, at + 1))).toBeGreaterThanOrEqual(0);
        },
      ),
      { numRuns: 120 },
    );
  });

  test('a footer: the text before it and all other parts stay, and it is read there by another program', async () => {
    await fc.assert(
      fc.asyncProperty(
        message,
        fc.constantFrom('bye', '-- \r\nüber', '--b0.\r\n--b1.'),
        fc.integer({ min: 5, max: 60 }),
        async (octets, text, size) => {
          const { map } = placeMessage(octets);
          const { out, said } = await changed(octets, (change) => change.footer(text, '<hr>'));
          const cut = await changed(octets, (change) => change.footer(text, '<hr>'), size);
          expect(cut.out).toEqual(out);
          if (said !== 'noted') {
            expect(out).toEqual(octets);
            return;
          }
          const after = placeMessage(out);
          expect([...after.map.all].length).toBe([...map.all].length);
          let differ = 0;
          for (const part of map.all) {
            const now = after.map.part(part.number);
            if (now === undefined) throw new Error('a part is lost');
            expect(now.kind).toBe(part.kind);
            if (own(out, now) !== own(octets, part)) differ++;
          }
          expect(differ).toBeGreaterThan(0);
          const [before, now] = [await mailsplitLeaves(octets), await mailsplitLeaves(out)];
          expect(now.length).toBe(before.length);
          const same = now.filter((item, i) => item.decoded === before[i]?.decoded).length;
          expect(now.length - same).toBeLessThanOrEqual(differ);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('replaced: read back as given, all others stay', async () => {
    await fc.assert(
      fc.asyncProperty(
        message,
        fc.nat(12),
        fc.uint8Array({ maxLength: 300 }),
        async (octets, pick, bytes) => {
          const { map, records } = placeMessage(octets);
          const index = (pick % records.length) + 1;
          const content = Buffer.from(bytes).toString('latin1');
          const { out, said } = await changed(octets, (change) => change.replace(index, content));
          if (said !== 'noted') {
            expect(out).toEqual(octets);
            return;
          }
          const after = placeMessage(out);
          for (const part of map.all) {
            const now = after.map.part(part.number);
            if (now === undefined) throw new Error('a part is lost');
            if (part.number !== index) expect(own(out, now)).toBe(own(octets, part));
            else expect(decoded(out, now)).toBe(asText(content, part));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('replaced: what is no line stays none, in every encoding and at the end of the message', async () => {
    for (const encoding of ['7bit', 'base64', 'quoted-printable'])
      for (const content of ['abc', '', 'a=', 'a\r\n', '\0', ' ', `${'x'.repeat(75)}y`, '.\r\n--']) {
        const head = `Content-Type: a/b\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`;
        const mixed = `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n${head}x\r\n--b--\r\n`;
        for (const [octets, index] of [
          [`${head}x\r\n`, 1],
          [mixed, 2],
        ] as const) {
          const { out, said } = await changed(Buffer.from(octets), (change) =>
            change.replace(index, content),
          );
          expect(said).toBe('noted');
          const part = placeMessage(out).map.part(index);
          if (part === undefined) throw new Error('a part is lost');
          expect(decoded(out, part)).toBe(content);
          expect(out.toString('latin1').endsWith('\r\n')).toBe(true);
        }
      }
  });
});

function decoded(octets: Buffer, { bodyAt, bodyEnd, facts }: PlacedPart): string {
  const body = octets.subarray(bodyAt ?? bodyEnd, bodyEnd);
  const decoder = createDecoder(facts?.encoding ?? 'identity');
  if (decoder === undefined) return body.toString('latin1');
  const begun = Buffer.from(decoder.push(body, 0, body.length));
  return Buffer.concat([begun, decoder.end()]).toString('latin1');
}

/** What is put into a text has lines. */
function asText(content: string, { facts, parent }: PlacedPart): string {
  if (facts?.type.startsWith('text/') === false) return content;
  const lines = content.replace(/\r\n|\r|\n/g, '\r\n');
  return parent === undefined && lines !== '' && !lines.endsWith('\r\n') ? `${lines}\r\n` : lines;
}
