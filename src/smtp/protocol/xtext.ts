// xtext, RFC 3461 section 4: printable ASCII, in which `+` and two hexadecimal digits stand for an octet, and `+` and `=` for nothing else.
// Texts are latin1, a character an octet. Pure and linear.

const XTEXT = /^(?:[!-*,-<>-~]|\+[0-9A-Fa-f]{2})*$/;

/** Lower case digits are taken as well as the capitals that the RFC asks for. */
export function isXtext(text: string): boolean {
  return XTEXT.test(text);
}

/** What it stands for, latin1; undefined when a `+` is followed by something else. Takes more than xtext: what stands for itself is any. */
export function decodeXtext(text: string): string | undefined {
  if (/\+(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  return text.replace(/\+([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Any octets as xtext. */
export function encodeXtext(octets: string): string {
  return octets.replace(
    /[^!-*,-<>-~]/g,
    (octet) => `+${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

/** The same xtext with its digits in capitals: not every server takes the others. */
export function xtextInCapitals(text: string): string {
  return text.includes('+') ? text.replace(/\+[0-9A-Fa-f]{2}/g, (octet) => octet.toUpperCase()) : text;
}
