// What a process that serves and its shadow say to each other (option shadow-script), as plain data. To the shadow: frames over its standard input, each a
// line of JSON. From it: messages over its channel.
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

/** JSON has no line end of its own. */
export const frameOf = (value: object): string => `${JSON.stringify(value)}\n`;

const LINE_END = 0x0a;

/** Frames from pieces of the input. */
export class FrameReader {
  #pieces: Buffer[] = [];

  /** The frames that are whole now, parsed. */
  push(piece: Buffer): readonly unknown[] {
    const found: unknown[] = [];
    let rest = piece;
    for (let end = rest.indexOf(LINE_END); end >= 0; end = rest.indexOf(LINE_END)) {
      const frame = Buffer.concat([...this.#pieces, rest.subarray(0, end)]);
      this.#pieces = [];
      rest = rest.subarray(end + 1);
      found.push(JSON.parse(frame.toString('utf8')));
    }
    if (rest.length > 0) this.#pieces.push(rest);
    return found;
  }
}
