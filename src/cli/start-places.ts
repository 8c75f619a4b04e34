// Where a start is going to put things besides the policy's: recordings, log, process number, socket of the administration. Asked by `check`, so that what
// a start refuses is no surprise. Must never make, open for writing or change anything.
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOrText } from '../base/errors.ts';
import { readAdminListen } from '../options/admin-listen.ts';
import type { Options } from '../options/options.ts';
import { AdminToken } from './admin-token.ts';
import { recordProblem } from './record-sessions.ts';

export interface PlaceReport {
  /** A start refuses them. */
  readonly problems: readonly string[];
  /** A start may refuse them: a service manager makes some directories just before it. */
  readonly warnings: readonly string[];
}

/** The kind of what is there; an error code where that cannot be told. */
async function kindOf(path: string): Promise<'directory' | 'other' | 'missing' | string> {
  try {
    return (await stat(path)).isDirectory() ? 'directory' : 'other';
  } catch (error) {
    const code = codeOrText(error);
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : code;
  }
}

/** Files that are made at the start, by their options. */
function filesMade({ values }: Options): ReadonlyMap<'log-file' | 'pid-file' | 'admin-listen', string> {
  const admin = readAdminListen(values['admin-listen']);
  return new Map([
    ['log-file', values['log-file']],
    ['pid-file', values['pid-file']],
    ['admin-listen', admin?.kind === 'unix' ? admin.path : ''],
  ]);
}

export async function checkPlaces(options: Options): Promise<PlaceReport> {
  const problems: string[] = [];
  const warnings: string[] = [];
  const recording = await recordProblem(options);
  if (recording !== undefined) problems.push(recording);
  if (options.values['admin-listen'] !== '') {
    const token = await new AdminToken().read(options);
    if (token.kind === 'wrong') problems.push(token.problem);
  }
  for (const [name, path] of filesMade(options)) {
    if (path === '') continue;
    const place = `${options.origin(name)}: ${name}=${options.values[name]}`;
    const directory = dirname(path);
    const above = await kindOf(directory);
    if ((await kindOf(path)) === 'directory')
      problems.push(`${place}: that is a directory; name a file in it`);
    else if (above === 'other') problems.push(`${place}: ${directory} is no directory`);
    else if (above === 'missing')
      warnings.push(`${place}: there is no directory ${directory}; it must be there when smtpe starts`);
  }
  return { problems, warnings };
}
