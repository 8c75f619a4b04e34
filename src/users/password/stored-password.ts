// A password as a user database keeps it: `{SCHEME}data`, `{SCHEME.ENCODING}data`, or the password itself. What the schemes of this table are
// is in digest-schemes and crypt-forms; the names are those of Dovecot's documentation. Pure.

export type Encoding = 'none' | 'hex' | 'base64';

export interface StoredPassword {
  /** In capitals, `PLAIN` for a text without one. */
  readonly scheme: string;
  /** As `.HEX` or `.B64` says; undefined: that of the scheme. */
  readonly encoding: Encoding | undefined;
  /** latin1, one character an octet. */
  readonly data: string;
}

const encodings: ReadonlyMap<string, Encoding> = new Map([
  ['HEX', 'hex'],
  ['B64', 'base64'],
  ['BASE64', 'base64'],
]);

/** Reads a stored password. A text that begins with `{` but has no `}` is a password, not a scheme. An encoding that is none stays a part of the name, which no scheme has then. */
export function readStored(text: string): StoredPassword {
  const end = text.startsWith('{') ? text.indexOf('}') : -1;
  if (end < 0) return { scheme: 'PLAIN', encoding: undefined, data: text };
  const name = text.slice(1, end).toUpperCase();
  const data = text.slice(end + 1);
  const dot = name.indexOf('.');
  const encoding = dot < 0 ? undefined : encodings.get(name.slice(dot + 1));
  return encoding === undefined
    ? { scheme: name, encoding, data }
    : { scheme: name.slice(0, dot), encoding, data };
}

export type Decoded =
  | { readonly kind: 'octets'; readonly octets: Buffer }
  | { readonly kind: 'invalid'; readonly cause: string };

const HEX = /^(?:[0-9A-Fa-f]{2})*$/;
/** Padding may be missing, as in the PHC form. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** The octets that data in an encoding stands for. */
export function decodeData(data: string, encoding: Encoding): Decoded {
  switch (encoding) {
    case 'none':
      return { kind: 'octets', octets: Buffer.from(data, 'latin1') };
    case 'hex':
      return HEX.test(data)
        ? { kind: 'octets', octets: Buffer.from(data, 'hex') }
        : { kind: 'invalid', cause: "Input isn't valid HEX encoded data" };
    case 'base64':
      return BASE64.test(data) && data.replace(/=+$/, '').length % 4 !== 1
        ? { kind: 'octets', octets: Buffer.from(data, 'base64') }
        : { kind: 'invalid', cause: "Input isn't valid base64 encoded data" };
  }
}
