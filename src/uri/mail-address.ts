// A mail address in the text of a URI or in running text: the first `@` with a local part before it and a domain behind it. What is in
// front of the local part and behind the domain is passed over (`<`, words, another address). Linear time.
import { browserHost } from './browser-host.ts';
import { isTopLabel } from './host.ts';
import { decodePercent } from './percent.ts';

export interface MailAddress {
  readonly local: string;
  readonly domain: string;
}

/** RFC 5322 atext without `/`, dots, and octets above 127 (RFC 6531). */
const localTail = /[A-Za-z0-9!#$%&'*+\-=?^_`{|}~.\x80-\xff]/;
const LONGEST_QUOTED = 1024;

function unquotedLocal(text: string, at: number): string {
  let start = at;
  while (start > 0 && localTail.test(text.charAt(start - 1))) start--;
  const decoded = decodePercent(text.slice(start, at));
  let from = decoded.length;
  while (from > 0 && localTail.test(decoded.charAt(from - 1))) from--;
  return decoded.slice(from);
}

/** The quoted string that ends before `at`, quotes included; '' when it has no beginning at `from` or behind it. */
function quotedLocal(text: string, at: number, from: number): string {
  for (let i = at - 2; i >= from && at - i <= LONGEST_QUOTED; i--)
    if (text[i] === '"' && text[i - 1] !== '\\') return text.slice(i, at);
  return '';
}

function domainAfter(text: string, at: number): string | undefined {
  const pattern = /[A-Za-z0-9\-._\x80-\xff]*/y;
  pattern.lastIndex = at + 1;
  const found = pattern.exec(text)?.[0] ?? '';
  const domain = browserHost(found.endsWith('.') ? found.slice(0, -1) : found);
  if (domain === undefined) return undefined;
  const lastDot = domain.lastIndexOf('.');
  if (lastDot <= 0 || domain.startsWith('.') || domain.includes('..')) return undefined;
  return isTopLabel(domain.slice(lastDot + 1)) ? domain : undefined;
}

export function findMailAddress(text: string): MailAddress | undefined {
  // No quoted string begins in front of it.
  let from = 0;
  for (let at = text.indexOf('@', 1); at > 0; at = text.indexOf('@', at + 1)) {
    const domain = domainAfter(text, at);
    if (domain === undefined) continue;
    const isQuoted = text[at - 1] === '"';
    const local = isQuoted ? quotedLocal(text, at, from) : unquotedLocal(text, at);
    if (local !== '') return { local, domain };
    if (isQuoted) from = at - 1;
  }
  return undefined;
}
