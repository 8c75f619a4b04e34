// The bytes that spamd is given for a message, and the message made of what it gives back (PROCESS, HEADERS). For the message being
// received that is: a Return-Path line, the headers with the policy's edits, the body as stored.
import { splitHeaders } from '../message/header/header-list.ts';
import { inPieces } from './exchange.ts';
import { openContent, type ScannedFile, type ScannedTransaction } from './scanned-file.ts';

export interface OutgoingMessage {
  readonly kind: 'message';
  /** Bytes that `content` gives. */
  readonly size: number;
  /** True when the end of the message is left out because of option spamd-max-size. */
  readonly truncated: boolean;
  /** Once. Rejects when the message turns out to have another size. */
  content(): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

export type OutgoingOutcome = OutgoingMessage | { readonly kind: 'unreadable'; readonly error: string };

/** The state that a filtered message may replace: nobody may have changed it since. */
export interface Snapshot {
  readonly headers: readonly string[];
  readonly size: number;
}

const EMPTY = Buffer.alloc(0);
const CRLF = Buffer.from('\r\n');

export function snapshotOf(transaction: ScannedTransaction): Snapshot {
  return { headers: [...transaction.headers.all], size: transaction.message?.size ?? 0 };
}

export function isUnchanged(transaction: ScannedTransaction, before: Snapshot): boolean {
  const now = transaction.headers.all;
  return (
    transaction.message?.size === before.size &&
    now.length === before.headers.length &&
    now.every((header, i) => header === before.headers[i])
  );
}

/** The line that tells spamd the envelope sender; empty when there is none to tell. */
export function returnPath(sender: string): string {
  return /[\r\n\0]/.test(sender) ? '' : `Return-Path: <${sender}>\r\n`;
}

/** Whether the message being received is given with a Return-Path line in front. */
export type MessageForm = 'with Return-Path' | 'as it is';

/** What goes in front of the stored bytes, and from where on these are taken. */
function beginning(
  file: ScannedFile,
  form: MessageForm,
): { readonly prefix: Buffer; readonly start: number } {
  if (file.kind !== 'current') return { prefix: EMPTY, start: 0 };
  const { sender, headers, layout } = file.transaction;
  const path = Buffer.from(form === 'as it is' ? '' : returnPath(sender), 'latin1');
  if (!headers.edited) return { prefix: path, start: 0 };
  const block = headers.toBuffer();
  // While headers are still coming the list has them, and there is no body yet.
  if (layout === undefined) return { prefix: Buffer.concat([path, block, CRLF]), start: file.message.size };
  return {
    prefix: Buffer.concat(layout.hasEmptyLine ? [path, block] : [path, block, CRLF]),
    start: layout.headerLength,
  };
}

/** Prepares the message as it is now. `limit` in bytes, 0 for none. */
export async function outgoingMessage(
  file: ScannedFile,
  limit: number,
  form: MessageForm = 'with Return-Path',
): Promise<OutgoingOutcome> {
  const { prefix, start } = beginning(file, form);
  const stored = await openContent(file);
  if (stored.kind === 'unreadable') return stored;
  const whole = prefix.length + Math.max(0, stored.size - start);
  const size = limit > 0 ? Math.min(whole, limit) : whole;
  async function* content(): AsyncGenerator<Buffer> {
    let left = size;
    async function* all(): AsyncGenerator<Buffer> {
      if (prefix.length > 0) yield prefix;
      if (stored.kind === 'content' && size > prefix.length) yield* stored.read(start);
    }
    for await (const piece of all()) {
      yield piece.length <= left ? piece : piece.subarray(0, left);
      left -= Math.min(piece.length, left);
      if (left === 0) return;
    }
    if (left > 0) throw new Error('the message became shorter while it was sent');
  }
  return {
    kind: 'message',
    size,
    truncated: size < whole,
    content: () => inPieces(content()),
    close: stored.close,
  };
}

/** Every bare LF made CRLF; everything else as it is. */
export function withCrlf(content: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let start = 0;
  for (let at = content.indexOf(10); at >= 0; at = content.indexOf(10, at + 1)) {
    if (at > 0 && content[at - 1] === 13) continue;
    pieces.push(content.subarray(start, at), CRLF);
    start = at + 1;
  }
  if (pieces.length === 0) return content;
  pieces.push(content.subarray(start));
  return Buffer.concat(pieces);
}

/** The header block of a message, without the empty line; the whole message when it has no empty line. */
function headerBlock(message: Buffer): Buffer {
  if (message[0] === 13 && message[1] === 10) return EMPTY;
  const end = message.indexOf('\r\n\r\n');
  return end < 0 ? message : message.subarray(0, end + 2);
}

/** The message without our Return-Path line, which is no part of it. */
function withoutReturnPath(message: Buffer, line: string): Buffer {
  if (line === '') return message;
  const block = headerBlock(message);
  const inside = block.indexOf(`\r\n${line}`, 0, 'latin1');
  const at = block.subarray(0, line.length).toString('latin1') === line ? 0 : inside < 0 ? -1 : inside + 2;
  if (at < 0) return message;
  return Buffer.concat([message.subarray(0, at), message.subarray(at + line.length)]);
}

/** Headers that say how the body is built. */
function structure(headers: readonly string[]): string {
  return headers
    .filter((header) => /^(content-[a-z-]+|mime-version)[ \t]*:/i.test(header))
    .map((header) => header.replace(/\s+/g, ' ').toLowerCase())
    .join('\n');
}

export type FilteredOutcome =
  | { readonly kind: 'filtered'; readonly content: Buffer }
  | { readonly kind: 'unusable'; readonly error: string };

const unusable = (error: string): FilteredOutcome => ({ kind: 'unusable', error });

/** The new message from the reply to PROCESS: `body` is the whole of it. */
export function processedMessage(body: Buffer, returnPathLine: string): FilteredOutcome {
  const content = withoutReturnPath(withCrlf(body), returnPathLine);
  return content.length === 0 ? unusable('spamd gave back an empty message') : { kind: 'filtered', content };
}

/** The new message from the reply to HEADERS: `block` is the headers and an empty line; `oldBody` stays. */
export function messageWithHeaders(
  block: Buffer,
  oldBody: Buffer,
  before: Snapshot,
  returnPathLine: string,
): FilteredOutcome {
  const headers = headerBlock(withoutReturnPath(withCrlf(block), returnPathLine));
  if (headers.length === 0) return unusable('spamd gave back no headers');
  if (structure(splitHeaders(headers)) !== structure(before.headers)) {
    return unusable(
      'spamd wrapped the message (report_safe) but gave back its headers only: use method PROCESS, or report_safe 0',
    );
  }
  const end = headers.subarray(-2).equals(CRLF) ? [headers, CRLF] : [headers, CRLF, CRLF];
  return { kind: 'filtered', content: Buffer.concat([...end, oldBody]) };
}
