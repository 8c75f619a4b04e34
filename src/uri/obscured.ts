// Ways in which a link to a web page or file server hides its host from people, by what is written: seen in its text by `obscuredHost`, the others
// by whoever took the text out of the message (message/uri/). A set of them is a number, a bit for each. Text is bytes as latin1.
import { isUtf8 } from 'node:buffer';
import { domainToUnicode } from 'node:url';
import type { Uri } from './parse-uri.ts';
import { decodePercent } from './percent.ts';
import { browserSchemes } from './scheme-table.ts';

/** The words of `obscured`, in the order of their bits. */
export const obscuredReasons = {
  user_info: 'something with an `@` in front of the host, which is not where the link leads',
  number: 'an IPv4 address in another form than four decimal numbers',
  percent: 'scheme or host with percent-encoding',
  letters:
    'a host with letters or dots that browsers take for others (full-width, circled, mathematical, ideographic)',
  scripts: 'a name of several scripts in one label, or of letters that all look like Latin ones',
  invisible: 'characters in it that are not seen',
  references: 'character references for letters, digits or punctuation in front of its query',
  blanks: 'tabs or line ends in scheme or host',
  slashes: 'backslashes, or more or fewer than two slashes, in front of the host',
  written_out: '`hxxp`, `[.]` and the like: no link before somebody puts it right',
  tags: 'a host in pieces, with tags or comments of HTML between them',
} as const;

export type ObscuredReason = keyof typeof obscuredReasons;

const names = Object.keys(obscuredReasons) as readonly ObscuredReason[];
const bit = (reason: ObscuredReason): number => 1 << names.indexOf(reason);
/** The bit of each reason that is seen in the message rather than in the URI. */
export const hidden = {
  letters: bit('letters'),
  invisible: bit('invisible'),
  references: bit('references'),
  blanks: bit('blanks'),
  slashes: bit('slashes'),
  written_out: bit('written_out'),
  tags: bit('tags'),
} as const;
const userInfo = bit('user_info');
const number = bit('number');
const percent = bit('percent');
const scripts = bit('scripts');

export function reasonsOf(bits: number): Readonly<Partial<Record<ObscuredReason, true>>> | undefined {
  if (bits === 0) return undefined;
  const found: Partial<Record<ObscuredReason, true>> = {};
  for (const [index, name] of names.entries()) if ((bits & (1 << index)) !== 0) found[name] = true;
  return found;
}

/** Letters of other scripts, and rare Latin ones, that look like the letters a to z, and what may stand beside them. */
const lookAlike =
  /^(?:[асԁеһіјӏорԗԛѕԝхуүѵᴦгпьбԍɡ\d-]+|[αγικνορτυχω\d-]+|[a-z\d-]*[ıɑɡɩʟʀʙɢɪɴʏꜱᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢ][a-z\dıɑɡɩʟʀʙɢɪɴʏꜱᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢ-]*)$/u;
const scriptsOfWords: readonly RegExp[] = [
  /\p{sc=Latin}/u,
  /\p{sc=Cyrillic}/u,
  /\p{sc=Greek}/u,
  /[\p{sc=Armenian}\p{sc=Cherokee}\p{sc=Coptic}\p{sc=Lisu}\p{sc=Georgian}\p{sc=Hebrew}\p{sc=Arabic}\p{sc=Thai}]/u,
];

function mixesScripts(ascii: string): boolean {
  const labels = domainToUnicode(ascii).split('.');
  const top = labels.at(-1) ?? '';
  // In a top-level domain of the script itself such a name is one as any other.
  const isForeignTop = /^[a-z\d-]+$/.test(top);
  return labels.some((label) => {
    if (/^[\0-\x7f]*$/.test(label)) return false;
    if (scriptsOfWords.filter((script) => script.test(label)).length > 1) return true;
    return isForeignTop && lookAlike.test(label);
  });
}

/** Scheme with its slashes, and the authority behind them, of the text that a URI was read from. */
function split(uri: Uri): { readonly start: string; readonly authority: string } {
  const text = uri.uri_raw;
  const isBare = uri.scheme_info === undefined;
  const scheme = isBare ? '' : (/^[^:/\\?#@]*:/.exec(text)?.[0] ?? '');
  const slashes = isBare ? '' : (/^[/\\]*/.exec(text.slice(scheme.length))?.[0] ?? '');
  const start = scheme + slashes;
  return { start, authority: /^[^/\\?#]*/.exec(text.slice(start.length))?.[0] ?? '' };
}

function lettersIn(host: string): boolean {
  const bytes = Buffer.from(host, 'latin1');
  if (!isUtf8(bytes)) return false;
  const text = bytes.toString('utf8');
  return text.normalize('NFKC') !== text.normalize('NFC') || /[\u2024\u3002\uff61]/.test(text);
}

/** `text` is the host, perhaps with a dot and a port behind it. */
const isWritten = (host: string, text: string): boolean =>
  text.startsWith(host) && /^\.?(?::|$)/.test(text.slice(host.length));

/** What is obscure about a URI as uri.parse gives it; `names` are those of its host. */
export function obscuredHost(
  uri: Uri,
  { address, ascii }: { readonly address: string | undefined; readonly ascii: string | undefined },
): number {
  const { host, scheme } = uri;
  if (host === undefined || !browserSchemes.has(scheme.toLowerCase())) return 0;
  let bits = uri.user_info === undefined || uri.user_info === '' ? 0 : userInfo;
  if (ascii?.includes('xn--') === true && mixesScripts(ascii)) bits |= scripts;
  const { start, authority } = split(uri);
  if (start !== '' && !/:\/\/$|^\/\/$/.test(start)) bits |= hidden.slashes;
  if (/[^/]\/{3,}$/.test(start) && scheme !== 'file') bits |= hidden.slashes;
  if (/%[\da-f]{2}/i.test(start) || /%[\da-f]{2}/i.test(authority.slice(authority.lastIndexOf('@') + 1)))
    bits |= percent;
  const written = decodePercent(authority.slice(authority.lastIndexOf('@') + 1));
  if (/[\x80-\xff]/.test(written) && lettersIn(written)) bits |= hidden.letters;
  if (address !== undefined && !host.includes(':') && !isWritten(host, written)) bits |= number;
  return bits;
}
