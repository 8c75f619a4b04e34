// What a next hop offers in its reply to EHLO (RFC 5321 section 4.1.1.1): keywords with what stands behind them. Pure.
import type { ExtensionName } from './extension-table.ts';
import { linesOf, type Reply, reply } from './reply.ts';

/** By keyword in upper case; '' when nothing stands behind it. */
export interface Capabilities {
  has(name: ExtensionName): boolean;
  get(name: ExtensionName): string | undefined;
}

export const noCapabilities: Capabilities = new Map<string, string>();

/** Keyword, and behind a blank (or `=`, as old servers have it for AUTH) its arguments. */
const LINE = /^\d{3}[ -]([\x21-\x3c\x3e-\x7e]+)[ \t=]?(.*)$/s;

/** A keyword that is there twice (`AUTH PLAIN`, `AUTH=LOGIN`) has the arguments of both. */
export function readCapabilities(said: Reply): Capabilities {
  const found = new Map<string, string>();
  // The first line is the next hop's name.
  for (const line of linesOf(said).slice(1)) {
    const [, word, rest = ''] = LINE.exec(line) ?? [];
    if (word === undefined) continue;
    const keyword = word.toUpperCase();
    const before = found.get(keyword) ?? '';
    const more = rest.trim();
    found.set(keyword, before === '' || more === '' ? before + more : `${before} ${more}`);
  }
  return found;
}

/** RCPTMAX of LIMITS (RFC 9422 section 4.2): how many recipients a message may have; Infinity when that is not said. */
export function recipientsAtMost(capabilities: Capabilities): number {
  const [, most] = /(?:^|\s)RCPTMAX=([1-9]\d{0,5})(?=\s|$)/i.exec(capabilities.get('LIMITS') ?? '') ?? [];
  return most === undefined ? Number.POSITIVE_INFINITY : Number(most);
}

/** For one recipient more: its client tries it again in a message of its own. */
export function beyondMost(most: number): Reply {
  return reply(452, `4.5.3 the next hop takes ${most} recipients of a message`);
}
