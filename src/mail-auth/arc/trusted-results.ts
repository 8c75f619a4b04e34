// What a chain says about the message as its first sealer had it (RFC 8617 7.2.1): worth something only when every sealer since is trusted, as
// each of them could have made it up. Pure.
import { withoutEnd } from '../../base/ascii.ts';
import { domainInAscii } from '../../net-address/idn.ts';
import { type ParsedResult, parseAuthResults } from '../auth-results/parse.ts';
import type { ArcResult } from './verify.ts';

/** U-labels and A-labels are one name. */
const plain = (domain: string): string => {
  const bare = withoutEnd(domain, '.');
  return domainInAscii(bare) ?? bare;
};

/** Undefined unless the chain passes, all sealers are in `trusted` (names without regard to case), and the first one's results can be read. */
export function trustedResults(
  { result, sealers }: ArcResult,
  trusted: readonly string[],
): readonly ParsedResult[] | undefined {
  const first = sealers.at(-1);
  if (result !== 'pass' || first === undefined) return undefined;
  const names = new Set(trusted.map(plain));
  if (!sealers.every(({ domain }) => names.has(plain(domain)))) return undefined;
  return parseAuthResults(first.results)?.results;
}
