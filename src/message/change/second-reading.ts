// The same message read by another program's parser, mailsplit: where the two see different parts, mail programs do too, and nobody can say what a
// change of "part 3" would be. Such a message is not changed. What is written is never what mailsplit puts together, but copied from the
// stored message by our own positions: it gives no positions, loses the octets of a delimiter among headers, and folds headers anew.
//
// Its positions follow from the lengths of what it gives, in order. Attached messages that it does not look into are not compared.
import type { EventEmitter } from 'node:events';
import { type MimeNode, Splitter, type SplitterChunk } from 'mailsplit';
import type { PartMap } from './part-map.ts';

interface SeenPart {
  readonly at: number;
  readonly bodyAt: number;
  readonly multipart: boolean;
}

/** Octets of headers that it is given: it takes most of a second for a million of the worst, and nobody else has a turn meanwhile. */
const headOctets = 131_072;
const headOctetsOfAll = 524_288;

export interface SecondLimits {
  readonly headerBytes: number;
  readonly parts: number;
}

export class SecondReading {
  readonly #splitter: Splitter;
  readonly #seen: SeenPart[] = [];
  #at = 0;
  #failed = false;
  #over = false;
  #heads = 0;
  /** Who waits until it has room, or has come to its end. */
  #waiting: (() => void) | undefined;

  constructor({ headerBytes, parts }: SecondLimits) {
    this.#splitter = new Splitter({
      maxHeadSize: Math.min(headerBytes, headOctets),
      maxChildNodes: parts + 1,
    });
    this.#splitter.on('data', (chunk: SplitterChunk) => this.#take(chunk));
    // Its types know of no other events.
    const events = this.#splitter as unknown as EventEmitter;
    events.on('drain', () => this.#wake());
    events.on('error', () => this.#fail());
    for (const end of ['end', 'close'])
      events.on(end, () => {
        this.#over = true;
        this.#wake();
      });
  }

  async feed(piece: Buffer): Promise<void> {
    if (this.#failed || this.#splitter.write(piece)) return;
    await this.#wait();
  }

  async end(): Promise<void> {
    if (this.#failed) return;
    this.#splitter.end();
    if (!this.#over) await this.#wait();
  }

  /** Nobody waits for it any more. */
  close(): void {
    this.#splitter.destroy();
  }

  /** It has come to its end, not to one of its limits. */
  get isWhole(): boolean {
    return !this.#failed;
  }

  /** Whether it has seen what we have. */
  agrees(map: PartMap, size: number): boolean {
    if (this.#failed || this.#at !== size) return false;
    const theirs = new Map(this.#seen.map((part) => [part.at, part]));
    let found = 0;
    const look = (number: number): boolean => {
      const part = map.part(number);
      if (part === undefined || part.kind === 'epilogue') return true;
      const other = theirs.get(part.at);
      // It has taken the message around it for one body.
      if (other === undefined) return part.parent?.kind === 'message';
      found++;
      if (other.bodyAt !== (part.bodyAt ?? part.bodyEnd)) return false;
      if (other.multipart !== (part.kind === 'multipart')) return false;
      return part.children.every((child) => look(child.number));
    };
    return look(1) && found === this.#seen.length;
  }

  #take(chunk: SplitterChunk): void {
    if (chunk.type === 'node') {
      const node = chunk as MimeNode;
      const at = this.#at;
      const length = node.getHeaders().length;
      this.#at += length;
      this.#heads += length;
      if (this.#heads > headOctetsOfAll) this.#fail();
      this.#seen.push({ at, bodyAt: this.#at, multipart: node.multipart !== false });
    } else if ('value' in chunk && Buffer.isBuffer(chunk.value)) this.#at += chunk.value.length;
  }

  #fail(): void {
    this.#failed = true;
    this.#wake();
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  #wake(): void {
    this.#waiting?.();
    this.#waiting = undefined;
  }
}
