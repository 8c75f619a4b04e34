// Tests with programs that may be missing on a machine: they are reported by name as skipped, with the reason.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'vitest';

const directories = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];

/** The path of a program, also from the directories of root; undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  return directories
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, name))
    .find(existsSync);
}

/** `describe` when all programs are there, else the same tests skipped under a name that says what is missing. */
export function describeWith(programs: readonly string[], name: string, tests: () => void): void {
  const missing = programs.filter((program) => findProgram(program) === undefined);
  if (missing.length === 0) describe(name, tests);
  else describe.skip(`${name} (skipped: ${missing.join(', ')} not installed)`, tests);
}
