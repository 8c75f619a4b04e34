// Which files are tests, and which policy each of them is about.
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import type { ScriptPaths } from '../app.ts';
import { codeOf } from '../base/errors.ts';
import { splitList } from '../base/lists.ts';

const TEST = /_test\.lua$/i;

export const isTestFile = (path: string): boolean => TEST.test(path);

export interface FoundTests {
  /** As the user would write them, in order. */
  readonly tests: readonly string[];
  readonly problems: readonly string[];
}

/** A directory deeper than that has its tests named by itself. */
const MOST_DEPTH = 16;

async function below(directory: string, depth: number): Promise<readonly string[]> {
  if (depth > MOST_DEPTH) return [];
  const entries = await readdir(directory, { withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = directory === '.' ? entry.name : join(directory, entry.name);
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    if (entry.isDirectory()) found.push(...(await below(path, depth + 1)));
    else if (isTestFile(entry.name) && (await isFile(path))) found.push(path);
  }
  return found;
}

/** All tests that the paths name: files, and those below directories. */
export async function findTests(paths: readonly string[]): Promise<FoundTests> {
  const tests = new Set<string>();
  const problems: string[] = [];
  for (const path of paths) {
    try {
      const found = await stat(path);
      if (found.isDirectory()) {
        const inside = await below(path, 0);
        if (inside.length === 0) problems.push(`${path}: there is no test in it; tests are files *_test.lua`);
        for (const one of inside) tests.add(one);
      } else if (!found.isFile()) problems.push(`${path}: it is no plain file`);
      else if (isTestFile(path)) tests.add(path);
      else
        problems.push(
          `${path} is no test; tests are files *_test.lua, as ${path.replace(/(?:\.lua)?$/i, '_test.lua')}`,
        );
    } catch (error) {
      problems.push(
        `${path}: ${codeOf(error) === 'ENOENT' ? 'there is no such file or directory' : codeOf(error)}`,
      );
    }
  }
  return { tests: [...tests], problems };
}

/** Where the policy of a test may be, the likeliest first. */
export function policyPlaces(test: string): readonly string[] {
  const directory = dirname(test);
  const name = basename(test).replace(TEST, '.lua');
  const places = [join(directory, name), join(directory, 'policy.lua')];
  if (/^tests?$/.test(basename(directory === '.' ? process.cwd() : directory)))
    places.push(join(directory, '..', name), join(directory, '..', 'policy.lua'));
  return [...new Set(places)];
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

export type PolicyFound = ScriptPaths | { readonly problem: string };

/** The policy that a test is about; or why it is not known. */
export async function policyOf(test: string): Promise<PolicyFound> {
  const places = policyPlaces(test);
  for (const path of places) if (await isFile(path)) return { path, more: [] };
  return {
    problem: `${test}: its policy is not there, looked for ${places.join(', ')}; name it: smtpe test ${test} script=FILE`,
  };
}

/**
 * The files of which the policy is one, when option `script` of the option file beside it names several. It is the same file however it is written (a
 * shell puts `./` in front, a service has all of its path), and keeps the name by which it was asked for.
 */
export function withOthers(policy: ScriptPaths, beside: string | undefined, script: string): ScriptPaths {
  if (beside === undefined) return policy;
  const directory = dirname(beside);
  const wanted = resolve(policy.path);
  const paths = splitList(script)
    .map((path) => (isAbsolute(path) ? path : join(directory, path)))
    .map((path) => (resolve(path) === wanted ? policy.path : path));
  const [path, ...more] = paths;
  return path !== undefined && paths.includes(policy.path) ? { path, more } : policy;
}

/** The option file beside a policy; undefined: there is none. */
export async function optionFileBeside(policy: string): Promise<string | undefined> {
  const path = join(dirname(policy), 'smtpe.cf');
  return (await isFile(path)) ? path : undefined;
}
