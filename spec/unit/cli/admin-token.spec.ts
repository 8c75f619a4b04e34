// The token of the administration interface is read again at a reload; one that cannot be right changes nothing, and is told of.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { tokenDigest } from '../../../src/admin/http-server.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import { AdminToken } from '../../../src/cli/admin-token.ts';
import { type FreshOptions, newOptions } from '../../../src/cli/new-options.ts';
import { createOptions } from '../../../src/options/option-set.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-token-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it('a new token counts when the reload has gone well, and a wrong one never', async () => {
  const path = join(directory, 'token');
  const [first, second] = ['first-token-of-the-day', 'second-token-of-the-day'];
  await writeFile(path, `${first}\n`);
  const token = new AdminToken();
  const texts = { 'admin-listen': '127.0.0.1:0', 'admin-token-file': path, 'spool-dir': '' };
  const present = createOptions({ ...texts, file: '' });
  const words = ['file=', ...Object.entries(texts).map(([name, text]) => `${name}=${text}`)];
  const read = await token.read(present);
  expect(token.digest).toBeUndefined();
  if (read.kind === 'read') read.use();
  expect(token.digest).toEqual(tokenDigest(first));
  const log = new RecordLog();
  const reload = (): Promise<FreshOptions> => newOptions(words, present, log, token);
  await writeFile(path, `${second}\n`);
  const fresh = await reload();
  // The policy may still be found wrong.
  expect(token.digest).toEqual(tokenDigest(first));
  expect(fresh).toMatchObject({ kind: 'new' });
  if (fresh.kind === 'new') fresh.say();
  expect(token.digest).toEqual(tokenDigest(second));
  const { events } = log;
  await writeFile(path, '');
  const empty = await reload();
  await writeFile(path, 'short\n');
  const short = await reload();
  await rm(path);
  const gone = await reload();
  for (const [outcome, problem] of [
    [empty, /admin-token-file.*empty/],
    [short, /16 or more characters/],
    [gone, /there is no such file/],
  ] as const) {
    expect(outcome).toEqual({ kind: 'wrong', problems: [expect.stringMatching(problem)] });
  }
  expect(events.names).toEqual(['options-refused', 'options-refused', 'options-refused']);
  expect(token.digest).toEqual(tokenDigest(second));
});
