// The message that is changed, as it is stored; and reading it from end to end without holding up others.
import { setImmediate as nextTurn } from 'node:timers/promises';

export interface ChangeSource {
  /** Octets. */
  readonly size: number;
  /** In order, from byte `start`. */
  read(start?: number): AsyncIterable<Buffer>;
}

const turnOctets = 65_536;

/** The octets of `from` to `to` in pieces of at most 64 KiB, with a turn of the event loop now and then. */
export async function* range(source: ChangeSource, from: number, to: number): AsyncGenerator<Buffer> {
  let left = to - from;
  if (left <= 0) return;
  let sinceTurn = 0;
  for await (const piece of source.read(from)) {
    for (let at = 0; at < piece.length && left > 0; at += turnOctets) {
      const part = piece.subarray(at, at + Math.min(turnOctets, left));
      left -= part.length;
      sinceTurn += part.length;
      yield part;
      if (sinceTurn >= turnOctets) {
        sinceTurn = 0;
        await nextTurn();
      }
    }
    if (left <= 0) return;
  }
}

/** All of a range that is known to be small. */
export async function wholeRange(source: ChangeSource, from: number, to: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of range(source, from, to)) pieces.push(piece);
  return Buffer.concat(pieces);
}
