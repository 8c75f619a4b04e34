// What an error of the file system means to whoever asked for mail. Pure.
import { codeOf, isFull, textOf } from '../base/errors.ts';
import type { MailTrouble } from './port/outcome.ts';

/** `mailbox` is its full name. */
export function troubleOf(error: unknown, mailbox: string): MailTrouble {
  const why = textOf(error);
  if (isFull(error)) return { kind: 'full', mailbox, why };
  switch (codeOf(error)) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return { kind: 'denied', mailbox, why };
    case 'ENOENT':
    case 'ENOTDIR':
      return { kind: 'missing', mailbox };
    default:
      return { kind: 'failed', mailbox, why };
  }
}
