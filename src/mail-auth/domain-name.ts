// Which names may be asked for: d= and s= of a signature (RFC 6376 3.5). Letters, digits, hyphens and, as selectors have them, underscores;
// octets beyond ASCII are U-labels (RFC 8616), which the resolver makes A-labels of. Pure.

const label = /^[A-Za-z0-9_\x80-\xff](?:[A-Za-z0-9_\x80-\xff-]{0,61}[A-Za-z0-9_\x80-\xff])?$/;

/** Labels of 1 to 63 octets with a dot between each two. */
export function isDomainName(text: string): boolean {
  return text.length <= 253 && text.split('.').every((part) => label.test(part));
}
