// The octets of a body with its Content-Transfer-Encoding undone, each with where it begins in the body: what is put between two of them leaves all
// others as they were written. As decoder.ts undoes them. Quoted-printable only; without an encoding an octet stands where it stands.

const EQUALS = 61;
const CR = 13;
const LF = 10;
const SPACE = 32;
const TAB = 9;

function hex(octet: number): number {
  if (octet >= 48 && octet <= 57) return octet - 48;
  const upper = octet & ~32;
  return upper >= 65 && upper <= 70 ? upper - 55 : -1;
}

export type OctetVisitor = (octet: number, at: number) => void;

/** Blanks that may stand between the equal sign and the line end: as many as decoder.ts waits for. */
const maxBlanks = 1000;

export class QuotedOctets {
  readonly #visit: OctetVisitor;
  #at = 0;
  /** Behind an equal sign: what came since. */
  #escape: number[] | undefined;
  #escapeAt = 0;

  constructor(visit: OctetVisitor) {
    this.#visit = visit;
  }

  push(bytes: Buffer): void {
    for (const octet of bytes) this.#octet(octet, this.#at++);
  }

  /** Whether the body ended in a soft line break. */
  end(): boolean {
    const held = this.#escape;
    this.#escape = undefined;
    if (held === undefined) return false;
    const isSoft = held.every((octet) => octet === SPACE || octet === TAB || octet === CR);
    if (!isSoft) this.#literal(held);
    return isSoft;
  }

  #octet(octet: number, at: number): void {
    const held = this.#escape;
    if (held === undefined) {
      if (octet !== EQUALS) this.#visit(octet, at);
      else {
        this.#escape = [];
        this.#escapeAt = at;
      }
      return;
    }
    const first = held[0];
    if (first === undefined || first === SPACE || first === TAB || first === CR) {
      if (octet === LF) {
        this.#escape = undefined;
        return;
      }
      const last = held.at(-1);
      const isBlank = octet === SPACE || octet === TAB || octet === CR;
      if (isBlank && last !== CR && held.length <= maxBlanks) {
        held.push(octet);
        return;
      }
    }
    if (first === undefined && hex(octet) >= 0) {
      held.push(octet);
      return;
    }
    this.#escape = undefined;
    if (held.length === 1 && first !== undefined && hex(first) >= 0 && hex(octet) >= 0) {
      this.#visit(hex(first) * 16 + hex(octet), this.#escapeAt);
      return;
    }
    this.#literal(held);
    this.#octet(octet, at);
  }

  /** It was no escape after all. */
  #literal(held: readonly number[]): void {
    this.#visit(EQUALS, this.#escapeAt);
    for (const [i, octet] of held.entries()) this.#visit(octet, this.#escapeAt + 1 + i);
  }
}
