// What stands around a URI in running text: brackets, quotes, punctuation, `Link:` and other words, several URIs with commas between them,
// letters of scripts that put no blank behind a host. Called by token.ts for each token. Text is bytes as latin1. Linear time.
import { withoutEnd } from '../../base/ascii.ts';
import { registeredHost } from '../../uri/browser-host.ts';
import { hidden } from '../../uri/obscured.ts';
import { schemePorts } from '../../uri/scheme-table.ts';
import type { Candidate } from './token.ts';

const leading = new Set("('_*~.-[|,@=!;?");
const trailing = new Set('.,;:!?\'"*~>_|([{');
const closing: ReadonlyMap<string, string> = new Map([
  [')', '('],
  [']', '['],
  ['}', '{'],
]);

function count(text: string, character: string, end: number): number {
  let found = 0;
  for (let i = text.indexOf(character); i >= 0 && i < end; i = text.indexOf(character, i + 1)) found++;
  return found;
}

/** Without a name and equal sign and punctuation in front. */
function trimStart(text: string): string {
  const name = /^[\da-z_-]{1,40}=+/i.exec(text);
  let start = name === null ? 0 : name[0].length;
  while (start < text.length && leading.has(text.charAt(start))) start++;
  return start === 0 ? text : text.slice(start);
}

/** Without punctuation at the end; a closing bracket stays when its opening one is in the text. */
function trimEnd(text: string): string {
  let end = text.length;
  /** Of each kind of bracket: how many closing ones there are too many. */
  const surplus = new Map<string, number>();
  for (;;) {
    const last = text.charAt(end - 1);
    const open = closing.get(last);
    if (open === undefined) {
      if (!trailing.has(last)) break;
    } else {
      const more = surplus.get(last) ?? count(text, last, end) - count(text, open, end);
      if (more <= 0) break;
      surplus.set(last, more - 1);
    }
    end--;
  }
  return end === text.length ? text : text.slice(0, end);
}

/** A text with a colon: `Subject:` and 12:30:00 are no URIs; ::1 and 2001:db8::2 are addresses. */
function mayHaveScheme(text: string, colon: number): boolean {
  if (colon === text.length - 1) return false;
  if (text.includes('://') || text.includes('::')) return true;
  if (/[a-z]/i.test(text.slice(Math.max(0, colon - 24), colon))) return true;
  return text.split(':', 8).length >= 7;
}

/** False for what surely is no URI, so that ordinary words cost little; the parser decides on the rest. */
function mayBeUri(text: string): boolean {
  if (text.length < 3) return false;
  // A dot, a colon or an @ as such or encoded; what else is encoded can be anything.
  if (text.includes('%') && /[.:@]|%(?:2e|3a|40)/i.test(text)) return true;
  const colon = text.indexOf(':');
  if (colon >= 0) return mayHaveScheme(text, colon);
  const at = text.indexOf('@');
  if (at >= 0) return at > 0 && text.indexOf('.', at) > 0;
  const hostEnd = text.search(/[/?#]/);
  const host = (hostEnd < 0 ? text : text.slice(0, hostEnd)).replace(/\.$/, '');
  const dot = host.lastIndexOf('.');
  if (dot <= 0) return false;
  const label = host.slice(dot + 1);
  return /^(?:[a-z\x80-\xff]{2,}|xn--.*)$/i.test(label) || /^\[?\d+\.\d+\.\d+\.\d+\]?$/.test(host);
}

interface HostRange {
  readonly start: number;
  readonly end: number;
  readonly userInfo: boolean;
}

const word = /^[\da-z][\da-z+.-]*(?=:)/i;

/** Where the host of a text begins and ends; undefined for schemes without one. */
function hostRange(text: string): HostRange | undefined {
  const slashes = text.indexOf('://');
  if (slashes < 0 && schemePorts.has(word.exec(text)?.[0].toLowerCase() ?? '') && !text.includes('@'))
    return undefined;
  const from = slashes < 0 ? 0 : slashes + 3;
  const stop = text.slice(from).search(/[/?#]/);
  const end = stop < 0 ? text.length : from + stop;
  const at = text.lastIndexOf('@', end - 1);
  return { start: at >= from ? at + 1 : from, end, userInfo: at >= from };
}

const inUserInfo = /[\w.\-%:@+~\x80-\xff]*/y;
const inHost = /[\w.\-%:\x80-\xff]*/y;

/** Where text goes on behind a host without a blank (`example.com,and`, `example.com)and`); the end of the text when it does not. */
function hostEnd(text: string, { start, end }: HostRange): number {
  if (text[start] === '[') return text.length;
  inHost.lastIndex = start;
  inHost.test(text);
  return inHost.lastIndex >= end || inHost.lastIndex === start ? text.length : inHost.lastIndex;
}

/** People and mail programs end the URI where the host ends. Hyphens at the end of a host are a line drawn behind it. */
function cutAtPunctuation(text: string): string {
  const range = hostRange(text);
  if (range === undefined) return text;
  const whole = text.slice(0, hostEnd(text, range));
  return range.end === text.length || whole !== text ? withoutEnd(whole, '-') : whole;
}

/** `http://one.example)(mailto:x@two.example`: programs that know no user information end the URI where its text has a bracket or comma. */
function beforeUserInfo(text: string): string | undefined {
  const slashes = text.indexOf('://');
  const range = slashes < 0 ? undefined : hostRange(text);
  if (range?.userInfo !== true) return undefined;
  inUserInfo.lastIndex = slashes + 3;
  inUserInfo.test(text);
  const end = inUserInfo.lastIndex;
  return end > slashes + 3 && end < range.start ? text.slice(0, end) : undefined;
}

const isRegistered = (host: string): boolean => registeredHost(host) !== undefined;

const high = /[\x80-\xff]/;

/** Chinese and Japanese go on behind a host without a blank: it ends before them when only then its top-level domain is one. */
function cutAtForeign(text: string): string {
  const range = hostRange(text);
  if (range === undefined) return text;
  const { start, end } = range;
  const first = text.slice(start, end).search(high);
  if (first <= 0) return text;
  const host = text.slice(start, end).replace(/:.*$/, '').replace(/\.$/, '');
  if (isRegistered(host)) return text;
  const ascii = withoutEnd(text.slice(start, start + first), '.');
  return isRegistered(ascii) ? text.slice(0, start + ascii.length) : text;
}

/** The same in front of a host that has no `http://`: the part in ASCII alone. */
function behindForeign(text: string): string | undefined {
  const range = text.includes('://') ? undefined : hostRange(text);
  if (range === undefined) return undefined;
  const { start, end } = range;
  // And goes on behind it, when nothing else does.
  let stop = end;
  if (end === text.length) while (stop > start && text.charCodeAt(stop - 1) > 127) stop--;
  const tail = /[\x80-\xff]([\da-z][\da-z._-]*)$/i.exec(text.slice(Math.max(start, stop - 256), stop))?.[1];
  return tail !== undefined && isRegistered(tail)
    ? text.slice(stop - tail.length, stop === end ? undefined : stop)
    : undefined;
}

/** A port behind a host without `http://`, where it surely is one: names of files with numbers of lines look the same. */
function hasBarePort(text: string): boolean {
  const host = /^([\w-]+(?:\.[\w-]+)*\.[a-z]{2,}):\d{1,5}(?=$|[/?#])/i.exec(text);
  if (host?.[1] === undefined) return false;
  return (/^www\./i.test(text) || host[0].length < text.length) && isRegistered(host[1]);
}

function offer(found: Candidate[], text: string, marks = 0): void {
  const trimmed = trimEnd(text);
  if (!mayBeUri(trimmed)) return;
  let raw = cutAtPunctuation(trimmed);
  if (high.test(raw)) {
    raw = trimEnd(cutAtForeign(raw));
    const tail = behindForeign(raw);
    if (tail !== undefined) found.push({ raw: tail, text: tail, href: false, marks });
  } else if (raw !== trimmed) raw = trimEnd(raw);
  found.push({ raw, text: hasBarePort(raw) ? `http://${raw}` : raw, href: false, marks });
  const other = beforeUserInfo(raw);
  if (other !== undefined) found.push({ raw: other, text: other, href: false, marks });
}

/** A text without `http://`: addresses, domains, other schemes. */
function offerPlain(found: Candidate[], text: string): void {
  const start = trimStart(text);
  const scheme = word.exec(start)?.[0];
  if (scheme !== undefined && schemePorts.has(scheme.toLowerCase())) {
    const host = /^(?:https?|ftp)$/i.test(scheme) ? start.slice(scheme.length + 1).replace(/^\//, '') : '';
    if (/^[^/\\]/.test(host)) offer(found, host, hidden.slashes);
    else offer(found, start);
    return;
  }
  // Several with commas between them; in a path, a comma is a character like any other.
  const path = start.search(/[/?#]/);
  const head = path < 0 ? start : start.slice(0, path);
  const items = head.split(/[,;|]/);
  const last = items.length - 1;
  for (const [index, item] of items.entries())
    offerItem(found, index === last && path >= 0 ? item + start.slice(path) : item);
}

function offerItem(found: Candidate[], text: string): void {
  const start = trimStart(text);
  const label = word.exec(start)?.[0];
  // Website:www.example.com; but not 2001:db8::1.
  if (label !== undefined && !start.includes('::')) {
    const rest = trimStart(start.slice(label.length + 1));
    if (/^www\.|[^\d:]\./i.test(rest) && !/^\d+(?:[/?#]|$)/.test(rest)) offer(found, rest);
  }
  offer(found, start);
}

const webStart = /(?:https?|ftp):\/\//gi;

/** `hxxp://`, `h**p://` and the like, of which people are told to make a link themselves. */
const brokenScheme = /\b(?:h(?:xx|\*\*|--|__|zz|XX)p|meow)(s?):?(?=:?\/\/)|\bfxp(s?)(?=:\/\/)/i;
const brokenDot = /\[(?:\.|dot)\]|\(\.\)/gi;
const brokenColon = /\[:(?:\/\/)?\]/g;
const brokenAt = /\[(?:at|@)\]|\(at\)/gi;

/** The link that is meant by such a text; the text itself when it is none. */
function asLink(text: string): string {
  if (!/[[*]|\(\.|\(at|xxp|meow|hzzp|h--p|h__p|fxp/i.test(text)) return text;
  const dotted = text
    .replace(brokenDot, '.')
    .replace(brokenColon, (all) => all.slice(1, -1))
    .replace(brokenAt, '@');
  return dotted.replace(
    brokenScheme,
    (all, s: string | undefined) =>
      `${/^f/i.test(all) ? 'ftp' : 'http'}${s ?? ''}${all.endsWith(':') ? ':' : ''}`,
  );
}

/** What may be URIs in a piece of text without blanks; `marks` go with all of them. */
export function textPieces(text: string, marks = 0): readonly Candidate[] {
  const link = asLink(text);
  const all = link === text ? marks : marks | hidden.written_out;
  const found = plainPieces(link);
  return all === 0 ? found : found.map((one) => ({ ...one, marks: one.marks | all }));
}

function plainPieces(text: string): readonly Candidate[] {
  const found: Candidate[] = [];
  if (!text.includes('://')) {
    offerPlain(found, text);
    return found;
  }
  // Each `http://` that begins the text, follows rubbish, or stands behind a comma or `](` begins a URI; others belong to a path or query.
  const starts: number[] = [];
  /** Behind the last one: `http://http://` is a slip, and the second one counts. */
  let behind = -1;
  for (const { index, 0: scheme } of text.matchAll(webStart)) {
    if (index === behind) starts.pop();
    else if (starts.length > 0 && !/[,;|]$|\]\($/.test(text.slice(Math.max(0, index - 2), index))) continue;
    starts.push(index);
    behind = index + scheme.length;
  }
  const first = starts[0];
  if (first === undefined) {
    // Full-width letters of a scheme.
    offerPlain(found, /^[\x80-\xff]/.test(text) ? text.slice(text.indexOf('://') + 3) : text);
    return found;
  }
  if (first > 0) offerHead(found, text.slice(0, first), text.slice(0, starts[1] ?? text.length));
  for (const [index, start] of starts.entries())
    offer(found, text.slice(start, starts[index + 1] ?? text.length));
  return found;
}

/** What stands in front of the first `http://`: rubbish, or a URI in whose query that one is. */
function offerHead(found: Candidate[], head: string, whole: string): void {
  const front = head.replace(/(?:(?:https?|ftp):\/\/)+$/i, '');
  const start = trimStart(front);
  const scheme = word.exec(start)?.[0];
  const known = scheme !== undefined && schemePorts.has(scheme.toLowerCase());
  if (known && start.length > scheme.length + 1) offer(found, whole.slice(front.length - start.length));
  else if (!known && /[/?#]/.test(start)) offerPlain(found, whole);
  else if (!known) offerPlain(found, front);
}
