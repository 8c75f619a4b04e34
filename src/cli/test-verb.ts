// `smtpe test` with paths: the tests of policies. Without one it is the session on the terminal.
import { createOptions } from '../options/option-set.ts';
import type { Options } from '../options/options.ts';
import { exitCode } from './exit-code.ts';
import { complain } from './problems.ts';
import { findScript } from './start-checks.ts';
import { readTestWords } from './test-words.ts';
import { readCommandLine } from './verb.ts';

/** Options of which one was given. */
function scriptOnly(script: string): Options {
  const options = createOptions();
  options.set('script', script, 'command line');
  return options;
}

/** `words`: those behind the verb. Undefined: no test was named, it is the session. */
export async function testVerb(words: readonly string[]): Promise<number | undefined> {
  const tests = readTestWords(words);
  const isSession = tests.paths.length === 0 && tests.problems.length === 0;
  if (isSession) return undefined;
  const line = readCommandLine(['test', ...tests.rest]);
  const problems = [...tests.problems, ...line.problems];
  if (problems.length > 0) {
    await complain(problems);
    return exitCode.usage;
  }
  const named = line.words.findLast((word) => /^script=/i.test(word))?.slice('script='.length) ?? '';
  const policy = named === '' ? undefined : await findScript(scriptOnly(named));
  if (policy?.kind === 'missing') {
    await complain([policy.problem]);
    return exitCode.usage;
  }
  // Loaded when it is used: a server needs none of it.
  return (await import('./test-cases.ts')).testCases(tests, policy, line.words);
}
