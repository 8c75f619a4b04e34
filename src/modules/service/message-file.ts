// The file that a policy hands to a scanner, by its name: found once, when the service is started.
import type { SpoolDirectory } from '../../message/stored-message.ts';
import type { SessionView } from '../../policy/session-view.ts';
import type { ScannedFile } from '../../service/scanned-file.ts';

export type FindOutcome =
  | { readonly kind: 'found'; readonly file: ScannedFile }
  | { readonly kind: 'missing'; readonly error: string };

/** Finds what `path` means for this session. An empty path is the current message when option spool-dir is empty. */
export function findMessageFile(
  path: string,
  session: SessionView | undefined,
  spool: SpoolDirectory,
): FindOutcome {
  const transaction = session?.transaction;
  const current = transaction?.message;
  if (transaction !== undefined && current !== undefined && current.path === path) {
    return { kind: 'found', file: { kind: 'current', path, message: current, transaction } };
  }
  if (path === '')
    return { kind: 'missing', error: 'the file name is empty and no message is being received' };
  if (path.includes('\0')) return { kind: 'missing', error: 'a file name must not contain NUL' };
  const message = spool.find(path);
  if (message !== undefined) return { kind: 'found', file: { kind: 'stored', path, message } };
  return { kind: 'found', file: { kind: 'file', path } };
}
