// A text as Lua has it in quotes: what the bench tells an author to paste. Pure.
//
// It must never leave out nor change an octet: what is pasted has to be what was asked for.

/** C0, DEL, C1, what turns lines or the direction of writing around, and what stands for octets that are no UTF-8. */
const UNSEEN = /[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffd]/u;

const NAMED: Readonly<Record<string, string>> = {
  "'": "\\'",
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

const escaped = (octets: Buffer): string =>
  [...octets].map((octet) => `\\x${octet.toString(16).padStart(2, '0')}`).join('');

function utf8Of(octets: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    return undefined;
  }
}

/** `text`: octets, latin1. In UTF-8 where they are that, with escapes for what cannot be seen or typed. */
export function quoted(text: string): string {
  const octets = Buffer.from(text, 'latin1');
  const readable = utf8Of(octets);
  const pieces =
    readable === undefined
      ? [...text].map(
          (one) => NAMED[one] ?? (one >= ' ' && one <= '~' ? one : escaped(Buffer.from(one, 'latin1'))),
        )
      : [...readable].map((one) => NAMED[one] ?? (UNSEEN.test(one) ? escaped(Buffer.from(one)) : one));
  return `'${pieces.join('')}'`;
}
