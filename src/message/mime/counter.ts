// Numbers the parts of a message and says whether more of them, or deeper ones, may be shown. One counter runs through a message and the
// encoded messages inside it. Used by parts.ts.
import type { MimeLimitName, MimeLimits } from './limits.ts';

interface Shared {
  begun: number;
}

export class PartCounter {
  readonly #limits: MimeLimits;
  readonly #report: (name: MimeLimitName) => void;
  readonly #shared: Shared;
  /** Messages and multiparts around the message that is counted. */
  readonly outerDepth: number;
  /** The most parts are there: from here on no line is a delimiter. */
  sealed = false;

  constructor(
    limits: MimeLimits,
    report: (name: MimeLimitName) => void,
    shared: Shared = { begun: 0 },
    outerDepth = 0,
  ) {
    this.#limits = limits;
    this.#report = report;
    this.#shared = shared;
    this.outerDepth = outerDepth;
  }

  /** The number of a part that begins, from 1. */
  begin(): number {
    return ++this.#shared.begun;
  }

  mayBegin(): boolean {
    // A message inside may begin one more part when it ends, after the one around it has asked here.
    if (this.#shared.begun < this.#limits.parts - this.outerDepth) return true;
    this.sealed = true;
    this.#report('parts');
    return false;
  }

  /** Whether a multipart or embedded message that has `depth` others around it may be taken apart. */
  mayNest(depth: number): boolean {
    if (this.outerDepth + depth < this.#limits.depth) return this.mayBegin();
    this.#report('depth');
    return false;
  }

  /** Goes on counting in an encoded message that has `depth` others around it. */
  inside(depth: number): PartCounter {
    return new PartCounter(this.#limits, this.#report, this.#shared, this.outerDepth + depth + 1);
  }
}
