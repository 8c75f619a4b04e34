// The client of a service as its script talks to it, over the connection itself. What comes is kept up to a bound, and read on when the script
// has taken it; who waits for a place is noticed when it leaves.
import { ByteQueue } from '../../base/byte-queue.ts';
import type { Clock } from '../../base/clock.ts';
import type { Dialogue, Received } from '../../net/dialogue.ts';
import type { Transport, TransportUser } from '../../net/transport.ts';

/** How long a connection that was served is read on, so that the client gets the last words. */
const LINGER_MS = 1000;

export interface ServiceDialogueParts {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly address: string;
  /** Octets that are kept before nothing is read any more. */
  readonly mostKept: number;
  readonly sendMs: () => number;
  /** The client has gone. */
  readonly left: () => void;
  /** It has closed its side, and nothing of what it said is left. */
  readonly silent: () => void;
}

export class ServiceDialogue implements Dialogue, TransportUser {
  readonly #parts: ServiceDialogueParts;
  readonly #queue = new ByteQueue();
  /** How many are wanted at once: so many are kept. */
  #wanted = 0;
  #inputEnded = false;
  #over = false;
  #wake: (() => void) | undefined;
  /** Octets. */
  octetsReceived = 0;
  octetsSent = 0;
  /** How often it has been asked for something. */
  steps = 0;

  constructor(parts: ServiceDialogueParts) {
    this.#parts = parts;
    parts.transport.use(this);
  }

  get address(): string {
    return this.#parts.address;
  }

  /** Nothing can be sent any more. */
  get isOver(): boolean {
    return this.#over;
  }

  async send(octets: Buffer): Promise<void> {
    this.steps++;
    if (this.#over) return;
    this.octetsSent += octets.length;
    await this.#parts.transport.send(octets, this.#parts.sendMs());
  }

  async line(most: number, ms: number): Promise<Received> {
    this.steps++;
    const until = this.#until(ms);
    for (;;) {
      const length = this.#queue.lineLength();
      if (length > 0 || this.#queue.length > most + 1) return this.#takeLine(length, most);
      const why = await this.#more(until, 0);
      if (why === 'more') continue;
      // The last line needs no end.
      if (why === 'closed' && this.#queue.length > 0) return this.#takeLine(0, most);
      return { kind: why };
    }
  }

  /** `length`: with its line end; 0: there is none, or it is too far away. */
  #takeLine(length: number, most: number): Received {
    const kept = length === 0 ? this.#queue.peek(most) : this.#queue.peek(Math.min(length, most + 2));
    const ends = kept.endsWith('\n') && kept.length === length;
    const text = ends ? kept.replace(/\r?\n$/, '') : kept;
    if (ends && text.length <= most) {
      this.#queue.take(length);
      return this.#taken(text);
    }
    return this.#taken(this.#queue.take(most));
  }

  #taken(text: string): Received {
    this.#readOn();
    return { kind: 'line', text };
  }

  async octets(count: number, ms: number): Promise<Buffer> {
    this.steps++;
    const until = this.#until(ms);
    while (this.#queue.length < count && (await this.#more(until, count)) === 'more');
    this.#wanted = 0;
    const taken = Buffer.from(this.#queue.take(count), 'latin1');
    this.#readOn();
    return taken;
  }

  /** The call is over: our side is closed behind what was sent. */
  finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#queue.clear();
    this.#wake?.();
    this.#parts.transport.linger(LINGER_MS);
  }

  /** At once. */
  destroy(): void {
    this.#over = true;
    this.#wake?.();
    this.#parts.transport.destroy();
  }

  received(chunk: Buffer): void {
    if (this.#over) return;
    this.octetsReceived += chunk.length;
    this.#queue.push(chunk);
    if (this.#queue.length > this.#most) this.#parts.transport.pause();
    this.#wake?.();
  }

  inputEnded(): void {
    this.#inputEnded = true;
    // Whether its other side is closed, too, only who sends to it would find out.
    if (this.#queue.length === 0) this.#parts.silent();
    this.#wake?.();
  }

  drained(): void {}

  failed(): void {}

  closed(): void {
    this.#over = true;
    this.#inputEnded = true;
    this.#wake?.();
    this.#parts.left();
  }

  get #most(): number {
    return Math.max(this.#parts.mostKept, this.#wanted);
  }

  #readOn(): void {
    if (!this.#over && this.#queue.length <= this.#most) this.#parts.transport.resume();
  }

  #until(ms: number): number {
    return this.#parts.clock.monotonic() + ms;
  }

  /** Waits until there is more. */
  #more(until: number, wanted: number): Promise<'more' | 'timeout' | 'closed'> {
    // One waits at a time: what a script has in two places is one client.
    if (this.#inputEnded || this.#over || this.#wake !== undefined) return Promise.resolve('closed');
    this.#wanted = wanted;
    this.#readOn();
    const { clock } = this.#parts;
    const before = this.#queue.length;
    return new Promise((resolve) => {
      const done = (why: 'more' | 'timeout' | 'closed'): void => {
        this.#wake = undefined;
        timer.cancel();
        resolve(why);
      };
      const timer = clock.after(Math.max(0, until - clock.monotonic()), () => done('timeout'));
      this.#wake = () => done(this.#queue.length > before ? 'more' : 'closed');
    });
  }
}
