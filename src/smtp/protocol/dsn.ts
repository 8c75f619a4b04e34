// The values of the parameters of DSN (RFC 3461 section 4, RFC 6533 section 3 for `utf-8;`): checked, decoded, written in ASCII. A checked
// value is what goes on the wire: printable, no blank in it, whatever octets it stands for. Pure and linear.
import { decodeUtf8, encodeUtf8, hasEightBitOctets, isUtf8Text } from '../../text/utf8.ts';
import { decodeXtext, isXtext, xtextInCapitals } from './xtext.ts';

export type Ret = 'FULL' | 'HDRS';

/** RFC 3461 section 4.4: as decoded. */
const LONGEST_ENVID = 100;
/** RFC 3461 section 4.2: as sent. */
const LONGEST_ORCPT = 500;

const NOTIFY_WORDS = ['SUCCESS', 'FAILURE', 'DELAY'] as const;
export type NotifyWord = (typeof NOTIFY_WORDS)[number];

export function readRet(text: string | undefined): Ret | undefined {
  const word = text?.toUpperCase();
  return word === 'FULL' || word === 'HDRS' ? word : undefined;
}

/** xtext, with its digits in capitals. */
export function readEnvid(text: string | undefined): string | undefined {
  if (text === undefined || text === '' || !isXtext(text)) return undefined;
  return (decodeXtext(text) ?? '').length <= LONGEST_ENVID ? xtextInCapitals(text) : undefined;
}

/** `NEVER`, or some of the others, each once; in capitals. */
export function readNotify(text: string | undefined): string | undefined {
  const value = text?.toUpperCase();
  if (value === undefined || value === 'NEVER') return value;
  const given = value.split(',');
  const isList =
    given.every((word) => NOTIFY_WORDS.some((known) => known === word)) &&
    new Set(given).size === given.length;
  return isList ? value : undefined;
}

/** Whether NOTIFY has this word. */
export function notifies(notify: string | undefined, word: NotifyWord): boolean {
  return notify?.split(',').includes(word) === true;
}

/** addr-type `;` address: the type is an atom without `=`. */
const ORCPT = /^([A-Za-z0-9!#$%&'*+\-/?^_`{|}~]+);(.+)$/s;

/**
 * Type and xtext, its digits in capitals. Behind `utf-8;` stand `\x{...}` instead, and octets above 127: whoever has such a value read has
 * seen to it that SMTPUTF8 was said.
 */
export function readOrcpt(text: string | undefined): string | undefined {
  if (text === undefined || text.length > LONGEST_ORCPT) return undefined;
  const [, type = '', address = ''] = ORCPT.exec(text) ?? [];
  if (address === '') return undefined;
  if (isUtf8Type(type)) return isUtf8Address(address) ? text : undefined;
  return isXtext(address) ? `${type};${xtextInCapitals(address)}` : undefined;
}

function isUtf8Type(type: string): boolean {
  return type.toLowerCase() === 'utf-8';
}

/** QCHAR, UTF8-non-ascii and EmbeddedUnicodeChar. No xtext: `+` is `\x{2B}` here. */
const UTF8_ADDRESS = /^(?:[!-*,-<>-[\]-~\x80-\xff]|\\x\{[0-9A-Fa-f]{2,6}\})+$/;

function isUtf8Address(address: string): boolean {
  return (
    UTF8_ADDRESS.test(address) &&
    isUtf8Text(address) &&
    [...address.matchAll(EMBEDDED)].every(([, hex = '']) => isHexPoint(hex))
  );
}

const EMBEDDED = /\\x\{([0-9A-Fa-f]+)\}/g;

/**
 * HEXPOINT of RFC 6533: what cannot stand there as it is, written with no more digits than needed, and never a line end or another octet
 * that ends something.
 */
function isHexPoint(hex: string): boolean {
  if (hex.length === 2) return /^(?:[01][1-9]|10|20|2B|3D|7F|5C|[89A-F][0-9A-F])$/i.test(hex);
  const point = Number.parseInt(hex, 16);
  return !hex.startsWith('0') && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
}

export interface OriginalRecipient {
  readonly type: string;
  /** The octets it stands for, any; UTF-8 behind `utf-8`. */
  readonly address: string;
}

/** `orcpt`: a value that readOrcpt gave. */
export function decodeOrcpt(orcpt: string): OriginalRecipient {
  const at = orcpt.indexOf(';');
  const type = orcpt.slice(0, at);
  const coded = orcpt.slice(at + 1);
  const address = isUtf8Type(type)
    ? coded.replace(EMBEDDED, (_, hex: string) => encodeUtf8(String.fromCodePoint(Number.parseInt(hex, 16))))
    : (decodeXtext(coded) ?? '');
  return { type, address };
}

/** The octets of ENVID. `envid`: a value that readEnvid gave. */
export function decodeEnvid(envid: string): string {
  return decodeXtext(envid) ?? '';
}

/** The same ORCPT for a server that does not take UTF-8 (RFC 6533 section 3, utf-8-addr-xtext). */
export function orcptInAscii(orcpt: string): string {
  if (!hasEightBitOctets(orcpt)) return orcpt;
  const text = decodeUtf8(orcpt) ?? '';
  return text.replace(
    /[^\0-\x7f]/gu,
    (character) => `\\x{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`,
  );
}

/** An address as utf-8-addr-xtext of RFC 6533: ASCII without blanks, whatever it has. The address is UTF-8. */
export function utf8Xtext(address: string): string {
  return (decodeUtf8(address) ?? '').replace(
    /[^!-*,-<>-[\]-~]/gu,
    (character) => `\\x{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(2, '0')}}`,
  );
}
