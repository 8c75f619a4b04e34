// Where the mail of a recipient lies when the path of a maildir: target has %u, %n or %d in it: the address, its local part, its domain, all in
// lower case (%% is a percent sign). An address comes from strangers: what could lead out of the directory is the name of nobody. Addresses are
// octets (RFC 6531), names of directories are text in UTF-8. Who knows the recipients may have said where the mail of one lies: then it lies there.
import { domainInAscii } from '../net-address/idn.ts';
import type { Recipient } from '../smtp/protocol/recipient.ts';
import { decodeUtf8, hasEightBitOctets } from '../text/utf8.ts';

const VARIABLE = /%(.?)/gs;

/** Mail goes to a directory of each recipient, which must be there unless who knows the recipients has named it. */
export function isPerRecipient(path: string, recipients: readonly Recipient[] = []): boolean {
  return /%[und]/.test(path) || recipients.some(({ maildir }) => maildir !== undefined);
}

/** The path for this recipient; undefined when no mailbox can have that name. */
export function mailboxPath(path: string, recipient: Recipient): string | undefined {
  if (recipient.maildir !== undefined) return recipient.maildir;
  const who = partsOf(recipient);
  if (who === undefined) return undefined;
  const values: Readonly<Record<string, string>> = {
    u: whole(who),
    n: who.local,
    d: who.domain ?? '',
    '%': '%',
  };
  let bad = false;
  const expanded = path.replace(VARIABLE, (_, letter: string) => {
    const value = values[letter] ?? '';
    if (letter !== '%' && !isName(value)) bad = true;
    return value;
  });
  return bad ? undefined : expanded;
}

/**
 * The same text for every form in which one recipient can be written: in capitals, with quotes that he does not need, his domain in A-labels or U-labels.
 */
export function whoIs(recipient: Recipient): string {
  const { address } = recipient;
  const who = partsOf(recipient);
  if (who === undefined) return address;
  const domain = who.domain && (domainInAscii(address.slice(address.lastIndexOf('@') + 1)) ?? who.domain);
  return whole({ ...who, domain });
}

interface Who {
  readonly local: string;
  /** undefined: an address without one (postmaster). */
  readonly domain: string | undefined;
}

const whole = ({ local, domain }: Who): string => (domain === undefined ? local : `${local}@${domain}`);

/** In lower case, without quotes; undefined: the address is no text. */
function partsOf({ address: octets }: Recipient): Who | undefined {
  const address = hasEightBitOctets(octets) ? decodeUtf8(octets) : octets;
  if (address === undefined) return undefined;
  const at = address.lastIndexOf('@');
  return {
    local: unquoted(at < 0 ? address : address.slice(0, at)).toLowerCase(),
    domain: at < 0 ? undefined : address.slice(at + 1).toLowerCase(),
  };
}

/** Nothing but a name of one directory, and none that is hidden: `..`, a folder of Maildir++. */
function isName(value: string): boolean {
  return value !== '' && !value.startsWith('.') && !/[/\0]/.test(value) && Buffer.byteLength(value) <= 255;
}

/** The local part without the quotes of RFC 5321 section 4.1.2, which are not part of it. */
function unquoted(local: string): string {
  return local.startsWith('"') ? local.slice(1, -1).replace(/\\(.)/gs, '$1') : local;
}
