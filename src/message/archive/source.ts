// Octets that can be read at any place: a part of a message (message/content), or an archive that was unpacked into memory.

export interface Source {
  /** Octets of all of it. */
  readonly size: number;
  /** From `start` on, `length` octets or what there is of them. */
  read(start: number, length: number): Promise<Buffer>;
}

/** Before octets are worked on: rejects when there is to be no more of it. */
export type Step = (octets: number) => Promise<void>;

export class BufferSource implements Source {
  readonly #octets: Buffer;
  readonly #step: Step;

  /** `step` for what is read, too: a row of small records in memory would else be read without a turn for anybody. */
  constructor(octets: Buffer, step: Step) {
    this.#octets = octets;
    this.#step = step;
  }

  get size(): number {
    return this.#octets.length;
  }

  async read(start: number, length: number): Promise<Buffer> {
    await this.#step(length);
    return this.#octets.subarray(start, start + length);
  }
}

/** A source without its first octets. */
export class LaterSource implements Source {
  readonly #source: Source;
  readonly #from: number;

  constructor(source: Source, from: number) {
    this.#source = source;
    this.#from = from;
  }

  get size(): number {
    return this.#source.size - this.#from;
  }

  read(start: number, length: number): Promise<Buffer> {
    return start < 0 ? Promise.resolve(Buffer.alloc(0)) : this.#source.read(this.#from + start, length);
  }
}

/** Reads on from a place, for formats that are a row of records; undefined when a record is not whole. */
export class Cursor {
  readonly #source: Source;
  at: number;
  #piece: Buffer = Buffer.alloc(0);
  #pieceAt = 0;

  constructor(source: Source, at: number) {
    this.#source = source;
    this.at = at;
  }

  async take(length: number): Promise<Buffer | undefined> {
    const octets = await this.peek(length);
    this.at += length;
    return octets.length < length ? undefined : octets;
  }

  async peek(length: number): Promise<Buffer> {
    let start = this.at - this.#pieceAt;
    if (start < 0 || start + length > this.#piece.length) {
      this.#piece = await this.#source.read(this.at, Math.max(length, pieceOctets));
      this.#pieceAt = this.at;
      start = 0;
    }
    return this.#piece.subarray(start, start + length);
  }
}

const pieceOctets = 4096;
