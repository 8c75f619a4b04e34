// The client of an SMTP session as a script's hook talks to it: what it sends goes out behind the replies so far, what it receives are the next
// lines of the dialogue, which the session then does not see. It knows the code of what the script has said last.
import type { Dialogue, Received } from '../../net/dialogue.ts';
import type { SessionCore } from './session-core.ts';

const LF = 10;
const CR = 13;
const CRLF = Buffer.from('\r\n');
/** Octets of a reply that are kept for the log. */
const SHOWN = 512;

export class SessionDialogue implements Dialogue {
  readonly #core: SessionCore;
  /** The beginning of what was sent, latin1. */
  #said = '';
  /** The beginning of the line that was sent last. */
  #line = '';
  #waiting = false;

  constructor(core: SessionCore) {
    this.#core = core;
  }

  get address(): string {
    return this.#core.client.address;
  }

  /** What was sent, as far as it is worth a log line; empty: nothing was. */
  get said(): string {
    return this.#said;
  }

  /** Of the last line that was sent; undefined: it has none. */
  get code(): number | undefined {
    const [, digits] = /^([2-5]\d\d)(?:[ \r\n-]|$)/.exec(this.#line) ?? [];
    return digits === undefined ? undefined : Number(digits);
  }

  async send(octets: Buffer): Promise<void> {
    const core = this.#core;
    if (core.isOver || octets.length === 0) return;
    this.#note(octets);
    await core.output.write(octets, core.values['smtp-reply-timeout'] * 1000);
  }

  /** A line that was begun gets its end: a reply behind it would be taken for the rest of it. */
  async endLine(): Promise<void> {
    if (this.#line !== '' && !this.#line.endsWith('\n')) await this.send(CRLF);
  }

  #note(octets: Buffer): void {
    if (this.#said.length < SHOWN) this.#said += octets.toString('latin1', 0, SHOWN - this.#said.length);
    const end = octets.length - (octets.at(-1) === LF ? 1 : 0);
    const before = octets.subarray(0, end).lastIndexOf(LF);
    const isNew = before >= 0 || this.#line === '' || this.#line.endsWith('\n');
    const begun = isNew ? '' : this.#line;
    const text = begun + octets.toString('latin1', before + 1, Math.min(octets.length, before + 8));
    this.#line = octets.at(-1) === LF ? `${text.slice(0, 8)}\n` : text.slice(0, 8);
  }

  async line(most: number, ms: number): Promise<Received> {
    const kept: Buffer[] = [];
    let length = 0;
    const until = this.#core.deps.clock.monotonic() + ms;
    for (;;) {
      const chunk = this.#take();
      if (chunk === undefined) {
        const why = await this.#more(until);
        if (why === 'more') continue;
        if (length > 0 && why === 'closed') return { kind: 'line', text: textOf(kept, most) };
        if (length > 0) this.#core.input.unread(Buffer.concat(kept), 0);
        return { kind: why };
      }
      const at = chunk.indexOf(LF);
      kept.push(at < 0 ? chunk : chunk.subarray(0, at + 1));
      length += at < 0 ? chunk.length : at + 1;
      // A CR that is to be looked at with the LF behind it, both of which are no part of the line.
      if (at < 0 && length <= most + 1) continue;
      return this.#cut(kept, chunk, at < 0 ? chunk.length : at + 1, most);
    }
  }

  /** The line that there is in `kept`, whose last piece was `chunk` up to `end`; what is behind it is given back. */
  #cut(kept: readonly Buffer[], chunk: Buffer, end: number, most: number): Received {
    const all = kept.length === 1 && kept[0] !== undefined ? kept[0] : Buffer.concat(kept);
    const text = withoutEnd(all);
    const { input } = this.#core;
    if (text.length <= most && text.length < all.length) {
      input.unread(chunk, end);
      return { kind: 'line', text: text.toString('latin1') };
    }
    input.unread(Buffer.concat([all.subarray(most), chunk.subarray(end)]), 0);
    return { kind: 'line', text: all.toString('latin1', 0, most) };
  }

  async octets(count: number, ms: number): Promise<Buffer> {
    const kept: Buffer[] = [];
    let left = count;
    const until = this.#core.deps.clock.monotonic() + ms;
    while (left > 0) {
      const chunk = this.#take(left);
      if (chunk !== undefined) {
        kept.push(chunk);
        left -= chunk.length;
      } else if ((await this.#more(until)) !== 'more') break;
    }
    return Buffer.concat(kept);
  }

  #take(most?: number): Buffer | undefined {
    return this.#core.isOver ? undefined : this.#core.input.take(most);
  }

  /** Waits until there is more. */
  #more(until: number): Promise<'more' | 'timeout' | 'closed'> {
    const core = this.#core;
    const { clock } = core.deps;
    const signal = core.abortSignal;
    core.line.readOn();
    // One waits at a time: what a script has in two places is one client.
    if (this.#waiting || core.isOver || core.inputEnded) return Promise.resolve('closed');
    this.#waiting = true;
    return new Promise((resolve) => {
      const done = (why: 'more' | 'timeout' | 'closed'): void => {
        this.#waiting = false;
        timer.cancel();
        signal.removeEventListener('abort', gone);
        core.inputArrived = undefined;
        resolve(why);
      };
      const gone = (): void => done('closed');
      const timer = clock.after(Math.max(0, until - clock.monotonic()), () => done('timeout'));
      signal.addEventListener('abort', gone);
      core.inputArrived = () => done(core.input.buffered > 0 ? 'more' : 'closed');
    });
  }
}

function withoutEnd(line: Buffer): Buffer {
  let end = line.length;
  if (line[end - 1] === LF) end -= 1;
  if (end < line.length && line[end - 1] === CR) end -= 1;
  return line.subarray(0, end);
}

const textOf = (pieces: readonly Buffer[], most: number): string =>
  Buffer.concat(pieces).toString('latin1', 0, most);
