// What a declared charset means (IANA character sets, WHATWG Encoding): by which rule its octets become text. Only names, no octets.
// Called by charset/decoding.ts and message/mime/text-readings.ts.
import { TextDecoder } from 'node:util';

export type Charset =
  /** ASCII, UTF-8, nothing declared, or a name nobody knows: the octets are taken as they are. */
  | { readonly kind: 'octets' }
  /** ASCII and one octet for each further character. */
  | { readonly kind: 'single'; readonly label: string }
  /** ASCII and several octets for further characters; octets of ASCII may be the second of them. */
  | { readonly kind: 'multiple'; readonly label: string }
  /** ASCII in which escapes switch to other tables (ISO 2022, HZ). */
  | { readonly kind: 'shifted'; readonly label: 'iso-2022-jp' | 'iso-2022-kr' | 'iso-2022-cn' | 'hz' }
  | { readonly kind: 'utf-7' }
  /** `order` undefined: not declared. */
  | { readonly kind: 'utf-16' | 'utf-32'; readonly order: 'le' | 'be' | undefined }
  | { readonly kind: 'ebcdic'; readonly page: EbcdicPage };

export type EbcdicPage = 'cp037' | 'cp500' | 'cp1047';

const OCTETS: Charset = { kind: 'octets' };

/** What Node's decoders know under another name. */
const aliases: Readonly<Record<string, string>> = {
  cp932: 'shift_jis',
  ms932: 'shift_jis',
  'windows-932': 'shift_jis',
  'shift-jis': 'shift_jis',
  cp936: 'gbk',
  ms936: 'gbk',
  'windows-936': 'gbk',
  'euc-cn': 'gbk',
  cp949: 'euc-kr',
  ms949: 'euc-kr',
  uhc: 'euc-kr',
  'windows-949': 'euc-kr',
  cp950: 'big5',
  ms950: 'big5',
  'windows-950': 'big5',
  'big5-hkscs': 'big5',
  eucjp: 'euc-jp',
  euckr: 'euc-kr',
  cp51932: 'euc-jp',
  tis620: 'windows-874',
  cp874: 'windows-874',
};

const multiple: ReadonlySet<string> = new Set(['gbk', 'gb18030', 'big5', 'euc-jp', 'euc-kr', 'shift_jis']);

/** Names that need more than Node's decoders. */
const own: readonly (readonly [RegExp, Charset])[] = [
  [
    /^(?:(?:cs|x-)?utf-?16|(?:x-)?ucs-?2|iso-10646-ucs-2|csunicode|unicode|unicodefffe)$/,
    { kind: 'utf-16', order: undefined },
  ],
  // The numbers are Windows code pages.
  [
    /^(?:(?:cs|x-)?(?:utf-?16|ucs-?2)-?le|(?:unicode|x-utf-?16)-?little.*|(?:cp|windows-|ibm-?)1200)$/,
    { kind: 'utf-16', order: 'le' },
  ],
  [
    /^(?:(?:cs|x-)?(?:utf-?16|ucs-?2)-?be|(?:unicode|x-utf-?16)-?big.*|(?:cp|windows-|ibm-?)1201)$/,
    { kind: 'utf-16', order: 'be' },
  ],
  [/^(?:(?:cs|x-)?utf-?32|ucs-?4|iso-10646-ucs-4|csucs4)$/, { kind: 'utf-32', order: undefined }],
  [/^(?:(?:cs|x-)?(?:utf-?32|ucs-?4)-?le|(?:cp|windows-)12000)$/, { kind: 'utf-32', order: 'le' }],
  [/^(?:(?:cs|x-)?(?:utf-?32|ucs-?4)-?be|(?:cp|windows-)12001)$/, { kind: 'utf-32', order: 'be' }],
  [
    /^(?:(?:x-)?(?:unicode-[12]-[01]-)?utf-?7(?:-imap)?|csunicode11utf7|csutf7|(?:cp|windows-)65000)$/,
    { kind: 'utf-7' },
  ],
  [
    /^(?:(?:cs)?iso-?2022-?jp(?:-?(?:ms|1|2|3|2004|ext))?|cp5022[0-2]|jis7?|jis_encoding|csjisencoding)$/,
    { kind: 'shifted', label: 'iso-2022-jp' },
  ],
  [/^(?:cs)?iso-?2022-?kr$/, { kind: 'shifted', label: 'iso-2022-kr' }],
  [/^(?:cs)?iso-?2022-?cn(?:-?ext)?$/, { kind: 'shifted', label: 'iso-2022-cn' }],
  [/^hz(?:-gb-?2312)?$/, { kind: 'shifted', label: 'hz' }],
  [
    /^(?:(?:cp|ibm|ccsid0*)-?0?(?:37|1140)|csibm037|ebcdic-cp-(?:us|ca|wt|nl)|ebcdic-us|ebcdic)$/,
    { kind: 'ebcdic', page: 'cp037' },
  ],
  [
    /^(?:(?:cp|ibm|ccsid0*)-?0?(?:500|1148)|csibm500|ebcdic-cp-(?:be|ch)|ebcdic-international)$/,
    { kind: 'ebcdic', page: 'cp500' },
  ],
  [/^(?:cp|ibm|ccsid0*)-?0?(?:1047|924)$/, { kind: 'ebcdic', page: 'cp1047' }],
];

/** What names stood for; bounded, for a stranger chooses them. */
const known = new Map<string, Charset>();
const maxKnown = 256;

/** `name` as declared in a header, in upper or lower case, with or without quotes and blanks. Never throws. */
export function charsetOf(name: string): Charset {
  if (name.length > 64) return OCTETS;
  const label = name.toLowerCase().replace(/["'\s]/g, '');
  const found = known.get(label);
  if (found !== undefined) return found;
  const charset = resolve(label.replaceAll('_', '-'), label);
  if (known.size >= maxKnown) known.clear();
  known.set(label, charset);
  return charset;
}

/** `label` with hyphens for underlines. */
function resolve(label: string, written: string): Charset {
  if (
    label === '' ||
    /^(?:(?:cs|x-)?utf-?8(?:mb[34])?|(?:cp|windows-)65001|(?:us-)?ascii|ansi-x3\.4-19\d\d|x-unknown|unknown-8bit|binary)$/.test(
      label,
    )
  )
    return OCTETS;
  for (const [pattern, charset] of own) if (pattern.test(label)) return charset;
  const standard = aliases[label] ?? nodeLabel(written) ?? nodeLabel(label) ?? windowsPage(label);
  if (standard === undefined || standard === 'utf-8') return OCTETS;
  return multiple.has(standard) ? { kind: 'multiple', label: standard } : { kind: 'single', label: standard };
}

function nodeLabel(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
}

/** `windows1251`, `iso88592`, `latin-2` and the like. */
function windowsPage(label: string): string | undefined {
  const windows = /^(?:x-)?(?:cp|ms|win(?:dows)?)-?(125\d)$/.exec(label);
  if (windows !== null) return nodeLabel(`windows-${windows[1]}`);
  const iso = /^(?:x-)?iso-?8859-?(\d{1,2})(?:-[ei]|:\d+)?$/.exec(label);
  if (iso !== null) return nodeLabel(`iso-8859-${iso[1]}`);
  const latin = /^latin-?(\d)$/.exec(label);
  return latin === null ? undefined : nodeLabel(`latin${latin[1]}`);
}
