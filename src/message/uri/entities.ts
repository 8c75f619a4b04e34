// Character references of HTML as they occur in URIs (HTML 13.2.5.72): numbers, and the names of entity-names.ts. Called by
// token.ts and attribute.ts. Text is bytes as latin1; what is not ASCII comes out as UTF-8 bytes.
import { longestWithoutSemicolon, namesWithoutSemicolon, referenceNames } from './entity-names.ts';

/** Characters that are not seen: soft hyphen, zero-width and direction marks, variation selectors. */
export const invisible =
  /\u00ad|\u034f|\u061c|\u180e|[\u200b-\u200f]|[\u202a-\u202e]|[\u2060-\u206f]|[\ufe00-\ufe0f]|\ufeff/g;

/** Blanks other than ASCII's, quotation marks, brackets, and the punctuation of scripts that put no blank around a URI. */
export const wideDelimiter =
  /[\u00a0\u00ab\u00bb\u1680\u2000-\u200a\u2018-\u201f\u2022\u2026\u2028\u2029\u202f\u2039\u203a\u205f\u3000\u3001\u3008-\u3011\u3014-\u301b\uff01\uff02\uff08\uff09\uff0c\uff0f\uff1a-\uff1c\uff1e\uff1f\uff3c\uff5c]/g;

/**
 * Where the reference stands: in text that may be HTML (they need their semicolon), in the text of HTML (numbers and old names do without),
 * or in an attribute (old names without it only before what is no letter, digit or `=`, and everything stays as the character it is).
 */
export type ReferencePlace = 'text' | 'html' | 'attribute';

/** As bytes; in text invisible characters vanish and wide blanks are blanks at once, whatever the charset around them is. */
function asBytes(text: string, place: ReferencePlace): string {
  const visible = place === 'attribute' ? text : text.replace(invisible, '').replace(wideDelimiter, ' ');
  return /^[\0-\x7f]*$/.test(visible) ? visible : Buffer.from(visible, 'utf8').toString('latin1');
}

/** What HTML makes of the numbers 128 to 159: the characters that windows-1252 has there. */
function fromWindows1252(code: number): number {
  const table =
    '20ac 81 201a 192 201e 2026 2020 2021 2c6 2030 160 2039 152 8d 17d 8f 90 2018 2019 201c 201d 2022 2013 2014 2dc 2122 161 203a 153 9d 17e 178';
  return Number.parseInt(table.split(' ')[code - 0x80] ?? '', 16);
}

function fromCodePoint(code: number, place: ReferencePlace): string | undefined {
  if (code === 0) return ' ';
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
  return asBytes(String.fromCodePoint(code >= 0x80 && code < 0xa0 ? fromWindows1252(code) : code), place);
}

/** Of a name without semicolon: the longest beginning of it that counts without. */
function fromOldName(name: string, next: string, place: ReferencePlace): string | undefined {
  if (place === 'text') return undefined;
  for (let length = Math.min(name.length, longestWithoutSemicolon); length > 1; length--) {
    const known = name.slice(0, length);
    if (!namesWithoutSemicolon.has(known)) continue;
    const after = length < name.length ? name.charAt(length) : next;
    if (place === 'attribute' && /[\da-z=]/i.test(after)) return undefined;
    return asBytes(referenceNames.get(known) ?? '', place) + name.slice(length);
  }
  return undefined;
}

const reference = /&(?:#x0*([\da-f]{1,6})|#0*(\d{1,7})|([a-z][a-z\d]{1,31}))(;?)/gi;

/** What is no reference stays as it is; nothing is decoded twice. */
export function decodeReferences(text: string, place: ReferencePlace): string {
  return text.replace(
    reference,
    (
      all: string,
      hex: string | undefined,
      decimal: string | undefined,
      name: string | undefined,
      semicolon: string,
      offset: number,
    ) => {
      if (name !== undefined) {
        const character = semicolon === ';' ? referenceNames.get(name) : undefined;
        if (character !== undefined) return asBytes(character, place);
        return fromOldName(name + semicolon, text.charAt(offset + all.length), place) ?? all;
      }
      if (semicolon !== ';' && place === 'text') return all;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return fromCodePoint(code, place) ?? all;
    },
  );
}
