// A letter taken apart: its parts, each with its header fields and, where it is no multipart, its body as it was transmitted. By the parser
// behind mime.parts, so that a part is the same everywhere, with its limits: what passes one of them is a part without parts. In two passes over the file,
// in pieces: the first finds where parts stand, the second takes what is wanted.
import type { MailContent } from '../mailbox/port/mail.ts';
import { PartMap, type PlacedPart } from '../message/change/part-map.ts';
import type { MimeLimits } from '../message/mime/limits.ts';
import { MimeParser } from '../message/mime/parts.ts';
import { readFields } from './header-fields.ts';

export interface LetterPart {
  /** Multiparts that it is in. */
  readonly depth: number;
  /** As transmitted; undefined of a multipart, without what stands before its first part and behind the last. */
  readonly body: Buffer | undefined;
  /** Its header fields, taken apart when they are asked for: thousands of parts are not to be so at once. */
  fields(): ReadonlyMap<string, string>;
}

export interface ReadLetter {
  /** Each in front of those that are in it; at least one. */
  readonly parts: readonly LetterPart[];
  /** Bodies, or header fields, were cut. */
  readonly isTruncated: boolean;
}

/** Octets of the header fields of all parts together. */
const MAX_HEADERS = 4 * 1024 * 1024;
const PIECE = 65_536;

interface Range {
  readonly from: number;
  readonly octets: Buffer;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** `most`: octets of all bodies together. Rejects when it cannot be read, or the signal aborts. */
export async function readLetter(
  content: MailContent,
  limits: MimeLimits,
  most: number,
  signal: AbortSignal,
): Promise<ReadLetter> {
  const map = new PartMap();
  const parser = new MimeParser(
    {
      ...{ part: undefined, text: undefined, header: undefined, defect: undefined, places: map },
      limit: () => undefined,
    },
    limits,
  );
  await eachPiece(content, signal, (piece) => parser.feed(piece));
  parser.end();
  const taking = new Taking(most);
  if (map.root !== undefined) taking.plan(map.root, 0);
  await eachPiece(content, signal, (piece, at) => taking.fill(piece, at));
  const { isTruncated, parts } = taking;
  return { isTruncated, parts: parts.length > 0 ? parts : [NOTHING] };
}

const NOTHING: LetterPart = { depth: 0, body: Buffer.alloc(0), fields: () => new Map() };

async function eachPiece(
  content: MailContent,
  signal: AbortSignal,
  work: (piece: Buffer, at: number) => void,
): Promise<void> {
  let at = 0;
  for await (const whole of content.read()) {
    for (let from = 0; from < whole.length; from += PIECE) {
      signal.throwIfAborted();
      const piece = whole.subarray(from, from + PIECE);
      work(piece, at);
      at += piece.length;
      await nextTurn();
    }
  }
}

/** What is wanted of the octets, and what has come of it. */
class Taking {
  isTruncated = false;
  readonly parts: LetterPart[] = [];
  #bodies: number;
  #headers = MAX_HEADERS;
  /** In order. */
  readonly #ranges: Range[] = [];
  /** The first that is not complete. */
  #first = 0;

  constructor(most: number) {
    this.#bodies = most;
  }

  /** What there is of a part, and of those in it, when the ranges are filled. */
  plan(part: PlacedPart, depth: number): void {
    const bodyAt = part.bodyAt ?? part.end;
    const head = this.#want(part.at, bodyAt, true);
    const fields = (): ReadonlyMap<string, string> => readFields(head.toString('latin1'));
    const children = part.children.filter(({ kind }) => kind !== 'epilogue');
    if (part.kind === 'multipart' && children.length > 0) {
      this.parts.push({ depth, fields, body: undefined });
      for (const child of children) this.plan(child, depth + 1);
      return;
    }
    // A message in it is not taken apart.
    const body = this.#want(bodyAt, Math.max(bodyAt, part.end), false);
    this.parts.push({ depth, fields, body });
  }

  #want(from: number, to: number, isHead: boolean): Buffer {
    const length = Math.min(to - from, isHead ? this.#headers : this.#bodies);
    if (length < to - from) this.isTruncated = true;
    if (isHead) this.#headers -= length;
    else this.#bodies -= length;
    const octets = Buffer.alloc(length);
    if (length > 0) this.#ranges.push({ from, octets });
    return octets;
  }

  fill(piece: Buffer, at: number): void {
    for (let index = this.#first; index < this.#ranges.length; index++) {
      const { from, octets } = this.#ranges[index] as Range;
      const end = from + octets.length;
      if (from >= at + piece.length) return;
      if (end <= at) {
        this.#first = index + 1;
        continue;
      }
      piece.copy(octets, Math.max(0, at - from), Math.max(0, from - at), Math.min(piece.length, end - at));
    }
  }
}
