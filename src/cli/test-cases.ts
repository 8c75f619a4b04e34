// Verb `test` with paths: runs the tests of policies. Exit code 0 when all cases are well, 1 when one has failed, 64 for a wrong use.
import { writeFile } from 'node:fs/promises';
import type { ScriptPaths } from '../app.ts';
import { systemClock } from '../base/clock.ts';
import { textOf } from '../base/errors.ts';
import { findTests } from '../bench/find-tests.ts';
import { jsonReport } from '../bench/report/json-report.ts';
import { junitReport } from '../bench/report/junit-report.ts';
import { tapReport } from '../bench/report/tap-report.ts';
import { fileLines, summaryLine, tally } from '../bench/report/text-report.ts';
import { runTests } from '../bench/run-tests.ts';
import { loadOptions } from '../options/load-options.ts';
import { exitCode } from './exit-code.ts';
import { complain, print } from './problems.ts';
import { readOptionFile } from './read-option-file.ts';
import { ScratchDirectories } from './scratch-directories.ts';
import type { TestWords } from './test-words.ts';

const FAILED = 1;

/** `policy`: the one that the command line names; `words`: options of smtpe. */
export async function testCases(
  asked: TestWords,
  policy: ScriptPaths | undefined,
  words: readonly string[],
): Promise<number> {
  const found = await findTests(asked.paths);
  if (found.problems.length > 0) {
    await complain(found.problems);
    return exitCode.usage;
  }
  // What is wrong with the words is so for every file.
  const { problems } = await loadOptions(['file=', ...words], readOptionFile);
  if (problems.length > 0) {
    await complain(problems);
    return exitCode.usage;
  }
  const isText = asked.report === 'text';
  let printed = Promise.resolve();
  const scratch = new ScratchDirectories();
  const results = await runTests(
    {
      ...{ tests: found.tests, name: asked.name, words, policy, readFile: readOptionFile },
      scratch,
      stopwatch: () => systemClock.monotonic(),
    },
    {
      fileDone: (result) => {
        // With -k files without such a case are of no interest.
        if (
          !isText ||
          (asked.name !== undefined && result.cases.length === 0 && result.problem === undefined)
        )
          return;
        const text = `${fileLines(result, asked.coverage).join('\n')}\n`;
        printed = printed.then(() => print(text));
      },
    },
  );
  scratch.close();
  await printed;
  if (asked.report === 'tap') await print(tapReport(results));
  else if (asked.report === 'json') await print(jsonReport(results));
  else await print(`${summaryLine(results)}\n`);
  const { failed, ok } = tally(results);
  if (asked.name !== undefined && ok + failed === 0) {
    await complain([`no case has ${JSON.stringify(asked.name)} in its name`]);
    return FAILED;
  }
  if (asked.junit !== undefined) {
    try {
      await writeFile(asked.junit, junitReport(results));
    } catch (error) {
      await complain([`${asked.junit} cannot be written: ${textOf(error)}`]);
      return exitCode.system;
    }
  }
  return failed === 0 ? exitCode.ok : FAILED;
}
