// A message as the chunks of BDAT (RFC 3030 section 2), each of as many octets as it says: counted when they are there, never taken from what the
// size of the message was said to be. Line ends are what they are by DATA, so that no one behind can tell by which command it came; a binary message
// (section 3) goes octet for octet. Used by
// smtp/client/converse. Holds one chunk and the piece behind it.
import type { MessageSource } from '../../delivery/port/delivery.ts';
import { LONGEST_SCAN } from '../../message/framing/newline-scan.ts';
import { DotStuffer } from './dot-stuff.ts';

/** The most octets of a chunk: between two of them the next hop can say no. */
export const CHUNK_OCTETS = 1_048_576;

export interface Chunk {
  readonly pieces: readonly Buffer[];
  /** All of them together. */
  readonly octets: number;
  readonly last: boolean;
}

/** At least one, of at most `most` octets; rejects when the message cannot be read. `message` undefined is an empty one. `asItIs`: no line end is looked at. */
export async function* chunksOf(
  message: Pick<MessageSource, 'pieces' | 'read'> | undefined,
  most = CHUNK_OCTETS,
  asItIs = false,
): AsyncGenerator<Chunk> {
  let pieces: Buffer[] = [];
  let octets = 0;
  for await (const encoded of asItIs ? piecesOf(message) : encodedPieces(message)) {
    let rest = encoded;
    // There is something behind a chunk that goes out here: it is not the last.
    while (octets + rest.length > most) {
      const head = rest.subarray(0, most - octets);
      if (head.length > 0) pieces.push(head);
      yield { pieces, octets: most, last: false };
      pieces = [];
      octets = 0;
      rest = rest.subarray(head.length);
    }
    if (rest.length === 0) continue;
    pieces.push(rest);
    octets += rest.length;
  }
  yield { pieces, octets, last: true };
}

function piecesOf(
  message: Pick<MessageSource, 'pieces' | 'read'> | undefined,
): AsyncIterable<Buffer> | Iterable<Buffer> {
  return message === undefined ? [] : (message.pieces ?? message.read());
}

async function* encodedPieces(
  message: Pick<MessageSource, 'pieces' | 'read'> | undefined,
): AsyncGenerator<Buffer> {
  const encoder = new DotStuffer(false);
  for await (const piece of piecesOf(message))
    for (let start = 0; start < piece.length; start += LONGEST_SCAN)
      yield encoder.encode(
        piece.length <= LONGEST_SCAN ? piece : piece.subarray(start, start + LONGEST_SCAN),
      );
  yield encoder.finish();
}

/** The line in front of its octets. */
export function chunkLine({ octets, last }: Chunk): string {
  return last ? `BDAT ${octets} LAST\r\n` : `BDAT ${octets}\r\n`;
}
