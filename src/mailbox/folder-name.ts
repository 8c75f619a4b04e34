// Names of folders on disk: modified UTF-7 (RFC 3501 section 5.1.3), the parts joined by `.`, as Maildir++ and Dovecot have them. Pure.

/** Octets of a name on disk, without the dot in front: file systems have 255. */
const MAX_OCTETS = 254;
const MAX_PARTS = 16;

/** Modified UTF-7: printable ASCII but `&` as it is, everything else as `&` base64 of UTF-16 with `,` for `/`, `-`. Lone surrogates stay what they are. */
export function encodeModifiedUtf7(text: string): string {
  return text.replace(/&|[^\x20-\x7e]+/g, (run) => {
    if (run === '&') return '&-';
    const octets = Buffer.from(run, 'utf16le').swap16();
    return `&${octets.toString('base64').replace(/=+$/, '').replaceAll('/', ',')}-`;
  });
}

/** undefined: it is none, or not in the one form that it has to have (so that two names on disk are never one name). */
export function decodeModifiedUtf7(octets: string): string | undefined {
  if (/[^\x20-\x7e]/.test(octets)) return undefined;
  let bad = false;
  const text = octets.replace(/&([^-]*)(-?)/g, (_, coded: string, end: string) => {
    if (end === '') bad = true;
    if (coded === '') return '&';
    const bytes = Buffer.from(coded.replaceAll(',', '/'), 'base64');
    if (bytes.length % 2 !== 0) {
      bad = true;
      return '';
    }
    return bytes.swap16().toString('utf16le');
  });
  return bad || encodeModifiedUtf7(text) !== octets ? undefined : text;
}

export type FolderName =
  /** `directory`: the name on disk, '' for INBOX; `name`: with the separator of the store; `vname`: INBOX in capitals. */
  | { readonly kind: 'name'; readonly vname: string; readonly name: string; readonly directory: string }
  | { readonly kind: 'bad'; readonly why: string };

/** From a full name with this separator. */
export function readFolderName(vname: string, separator: '/' | '.'): FolderName {
  if (vname.toUpperCase() === 'INBOX') return { kind: 'name', vname: 'INBOX', name: 'INBOX', directory: '' };
  const bad = (why: string): FolderName => ({ kind: 'bad', why });
  const parts = vname.split(separator);
  if (parts.length > MAX_PARTS) return bad(`at most ${MAX_PARTS} parts`);
  for (const part of parts) {
    if (part === '') return bad('a part of it is empty');
    if (/^[~.]/.test(part)) return bad(`a part of it begins with ${part[0]}`);
    if (/[/.]/.test(part)) return bad(`a part of it has ${/[/.]/.exec(part)?.[0]} in it`);
    if (/[\x00-\x1f\x7f]/.test(part)) return bad('it has a control character');
    if (/\p{Surrogate}/u.test(part)) return bad('it is no Unicode text');
  }
  const directory = parts.map(encodeModifiedUtf7).join('.');
  if (directory.length > MAX_OCTETS) return bad('it is too long');
  return { kind: 'name', vname, name: parts.join('.'), directory: `.${directory}` };
}

/** The full name of a directory `.Name`; undefined when it is no folder's. */
export function folderNameOf(directory: string, separator: '/' | '.'): string | undefined {
  if (!directory.startsWith('.') || directory.length < 2) return undefined;
  const parts = directory.slice(1).split('.').map(decodeModifiedUtf7);
  if (parts.some((part) => part === undefined)) return undefined;
  const vname = parts.join(separator);
  const read = readFolderName(vname, separator);
  return read.kind === 'name' && read.directory === directory ? vname : undefined;
}
