// The beginning of an entry, or all of it up to a limit: stored or deflated (RFC 1951), gzip (RFC 1952). Done by Node's zlib, which works in other
// threads; a piece is given to it when it has done with the one before, so that it is never ahead of who may end the whole.
import { createGunzip, createInflateRaw, type Gunzip, type InflateRaw } from 'node:zlib';
import type { Listing } from './listing.ts';
import type { Source, Step } from './source.ts';

export interface Packed {
  readonly kind: 'stored' | 'deflated' | 'gzip';
  readonly at: number;
  readonly length: number;
}

/** What is known of an entry before it is decided how much of it is wanted. Of deflated octets the first piece: it makes 4 MiB at most. */
const peekOctets = 4096;
const pieceOctets = 16_384;

/** Takes what is packed, collects what comes of it. */
class Unpacking {
  readonly pieces: Buffer[] = [];
  got = 0;
  /** More than was wanted, or than may be unpacked. */
  over = false;
  damaged = false;
  most = Number.POSITIVE_INFINITY;
  readonly #listing: Listing;
  readonly #inflate: Gunzip | InflateRaw | undefined;
  #wake: (() => void) | undefined;

  constructor(kind: Packed['kind'], listing: Listing) {
    this.#listing = listing;
    if (kind === 'stored') return;
    const inflate = kind === 'gzip' ? createGunzip() : createInflateRaw();
    this.#inflate = inflate;
    inflate.on('data', (piece: Buffer) => this.#take(piece));
    inflate.on('error', () => {
      this.damaged = true;
    });
    inflate.on('close', () => this.#wake?.());
  }

  async push(piece: Buffer): Promise<void> {
    const inflate = this.#inflate;
    if (inflate === undefined) this.#take(Buffer.from(piece));
    else if (!inflate.destroyed && !inflate.writableEnded)
      await this.#until((wake) => inflate.write(Buffer.from(piece), wake));
  }

  /** What is still to come. */
  async end(): Promise<void> {
    const inflate = this.#inflate;
    if (inflate === undefined || inflate.destroyed) return;
    await this.#until(() => inflate.end());
  }

  close(): void {
    this.#inflate?.destroy();
  }

  #until(begin: (wake: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      begin(resolve);
    });
  }

  #take(piece: Buffer): void {
    if (this.over) return;
    this.pieces.push(piece);
    this.got += piece.length;
    this.#listing.bytesLeft -= piece.length;
    if (this.#listing.bytesLeft < 0) this.#listing.truncated.add('limit-archive-bytes');
    if (this.#listing.bytesLeft >= 0 && this.got <= this.most) return;
    this.over = true;
    this.close();
  }
}

export interface Unpacked {
  readonly octets: Buffer;
  /** Nothing is missing. */
  readonly whole: boolean;
}

/** `decide` gets the first octets, and says how many are wanted. What is damaged ends there. */
export async function unpack(
  source: Source,
  packed: Packed,
  listing: Listing,
  step: Step,
  decide: (first: Buffer) => number,
): Promise<Unpacked> {
  const end = Math.min(packed.at + packed.length, source.size);
  const unpacking = new Unpacking(packed.kind, listing);
  let isDecided = false;
  const look = (): void => {
    isDecided = true;
    unpacking.most = decide(Buffer.concat(unpacking.pieces));
    if (unpacking.got > unpacking.most) unpacking.over = true;
  };
  try {
    for (let at = packed.at; at < end && !unpacking.over && !unpacking.damaged; ) {
      const piece = await source.read(at, Math.min(end - at, at === packed.at ? peekOctets : pieceOctets));
      if (piece.length === 0) break;
      const before = unpacking.got;
      await step(piece.length);
      await unpacking.push(piece);
      await step(unpacking.got - before);
      at += piece.length;
      if (!isDecided && unpacking.got >= peekOctets) look();
    }
    if (!unpacking.over && !unpacking.damaged) await unpacking.end();
  } finally {
    unpacking.close();
  }
  if (!isDecided) look();
  if (unpacking.damaged) listing.defects.add('damaged');
  return { octets: Buffer.concat(unpacking.pieces), whole: !unpacking.over && !unpacking.damaged };
}
