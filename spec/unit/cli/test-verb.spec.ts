// Wrong uses of `smtpe test`: said once, whatever number of files there is, with exit code 64; a policy that is not there is said by its name.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { testVerb } from '../../../src/cli/test-verb.ts';

let directory: string;
const one = "local t = require 'smtpe.test' t.case('a', function(s) s:expect(220) end)\n";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-test-verb-'));
  for (const name of ['x', 'y']) {
    await writeFile(join(directory, `${name}.lua`), '');
    await writeFile(join(directory, `${name}_test.lua`), one);
  }
  await writeFile(join(directory, 'bad.cf'), 'bogus=1\n');
  await writeFile(join(directory, 'gone_test.lua'), one.replace(' t.case', " t.policy 'nope.lua' t.case"));
  await writeFile(
    join(directory, 'second_test.lua'),
    one.replace(' t.case', " t.policy { 'x.lua', 'nope.lua' } t.case"),
  );
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** Exit code and the lines of stdout and stderr. */
async function run(words: readonly string[]): Promise<readonly [number | undefined, readonly string[]]> {
  const said: string[] = [];
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation((text, ...more) => {
      said.push(String(text));
      const done = more.find((it) => typeof it === 'function');
      if (done !== undefined) (done as () => void)();
      return true;
    }),
  );
  const placed = words.map((word) => word.replaceAll('DIR', directory));
  try {
    return [await testVerb(placed), said.join('').trimEnd().replaceAll(`${directory}/`, '').split('\n')];
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

it.each([
  [['--bogus'], /smtpe test has no --bogus; there are --tap/],
  [['-bogus'], /there is no option "bogus"/],
  [['bogus=1'], /there is no option "bogus"/],
  [['file=DIR/bad.cf'], /bad\.cf:1: there is no option "bogus"/],
  [['file=DIR/none.cf'], /none\.cf does not exist/],
  [['DIR/extra.lua'], /command line: script=extra\.lua: there is no such file/],
  [['script=DIR/extra.lua'], /command line: script=extra\.lua: there is no such file/],
  [['DIR/x.lua', 'DIR/extra.lua'], /command line: script=extra\.lua: there is no such file/],
  [['DIR/nothing'], /nothing: there is no such file or directory/],
])('%s', async (words, says) => {
  const tests = ['DIR/x_test.lua', 'DIR/y_test.lua'];
  for (const all of [
    [...tests, ...words],
    [...words, ...tests],
  ])
    expect(await run(all)).toEqual([64, [expect.stringMatching(says)]]);
});

it.each(['gone', 'second'])('%s: a policy that a test names and that is not there', async (test) => {
  const [code, lines] = await run([`DIR/${test}_test.lua`]);
  expect(code).toBe(1);
  expect(lines).toContainEqual(
    expect.stringMatching(/cannot read the policy nope\.lua: there is no such file$/),
  );
});
