// Character references of HTML as they occur in URIs (HTML 13.2.5.72): the names of Latin-1, of ASCII punctuation and of the invisible
// characters, and all numeric ones. Called by uri-token.ts. Text is bytes as latin1; what is not ASCII comes out as UTF-8 bytes.

const latin1Names =
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil ' +
  'sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute ' +
  'Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc ' +
  'atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide ' +
  'oslash ugrave uacute ucirc uuml yacute thorn yuml';

const otherNames: Readonly<Record<string, string>> = {
  lt: '<',
  LT: '<',
  gt: '>',
  GT: '>',
  amp: '&',
  AMP: '&',
  quot: '"',
  QUOT: '"',
  apos: "'",
  Tab: '\t',
  NewLine: '\n',
  excl: '!',
  num: '#',
  dollar: '$',
  percnt: '%',
  lpar: '(',
  rpar: ')',
  ast: '*',
  midast: '*',
  plus: '+',
  comma: ',',
  period: '.',
  sol: '/',
  colon: ':',
  semi: ';',
  equals: '=',
  quest: '?',
  commat: '@',
  lsqb: '[',
  lbrack: '[',
  bsol: '\\',
  rsqb: ']',
  rbrack: ']',
  Hat: '^',
  lowbar: '_',
  UnderBar: '_',
  grave: '`',
  lcub: '{',
  lbrace: '{',
  verbar: '|',
  vert: '|',
  rcub: '}',
  rbrace: '}',
  ensp: '\u2002',
  emsp: '\u2003',
  thinsp: '\u2009',
  hairsp: '\u200a',
  ZeroWidthSpace: '\u200b',
  zwnj: '\u200c',
  zwj: '\u200d',
  lrm: '\u200e',
  rlm: '\u200f',
  hyphen: '\u2010',
  ndash: '\u2013',
  mdash: '\u2014',
  lsquo: '\u2018',
  rsquo: '\u2019',
  ldquo: '\u201c',
  rdquo: '\u201d',
  bull: '\u2022',
  hellip: '\u2026',
  NoBreak: '\u2060',
  euro: '\u20ac',
};

const named = new Map<string, string>(Object.entries(otherNames));
for (const [index, name] of latin1Names.split(' ').entries())
  named.set(name, String.fromCharCode(0xa0 + index));

/** Characters that are not seen: soft hyphen, zero-width and direction marks, variation selectors. */
export const invisible =
  /\u00ad|\u034f|\u061c|\u180e|[\u200b-\u200f]|[\u202a-\u202e]|[\u2060-\u206f]|[\ufe00-\ufe0f]|\ufeff/g;

/** Blanks other than ASCII's, quotation marks, brackets, and the punctuation of scripts that put no blank around a URI. */
export const wideDelimiter =
  /[\u00a0\u00ab\u00bb\u1680\u2000-\u200a\u2018-\u201f\u2022\u2026\u2028\u2029\u202f\u2039\u203a\u205f\u3000\u3001\u3008-\u3011\u3014-\u301b\uff01\uff02\uff08\uff09\uff0c\uff1a-\uff1c\uff1e\uff1f]/g;

/** As bytes; invisible characters vanish and wide blanks are blanks at once, whatever the charset around them is. */
function asBytes(text: string): string {
  const visible = text.replace(invisible, '').replace(wideDelimiter, ' ');
  return /^[\0-\x7f]*$/.test(visible) ? visible : Buffer.from(visible, 'utf8').toString('latin1');
}

function fromCodePoint(code: number): string | undefined {
  if (code === 0) return ' ';
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
  return asBytes(String.fromCodePoint(code));
}

const reference = /&(?:#x0*([\da-f]{1,6})|#0*(\d{1,7})|([a-z][a-z\d]{1,15}))(;?)/gi;

/** `loose`: numeric references count without their semicolon too, as browsers read them. Unknown ones stay as they are. */
export function decodeEntities(text: string, loose: boolean): string {
  return text.replace(
    reference,
    (all: string, hex?: string, decimal?: string, name?: string, semicolon?: string) => {
      if (name !== undefined) {
        const character = semicolon === ';' ? named.get(name) : undefined;
        return character === undefined ? all : asBytes(character);
      }
      if (semicolon !== ';' && !loose) return all;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return fromCodePoint(code) ?? all;
    },
  );
}
