// What a process that serves and its shadow say to each other (option shadow-script), as plain data. To the shadow: frames over its standard input, each a
// line with the number of octets, and so many octets of JSON. From it: messages over its channel.
//
// A frame that is not whole when the input ends is none.
import type { OptionTexts } from '../options/options.ts';
import type { PolicySource } from './revision.ts';

/** What became of a session that the shadow was shown. */
export type ShadowVerdict =
  | { readonly kind: 'same' }
  /** `step`: what it was said to; `cause`: what went wrong in the shadow policy, where something did. */
  | {
      readonly kind: 'differs';
      readonly step: string;
      readonly live: string;
      readonly shadow: string;
      readonly cause?: string;
    }
  /** It asked for what the live policy has not asked for. */
  | { readonly kind: 'missing'; readonly what: string }
  /** It cannot be played: a log-in, or more of it than is kept. */
  | { readonly kind: 'skipped'; readonly cause: string }
  | { readonly kind: 'failed'; readonly cause: string };

/** What the shadow is to begin with. */
export interface ShadowBegin {
  readonly options: OptionTexts;
  readonly path: string;
  readonly more: readonly string[];
  /** Undefined: it reads the files. */
  readonly source: PolicySource | undefined;
}

export type FromShadow =
  /** The policy as it has read it. */
  | { readonly kind: 'ready'; readonly source: PolicySource }
  /** The policy is wrong. */
  | { readonly kind: 'wrong'; readonly problem: string }
  /** Of as many sessions, in the order in which they came. */
  | { readonly kind: 'judged'; readonly verdicts: readonly ShadowVerdict[] }
  /** It ends by itself. */
  | { readonly kind: 'broken'; readonly cause: string }
  /** A directory that goes with it. */
  | { readonly kind: 'made'; readonly path: string };

export function frameOf(value: object): string {
  const text = JSON.stringify(value);
  return `${Buffer.byteLength(text)}\n${text}`;
}

/** Frames from pieces of the input. */
export class FrameReader {
  #pieces: Buffer[] = [];
  #octets = 0;
  /** Of the frame that comes now; undefined: its number has not come. */
  #wanted: number | undefined;

  /** The frames that are whole now, parsed. */
  push(piece: Buffer): readonly unknown[] {
    this.#pieces.push(piece);
    this.#octets += piece.length;
    const found: unknown[] = [];
    for (let next = this.#next(); next !== undefined; next = this.#next()) found.push(JSON.parse(next));
    return found;
  }

  #next(): string | undefined {
    if (this.#wanted === undefined) {
      const all = this.#whole();
      const end = all.indexOf('\n');
      if (end < 0) return undefined;
      this.#wanted = Number(all.toString('latin1', 0, end));
      this.#keep(all.subarray(end + 1));
    }
    if (this.#octets < this.#wanted) return undefined;
    const all = this.#whole();
    const text = all.toString('utf8', 0, this.#wanted);
    this.#keep(all.subarray(this.#wanted));
    this.#wanted = undefined;
    return text;
  }

  #whole(): Buffer {
    const [only] = this.#pieces;
    const all = this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces);
    this.#pieces = [all];
    return all;
  }

  #keep(rest: Buffer): void {
    this.#pieces = [rest];
    this.#octets = rest.length;
  }
}
