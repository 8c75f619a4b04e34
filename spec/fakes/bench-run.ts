// Runs tests of policies from texts, as `smtpe test` does, in this process.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileLines } from '../../src/bench/report/text-report.ts';
import { type CaseResult, type FileResult, runTests } from '../../src/bench/run-tests.ts';
import { readOptionFile } from '../../src/cli/read-option-file.ts';

export interface BenchRun {
  readonly files: readonly FileResult[];
  /** What is printed, without names of directories and without milliseconds. */
  readonly text: string;
  case(name: string): CaseResult;
}

let clock = 0;

/** `files`: by name; those that end in `_test.lua` are run in their order. */
export async function benchRun(
  files: Readonly<Record<string, string>>,
  words: readonly string[] = [],
  name?: string,
): Promise<BenchRun> {
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-bench-spec-'));
  try {
    for (const [file, text] of Object.entries(files)) {
      await mkdir(dirname(join(directory, file)), { recursive: true });
      await writeFile(join(directory, file), text, 'latin1');
    }
    const tests = Object.keys(files)
      .filter((file) => file.endsWith('_test.lua'))
      .map((file) => join(directory, file));
    const results = await runTests(
      { tests, name, words, policy: undefined, readFile: readOptionFile, stopwatch: () => clock++ },
      { fileDone: () => undefined },
    );
    const lines = results.flatMap((result) => fileLines(result, false));
    const text = lines
      .join('\n')
      .replaceAll(`${directory}/`, '')
      .replaceAll(/ +\d+ ms/g, '');
    const all = results.flatMap(({ cases }) => cases);
    return {
      files: results,
      text,
      case: (wanted) => {
        const found = all.find((one) => one.name === wanted);
        if (found === undefined) throw new Error(`there is no case ${wanted}:\n${text}`);
        return found;
      },
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
