// What is compared of a recorded session and of the same one played again: what a server says unasked is none of a policy's doing.
import { expect, it } from 'vitest';
import { differenceOf, differenceText, heardOf } from '../../../src/bench/play/replay-session.ts';
import type { TraceEntry, TraceFact } from '../../../src/observe/trace/entry.ts';

/** `C: line`, `S: reply`, `M: end` of a content, `H: header`. */
const entries = (...lines: readonly string[]): readonly TraceEntry[] =>
  lines.map((line): TraceEntry => {
    const text = line.slice(3);
    const facts: Readonly<Record<string, TraceFact>> = {
      C: { kind: 'client', line: text },
      S: { kind: 'server', reply: text },
      M: { kind: 'content', octets: 3, head: '', end: text },
      H: { kind: 'header', call: 'header.add', change: text },
    };
    const fact = facts[line.charAt(0)];
    if (fact === undefined) throw new Error(line);
    return { ...fact, session: 'S', at: 0 };
  });

const begin = ['S: 220 mx', 'C: EHLO c', 'S: 250 mx'];

it.each<[string, readonly string[], readonly string[], string | undefined]>([
  ['the same', begin, begin, undefined],
  ['an idle client', [...begin, 'S: 421 4.4.2 mx no command for 300 s'], begin, undefined],
  [
    'within a message',
    [...begin, 'C: DATA', 'S: 354 go', 'S: 421 4.4.2 no data'],
    [...begin, 'C: DATA', 'S: 354 go'],
    undefined,
  ],
  [
    'a content that was not all there',
    [...begin, 'C: DATA', 'S: 354 go', 'M: incomplete', 'S: 421 4.4.2 x'],
    [...begin, 'C: DATA', 'S: 354 go'],
    undefined,
  ],
  [
    '421 as an answer counts',
    [...begin, 'C: NOOP', 'S: 421 4.3.0 x'],
    [...begin, 'C: NOOP', 'S: 250 ok'],
    'NOOP: 421 4.3.0 x -> 250',
  ],
  ['words of a yes do not', ['S: 220 a'], ['S: 220 b'], undefined],
  ['those of a no do', ['S: 554 a'], ['S: 554 b'], 'the connection: 554 a -> 554 b'],
  [
    'LMTP: a reply for each recipient',
    ['C: DATA', 'S: 354 x', 'M: dot', 'S: 250 a', 'S: 550 b'],
    ['C: DATA', 'S: 354 x', 'M: dot', 'S: 250 a', 'S: 250 b'],
    'the dot: 550 b -> 250',
  ],
  ['no reply any more', begin, begin.slice(0, 2), 'EHLO: 250 -> nothing'],
  [
    'headers',
    ['S: 220 a', 'H: X: 1'],
    ['S: 220 a', 'H: X: 2'],
    'same replies; header.add X: 1 -> header.add X: 2',
  ],
])('%s', (_, before, now, wanted) => {
  const difference = differenceOf(heardOf(entries(...before)), heardOf(entries(...now)));
  expect(difference && differenceText(difference)).toBe(wanted);
});
