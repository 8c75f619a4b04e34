// The certificates of all listeners, read and checked as a whole: at the start, where a mistake is the end of it, and at a reload, where everything
// stays as it was. What will hurt later is said in the log.
import type { Log } from '../base/log.ts';
import { isNameFor } from '../net/server-certificate.ts';
import { makeContexts, type TlsContexts, tlsPaths } from '../net/tls-context.ts';
import type { TlsFile, TlsMaterial } from '../net/tls-material.ts';
import { readTlsFile } from '../ops/tls-files.ts';
import { listenerOptions } from '../options/listener-options.ts';
import type { Options } from '../options/options.ts';

export type TlsLoaded =
  | {
      readonly kind: 'loaded';
      readonly material: TlsMaterial;
      /** Of listeners, each once. */
      readonly contexts: readonly TlsContexts[];
    }
  /** One line each, with where the option was set. */
  | { readonly kind: 'wrong'; readonly problems: readonly string[] };

export async function loadTls(options: Options): Promise<TlsLoaded> {
  const listeners = listenerOptions(options);
  const files: TlsFile[] = [];
  const problems = new Set<string>();
  const looked = new Set<string>();
  for (const listener of listeners) {
    const { values } = listener.options;
    for (const path of tlsPaths(values)) {
      if (looked.has(path)) continue;
      looked.add(path);
      const option = path === values['smtp-tls-client-ca'] ? 'smtp-tls-client-ca' : 'smtp-tls';
      const read = await readTlsFile(path);
      if (read.kind === 'read') files.push(read.file);
      else problems.add(`${listener.options.origin(option)}: ${option}: ${path}: ${read.problem}`);
    }
  }
  if (problems.size > 0) return { kind: 'wrong', problems: [...problems] };
  const contexts: TlsContexts[] = [];
  for (const listener of listeners) {
    const made = makeContexts(listener.options.values, { files });
    if (made.kind === 'made') contexts.push(made.contexts);
    else if (made.kind === 'wrong') {
      for (const problem of made.problems) problems.add(`${listener.options.origin('smtp-tls')}: ${problem}`);
    }
  }
  if (problems.size > 0) return { kind: 'wrong', problems: [...problems] };
  return { kind: 'loaded', material: { files }, contexts };
}

const DAY_MS = 86_400_000;
/** A certificate of Let's Encrypt is renewed 30 days before its end. */
const SOON_DAYS = 14;

export interface CertificateWarning {
  readonly file: string;
  readonly cause: string;
}

/** What is wrong with certificates that work all the same. `now`: milliseconds since the Epoch. */
export function certificateWarnings(
  contexts: readonly TlsContexts[],
  hostName: string,
  now: number,
): readonly CertificateWarning[] {
  const warnings = new Map<string, CertificateWarning>();
  const warn = (file: string, cause: string): void => {
    warnings.set(`${file} ${cause}`, { file, cause });
  };
  for (const one of contexts) {
    for (const { isOpen, notAfter, place } of one.certificates) {
      const days = Math.floor((notAfter - now) / DAY_MS);
      if (notAfter < now) warn(place.chain, 'it has expired: renew it');
      else if (days < SOON_DAYS) warn(place.chain, `it expires in ${days} days: renew it`);
      if (isOpen) warn(place.key, 'every user of this machine can read the key: chmod o-r');
    }
    for (const { place } of one.unused)
      warn(place.chain, 'no client gets it: one before it in smtp-tls has the same names and type of key');
    const host = hostName.toLowerCase();
    const [first] = one.certificates;
    if (
      first !== undefined &&
      !one.certificates.some(({ names }) => names.some((name) => isNameFor(name, host)))
    )
      warn(first.place.chain, `our name ${hostName} (host-name) is in none of the certificates`);
  }
  return [...warnings.values()];
}

/** Says in the log what is wrong with certificates that are in service from now on. */
export function warnOfCertificates(
  contexts: readonly TlsContexts[],
  hostName: string,
  now: number,
  log: Log,
): void {
  for (const warning of certificateWarnings(contexts, hostName, now))
    log.emit('certificate-warning', warning);
}

/** Says which files can be read no more, since rights were given up (option user): a reload would fail. */
export async function warnOfLostFiles({ files }: TlsMaterial, log: Log): Promise<void> {
  for (const { path } of files) {
    const read = await readTlsFile(path);
    if (read.kind === 'read') continue;
    const cause = `${read.problem}: SIGHUP cannot read it anew; let that user read it, or restart for a new one`;
    log.emit('certificate-warning', { file: path, cause });
  }
}
