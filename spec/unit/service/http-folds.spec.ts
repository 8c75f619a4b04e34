// Header fields of a response that go on in the next line, whatever the pieces they come in.
import { describe, expect, it } from 'vitest';
import { HeaderFolds } from '../../../src/service/http-folds.ts';

/** The octets that come out, of the response cut at these places. */
function filtered(response: string, ...cuts: readonly number[]): string {
  const folds = new HeaderFolds();
  folds.begin();
  const places = [0, ...cuts, response.length];
  const pieces = places.slice(1).map((to, at) => Buffer.from(response.slice(places[at], to), 'latin1'));
  return Buffer.concat(pieces.map((piece) => folds.push(piece))).toString('latin1');
}

const HEAD = 'HTTP/1.1 200 OK\r\n';
const rows: readonly (readonly [string, string, string])[] = [
  ['nothing to join', `${HEAD}A: b\r\nC:\r\n\r\n d\r\n e`, `${HEAD}A: b\r\nC:\r\n\r\n d\r\n e`],
  ['a field in two lines', `${HEAD}A: b\r\n c\r\n\r\n`, `${HEAD}A: b c\r\n\r\n`],
  ['in three, with tabs', `${HEAD}A: b\r\n\t \tc\r\n   d\r\nE: f\r\n\r\n`, `${HEAD}A: b c d\r\nE: f\r\n\r\n`],
  ['line ends of LF alone', 'HTTP/1.1 200 OK\nA: b\n c\n\n d\n e', 'HTTP/1.1 200 OK\nA: b c\n\n d\n e'],
  ['a line of blanks only', `${HEAD}A: b\r\n  \r\nC: d\r\n\r\n`, `${HEAD}A: b \r\nC: d\r\n\r\n`],
  ['blanks before the first field', `${HEAD} A: b\r\n\r\n`, `${HEAD} A: b\r\n\r\n`],
  ['a CR within a line', `${HEAD}A: b\rc\r\r\n d\r\n\r\n`, `${HEAD}A: b\rc\r d\r\n\r\n`],
  ['no field', `${HEAD}\r\n x\r\n y`, `${HEAD}\r\n x\r\n y`],
  [
    'an interim response before it',
    `HTTP/1.1 103 Early Hints\r\nLink: a\r\n b\r\n\r\n${HEAD}A: b\r\n c\r\n\r\n x\r\n y`,
    `HTTP/1.1 103 Early Hints\r\nLink: a b\r\n\r\n${HEAD}A: b c\r\n\r\n x\r\n y`,
  ],
  ['no HTTP', 'NOT HTTP AT ALL\r\n\r\n x', 'NOT HTTP AT ALL\r\n\r\n x'],
];

describe('the head of a response', () => {
  it.each(rows)('%s', (_, response, wanted) => {
    expect(filtered(response)).toBe(wanted);
    for (let cut = 0; cut <= response.length; cut++)
      expect(filtered(response, cut), `cut at ${cut}`).toBe(wanted);
    const each = Array.from({ length: response.length }, (_none, at) => at);
    expect(filtered(response, ...each)).toBe(wanted);
  });

  it('is looked at again for the next request', () => {
    const folds = new HeaderFolds();
    for (let n = 0; n < 2; n++) {
      folds.begin();
      expect(folds.push(Buffer.from(`${HEAD}A: b\r\n c\r\n\r\n x\r\n y`)).toString()).toBe(
        `${HEAD}A: b c\r\n\r\n x\r\n y`,
      );
    }
  });
});
