// The parts of a message as a tree, with where each stands in the octets of the message (RFC 2046 5.1). Filled by the parser of mime.parts, so
// that a number means the same part here and there. Pure.
import type { PartFacts } from '../mime/content-type.ts';
import type { PlaceSink } from '../mime/places.ts';

export interface PlacedPart {
  /** Its index in mime.parts. */
  readonly number: number;
  readonly parent: PlacedPart | undefined;
  readonly children: readonly PlacedPart[];
  /** `message`: one that holds another; `epilogue`: text behind a closing delimiter, which has no headers. */
  readonly kind: 'leaf' | 'multipart' | 'message' | 'epilogue';
  /** Where the line end before its delimiter begins; without a delimiter, `at`. */
  readonly from: number;
  /** That its delimiter has a line end in front. */
  readonly hasLineEnd: boolean;
  /** Where its headers begin. */
  readonly at: number;
  /** Where its body begins; undefined: its headers have no end of their own. */
  readonly bodyAt: number | undefined;
  /** Where its own body ends: of a multipart, what stands before its first delimiter. */
  readonly bodyEnd: number;
  /** Where it ends, with all that is in it. */
  readonly end: number;
  /** The delimiter behind it has no line end in front: it has no body, and whatever is written there needs a line end behind. */
  readonly isGlued: boolean;
  /** What its headers say; undefined for an epilogue, and when they have no end. */
  readonly facts: PartFacts | undefined;
}

type Growing = { -readonly [K in keyof PlacedPart]: PlacedPart[K] } & { children: PlacedPart[] };

export class PartMap implements PlaceSink {
  readonly #parts = new Map<number, Growing>();
  /** The multiparts whose delimiters are listened for, outermost first. */
  readonly #levels: Growing[] = [];
  /** Parts that are not over, outermost first. */
  #open: Growing[] = [];
  #delimiterAt = 0;
  #hasLineEnd = false;

  /** Undefined where there is none of this number, or where it has no place: it stands in something that is decoded first. */
  part(number: number): PlacedPart | undefined {
    return this.#parts.get(number);
  }

  get root(): PlacedPart | undefined {
    return this.#parts.get(1);
  }

  get all(): Iterable<PlacedPart> {
    return this.#parts.values();
  }

  begin(number: number, at: number, delimiter: boolean): void {
    const parent = this.#open.at(-1);
    if (!delimiter && parent !== undefined) {
      parent.kind = 'message';
      parent.bodyEnd = at;
    }
    const part = this.#add(number, 'leaf', delimiter ? this.#delimiterAt : at, at);
    part.hasLineEnd = delimiter && this.#hasLineEnd;
  }

  body(at: number, facts: PartFacts): void {
    const part = this.#open.at(-1);
    if (part === undefined) return;
    part.bodyAt = at;
    part.facts = facts;
  }

  multipart(): void {
    const part = this.#open.at(-1);
    if (part === undefined) return;
    part.kind = 'multipart';
    this.#levels.push(part);
  }

  delimiter(level: number, from: number, lineEnd: number): void {
    this.#levels.length = level + 1;
    const owner = this.#levels[level];
    while (this.#open.length > 0 && this.#open.at(-1) !== owner) this.#close(from, lineEnd === 0);
    if (owner?.bodyEnd === -1) owner.bodyEnd = from;
    this.#delimiterAt = from;
    this.#hasLineEnd = lineEnd > 0;
  }

  epilogue(number: number, at: number): void {
    this.#add(number, 'epilogue', at, at).bodyAt = at;
  }

  end(at: number): void {
    while (this.#open.length > 0) this.#close(at, false);
  }

  #add(number: number, kind: PlacedPart['kind'], from: number, at: number): Growing {
    const parent = this.#open.at(-1);
    const part: Growing = {
      number,
      parent,
      children: [],
      kind,
      from,
      hasLineEnd: false,
      at,
      bodyAt: undefined,
      bodyEnd: -1,
      end: at,
      isGlued: false,
      facts: undefined,
    };
    parent?.children.push(part);
    this.#parts.set(number, part);
    this.#open.push(part);
    return part;
  }

  #close(end: number, glued: boolean): void {
    const part = this.#open.pop();
    if (part === undefined) return;
    part.end = end;
    part.isGlued = glued;
    if (part.bodyEnd === -1) part.bodyEnd = end;
  }
}
