// Does an Authentication-Results header that came with a message claim to be ours (RFC 8601 5)? Whoever reads it downstream may be lenient, so
// what cannot be read does too: no id, a quoted string or a comment without end, an octet beyond ASCII in the id, anything but a version
// behind it. Pure.
import { withoutEnd } from '../../base/ascii.ts';
import { Scanner } from './scanner.ts';

/** `value`: what stands behind the colon. `ids`: our names, in any case. */
export function claimsToBeOurs(value: string, ids: readonly string[]): boolean {
  const id = idOf(value);
  if (id === undefined) return true;
  const claimed = plain(id);
  return ids.some((own) => plain(own) === claimed);
}

/** The authserv-id; undefined when the header cannot be read so far. */
function idOf(value: string): string | undefined {
  const scanner = new Scanner(value);
  if (!scanner.skip()) return undefined;
  const id = scanner.value();
  if (id === undefined || !/^[!-~]+$/.test(id) || !scanner.skip()) return undefined;
  if (scanner.number() !== undefined && !scanner.skip()) return undefined;
  return scanner.isAtEnd || scanner.take(';') ? id : undefined;
}

/** Without regard to case and to final dots. */
const plain = (id: string): string => withoutEnd(id, '.').toLowerCase();
