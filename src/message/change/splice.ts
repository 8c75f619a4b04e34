// A message with other octets in the place of some: what stands between is copied from the stored message as it is, by its positions. One pass, a
// piece at a time.
import type { Charset } from '../../charset/label.ts';
import type { Encoding } from '../mime/content-type.ts';
import { createDecoder } from '../mime/decoder.ts';
import { type ChangeSource, range } from './change-source.ts';
import type { TransferEncoder } from './transfer-encoders.ts';
import { Utf8Text } from './utf8-text.ts';

/** A body that is decoded, gets something put in, and is encoded again. */
export interface Recode {
  readonly decoder: Encoding;
  /** It becomes UTF-8. */
  readonly charset: Charset | undefined;
  readonly encoder: () => TransferEncoder;
  /** Octets of the decoded text that stand before what is put in; undefined: all. */
  readonly at: number | undefined;
  readonly insert: Buffer;
}

export interface Splice {
  readonly from: number;
  readonly to: number;
  readonly with: Buffer | Recode;
}

/** The decoded octets of a body, in UTF-8 where a charset is to be undone. */
export class DecodedBody {
  readonly #decoder: ReturnType<typeof createDecoder>;
  readonly #text: Utf8Text | undefined;

  constructor(encoding: Encoding, charset: Charset | undefined) {
    this.#decoder = createDecoder(encoding);
    this.#text = charset === undefined ? undefined : new Utf8Text(charset);
  }

  get broken(): boolean {
    return this.#text?.broken === true;
  }

  push(bytes: Buffer): Buffer {
    const octets = this.#decoder === undefined ? bytes : this.#decoder.push(bytes, 0, bytes.length);
    return this.#text === undefined ? octets : this.#text.push(octets);
  }

  end(): Buffer {
    const rest = this.#decoder?.end() ?? Buffer.alloc(0);
    return this.#text === undefined ? rest : Buffer.concat([this.#text.push(rest), this.#text.end()]);
  }
}

/** `splices` in order, without overlap. */
export async function* spliced(
  source: ChangeSource,
  splices: readonly Splice[],
  isOver: () => boolean,
): AsyncGenerator<Buffer> {
  let at = 0;
  let next = 0;
  let open: OpenRecode | undefined;
  for await (const piece of range(source, 0, Number.POSITIVE_INFINITY)) {
    if (isOver()) throw new Error('the message is gone');
    let rest = piece;
    while (rest.length > 0) {
      const splice = splices[next];
      const until =
        splice === undefined ? Number.POSITIVE_INFINITY : at < splice.from ? splice.from : splice.to;
      const part = rest.subarray(0, Math.min(rest.length, until - at));
      if (splice === undefined || at < splice.from) {
        if (part.length > 0) yield part;
      } else {
        if (!Buffer.isBuffer(splice.with)) {
          open ??= new OpenRecode(splice.with);
          yield* open.push(part);
        }
      }
      at += part.length;
      rest = rest.subarray(part.length);
      if (splice !== undefined && at === splice.to && (at > splice.from || part.length === 0)) {
        yield* Buffer.isBuffer(splice.with) ? [splice.with] : (open ?? new OpenRecode(splice.with)).end();
        open = undefined;
        next++;
      }
    }
  }
  for (; next < splices.length; next++) {
    const splice = splices[next] as Splice;
    yield* Buffer.isBuffer(splice.with) ? [splice.with] : (open ?? new OpenRecode(splice.with)).end();
    open = undefined;
  }
}

class OpenRecode {
  readonly #plan: Recode;
  readonly #body: DecodedBody;
  readonly #encoder: TransferEncoder;
  #seen = 0;

  constructor(plan: Recode) {
    this.#plan = plan;
    this.#body = new DecodedBody(plan.decoder, plan.charset);
    this.#encoder = plan.encoder();
  }

  push(bytes: Buffer): Buffer[] {
    return this.#encode(this.#body.push(bytes));
  }

  end(): Buffer[] {
    const pieces = this.#encode(this.#body.end());
    if (this.#plan.at === undefined) pieces.push(this.#encoder.push(this.#plan.insert));
    pieces.push(this.#encoder.end());
    return pieces.filter((piece) => piece.length > 0);
  }

  /** What the decoder gives is overwritten by the next push: each piece is encoded before. */
  #encode(octets: Buffer): Buffer[] {
    const { at, insert } = this.#plan;
    const before = this.#seen;
    this.#seen += octets.length;
    if (at === undefined || before > at || this.#seen <= at) return [this.#encoder.push(octets)];
    const cut = at - before;
    return [
      this.#encoder.push(octets.subarray(0, cut)),
      this.#encoder.push(insert),
      this.#encoder.push(octets.subarray(cut)),
    ];
  }
}
