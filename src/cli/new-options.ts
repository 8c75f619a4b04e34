// What SIGHUP does with the option file and the certificates: reads them, says what is wrong with it, what changed and what needs a restart.
import { systemClock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { TlsMaterial } from '../net/tls-material.ts';
import { ownHostName } from '../ops/host-name.ts';
import type { Options } from '../options/options.ts';
import { rereadOptions } from '../options/reread-options.ts';
import { loadTls, warnOfCertificates } from './load-tls.ts';
import { readOptionFile } from './read-option-file.ts';
import { settleSpoolDirectory } from './spool-directory.ts';
import { spoolProblem } from './start-checks.ts';

export interface NewOptions {
  readonly options: Options;
  readonly tls: TlsMaterial;
  /** They are in effect now. */
  say(): void;
}

/** What a change of a certificate's file alone is about: the options stay. Undefined: something is wrong, which the log says. */
export async function newCertificates(present: Options, log: Log): Promise<NewOptions | undefined> {
  const tls = await loadTls(present);
  if (tls.kind === 'wrong') {
    for (const cause of tls.problems) log.emit('options-refused', { cause });
    return undefined;
  }
  const hostName = await ownHostName(present.values['host-name'], systemClock);
  return {
    options: present,
    tls: tls.material,
    say: () => warnOfCertificates(tls.contexts, hostName, systemClock.now(), log),
  };
}

/** Undefined: something is wrong, which the log says; the present options and the policy stay. */
export async function newOptions(
  words: readonly string[],
  present: Options,
  log: Log,
): Promise<NewOptions | undefined> {
  const read = await rereadOptions(words, present, readOptionFile, settleSpoolDirectory);
  const spool = read.kind === 'read' ? await spoolProblem(read.options) : undefined;
  const tls = read.kind === 'read' ? await loadTls(read.options) : undefined;
  const problems = [
    ...(read.kind === 'wrong' ? read.problems : []),
    ...(spool === undefined ? [] : [spool]),
    ...(tls?.kind === 'wrong' ? tls.problems : []),
  ];
  for (const cause of problems) {
    log.emit('options-refused', { cause });
  }
  if (read.kind === 'wrong' || tls?.kind !== 'loaded' || problems.length > 0) return undefined;
  const { options, changed, needRestart } = read;
  const hostName = await ownHostName(options.values['host-name'], systemClock);
  return {
    options,
    tls: tls.material,
    say: () => {
      warnOfCertificates(tls.contexts, hostName, systemClock.now(), log);
      if (changed.length > 0) log.emit('options-changed', { changed: changed.join(' ') });
      if (needRestart.length > 0) {
        log.emit('options-waiting', {
          options: needRestart.join(' '),
        });
      }
    },
  };
}
