// The octets of one part, read from the stored message: its headers as they stand there, its body with the Content-Transfer-Encoding undone.
// A part of a message that is itself encoded is read through the part around it.
import { createDecoder } from '../mime/decoder.ts';
import type { PartPlace } from '../mime/part.ts';
import type { Pace } from './pace.ts';
import { messagePieces, type PartIndex, type Readable } from './part-index.ts';

/** A message and where its parts stand. */
export interface IndexedMessage {
  readonly message: Readable;
  readonly index: PartIndex;
}

/** `length` octets of what the part stands in, from `start` on. */
async function* region(
  { message, index }: IndexedMessage,
  outer: number,
  start: number,
  length: number,
  pace: Pace,
): AsyncGenerator<Buffer> {
  if (length <= 0) return;
  const around = index.get(outer);
  let skip = around === undefined ? 0 : start;
  let left = length;
  const source =
    around === undefined
      ? messagePieces(message, start, pace)
      : decoded(bodyOf({ message, index }, around, pace), around, true);
  for await (const piece of source) {
    if (skip >= piece.length) {
      skip -= piece.length;
      continue;
    }
    const part = piece.subarray(skip, skip + left);
    skip = 0;
    left -= part.length;
    yield part;
    if (left <= 0) return;
  }
}

function bodyOf(indexed: IndexedMessage, place: PartPlace, pace: Pace, from = 0): AsyncGenerator<Buffer> {
  const { bodyLength, headerLength, outer, start } = place;
  return region(indexed, outer, start + headerLength + from, bodyLength - from, pace);
}

/** `all`: what stands behind the padding of base64 as well. */
async function* decoded(
  source: AsyncIterable<Buffer>,
  { encoding }: PartPlace,
  all: boolean,
): AsyncGenerator<Buffer> {
  const decoder = createDecoder(encoding);
  if (decoder === undefined) {
    yield* source;
    return;
  }
  for await (const piece of source) {
    const octets = decoder.push(piece, 0, piece.length);
    if (all) yield octets;
    else {
      yield octets.subarray(0, decoder.counted);
      if (decoder.counted < octets.length) return;
    }
  }
  const rest = decoder.end();
  yield all ? rest : rest.subarray(0, decoder.counted);
}

/**
 * The decoded body from octet `from` on, as md5_decoded has it: base64 ends with its padding. A piece is good until the next one is asked for.
 * Rejects as Pace does, and with the file system's error.
 */
export async function* readPart(
  indexed: IndexedMessage,
  place: PartPlace,
  pace: Pace,
  from = 0,
): AsyncGenerator<Buffer> {
  if (place.encoding === 'identity') {
    yield* bodyOf(indexed, place, pace, from);
    return;
  }
  let skip = from;
  for await (const piece of decoded(bodyOf(indexed, place, pace), place, false)) {
    if (skip >= piece.length) skip -= piece.length;
    else {
      yield skip === 0 ? piece : piece.subarray(skip);
      skip = 0;
    }
  }
}

/** The header block with its empty line. */
export async function readPartHeaders(
  indexed: IndexedMessage,
  { headerLength, outer, start }: PartPlace,
  pace: Pace,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of region(indexed, outer, start, headerLength, pace))
    pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

/** Octets `from` up to, without, `to`, and whether there are more behind them. */
export async function partRange(
  indexed: IndexedMessage,
  place: PartPlace,
  pace: Pace,
  from: number,
  to: number,
): Promise<{ readonly octets: Buffer; readonly more: boolean }> {
  const pieces: Buffer[] = [];
  let left = to - from;
  let more = false;
  for await (const piece of readPart(indexed, place, pace, from)) {
    if (piece.length > left) more = true;
    if (left > 0) pieces.push(Buffer.from(piece.subarray(0, left)));
    left -= piece.length;
    if (more) break;
  }
  return { octets: Buffer.concat(pieces), more };
}
