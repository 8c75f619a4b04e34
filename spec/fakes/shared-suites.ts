// The suites of test cases: those of our own are in spec/suites; those of others are kept beside the repository, in the directory that
// SMTPE_SHARED names, or ../shared. A spec whose suite is not there is skipped by name.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** A suite of our own. */
export function ownSuite<T>(name: string): T {
  return JSON.parse(readFileSync(join(root, 'spec/suites', `${name}.json`), 'utf8'));
}

/** A suite of others; undefined when it is not there. */
export function sharedSuite<T>(name: string): T | undefined {
  const path = join(process.env.SMTPE_SHARED ?? join(root, '../shared'), 'suites', `${name}.json`);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}
