// What SIGHUP does with the option file and the certificates: reads them, says what is wrong with it, what changed and what needs a restart.
import { systemClock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { TlsMaterial } from '../net/tls-material.ts';
import { ownHostName } from '../ops/host-name.ts';
import type { Options } from '../options/options.ts';
import { rereadOptions } from '../options/reread-options.ts';
import type { AdminToken } from './admin-token.ts';
import { loadTls, warnOfCertificates } from './load-tls.ts';
import { readOptionFile } from './read-option-file.ts';
import { settleSpoolDirectory } from './spool-directory.ts';
import { spoolProblem } from './start-checks.ts';

export interface NewOptions {
  readonly kind: 'new';
  readonly options: Options;
  readonly tls: TlsMaterial;
  /** As in an option file. */
  readonly changed: readonly string[];
  /** With another value in the file, which needs a restart. */
  readonly needRestart: readonly string[];
  /** They are in effect now. */
  say(): void;
}

/** `wrong`: the log has said it. */
export type FreshOptions = NewOptions | { readonly kind: 'wrong'; readonly problems: readonly string[] };

/** What a change of a certificate's file alone is about: the options stay. */
export async function newCertificates(present: Options, log: Log): Promise<FreshOptions> {
  const tls = await loadTls(present);
  if (tls.kind === 'wrong') {
    for (const cause of tls.problems) log.emit('options-refused', { cause });
    return tls;
  }
  const hostName = await ownHostName(present.values['host-name'], systemClock);
  return {
    kind: 'new',
    options: present,
    tls: tls.material,
    changed: [],
    needRestart: [],
    say: () => warnOfCertificates(tls.contexts, hostName, systemClock.now(), log),
  };
}

/** `token`: of the administration interface. Where something is wrong the present options and the policy stay. */
export async function newOptions(
  words: readonly string[],
  present: Options,
  log: Log,
  token: AdminToken,
): Promise<FreshOptions> {
  const read = await rereadOptions(words, present, readOptionFile, settleSpoolDirectory);
  const spool = read.kind === 'read' ? await spoolProblem(read.options) : undefined;
  const tls = read.kind === 'read' ? await loadTls(read.options) : undefined;
  const isAdministered = present.values['admin-listen'] !== '';
  const admin = read.kind === 'read' && isAdministered ? await token.read(read.options) : undefined;
  const problems = [
    ...(read.kind === 'wrong' ? read.problems : []),
    ...(admin?.kind === 'wrong' ? [admin.problem] : []),
    ...(spool === undefined ? [] : [spool]),
    ...(tls?.kind === 'wrong' ? tls.problems : []),
  ];
  for (const cause of problems) {
    log.emit('options-refused', { cause });
  }
  if (read.kind === 'wrong' || tls?.kind !== 'loaded' || problems.length > 0)
    return { kind: 'wrong', problems };
  const { options, changed, needRestart } = read;
  const hostName = await ownHostName(options.values['host-name'], systemClock);
  return {
    kind: 'new',
    options,
    tls: tls.material,
    changed,
    needRestart,
    say: () => {
      if (admin?.kind === 'read') admin.use();
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
