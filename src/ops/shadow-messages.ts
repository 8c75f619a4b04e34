// What a process that serves and its shadow say to each other (option shadow-script), as plain data. To the shadow: frames over its standard input, each a
// line with the number of its octets, and these: first what it is to begin with, in JSON, then one session after the other (observe/record/shown-text). From
// it: messages over its channel.
//
// A frame that is not whole when the input ends is none.
import type { OptionTexts } from '../options/options.ts';
import { asciiJson } from '../text/printable.ts';
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

/** As it goes over the line; `text` is octets (latin1), of any length. Made at once: of texts that wait the garbage collection makes two copies. */
export const frameOf = (text: string): Buffer => Buffer.from(`${text.length}\n${text}`, 'latin1');

export const beginFrame = (begin: ShadowBegin): Buffer => frameOf(asciiJson(begin));

const LINE_END = 0x0a;

/** Frames from pieces of the input. */
export class FrameReader {
  #pieces: Buffer[] = [];
  #octets = 0;
  /** Before there are so many nothing more is whole. */
  #needed = 1;

  /** The texts of the frames that are whole now. */
  push(piece: Buffer): readonly string[] {
    this.#pieces.push(piece);
    this.#octets += piece.length;
    if (this.#octets < this.#needed) return [];
    const found: string[] = [];
    let rest = Buffer.concat(this.#pieces);
    for (;;) {
      const end = rest.indexOf(LINE_END);
      const over = end < 0 ? rest.length + 1 : end + 1 + Number(rest.toString('latin1', 0, end));
      if (rest.length < over) {
        this.#needed = over;
        break;
      }
      found.push(rest.toString('latin1', end + 1, over));
      rest = rest.subarray(over);
    }
    this.#pieces = [rest];
    this.#octets = rest.length;
    return found;
  }
}
