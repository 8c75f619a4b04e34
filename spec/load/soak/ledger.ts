// What was sent, what the client was told, and what arrived: the books that soak.ts closes at the end. Every message carries its number
// in a header. Its bytes are cut from one pool of lines, so that they can be compared without being kept.
import type { Seeded } from '../../fakes/seeded.ts';

export interface Sent {
  readonly token: number;
  readonly subject: string;
  /** The header with its signature; empty: it has none. */
  signature: string;
  /** Where the body lies in the pool. */
  readonly from: number;
  readonly to: number;
  /** The newest policy when the client connected. */
  readonly revision: number;
  /** First digit of the reply to the final dot, or what happened instead. */
  outcome: '2' | '4' | '5' | 'open' | 'cut';
  arrivals: number;
  /** A next hop has seen the final dot, and the connection ended before its reply: it may rightly get the message again. */
  cutAfterDot: boolean;
}

const POOL_LINES = 60_000;

/** Lines with every byte but CR and LF, dots in front, empty ones, and a few very long ones. */
function makePool(random: Seeded): { readonly bytes: Buffer; readonly starts: readonly number[] } {
  const noise = Buffer.alloc(65_536);
  for (let i = 0; i < noise.length; i++) {
    const byte = random.below(256);
    noise[i] = byte === 10 || byte === 13 ? 46 : byte;
  }
  const pieces: Buffer[] = [];
  const starts: number[] = [0];
  let at = 0;
  for (let i = 0; i < POOL_LINES; i++) {
    const length =
      random.below(2000) === 0 ? 5000 : random.below(8) === 0 ? random.below(3) : random.below(140);
    const from = random.below(60_000);
    const line = Buffer.concat([
      Buffer.from(random.below(10) === 0 ? '.' : ''),
      noise.subarray(from, from + length),
      Buffer.from('\r\n'),
    ]);
    pieces.push(line);
    at += line.length;
    starts.push(at);
  }
  return { bytes: Buffer.concat(pieces), starts };
}

export class Ledger {
  readonly sent: Sent[] = [];
  /** What is wrong, in words; never more than a few of them are kept. */
  readonly wrong: string[] = [];
  wrongs = 0;
  /** Messages and bytes for which a next hop said 250. */
  arrived = 0;
  bytes = 0;
  /** Messages by the revision of the policy that let them pass. */
  readonly revisions = new Map<number, number>();
  /** The messages by the numbers that the store gave them. */
  readonly numbers = new Map<number, number>();
  /** Messages with a signature among those that arrived. */
  signed = 0;
  readonly #pool: { readonly bytes: Buffer; readonly starts: readonly number[] };
  readonly #random: Seeded;

  constructor(random: Seeded) {
    this.#random = random;
    this.#pool = makePool(random);
  }

  complain(text: string): void {
    this.wrongs++;
    console.error(`wrong: ${text}`);
    if (this.wrong.length < 20) this.wrong.push(text);
  }

  /** Draws up a message with a body of about `size` bytes and enters it. */
  create(size: number, revision: number): Sent {
    const { starts, bytes } = this.#pool;
    const first = this.#random.below(POOL_LINES - 1);
    const from = starts[first] ?? 0;
    // Whole lines up to the size.
    let last = first;
    while (last < POOL_LINES && (starts[last + 1] ?? bytes.length) - from <= size) last++;
    const token = this.sent.length;
    const message: Sent = {
      token,
      subject: `soak ${token}`,
      signature: '',
      from,
      to: starts[last] ?? bytes.length,
      revision,
      outcome: 'open',
      arrivals: 0,
      cutAfterDot: false,
    };
    this.sent.push(message);
    return message;
  }

  /** The message as a client has it, before dots are stuffed. */
  content(message: Sent): Buffer {
    const header =
      `Received: from soak.example\r\n\tby soak.example; somewhen\r\nX-Soak-Token: ${message.token}\r\n` +
      `From: a@example.com\r\nSubject: ${message.subject}\r\nMIME-Version: 1.0\r\n\r\n`;
    return Buffer.concat([
      Buffer.from(message.signature + header, 'latin1'),
      this.#pool.bytes.subarray(message.from, message.to),
    ]);
  }

  /** The message that a next hop has read to its end: looked up by its number and compared byte by byte. */
  find(content: Buffer): Sent | undefined {
    const end = content.indexOf('\r\n\r\n');
    const header = content.subarray(0, end + 2).toString('latin1');
    const message = this.sent[Number(/^X-Soak-Token: (\d+)\r$/m.exec(header)?.[1] ?? -1)];
    if (message === undefined) {
      this.complain(`a message without a known number arrived: ${header.slice(0, 200)}`);
      return undefined;
    }
    const added = /^X-Soak-Revision: ([AB])-(\d+) 192\.0\.2\.1 ([0-9a-f]{32})\r\n/m.exec(header);
    const revision = Number(added?.[2] ?? -1);
    this.revisions.set(revision, (this.revisions.get(revision) ?? 0) + 1);
    const expected = this.content(message);
    const cut = expected.indexOf('\r\n\r\n');
    const wanted = expected
      .subarray(0, cut + 2)
      .toString('latin1')
      .replace('Subject: ', 'Subject: [checked] ');
    const judged = this.#judged(message, header);
    const stored = this.#stored(message, header);
    if (added === null) this.complain(`message ${message.token}: no header of the policy: ${header}`);
    else if (header.replace(added[0], '').replace(judged, '').replace(stored, '') !== wanted)
      this.complain(`message ${message.token}: headers differ: ${JSON.stringify(header)}`);
    // The reload before the last one must be through when the last one is ordered.
    else if (revision < message.revision - 1)
      this.complain(
        `message ${message.token}: policy ${revision}, though ${message.revision} was there at connect`,
      );
    if (!content.subarray(end).equals(expected.subarray(cut)))
      this.complain(`message ${message.token}: the body differs (${content.length} bytes)`);
    return message;
  }

  /** The header that says what sender checks have found; it has to be right. */
  #judged({ token, signature }: Sent, header: string): string {
    const [whole = '', value = ''] =
      /^Authentication-Results: ([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)\r\n/m.exec(header) ?? [];
    const wanted = ['spf=pass', signature === '' ? 'dkim=none' : 'dkim=pass', 'dmarc=pass'];
    const missing = wanted.filter((one) => !value.includes(one));
    if (missing.length > 0) this.complain(`message ${token}: ${missing.join(' ')} not found in ${value}`);
    if (signature !== '') this.signed++;
    return whole;
  }

  /** The header with what the store said: a number of its own, and that the message was not there before. */
  #stored({ token }: Sent, header: string): string {
    const [whole = '', text = '', word] = /^X-Soak-Store: (\d+) (\w+)\r\n/m.exec(header) ?? [];
    const number = Number(text);
    const other = this.numbers.get(number);
    if (word !== 'new') this.complain(`message ${token}: the store says ${word}`);
    // The same message may come again, by another connection to a next hop.
    if (other !== undefined && other !== token)
      this.complain(`messages ${other} and ${token} have both the number ${number} of the store`);
    this.numbers.set(number, token);
    return whole;
  }

  /** What the replies promised against what arrived. */
  close(): void {
    for (const one of this.sent) {
      if (one.outcome === '2' && one.arrivals === 0)
        this.complain(`message ${one.token}: answered 250, never arrived`);
      if (one.arrivals > 1 && !one.cutAfterDot)
        this.complain(`message ${one.token}: arrived ${one.arrivals} times without a reason`);
    }
  }

  count(outcome: Sent['outcome']): number {
    return this.sent.filter((one) => one.outcome === outcome).length;
  }
}
