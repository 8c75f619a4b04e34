// Names of messages in a Maildir: `BASE,S=SIZE,W=SIZE:2,FLAGS`. What stands before the colon names the message, for the uid list too; the letters behind
// `:2,` are its flags, in the order of ASCII. What others have written there stays: letters that nobody knows, another info. Pure.
import { type SystemFlag, systemFlags } from './port/mail.ts';

/** Letters of the Maildir specification; a to z are keywords by their place in dovecot-keywords. */
const letters: Readonly<Record<SystemFlag, string>> = {
  '\\Answered': 'R',
  '\\Flagged': 'F',
  '\\Deleted': 'T',
  '\\Seen': 'S',
  '\\Draft': 'D',
};

/** Keywords that a mailbox can have. */
export const MAX_KEYWORDS = 26;

/** What names the message, whatever its flags. */
export function baseOf(fileName: string): string {
  const colon = fileName.indexOf(':');
  return colon < 0 ? fileName : fileName.slice(0, colon);
}

/** Whether it can be a message: neither hidden nor with a line end in it (such a one cannot stand in the uid list). */
export function isMailName(fileName: string): boolean {
  return !/^\.|[\r\n/\0]/.test(fileName) && baseOf(fileName) !== '';
}

export interface NamedFlags {
  readonly flags: readonly SystemFlag[];
  /** Places in dovecot-keywords, 0 to 25, ascending. */
  readonly keywords: readonly number[];
}

export function flagsOf(fileName: string): NamedFlags {
  const info = infoOf(fileName);
  if (info === '') return NONE;
  const places = [...info]
    .filter((letter) => letter >= 'a' && letter <= 'z')
    .map((letter) => letter.charCodeAt(0) - 97);
  return {
    flags: systemFlags.filter((flag) => info.includes(letters[flag])),
    keywords: [...new Set(places)].sort((a, b) => a - b),
  };
}

const NONE: NamedFlags = { flags: [], keywords: [] };

/** Cheap: it is asked of every message of a folder. */
export const isSeen = (fileName: string): boolean => infoOf(fileName).includes(letters['\\Seen']);

/** The same message with these flags. */
export function withFlags(fileName: string, { flags, keywords }: NamedFlags): string {
  const info = fileName.slice(baseOf(fileName).length);
  const [, old = '', rest = ''] = /^:2,([^,]*)(.*)$/s.exec(info) ?? [];
  const strange = [...old].filter((letter) => !/[DFRSTa-z]/.test(letter));
  const own = [...flags.map((flag) => letters[flag]), ...keywords.map(letterOf)];
  const all = [...new Set([...strange, ...own])].sort((a, b) => (a < b ? -1 : 1));
  return `${baseOf(fileName)}:2,${all.join('')}${rest}`;
}

const letterOf = (place: number): string => String.fromCharCode(97 + place);

function infoOf(fileName: string): string {
  const colon = fileName.indexOf(':');
  if (colon < 0 || !fileName.startsWith(':2,', colon)) return '';
  const end = fileName.indexOf(',', colon + 3);
  return fileName.slice(colon + 3, end < 0 ? undefined : end);
}

const SIZE = /,S=(\d{1,15})(?:,|$)/;
const VIRTUAL_SIZE = /,W=(\d{1,15})(?:,|$)/;

/** Octets in the file, and with CRLF line ends, when the name says them. */
export function sizesOf(fileName: string): { readonly size?: number; readonly virtualSize?: number } {
  const size = sizeOf(fileName);
  const virtualSize = VIRTUAL_SIZE.exec(baseOf(fileName))?.[1];
  return {
    ...(size !== undefined && { size }),
    ...(virtualSize !== undefined && { virtualSize: Number(virtualSize) }),
  };
}

/** Octets in the file, when the name says them. Cheap: it is asked of every message of a folder. */
export function sizeOf(fileName: string): number | undefined {
  const size = SIZE.exec(baseOf(fileName))?.[1];
  return size === undefined ? undefined : Number(size);
}

/** When it came, as far as its name says it. */
interface Arrival {
  readonly name: string;
  readonly seconds: number;
  readonly micro: number;
}

/** Taken apart once: many are compared. */
export function arrivalOf(name: string): Arrival {
  const [, seconds = '0', micro = '0'] = /^(\d{1,15})(?:\d*\.M(\d{1,9}))?/.exec(name) ?? [];
  return { name, seconds: Number(seconds), micro: Number(micro) };
}

/** In the order in which they came: seconds, microseconds, the name itself. */
export function compareArrival(a: Arrival, b: Arrival): number {
  if (a.seconds !== b.seconds) return a.seconds - b.seconds;
  if (a.micro !== b.micro) return a.micro - b.micro;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
