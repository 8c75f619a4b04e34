// Header fields in the form in which they are signed (RFC 6376 3.4.1, 3.4.2), and the digest over those that a signature means. What is
// relaxed once is kept: several signatures mean the same fields. Pure.
import { createHash, type Hash } from 'node:crypto';
import type { HashName } from './body-hash.ts';
import type { HeaderFields } from './header-fields.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;
const TAB = 9;
const COLON = 58;
const crlf = Buffer.from('\r\n');

export type Canonicalization = 'simple' | 'relaxed';

export class CanonicalHeaders {
  readonly fields: HeaderFields;
  readonly #relaxed = new Map<number, Buffer>();
  /** Octets made or hashed so far: what the caller gives other work a turn by. */
  work = 0;

  constructor(fields: HeaderFields) {
    this.fields = fields;
  }

  /** Without its line end; lent. */
  octets(form: Canonicalization, field: number): Buffer {
    const { fields } = this;
    if (form === 'simple') return fields.block.subarray(fields.start(field), fields.end(field));
    const known = this.#relaxed.get(field);
    if (known !== undefined) return known;
    const start = fields.start(field);
    const relaxed = relaxField(fields.block, start, fields.colon(field), fields.end(field));
    this.work += fields.end(field) - start;
    this.#relaxed.set(field, relaxed);
    return relaxed;
  }

  /** The digest over `selected` in their order and, without its line end, the signature's own field, whose text has its b= emptied. */
  digest(form: Canonicalization, hash: HashName, selected: readonly number[], own: string): Buffer {
    const input = new FieldDigest(hash);
    for (const field of selected) input.add(this.octets(form, field));
    this.work += input.octets;
    return input.end(canonicalText(form, own));
  }

  /** What that digest is of. */
  input(form: Canonicalization, selected: readonly number[], own: string): Buffer {
    const pieces = selected.flatMap((field) => [this.octets(form, field), crlf]);
    return Buffer.concat([...pieces, canonicalText(form, own)]);
  }
}

/** A digest over fields, each with its line end. */
export class FieldDigest {
  readonly #hash: Hash;
  /** Small fields go to the hash together. */
  readonly #buffer = Buffer.allocUnsafe(2048);
  #filled = 0;
  octets = 0;

  constructor(hash: HashName | Hash) {
    this.#hash = typeof hash === 'string' ? createHash(hash) : hash;
  }

  add(field: Buffer): void {
    const length = field.length + 2;
    this.octets += length;
    if (this.#filled + length > this.#buffer.length) this.#flush();
    if (length > this.#buffer.length) {
      this.#hash.update(field).update(crlf);
      return;
    }
    field.copy(this.#buffer, this.#filled);
    this.#filled += length;
    this.#buffer[this.#filled - 2] = CR;
    this.#buffer[this.#filled - 1] = LF;
  }

  /** The digest with a last field that has no line end, which ends this one. */
  end(last: Buffer): Buffer {
    this.#flush();
    return this.#hash.update(last).digest();
  }

  /** The digest as above of what is there so far; more can be added. */
  soFar(last: Buffer): Buffer {
    this.#flush();
    return this.#hash.copy().update(last).digest();
  }

  #flush(): void {
    if (this.#filled > 0) this.#hash.update(this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
  }
}

/** A field given as latin1 text, without its line end. */
export function canonicalText(form: Canonicalization, text: string): Buffer {
  const octets = Buffer.from(text, 'latin1');
  return form === 'simple'
    ? octets
    : relaxField(octets, 0, Math.max(0, octets.indexOf(COLON)), octets.length);
}

/** `colon` is 0 for what has no name: only its blanks are made one. */
function relaxField(source: Buffer, start: number, colon: number, end: number): Buffer {
  const out = Buffer.allocUnsafe(end - start);
  let length = 0;
  let at = start;
  if (colon > start) {
    for (; at < colon; at++) {
      const octet = source[at] as number;
      if (octet === SPACE || octet === TAB) continue;
      out[length++] = octet >= 65 && octet <= 90 ? octet + 32 : octet;
    }
    out[length++] = COLON;
    at++;
  }
  const valueAt = length;
  let blank = false;
  for (; at < end; at++) {
    const octet = source[at] as number;
    if (octet === SPACE || octet === TAB) {
      blank = true;
      continue;
    }
    // Within a field a line end is a fold: blanks follow it.
    if (octet === LF || (octet === CR && source[at + 1] === LF)) continue;
    if (blank) {
      if (length > valueAt) out[length++] = SPACE;
      blank = false;
    }
    out[length++] = octet;
  }
  return out.subarray(0, length);
}
