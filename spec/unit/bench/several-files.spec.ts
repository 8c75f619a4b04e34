// Tests of a policy of several files: named by the test, by the option file beside the policy, or by the command line; errors, failures and coverage name
// the file that they are about.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fileLines } from '../../../src/bench/report/text-report.ts';
import { type RunSettings, runTests } from '../../../src/bench/run-tests.ts';
import { readOptionFile } from '../../../src/cli/read-option-file.ts';
import { benchRun } from '../../fakes/bench-run.ts';

const local = "function hook.rcpt(to)\n  if to == 'ours@example.com' then return '250 2.1.5 local' end\nend";
const filter =
  "function hook.rcpt(to)\n  return '550 5.7.1 filter'\nend\nfunction hook.mail(from)\n  if from == 'x@broken.example' then error('oh') end\nend";
const head = "local t = require 'smtpe.test'\n";
const body =
  "t.case('in order', function(s) s:mail('a@b.example'):rcpt('ours@example.com'):expect(250, 'local') s:rcpt('x@y.example'):expect(550, 'filter') end)\n";
const files = { 'local.lua': local, 'filter.lua': filter };

it('the test names them', async () => {
  const run = await benchRun({
    ...files,
    'both_test.lua': `${head}t.policy { 'local.lua', 'filter.lua' }\n${body}`,
    'one_test.lua': `${head}t.policy 'filter.lua'\nt.case('one', function(s) s:mail('a@b.example'):rcpt('ours@example.com'):expect(550, 'filter') end)`,
  });
  expect(run.text).not.toContain('FAIL');
  expect(run.case('in order').failure).toBeUndefined();
  expect(run.files[0]?.coverage.map(({ name }) => name.replace(/.*\//, ''))).toEqual([
    'local.lua',
    'filter.lua',
  ]);
});

it('the option file beside the policy names them, and a test of another policy has that one alone', async () => {
  const run = await benchRun({
    ...files,
    'smtpe.cf': "script='local.lua filter.lua'\n",
    'other.lua': "function hook.rcpt() return '250 2.1.5 other' end",
    'local_test.lua': head + body,
    'filter_test.lua': head + body.replace('in order', 'filter'),
    'other_test.lua': `${head}t.case('other', function(s) s:mail('a@b.example'):rcpt('x@y.example'):expect(250, 'other') end)`,
  });
  expect(run.text).not.toContain('FAIL');
  // A summary tells of the first: the one that the test is about.
  expect(run.files.map(({ coverage }) => coverage.map(({ name }) => name.replace(/.*\//, '')))).toEqual([
    ['local.lua', 'filter.lua'],
    ['filter.lua', 'local.lua'],
    ['other.lua'],
  ]);
});

async function runWith(texts: Readonly<Record<string, string>>, policy: readonly string[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-several-'));
  try {
    for (const [name, text] of Object.entries(texts)) await writeFile(join(directory, name), text);
    const [path = '', ...more] = policy.map((name) => join(directory, name));
    const settings: RunSettings = {
      ...{ tests: [join(directory, 'local_test.lua')], name: undefined, words: [], policy: { path, more } },
      ...{ readFile: readOptionFile, stopwatch: () => 0 },
    };
    const results = await runTests(settings, { fileDone: () => undefined });
    return results
      .flatMap((result) => fileLines(result, false))
      .join('\n')
      .replaceAll(`${directory}/`, '');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

it('the command line names them, and counts more than the test', async () => {
  const test = `${head}t.policy 'nothing.lua'\n${body}`;
  expect(await runWith({ ...files, 'local_test.lua': test }, ['local.lua', 'filter.lua'])).not.toContain(
    'FAIL',
  );
  const turned = await runWith({ ...files, 'local_test.lua': test }, ['filter.lua', 'local.lua']);
  expect(turned).toMatch(/expected 250 … 'local', got 550 5\.7\.1 filter/);
});

it('a mistake names its file: one that is not there, one that cannot be read as Lua, a hook that fails', async () => {
  const test = (names: string, what = body): string => `${head}t.policy { ${names} }\n${what}`;
  const { files: results, text } = await benchRun({
    ...files,
    'wrong.lua': 'function hook.rcpt( end',
    'unknown.lua': 'function hook.recpt() end',
    'a_test.lua': test("'local.lua', 'gone.lua'"),
    'b_test.lua': test("'local.lua', 'wrong.lua'"),
    'c_test.lua': test("'local.lua', 'unknown.lua'"),
    'd_test.lua': test(
      "'local.lua', 'filter.lua'",
      "t.case('fails', function(s) s:mail('x@broken.example'):expect(250) end)",
    ),
    'e_test.lua': `${head}t.policy {}\n`,
    'f_test.lua': `${head}t.policy 'local.lua' t.case('within', function() t.policy 'filter.lua' end)`,
  });
  const problems = results.map(({ problem = '' }) => problem.replace(/\S*\//g, ''));
  expect(problems[0]).toMatch(/gone\.lua/);
  expect(problems[1]).toMatch(/^wrong\.lua:1: /);
  expect(problems[2]).toMatch(/^unknown\.lua:1:10: hook\.recpt is never called.*did you mean hook\.rcpt/);
  expect(text).toMatch(/-> .*filter\.lua:5: oh +filter\.lua:5\n/);
  expect(problems[4]).toMatch(/^e_test\.lua:2: t\.policy: expected 'policy\.lua' or \{/);
  expect(text).toMatch(/t\.policy within a case: it stands at the level of the file/);
});
