// A place in shared memory where the main thread says that it is alive and which Lua it is running for whom, so that another thread
// can tell when it is stuck. Written at every hook call: a few stores.

/** 32-bit words, then two texts. */
const layout = { beats: 0, what: 1, who: 2, texts: 16, textSize: 120, labels: 256, labelSize: 64 } as const;

export const heartbeatLayout = layout;

export class Heartbeat {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #bytes: Buffer;
  readonly #labels = new Map<string, number>();
  #who: string | undefined;

  constructor() {
    this.buffer = new SharedArrayBuffer(layout.texts + layout.textSize + layout.labels * layout.labelSize);
    this.#words = new Int32Array(this.buffer, 0, 3);
    this.#bytes = Buffer.from(this.buffer);
    this.#label('');
  }

  /** The event loop has come round. */
  beat(): void {
    Atomics.add(this.#words, layout.beats, 1);
  }

  /** Lua begins to run: `what` is `hook.rcpt` or the like (from a bounded set), `who` the session's id. */
  enter(what: string, who: string): void {
    if (who !== this.#who) {
      this.#who = who;
      const length = this.#bytes.write(who.slice(0, layout.textSize), layout.texts, 'latin1');
      this.#words[layout.who] = length;
    }
    this.#words[layout.what] = this.#label(what);
  }

  /** Lua has stopped running. */
  leave(): void {
    this.#words[layout.what] = 0;
  }

  #label(what: string): number {
    const known = this.#labels.get(what);
    if (known !== undefined) return known;
    if (this.#labels.size >= layout.labels) return 0;
    const number = this.#labels.size;
    this.#labels.set(what, number);
    const at = layout.texts + layout.textSize + number * layout.labelSize;
    this.#bytes.write(what.slice(0, layout.labelSize - 1), at, 'latin1');
    return number;
  }
}
