// The words of `smtpe test` when it runs tests of policies: paths, how the outcome is told, and options of smtpe.
import { nearestName } from '../base/nearest-name.ts';
import { isTestFile } from '../bench/find-tests.ts';

export interface TestWords {
  /** Files and directories; without one it is the session that `test` has always been. */
  readonly paths: readonly string[];
  /** `-k NAME` */
  readonly name: string | undefined;
  readonly report: 'text' | 'tap' | 'json';
  /** `--junit=FILE` */
  readonly junit: string | undefined;
  readonly coverage: boolean;
  /** The other words: options, and the policy. */
  readonly rest: readonly string[];
  readonly problems: readonly string[];
}

/** A path, and neither an option nor a policy. */
const isPath = (word: string): boolean =>
  /^[^=+-][^=]*$/.test(word) && (isTestFile(word) || !/\.lua$/i.test(word));

const switches = ['--tap', '--json', '--junit', '--coverage'] as const;

function unknownSwitch(word: string): string {
  const name = word.replace(/=.*/s, '');
  if (switches.some((one) => one === name)) return `${name} takes no value`;
  const near = nearestName(name, switches);
  return `smtpe test has no ${name}; ${near === undefined ? `there are ${switches.join(', ')}` : `did you mean ${near}?`}`;
}

/** `words`: those of the command line without the verb. */
export function readTestWords(words: readonly string[]): TestWords {
  const paths: string[] = [];
  const rest: string[] = [];
  const problems: string[] = [];
  const reports = new Set<'tap' | 'json'>();
  let name: string | undefined;
  let junit: string | undefined;
  let coverage = false;
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    const [, given] = /^-k(?:=?(.+))?$/.exec(word) ?? [];
    const [, file] = /^--junit(?:=(.*))?$/.exec(word) ?? [];
    if (word.startsWith('-k') && (word === '-k' || given !== undefined)) {
      name = given ?? left.shift();
      if (name === undefined) problems.push('-k needs what stands in the names of cases: -k greylist');
    } else if (word.startsWith('--junit')) {
      if (file === undefined || file === '') problems.push('--junit needs a file: --junit=report.xml');
      else junit = file;
    } else if (word === '--tap' || word === '--json') reports.add(word === '--tap' ? 'tap' : 'json');
    else if (word === '--coverage') coverage = true;
    else if (word.startsWith('--')) problems.push(unknownSwitch(word));
    else if (isPath(word)) paths.push(word);
    else rest.push(word);
  }
  if (reports.size > 1) problems.push('--tap and --json: one of them');
  const [report = 'text'] = reports;
  const isAsked = name !== undefined || junit !== undefined || coverage || reports.size > 0;
  if (isAsked && paths.length === 0)
    problems.push('name the tests, files *_test.lua or their directory: smtpe test .');
  return { paths, name, report, junit, coverage, rest, problems };
}
