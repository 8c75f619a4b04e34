// What spamd answers (protocol of SpamAssassin's spamd, file PROTOCOL): status line, headers, empty line, body. No I/O; the result does
// not depend on how the reply was cut into pieces.
import { Octets } from '../base/octets.ts';
import type { ReplyReader } from './exchange.ts';

const CR = 13;
const LF = 10;

/** Reads until the body is complete by Content-length; without one, until the server closes (CHECK: until the empty line). */
export class SpamdReplyReader implements ReplyReader {
  readonly #hasBody: boolean;
  readonly #head = new Octets();
  #received = 0;
  /** 0 in a line, 1 behind its LF: the next LF ends the head. */
  #lineFeeds = 0;
  /** Bytes of the whole reply, once known. */
  #total: number | undefined;
  #headEnded = false;

  /** `hasBody` is false for CHECK, whose reply is over with the empty line. */
  constructor(hasBody: boolean) {
    this.#hasBody = hasBody;
  }

  push(piece: Buffer): boolean {
    const before = this.#received;
    this.#received += piece.length;
    if (!this.#headEnded) {
      const end = this.#endOfHead(piece);
      this.#head.add(piece, 0, end < 0 ? piece.length : end);
      if (end < 0) return false;
      this.#headEnded = true;
      const head = this.#head.take();
      if (!this.#hasBody) return true;
      const length = contentLength(head);
      if (length !== undefined) this.#total = before + end + length;
    }
    return this.#total !== undefined && this.#received >= this.#total;
  }

  /** Where in the piece the body begins, or -1. */
  #endOfHead(piece: Buffer): number {
    for (let i = 0; i < piece.length; i++) {
      const byte = piece[i];
      if (byte === LF) {
        if (this.#lineFeeds === 1) return i + 1;
        this.#lineFeeds = 1;
      } else if (byte !== CR) this.#lineFeeds = 0;
    }
    return -1;
  }
}

/** The Content-length of a reply's head; undefined when it is missing, doubled with other values, or no number. */
function contentLength(head: Buffer): number | undefined {
  const values = new Set<string>();
  for (const line of head.toString('latin1').split(/\r?\n/)) {
    const match = /^content-length:[ \t]*(.*?)[ \t]*$/i.exec(line);
    if (match !== null) values.add(match[1] ?? '');
  }
  const [value] = values;
  return values.size === 1 && value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

export interface SpamdReply {
  readonly isSpam: boolean | undefined;
  readonly score: number | undefined;
  readonly threshold: number | undefined;
  /** Names of the rules that matched, from SYMBOLS, REPORT and REPORT_IFSPAM. */
  readonly symbols: readonly string[] | undefined;
  readonly body: Buffer;
  /** True when the body's length is the announced one. */
  readonly bodyComplete: boolean;
  /** Why the reply is no (complete) answer. */
  readonly error: string | undefined;
}

const STATUS = /^SPAMD\/\d+(?:\.\d+)? +(\d+)(?: +(.*))?$/i;
/** The word, and what stands behind the semicolon. */
const SPAM = /^Spam[ \t]*:[ \t]*(True|False|Yes|No)[ \t]*(?:;[ \t]*(.*?)[ \t]*)?$/i;
const SPAM_HEADER = /^Spam[ \t]*:/i;
const NUMBER = String.raw`([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)`;
const SCORES = new RegExp(`^${NUMBER}[ \\t]*/[ \\t]*${NUMBER}$`, 'i');

const nothing = (body: Buffer, error: string): SpamdReply => ({
  isSpam: undefined,
  score: undefined,
  threshold: undefined,
  symbols: undefined,
  body,
  bodyComplete: false,
  error,
});

function headEnd(reply: Buffer): number {
  for (let at = reply.indexOf(LF); at >= 0; at = reply.indexOf(LF, at + 1)) {
    const next = reply[at + 1] === CR ? at + 2 : at + 1;
    if (reply[next] === LF) return next + 1;
  }
  return -1;
}

/** `SYMBOLS` is a comma list; a report has lines of score, rule and description below a row of dashes. */
function readSymbols(method: string, body: string): readonly string[] | undefined {
  if (method === 'SYMBOLS') {
    return body
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
  }
  if (method !== 'REPORT' && method !== 'REPORT_IFSPAM') return undefined;
  const names: string[] = [];
  for (const line of body.split('\n')) {
    const match = /^[ *]{0,4}-?\d+(?:\.\d+)? +([A-Za-z_]\w*)(?:\s|$)/.exec(line);
    if (match?.[1] !== undefined) names.push(match[1]);
  }
  return names;
}

/** Takes a whole reply apart. `method` is the command it answers. */
export function readSpamdReply(reply: Buffer, method: string): SpamdReply {
  const end = headEnd(reply);
  const head = reply.subarray(0, end < 0 ? reply.length : end);
  const lines = head.toString('latin1').split(/\r?\n/);
  const body = end < 0 ? Buffer.alloc(0) : reply.subarray(end);
  const statusLine = lines[0] ?? '';
  const status = STATUS.exec(statusLine);
  if (status === null) return nothing(body, `spamd gave no status line: ${statusLine.slice(0, 200)}`);
  if (status[1] !== '0') return nothing(body, `spamd said: ${statusLine.slice(0, 500)}`);
  if (end < 0) return nothing(body, 'spamd closed in the middle of its reply');
  const header = lines.find((line) => SPAM_HEADER.test(line));
  if (header === undefined) return nothing(body, 'the reply of spamd has no Spam header');
  const notUnderstood = `Spam header not understood: ${header.slice(0, 200)}`;
  const spam = SPAM.exec(header);
  if (spam === null) return nothing(body, notUnderstood);
  const isSpam = /^(true|yes)$/i.test(spam[1] ?? '');
  const scores = SCORES.exec(spam[2] ?? '');
  // The word is understood, the numbers are not.
  if (scores === null) return { ...nothing(body, notUnderstood), isSpam };
  const announced = contentLength(head);
  const cut = announced !== undefined && body.length < announced;
  const whole = announced === undefined ? body : body.subarray(0, announced);
  return {
    isSpam,
    score: Number(scores[1]),
    threshold: Number(scores[2]),
    symbols: cut ? undefined : readSymbols(method, whole.toString('latin1')),
    body: whole,
    bodyComplete: announced !== undefined && !cut,
    error: cut ? `spamd closed after ${body.length} of ${announced} bytes of its reply` : undefined,
  };
}
