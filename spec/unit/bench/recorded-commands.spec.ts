// Commands of a recording are found again by their words, whatever the file of the message is called, and in little time whatever a stranger wrote.
import { expect, it } from 'vitest';
import { commandEnds } from '../../../src/bench/play/recorded-answers.ts';
import type { TraceEntry } from '../../../src/observe/trace/entry.ts';

const ended = (key: string, code = 0): TraceEntry => {
  const answer = JSON.stringify({ how: 'exit', code, output: '' });
  return { kind: 'answer', of: 'command', key, answer, session: 'S', at: 0 };
};

const [OLD, NEW] = ['2ATDTx209644889000', '2ATDU1210032452400'];

it.each([
  ['head -1 /var/spool/MESSAGE.eml', true],
  ["scan --file='/var/spool/MESSAGE' 2>/dev/null", true],
  ['scan file=/var/spool/MESSAGE/body of "/x y/MESSAGE"', true],
  ['echo MESSAGE', false],
  ['scan /var/spool/MESSAGEx', false],
])('%s', (command, isFound) => {
  const [old, now] = [OLD, NEW].map((id) => command.replaceAll('MESSAGE', id));
  const end = commandEnds([ended(old ?? '', 3)]);
  expect(end(now ?? '')).toEqual(
    isFound ? { kind: 'ended', status: { how: 'exit', code: 3 }, output: '' } : undefined,
  );
  expect(end(now ?? '')).toBeUndefined();
});

it.each(['/', 'a/', '1a', `${OLD} `, `/${OLD}`])('100,000 octets of %j take no time', (piece) => {
  const command = `echo ${piece.repeat(100_000 / piece.length)}`;
  const since = performance.now();
  expect(commandEnds([ended(command)])(command)).toBeDefined();
  // It was half a minute.
  expect(performance.now() - since).toBeLessThan(2000);
});
