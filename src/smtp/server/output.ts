// What goes to the client: replies are gathered and written once per turn of input, text of client.write goes out in between, in order.
import type { SendOutcome, Transport } from '../../net/transport.ts';

/** Bytes; a turn of input that makes more replies than this does not have to end first. */
const FLUSH_AT = 16_384;

export class Output {
  readonly #transport: Transport;
  readonly #flushAt: number;
  #pending = '';
  /** That were sent, or are about to be. */
  octets = 0;

  /** `each`: every reply is written at once. */
  constructor(transport: Transport, each = false) {
    this.#transport = transport;
    this.#flushAt = each ? 0 : FLUSH_AT;
  }

  /** Adds a reply (latin1, with its line ends) to what the next flush writes; much of it is written at once. */
  add(text: string): void {
    this.octets += text.length;
    this.#pending = this.#pending === '' ? text : this.#pending + text;
    if (this.#pending.length >= this.#flushAt) this.flush();
  }

  flush(): void {
    if (this.#pending === '') return;
    const text = this.#pending;
    this.#pending = '';
    this.#transport.write(text);
  }

  /** Sends what was added; resolves when the system took it, or when the client is gone: who calls it keeps the deadline. Never rejects. */
  send(): Promise<SendOutcome> {
    const text = this.#pending;
    this.#pending = '';
    return this.#transport.send(Buffer.from(text, 'latin1'));
  }

  /** Sends bytes behind what was added; resolves when the system took them, after `timeoutMs`, or when the client is gone. Never rejects. */
  write(bytes: Buffer, timeoutMs: number): Promise<SendOutcome> {
    this.flush();
    this.octets += bytes.length;
    return this.#transport.send(bytes, timeoutMs);
  }
}
