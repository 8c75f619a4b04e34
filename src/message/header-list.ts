// The headers of one message as an ordered, editable list (API text "Header Functions"). A header is a latin1 string, complete with its
// folding, without its final line end. Filled by message/receiver, edited by modules/header, written back by message/rewrite.
// A whole header block is kept as bytes and cut into headers only when somebody asks.

const CR = 13;
const LF = 10;
const SPACE = 32;
const TAB = 9;

export interface FoundHeader {
  /** 1-based position in the list, usable with insert. */
  readonly index: number;
  /** The text behind `Name:` without leading blanks; inner folding is kept. */
  readonly value: string;
}

/** Cuts a header block (CRLF line ends, without the empty line) into headers; continuation lines stay with their header. */
export function splitHeaders(block: Buffer): string[] {
  const headers: string[] = [];
  let start = 0;
  let from = 0;
  while (start < block.length) {
    const lineFeed = block.indexOf(LF, from);
    if (lineFeed < 0) {
      headers.push(block.toString('latin1', start));
      break;
    }
    from = lineFeed + 1;
    const next = block[from];
    if (next === SPACE || next === TAB) continue;
    const end = lineFeed > start && block[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed;
    headers.push(block.toString('latin1', start, end));
    start = from;
  }
  return headers;
}

export class HeaderList {
  #items: string[] = [];
  /** Blocks received whole, not cut yet; they come behind #items. */
  #blocks: Buffer[] = [];
  /** Positions in #items by name in lower case, ascending; made when first asked, kept while headers only come behind the others. */
  #index: Map<string, number[]> | undefined;
  #edited = false;

  /** One header of the message, as received. */
  receive(header: string): void {
    this.#push(header);
  }

  /** The whole header block of the message, with its line ends, without the empty line. */
  receiveBlock(block: Buffer): void {
    if (block.length > 0) this.#blocks.push(block);
  }

  /** True when the list differs from what was received. */
  get edited(): boolean {
    return this.#edited;
  }

  get length(): number {
    return this.#cut().length;
  }

  /** The headers in order. */
  get all(): readonly string[] {
    return this.#cut();
  }

  add(line: string): void {
    this.#push(line);
    this.#edited = true;
  }

  /** Inserts before the 1-based index; an index outside 1..length appends. */
  insert(line: string, index: number): void {
    const items = this.#cut();
    if (index >= 1 && index <= items.length) this.#splice(index - 1, 0, line);
    else this.#push(line);
    this.#edited = true;
  }

  /** Deletes the Nth header of the name, wherever the N are. False when there is none. */
  delete(name: string, instance: number): boolean {
    const at = this.#position(name, instance);
    if (at < 0) return false;
    this.#edited = true;
    // Mostly it is the one that has just been received.
    if (at === this.#items.length - 1) {
      this.#items.pop();
      this.#index?.get(lowerCase(name))?.pop();
    } else this.#splice(at, 1);
    return true;
  }

  /**
   * Replaces the Nth header of the name. Instance 0 inserts in front of the first one; when there are fewer than N the new header goes
   * behind the last one of the name, or to the end of the list when there is none.
   */
  modify(name: string, instance: number, value: string): void {
    const items = this.#cut();
    const line = `${name}: ${value}`;
    this.#edited = true;
    const places = this.#places(name);
    const [first] = places;
    const last = places.at(-1);
    if (first === undefined || last === undefined) this.#push(line);
    else if (instance === 0) this.#splice(first, 0, line);
    else {
      const at = this.#position(name, instance);
      // The same name again: the index stays right.
      if (at >= 0) items[at] = line;
      else this.#splice(last + 1, 0, line);
    }
  }

  /** The Nth header of the name (1-based, without regard to case). */
  find(name: string, instance: number): FoundHeader | undefined {
    const at = this.#position(name, instance);
    const header = this.#cut()[at];
    if (header === undefined) return undefined;
    return { index: at + 1, value: header.slice(name.length + 1).replace(/^[ \t]+/, '') };
  }

  /** The header block for the message: every header with CRLF, without the empty line. */
  toBuffer(): Buffer {
    const items = this.#cut();
    return Buffer.from(items.length === 0 ? '' : `${items.join('\r\n')}\r\n`, 'latin1');
  }

  clear(): void {
    this.#items = [];
    this.#blocks = [];
    this.#index = undefined;
    this.#edited = false;
  }

  #cut(): string[] {
    if (this.#blocks.length > 0) {
      const blocks = this.#blocks;
      this.#blocks = [];
      for (const block of blocks) for (const header of splitHeaders(block)) this.#push(header);
    }
    return this.#items;
  }

  #push(header: string): void {
    const items = this.#cut();
    items.push(header);
    if (this.#index !== undefined) note(this.#index, header, items.length - 1);
  }

  #splice(at: number, remove: number, ...lines: readonly string[]): void {
    this.#cut().splice(at, remove, ...lines);
    this.#index = undefined;
  }

  /** Where the headers of the name are. A policy may ask for each header that comes: this must not look through all of them again. */
  #places(name: string): readonly number[] {
    const items = this.#cut();
    if (this.#index === undefined) {
      this.#index = new Map();
      for (let i = 0; i < items.length; i++) note(this.#index, items[i] ?? '', i);
    }
    return this.#index.get(lowerCase(name)) ?? [];
  }

  #position(name: string, instance: number): number {
    if (name === '' || instance < 1) return -1;
    return this.#places(name)[instance - 1] ?? -1;
  }
}

/** ASCII only: header names have no other letters (RFC 5322 section 2.2). */
function lowerCase(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** A header is found by what stands before its first colon. */
function note(index: Map<string, number[]>, header: string, at: number): void {
  const colon = header.indexOf(':');
  if (colon < 0) return;
  const name = lowerCase(header.slice(0, colon));
  const places = index.get(name);
  if (places === undefined) index.set(name, [at]);
  else places.push(at);
}
