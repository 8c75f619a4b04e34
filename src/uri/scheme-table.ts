// The schemes that a URI may have to count as one, with their default ports; 0 for those without a host. Others are no URIs to us:
// `Subject:`, `note:` and the like stand in front of text far more often than schemes nobody follows.

export const schemePorts: ReadonlyMap<string, number> = new Map([
  ['ip', 0],
  ['cid', 0],
  ['mid', 0],
  ['data', 0],
  ['file', 0],
  ['about', 0],
  ['javascript', 0],
  ['ftp', 21],
  ['telnet', 23],
  ['mailto', 25],
  ['smtp', 25],
  ['email', 25],
  ['mail', 25],
  ['from', 25],
  ['gopher', 70],
  ['http', 80],
  ['pop', 110],
  ['pop3', 110],
  ['nntp', 119],
  ['imap', 143],
  ['ldap', 389],
  ['https', 443],
  ['rtsp', 554],
]);

/** Schemes whose addresses are mail addresses. */
export const MAIL_PORT = 25;

/** In these a backslash is as good as a slash to browsers (WHATWG URL Standard, "special schemes"). */
export const browserSchemes: ReadonlySet<string> = new Set(['http', 'https', 'ftp', 'file']);

/** The longest known scheme that the text ends with, without regard to case; '' for none. */
export function schemeAtEnd(text: string): string {
  const tail = text.slice(-10).toLowerCase();
  let longest = '';
  for (const name of schemePorts.keys())
    if (name.length > longest.length && tail.endsWith(name)) longest = name;
  return longest;
}
