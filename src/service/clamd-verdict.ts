// What a reply line of clamd says (clamd(8), "COMMANDS": SCAN, INSTREAM). No I/O.
import type { ReplyReader } from './exchange.ts';

export type Verdict =
  | { readonly kind: 'clean' }
  | { readonly kind: 'infected'; readonly signature: string }
  /** A complete reply that is neither: `... ERROR`, or something unknown. */
  | { readonly kind: 'error'; readonly error: string }
  /** The line has no end: it may have been cut, and `a: OK` may be the beginning of a file name. */
  | { readonly kind: 'cut'; readonly error: string };

/** A reply is one line, ended by LF (n-commands) or NUL (z-commands). */
export class ReplyLine implements ReplyReader {
  push(piece: Buffer): boolean {
    return piece.includes(10) || piece.includes(0);
  }
}

/**
 * Reads `<what>: OK`, `<what>: <signature> FOUND` or anything else. `what` may be a path that holds anything, also `: ` and ` FOUND`:
 * only the end of the line counts.
 */
export function readVerdict(reply: Buffer): Verdict {
  const text = reply.toString('latin1');
  const end = text.search(/[\n\0]/);
  const line = (end < 0 ? text : text.slice(0, end)).replace(/\r$/, '');
  if (line.endsWith(' FOUND')) {
    const found = line.slice(0, -' FOUND'.length);
    return { kind: 'infected', signature: found.slice(found.lastIndexOf(': ') + 1).trim() };
  }
  const shown = line.slice(0, 500);
  if (end < 0) return { kind: 'cut', error: `clamd closed in the middle of its reply: ${shown}` };
  if (line.endsWith(': OK')) return { kind: 'clean' };
  return { kind: 'error', error: line === '' ? 'clamd gave an empty reply' : `clamd said: ${shown}` };
}
