// xtext, RFC 3461 section 4: printable ASCII, in which `+` and two hexadecimal digits stand for an octet, and `+` and `=` for nothing else.

const XTEXT = /^(?:[!-*,-<>-~]|\+[0-9A-Fa-f]{2})*$/;

/** Lower case digits are taken as well as the capitals that the RFC asks for. */
export function isXtext(text: string): boolean {
  return XTEXT.test(text);
}
