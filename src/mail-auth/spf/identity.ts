// Whom SPF checks (RFC 7208 2.3, 2.4, 4.1, 4.3): the sender of the transaction, or HELO where there is none. Pure.
import { checkName } from '../../dns/name.ts';

export interface Identity {
  readonly scope: 'mfrom' | 'helo';
  /** As it is, `postmaster@` in front when there is no local part. */
  readonly sender: string;
  readonly localPart: string;
  /** A-labels, lower case, without final dot; undefined when it is no domain of two labels or more. */
  readonly domain: string | undefined;
  /** The domain of HELO, '' when it is an address literal or no domain. */
  readonly helo: string;
}

/** No macro needs more of a local part (RFC 5321 4.5.3.1 allows 64 octets). */
const longestLocalPart = 512;

export function identityOf(sender: string, helo: string): Identity {
  const heloDomain = domainOf(helo);
  if (sender === '') {
    const domain = heloDomain ?? '';
    return {
      scope: 'helo',
      sender: `postmaster@${domain}`,
      localPart: 'postmaster',
      domain: heloDomain,
      helo: domain,
    };
  }
  const at = lastAt(sender);
  const localPart = (at > 0 ? sender.slice(0, at) : 'postmaster').slice(0, longestLocalPart);
  const domain = domainOf(sender.slice(at + 1));
  return {
    scope: 'mfrom',
    sender: `${localPart}@${domain ?? ''}`,
    localPart,
    domain,
    helo: heloDomain ?? '',
  };
}

/** The last @ that stands in no quoted string; -1 when there is none. */
function lastAt(sender: string): number {
  let last = -1;
  let isQuoted = false;
  for (let i = 0; i < sender.length; i++) {
    const character = sender[i];
    if (isQuoted && character === '\\') i++;
    else if (character === '"') isQuoted = !isQuoted;
    else if (character === '@' && !isQuoted) last = i;
  }
  // A quotation mark without its other one quotes nothing.
  return isQuoted ? sender.lastIndexOf('@') : last;
}

function domainOf(text: string): string | undefined {
  const name = asDomain(text);
  return name?.includes('.') ? name : undefined;
}

/** Lower case, A-labels, no final dot; undefined for what cannot be asked for. */
export function asDomain(text: string): string | undefined {
  if (text === '' || text.startsWith('[')) return undefined;
  const checked = checkName(text);
  return checked.kind === 'invalid' || checked.name === '' ? undefined : checked.name.toLowerCase();
}
