// Where the parts of a stored message stand: the MIME parser passes over it once more and notes the place of each, by its number in mime.parts.
// Made when a policy first asks for what is in a part.
import type { MimeLimits } from '../mime/limits.ts';
import type { PartPlace } from '../mime/part.ts';
import { MimeParser } from '../mime/parts.ts';
import { type Pace, pieceOctets } from './pace.ts';

export type PartIndex = ReadonlyMap<number, PartPlace>;

/** The stored message (message/stored-message.ts), as far as it is needed here. */
export interface Readable {
  read(start?: number): AsyncIterable<Buffer>;
}

/** The octets of a message from `start` on, in pieces of a size that is worked on at once. Closes its file whatever happens. */
export async function* messagePieces(message: Readable, start: number, pace: Pace): AsyncGenerator<Buffer> {
  for await (const piece of message.read(start)) {
    for (let at = 0; at < piece.length; at += pieceOctets) {
      const part = piece.subarray(at, at + pieceOctets);
      await pace.step(part.length);
      yield part;
    }
  }
}

export async function indexParts(message: Readable, limits: MimeLimits, pace: Pace): Promise<PartIndex> {
  const index = new Map<number, PartPlace>();
  const parser = new MimeParser(
    {
      part: undefined,
      place: (place) => index.set(place.number, place),
      text: undefined,
      header: undefined,
      defect: undefined,
      // The pass that fills mime.parts says so.
      limit: () => undefined,
    },
    limits,
  );
  for await (const piece of messagePieces(message, 0, pace)) parser.feed(piece);
  parser.end();
  return index;
}
