import { expect, it } from 'vitest';
import { toleratedProblems } from '../../../src/cli/tolerated-problems.ts';
import { readCommandLine } from '../../../src/cli/verb.ts';
import { loadOptions } from '../../../src/options/load-options.ts';

const ADMIN = 'admin-listen=unix:/run/smtpe/admin.sock\n';
const WRONG = 'limit-recipients=ten\n';
const says = [expect.stringContaining('limit-recipients=ten')];

/** undefined: the verb does not begin. */
it.each([
  ['status', ADMIN + WRONG, says],
  ['sessions hook', ADMIN + WRONG, says],
  ['drain', ADMIN + WRONG, says],
  ['trace client=192.0.2.7', ADMIN + WRONG, says],
  // The server reads the file itself, and says what is wrong with it.
  ['reload', ADMIN + WRONG, []],
  ['explain E010', WRONG, []],
  ['doc hook.rcpt', WRONG, []],
  ['help smtp-max-size', WRONG, []],
  // All is well.
  ['status', ADMIN, undefined],
  // Nobody knows where to ask, or it may be another place.
  ['status', WRONG, undefined],
  ['status', 'admin-listen=0.0.0.0:9101\n', undefined],
  ['status', `${ADMIN}admin-token-fil=/x\n`, undefined],
  ['status limit-recipients=ten', ADMIN, undefined],
  // What needs all options.
  ['help all', WRONG, undefined],
  ['help', WRONG, undefined],
  ['check', ADMIN + WRONG, undefined],
  ['run', ADMIN + WRONG, undefined],
  ['trace mail.eml', ADMIN + WRONG, undefined],
  ['store list', ADMIN + WRONG, undefined],
])('smtpe %s with %j', async (typed, file, expected) => {
  const line = readCommandLine(typed.split(' '));
  const loaded = await loadOptions(['file=/f', ...line.words], async () => ({
    kind: 'content',
    content: Buffer.from(file),
  }));
  expect(toleratedProblems(line, loaded)).toEqual(expected);
});
