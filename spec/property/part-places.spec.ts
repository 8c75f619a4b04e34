// Where parts stand: whatever the message and however it is cut, parts do not overlap, lie inside those around them, and have the lengths that
// mime.parts says.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { placeMessage } from '../fakes/place-message.ts';

const fragments = [
  '\r\n',
  '\r\n\r\n',
  '\n',
  '--b',
  '--b--',
  '--b \t\r\n',
  '\r\n--b\r\n',
  '\r\n--b--\r\n',
  '\r\n--c\r\n',
  '\r\n--c--  \r\n',
  'Content-Type: multipart/mixed; boundary=b\r\n',
  'Content-Type: multipart/alternative; boundary="c"\r\n',
  'Content-Type: multipart/mixed\r\n',
  'Content-Type: message/rfc822\r\n',
  'Content-Type: text/html\r\n',
  'Content-Type: application/octet-stream; name=x.eml\r\n',
  'Content-Transfer-Encoding: base64\r\n',
  'this is no header\r\n',
  'X: y\r\n',
  ' folded\r\n',
  'text ',
  'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\na\r\n--b\r\n\r\nb\r\n--b--\r\n',
];

test('parts lie where their lengths say, for any cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...fragments), { maxLength: 40 }),
      fc.array(fc.nat(400), { maxLength: 6 }),
      (texts, cuts) => {
        const message = Buffer.from(texts.join(''), 'latin1');
        const at = [...new Set(cuts.map((cut) => cut % (message.length + 1)))].sort((a, b) => a - b);
        const pieces = [0, ...at].map((from, i) => message.subarray(from, at[i] ?? message.length));
        const { map, records } = placeMessage(message, pieces);
        const whole = placeMessage(message).map;
        for (const [i, record] of records.entries()) {
          const part = map.part(i + 1);
          expect(whole.part(i + 1)).toEqual(part);
          if (part === undefined) continue;
          const inside = part.parent;
          if (inside !== undefined) {
            expect(part.from).toBeGreaterThanOrEqual(inside.bodyAt ?? inside.at);
            expect(part.end).toBeLessThanOrEqual(inside.end);
          }
          for (const [n, child] of part.children.entries()) {
            const next = part.children[n + 1];
            if (next !== undefined) expect(child.end).toBeLessThanOrEqual(next.from);
          }
          expect(part.bodyEnd - part.at).toBe(record.part_length);
          if (part.bodyAt !== undefined) expect(part.bodyEnd - part.bodyAt).toBe(record.body_length);
        }
      },
    ),
    { numRuns: 400 },
  );
});
