// The Content-* headers of a part: what they say, and what a change makes of them. Only the headers that have to be others are written anew; all
// others stay as they are, octet for octet.
import { HeaderList } from '../header/header-list.ts';
import { readStructured, removeComments } from '../mime/parameters.ts';

/** What is to be said; undefined: as it was. */
export interface HeaderChange {
  readonly encoding?: string | undefined;
  readonly charset?: string | undefined;
  /** A whole Content-Type, which takes the place of all that is said of the content now. */
  readonly type?: string | undefined;
  /** UTF-8. */
  readonly filename?: string | undefined;
}

export interface ContentWords {
  /** Lower case, `text/plain` when there is none. */
  readonly type: string;
  readonly flowed: boolean;
  /** Lower case, '' when there is none. */
  readonly disposition: string;
  /** Of multipart/related: the Content-ID of the part that is shown. */
  readonly start: string | undefined;
  readonly id: string | undefined;
}

export function headerList(block: Buffer): HeaderList {
  const list = new HeaderList();
  list.receiveBlock(block);
  return list;
}

export function contentWords(list: HeaderList): ContentWords {
  const typeText = removeComments(list.find('Content-Type', 1)?.value ?? '', '');
  const type = readStructured(typeText);
  const start = /;\s*start\s*=\s*(?:"([^"]*)"|([^\s;]+))/i.exec(typeText);
  const parameter = (name: string): string | undefined =>
    type.parameters.findLast((item) => item.name === name)?.value;
  const disposition = readStructured(removeComments(list.find('Content-Disposition', 1)?.value ?? '', ''));
  return {
    type: type.value.replace(/["\s]/g, '').toLowerCase() || 'text/plain',
    flowed: parameter('format')?.toLowerCase() === 'flowed',
    disposition: disposition.value.toLowerCase(),
    start: start?.[1] ?? start?.[2],
    id: list.find('Content-ID', 1)?.value.trim(),
  };
}

/** `isMessage`: they are those of the message itself. */
export function changeHeaders(list: HeaderList, change: HeaderChange, isMessage: boolean): void {
  const { charset, encoding, filename, type } = change;
  if (type !== undefined) {
    for (const name of contentNames(list)) while (list.delete(name, 1));
    list.modify('Content-Type', 1, type);
  } else if (charset !== undefined) {
    const old = list.find('Content-Type', 1)?.value ?? 'text/plain';
    list.modify('Content-Type', 1, `${withoutParameter(old, 'charset')}; charset=${charset}`);
  }
  if (encoding !== undefined) list.modify('Content-Transfer-Encoding', 1, encoding);
  if (filename !== undefined) nameFile(list, filename);
  // It says what the content was.
  while (list.delete('Content-MD5', 1));
  if (isMessage && list.find('MIME-Version', 1) === undefined && list.edited) list.add('MIME-Version: 1.0');
}

function nameFile(list: HeaderList, filename: string): void {
  const old = list.find('Content-Disposition', 1)?.value ?? 'attachment';
  const kept = withoutParameter(old, 'filename');
  list.modify('Content-Disposition', 1, `${kept};\r\n\t${fileParameter(filename)}`);
  const type = list.find('Content-Type', 1)?.value;
  if (type !== undefined && /;\s*name\b/i.test(type))
    list.modify('Content-Type', 1, withoutParameter(type, 'name'));
}

/** RFC 2231, in ASCII; lines of bearable length. */
function fileParameter(filename: string): string {
  if (/^[\w.()+\- ]{1,60}$/.test(filename)) return `filename="${filename}"`;
  const octets = Buffer.from(filename, 'utf8');
  const pieces: string[] = ["utf-8''"];
  for (const octet of octets) {
    const character = String.fromCharCode(octet);
    const text = /[\w.-]/.test(character)
      ? character
      : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
    const last = pieces.length - 1;
    if ((pieces[last]?.length ?? 0) > 60) pieces.push(text);
    else pieces[last] += text;
  }
  if (pieces.length === 1) return `filename*=${pieces[0]}`;
  return pieces.map((piece, i) => `filename*${i}*=${piece}`).join(';\r\n\t');
}

/** A structured value without a parameter, in all the forms of RFC 2231; everything else as it is. */
function withoutParameter(value: string, name: string): string {
  const segments: string[] = [];
  let from = 0;
  let quoted = false;
  for (let i = 0; i < value.length; i++) {
    const character = value[i];
    if (character === '\\' && quoted) i++;
    else if (character === '"') quoted = !quoted;
    else if (character === ';' && !quoted) {
      segments.push(value.slice(from, i));
      from = i + 1;
    }
  }
  segments.push(value.slice(from));
  const gone = new RegExp(`^\\s*${name}(?:\\*\\d*\\*?)?\\s*=`, 'i');
  return segments
    .filter((segment, i) => i === 0 || (!gone.test(segment) && segment.trim() !== ''))
    .join(';')
    .trimEnd();
}

function contentNames(list: HeaderList): string[] {
  const names = new Set<string>();
  for (let i = 1; i <= list.length; i++) {
    const name = list.at(i)?.field?.name;
    if (name?.startsWith('content-') === true) names.add(name);
  }
  return [...names];
}
