// Recording of sessions by a process that serves (option record-dir): whether it can be done, its begin and its end.
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import type { Clock, RandomInteger } from '../base/clock.ts';
import { codeOrText } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { RecordingFiles } from '../observe/record/recording-files.ts';
import { Recordings } from '../observe/record/recordings.ts';
import type { Options } from '../options/options.ts';
import { readRecordWish } from '../options/record-wish.ts';
import { version } from '../version.ts';

/** What is wrong with the directory, or undefined. */
export async function recordProblem(options: Options): Promise<string | undefined> {
  const path = options.values['record-dir'];
  if (path === '') return undefined;
  const place = `${options.origin('record-dir')}: record-dir=${path}`;
  try {
    if (!(await stat(path)).isDirectory()) return `${place}: that is no directory`;
    await access(path, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const code = codeOrText(error);
    return code === 'ENOENT'
      ? `${place}: there is no such directory; make it with: mkdir -p -m 700 ${path}`
      : `${place}: it cannot be written (${code}); change its owner or set another record-dir`;
  }
}

export interface RecordParts {
  readonly log: Log;
  readonly clock: Clock;
  readonly random: RandomInteger;
  /** As option script has it. */
  readonly script: string;
}

/** Undefined: nothing is recorded. What it gives ends that, and resolves when all is written. */
export function startRecording(
  { values }: Options,
  { clock, log, random, script }: RecordParts,
): (() => Promise<void>) | undefined {
  const wish = readRecordWish(values.record);
  if (values['record-dir'] === '' || wish === undefined) return undefined;
  const files = new RecordingFiles(values['record-dir'], log);
  const settings = { wish, content: values['record-content'], version, script: () => script };
  const recordings = new Recordings({ bus: log.bus, clock, random }, settings, files);
  return async () => {
    recordings.close();
    await files.drained();
  };
}
