// What `smtpe trace FILE` plays: a message (RFC 5322) or what a client says in a session, read from a file and told apart by its first line, whatever it
// is called. What is neither is refused with a word on what it looks like.
//
// It must never read more than it says, nor wait for what is no plain file.
import { open } from 'node:fs/promises';
import { codeOrText } from '../../base/errors.ts';
import { isRecording, type Recording, readRecording } from '../../observe/record/format.ts';

/** Octets of a file; more is refused. Larger than what a server takes by default (smtp-max-size). */
export const MOST_OCTETS = 64 * 1024 * 1024;

/** What the client says, in order. Texts are latin1. */
export type Step =
  | { readonly kind: 'line'; readonly text: string }
  /** Said when the server wants it (354), else left out, as a client does. */
  | { readonly kind: 'content'; readonly text: string }
  /** The content has no end: the client goes. */
  | { readonly kind: 'cut'; readonly text: string }
  /** Octets behind BDAT (RFC 3030). */
  | { readonly kind: 'octets'; readonly text: string }
  /** The first of them: the client goes before the rest. */
  | { readonly kind: 'begun'; readonly text: string };

export type PlayedFile =
  | { readonly kind: 'message'; readonly text: string }
  /** `cut`: the file ends within a message. */
  | { readonly kind: 'session'; readonly steps: readonly Step[]; readonly cut: boolean }
  /** What a server has recorded of a session: to be shown, not played. `problem`: why it is not whole. */
  | { readonly kind: 'recording'; readonly recording: Recording; readonly problem: string | undefined }
  | { readonly kind: 'unusable'; readonly problem: string };

/** Those that are played. */
export type Playable = Extract<PlayedFile, { kind: 'message' | 'session' }>;

/** Beginnings of files that people have and that are no message. */
const signatures: readonly (readonly [begin: string, what: string])[] = [
  ['\x1f\x8b', 'a gzip file: unpack it first'],
  ['PK\x03\x04', 'a zip file: unpack it first'],
  ['\xd0\xcf\x11\xe0', 'a message in a form of Outlook (.msg): save it as .eml'],
  ['\x7fELF', 'a program'],
  ['%PDF', 'a PDF'],
  ['\x28\xb5\x2f\xfd', 'a zstd file: unpack it first'],
  ['BZh', 'a bzip2 file: unpack it first'],
  ['\xff\xfe', 'text in UTF-16: save it as UTF-8'],
  ['\xfe\xff', 'text in UTF-16: save it as UTF-8'],
];

const HEADER = /^[!-9;-~\x80-\xff]+[ \t]*:/;
const MBOX = /^From \S+ .*\d\d:\d\d/;
const VERB =
  /^(?:EHLO|HELO|LHLO|MAIL +FROM|RCPT +TO|DATA|AUTH|STARTTLS|XCLIENT|NOOP|RSET|VRFY|HELP|QUIT|BDAT)\b/i;
/** A transcript marks who says what. */
const CLIENT = /^(?:C: ?|> )/;
const SERVER = /^(?:S: ?|< )/;
const REPLY = /^[2-5]\d\d[ -]/;

const megabytes = (octets: number): string => `${Math.round(octets / 1024 / 1024)} MB`;

/** Never rejects. */
export async function readPlayedFile(path: string): Promise<PlayedFile> {
  const octets = await contentOf(path);
  if (typeof octets === 'string') return { kind: 'unusable', problem: `${path}: ${octets}` };
  return understand(path, octets.toString('latin1').replace(/^\xef\xbb\xbf/, ''));
}

/** The file, or why it is none to be read. */
export async function contentOf(path: string, most = MOST_OCTETS): Promise<Buffer | string> {
  try {
    // A pipe without a writer would be waited for.
    const file = await open(path, 0o4000);
    try {
      const stat = await file.stat();
      if (stat.isDirectory()) return 'it is a directory; name a file in it';
      if (!stat.isFile()) return 'it is no plain file';
      if (stat.size > most) return `it has ${megabytes(stat.size)}; at most ${megabytes(most)} are read`;
      const content = Buffer.alloc(stat.size);
      let size = 0;
      for (let read = -1; read !== 0 && size < content.length; size += read)
        read = (await file.read(content, size, content.length - size, size)).bytesRead;
      return content.subarray(0, size);
    } finally {
      await file.close();
    }
  } catch (error) {
    const code = codeOrText(error);
    return code === 'ENOENT' ? 'there is no such file' : code;
  }
}

function understand(path: string, text: string): PlayedFile {
  const unusable = (problem: string): PlayedFile => ({ kind: 'unusable', problem: `${path}: ${problem}` });
  if (text === '') return unusable('it is empty');
  if (isRecording(text)) {
    const read = readRecording(text);
    if (read.kind === 'unusable') return unusable(read.problem);
    const { recording } = read;
    return { kind: 'recording', recording, problem: read.kind === 'cut' ? read.problem : undefined };
  }
  for (const [begin, what] of signatures) if (text.startsWith(begin)) return unusable(`it is ${what}`);
  const first = firstLine(text);
  if (CLIENT.test(first) || SERVER.test(first) || VERB.test(first) || REPLY.test(first))
    return sessionOf(text);
  if (MBOX.test(first)) {
    const rest = text.replace(/^.*\n/, '');
    return /\n\r?\nFrom \S+ .*\d\d:\d\d/.test(rest)
      ? unusable('it is a mailbox (mbox) of several messages; take one out')
      : { kind: 'message', text: rest };
  }
  if (HEADER.test(first) || (/\.eml$/i.test(path) && !text.includes('\0'))) return { kind: 'message', text };
  return unusable(
    'it is neither a message (its first line is no header) nor a session (lines as "EHLO x", or "C: EHLO x" among "S: 250 ...")',
  );
}

/** Behind empty lines and comments. */
function firstLine(text: string): string {
  for (let at = 0; ; ) {
    const end = text.indexOf('\n', at);
    const line = end < 0 ? text.slice(at) : text.slice(at, end).replace(/\r$/, '');
    if (end < 0 || !/^[ \t]*(?:#|$)/.test(line)) return line;
    at = end + 1;
  }
}

/** What the client says in it: all lines, or those marked C: where some are. */
function sessionOf(text: string): PlayedFile {
  const all = text.split(/\r?\n/);
  if (all.at(-1) === '') all.pop();
  const isMarked = all.some((line) => CLIENT.test(line));
  const said = isMarked ? all.flatMap((line) => (CLIENT.test(line) ? [line.replace(CLIENT, '')] : [])) : all;
  const steps: Step[] = [];
  for (let i = 0; i < said.length; i++) {
    const line = said[i] ?? '';
    if (!isMarked && (line === '' || line.startsWith('#') || REPLY.test(line) || SERVER.test(line))) continue;
    steps.push({ kind: 'line', text: line });
    if (/^DATA\s*$/i.test(line)) {
      const end = said.indexOf('.', i + 1);
      const content = said.slice(i + 1, end < 0 ? said.length : end).map((one) => `${one}\r\n`);
      const isCut = end < 0;
      if (isCut && content.length === 0) break;
      steps.push({ kind: isCut ? 'cut' : 'content', text: content.join('') });
      if (isCut) return { kind: 'session', steps, cut: true };
      i = end;
    }
    const size = /^BDAT +(\d+)/i.exec(line)?.[1];
    if (size !== undefined && Number(size) > 0) {
      const { lines, rest, taken } = octetsFrom(said, i + 1, Number(size));
      steps.push({ kind: 'octets', text: taken });
      if (taken.length < Number(size)) return { kind: 'session', steps, cut: true };
      i += lines;
      // A chunk may end within a line: what stands behind it is the next command.
      if (rest !== '') said[i--] = rest;
    }
  }
  return { kind: 'session', steps, cut: false };
}

/** So many octets of the lines from `at` on, which end in CRLF, of how many lines they are, and what is left of the last of them. */
function octetsFrom(
  said: readonly string[],
  at: number,
  size: number,
): { readonly taken: string; readonly lines: number; readonly rest: string } {
  let taken = '';
  let lines = 0;
  while (taken.length < size && at + lines < said.length) taken += `${said[at + lines++]}\r\n`;
  return { taken: taken.slice(0, size), lines, rest: taken.slice(size).replace(/\r?\n$/, '') };
}
