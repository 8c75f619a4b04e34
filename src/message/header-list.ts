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
  #edited = false;

  /** One header of the message, as received. */
  receive(header: string): void {
    this.#cut().push(header);
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
    this.#cut().push(line);
    this.#edited = true;
  }

  /** Inserts before the 1-based index; an index outside 1..length appends. */
  insert(line: string, index: number): void {
    const items = this.#cut();
    items.splice(index >= 1 && index <= items.length ? index - 1 : items.length, 0, line);
    this.#edited = true;
  }

  /** Deletes the Nth header of the name, wherever the N are. False when there is none. */
  delete(name: string, instance: number): boolean {
    const at = this.#position(name, instance);
    if (at < 0) return false;
    this.#cut().splice(at, 1);
    this.#edited = true;
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
    const first = this.#position(name, 1);
    if (first < 0) {
      items.push(line);
      return;
    }
    if (instance === 0) {
      items.splice(first, 0, line);
      return;
    }
    const at = this.#position(name, instance);
    if (at >= 0) {
      items[at] = line;
      return;
    }
    let last = first;
    for (let i = first; i < items.length; i++) if (hasName(items[i] ?? '', name)) last = i;
    items.splice(last + 1, 0, line);
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
    this.#edited = false;
  }

  #cut(): string[] {
    if (this.#blocks.length > 0) {
      for (const block of this.#blocks) for (const header of splitHeaders(block)) this.#items.push(header);
      this.#blocks = [];
    }
    return this.#items;
  }

  #position(name: string, instance: number): number {
    if (name === '' || instance < 1) return -1;
    let seen = 0;
    const items = this.#cut();
    for (let i = 0; i < items.length; i++) {
      if (hasName(items[i] ?? '', name) && ++seen === instance) return i;
    }
    return -1;
  }
}

/** ASCII case only: header names have no other letters (RFC 5322 section 2.2). */
function hasName(header: string, name: string): boolean {
  if (header.charCodeAt(name.length) !== 0x3a) return false;
  return header.slice(0, name.length).toLowerCase() === name.toLowerCase();
}
