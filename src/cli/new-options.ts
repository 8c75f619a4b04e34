// What SIGHUP does with the option file: reads it, says what is wrong with it, what changed and what needs a restart.
import type { Log } from '../ops/log.ts';
import type { Options } from '../options/options.ts';
import { rereadOptions } from '../options/reread-options.ts';
import { readOptionFile } from './read-option-file.ts';
import { settleSpoolDirectory } from './spool-directory.ts';
import { spoolProblem } from './surroundings.ts';

export interface NewOptions {
  readonly options: Options;
  /** They are in effect now. */
  say(): void;
}

/** Undefined: something is wrong, which the log says; the present options and the policy stay. */
export async function newOptions(
  words: readonly string[],
  present: Options,
  log: Log,
): Promise<NewOptions | undefined> {
  const read = await rereadOptions(words, present, readOptionFile, settleSpoolDirectory);
  const spool = read.kind === 'read' ? await spoolProblem(read.options) : undefined;
  const problems = read.kind === 'wrong' ? read.problems : spool === undefined ? [] : [spool];
  for (const cause of problems) {
    log.write('err', 'not reloaded, the old options and the old policy stay', { cause });
  }
  if (read.kind === 'wrong' || problems.length > 0) return undefined;
  const { options, changed, needRestart } = read;
  return {
    options,
    say: () => {
      if (changed.length > 0) log.write('notice', 'options changed', { changed: changed.join(' ') });
      if (needRestart.length > 0) {
        log.write('warning', 'options changed in the file that need a restart', {
          options: needRestart.join(' '),
        });
      }
    },
  };
}
