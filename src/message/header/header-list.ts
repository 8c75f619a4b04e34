// The headers of one message as an ordered, editable list (doc/reference/header.md). A header is a latin1 string, complete with its
// folding, without its final line end. Filled by message/receiver, edited by modules/header, written back by message/rewrite.
// A whole header block is kept as bytes and cut into headers only when somebody asks. What any edit costs does not depend on how many there are.
//
// What a policy puts in is a header for everybody who reads the message. So it stands before the first line behind which some programs see the
// body, behind the `From ` line of a mailbox, and never in front of a line that would go on with it.
import { type Field, fieldOf, fieldValue, isEnvelopeLine, isSafe, lookUpName } from './header-field.ts';
import { HeaderLines } from './header-lines.ts';
import { NameIndex } from './name-index.ts';
import { Keys, SortedIds } from './sorted-ids.ts';

export interface FoundHeader {
  /** 1-based position in the list, usable with insert. */
  readonly index: number;
  /** The text behind `Name:` without leading blanks; inner folding is kept. */
  readonly value: string;
}

/** Stands before a line that would be taken for the continuation of a header of the policy: a message that begins with a blank. */
const SEPARATOR = 'X-Not-A-Header:';

/** Cuts a header block (CRLF line ends, without the empty line) into headers; continuation lines stay with their header. */
export function splitHeaders(block: Buffer): string[] {
  const lines = new HeaderLines();
  const headers: string[] = [];
  lines.addBlock(block, (id) => headers.push(lines.text(id)));
  return headers;
}

/** The headers one by one. */
class Parts {
  readonly lines = new HeaderLines();
  readonly keys = new Keys();
  readonly order = new SortedIds(this.keys);
}

const NOT_ASKED = { given: '', name: '' };

/** Headers and octets that `glance` looks at. */
const GLANCED_HEADERS = 100;
const GLANCED_OCTETS = 16_384;

const shown = (value: string): string =>
  (value.includes('\n') ? value.replace(/[ \t]*\r?\n[ \t]*/g, ' ') : value).trim();

/** How nearly everybody writes them: to look for these first is cheaper than to make all of a block lower case. */
const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  'message-id': ['\nMessage-ID:', '\nMessage-Id:'],
};

/** Of a header block. */
function glanceIn(block: string, name: string): string | undefined {
  const start = placeOf(block, name);
  if (start < 0) return undefined;
  let end = block.indexOf('\n', start);
  while (end >= 0 && (block[end + 1] === ' ' || block[end + 1] === '\t')) end = block.indexOf('\n', end + 1);
  return shown(block.slice(start, end < 0 ? undefined : end));
}

/** Behind `name:` at the beginning of a line; -1: nowhere. */
function placeOf(block: string, name: string): number {
  const behind = name.length + 1;
  if (block.slice(0, behind).toLowerCase() === `${name}:`) return behind;
  for (const spelling of SPELLINGS[name] ?? []) {
    const at = block.indexOf(spelling);
    if (at >= 0) return at + spelling.length;
  }
  // Other letters than those of ASCII change too, but none its place.
  const at = block.toLowerCase().indexOf(`\n${name}:`);
  return at < 0 ? -1 : at + 1 + behind;
}

export class HeaderList {
  /** Made when somebody asks: nobody asks about the headers of most messages. */
  #parts: Parts | undefined;
  /** Blocks received whole, not cut yet; they come behind all others. */
  #blocks: Buffer[] = [];
  /** Made when a name is first asked for. */
  #index: NameIndex | undefined;
  /** The header that the policy put in last. */
  #lastPut: number | undefined;
  /** No header has a larger one. */
  #lastKey = 0;
  /** The name that was asked for last, as given and as it is looked up. */
  #asked = NOT_ASKED;
  #edited = false;
  /** Bytes of all that the policy put in, also of what it replaced or deleted later: they are kept until the message is over. */
  #editBytes = 0;
  /** The numbers of headers that the policy put in. */
  #ours: Set<number> | undefined;
  /** True when a header of the message was received. */
  #received = false;
  /** The first one behind which some programs see the body, once it is there. */
  #unsafe: number | undefined;
  /** The `From ` line of a mailbox, which must stay the first line. */
  #envelope: number | undefined;

  /** One header of the message, as received. */
  receive(header: string): void {
    this.#cut();
    this.#take(this.#cutParts.lines.add(header));
  }

  /** The whole header block of the message, with its line ends, without the empty line. */
  receiveBlock(block: Buffer): void {
    if (block.length > 0) this.#blocks.push(block);
  }

  /** True when the list differs from what was received. */
  get edited(): boolean {
    return this.#edited;
  }

  /** Headers that the policy put in, and their bytes. */
  get edits(): { readonly count: number; readonly bytes: number } {
    return { count: this.#ours?.size ?? 0, bytes: this.#editBytes };
  }

  get length(): number {
    return this.#cut().length;
  }

  /** Whether the one at the 1-based index was put in, and not received. */
  isEdit(index: number): boolean {
    const id = this.#cut().at(index - 1);
    return id !== undefined && this.#ours?.has(id) === true;
  }

  /** The headers in order. */
  get all(): readonly string[] {
    return Array.from(this.#cut(), (id) => this.#cutParts.lines.text(id));
  }

  /** At the end, or before the first line behind which some programs see the body. */
  add(line: string): void {
    this.#insertAt(line, this.#cut().length);
  }

  /** Inserts before the 1-based index; an index outside 1..length appends. */
  insert(line: string, index: number): void {
    const { length } = this.#cut();
    this.#insertAt(line, index >= 1 && index <= length ? index - 1 : length);
  }

  /** Deletes the Nth header of the name, wherever the N are. False when there is none. */
  delete(name: string, instance: number): boolean {
    const id = this.#named(name).at(instance - 1);
    if (id === undefined) return false;
    this.#remove(id);
    return true;
  }

  /**
   * Replaces the Nth header of the name. Instance 0 inserts in front of the first one; when there are fewer than N the new header goes
   * behind the last one of the name, or to the end of the list when there is none.
   */
  modify(name: string, instance: number, value: string): void {
    const line = `${name}: ${value}`;
    const list = this.#named(name);
    const last = list.at(list.length - 1);
    if (last === undefined) this.add(line);
    else if (instance === 0) this.#insertAt(line, this.#cutParts.order.rankOf(list.at(0) ?? last));
    else {
      const old = list.at(instance - 1);
      if (old === undefined) this.#insertAt(line, this.#cutParts.order.rankOf(last) + 1);
      else {
        const rank = this.#cutParts.order.rankOf(old);
        this.#remove(old);
        this.#insertAt(line, rank);
      }
    }
  }

  /** The Nth header of the name (1-based, without regard to case). */
  find(name: string, instance: number): FoundHeader | undefined {
    const id = this.#named(name).at(instance - 1);
    if (id === undefined) return undefined;
    const header = this.#cutParts.lines.text(id);
    const field = fieldOf(header);
    return field && { index: this.#cutParts.order.rankOf(id) + 1, value: fieldValue(header, field) };
  }

  /** The header at a 1-based place, as it is written, and the name that it is found by; undefined behind the last. */
  at(index: number): { readonly header: string; readonly field: Field | undefined } | undefined {
    const id = this.#cut().at(index - 1);
    if (id === undefined) return undefined;
    const header = this.#cutParts.lines.text(id);
    return { header, field: fieldOf(header) };
  }

  /** How many headers of the name there are. */
  count(name: string): number {
    return this.#named(name).length;
  }

  /**
   * The first value of a name in lower case, as the log shows it: folding is a blank. It looks only for a name that is plainly written, among the
   * first headers, so that it costs little, and a block that nobody has asked about stays whole.
   */
  glance(name: string): string | undefined {
    const { length } = this.#parts?.order ?? [];
    for (let i = 0; i < Math.min(length, GLANCED_HEADERS); i++) {
      const id = this.#cutParts.order.at(i);
      const header = id === undefined ? '' : this.#cutParts.lines.text(id);
      const field = fieldOf(header);
      if (field?.name === name) return shown(fieldValue(header, field));
    }
    const [block] = this.#blocks;
    return block === undefined ? undefined : glanceIn(block.toString('latin1', 0, GLANCED_OCTETS), name);
  }

  /** The values of all headers of the name, in order: what `find` says of each, without the cost of knowing where it stands. */
  *values(name: string): Generator<string> {
    const list = this.#named(name);
    for (let instance = 0; instance < list.length; instance++) {
      const id = list.at(instance);
      const header = id === undefined ? '' : this.#cutParts.lines.text(id);
      const field = fieldOf(header);
      if (field !== undefined) yield fieldValue(header, field);
    }
  }

  /** The header block as it was received, edits left out. */
  receivedBlock(): Buffer {
    this.#cut();
    let block = '';
    for (let id = 0; id < this.#cutParts.lines.count; id++)
      if (this.#ours?.has(id) !== true) block += `${this.#cutParts.lines.text(id)}\r\n`;
    return Buffer.from(block, 'latin1');
  }

  /** The header block for the message: every header with CRLF, without the empty line. */
  toBuffer(): Buffer {
    let block = '';
    for (const id of this.#cut()) {
      const header = this.#cutParts.lines.text(id);
      if (block !== '' && /^[ \t]/.test(header)) block += SEPARATOR;
      block += `${header}\r\n`;
    }
    return Buffer.from(block, 'latin1');
  }

  clear(): void {
    this.#parts = undefined;
    this.#blocks = [];
    this.#index = undefined;
    this.#lastPut = undefined;
    this.#lastKey = 0;
    this.#edited = false;
    this.#ours = undefined;
    this.#editBytes = 0;
    this.#received = false;
    this.#unsafe = undefined;
    this.#envelope = undefined;
  }

  get #cutParts(): Parts {
    this.#parts ??= new Parts();
    return this.#parts;
  }

  #cut(): SortedIds {
    if (this.#blocks.length > 0) {
      const blocks = this.#blocks;
      this.#blocks = [];
      for (const block of blocks) this.#cutParts.lines.addBlock(block, (id) => this.#take(id));
    }
    return this.#cutParts.order;
  }

  /** A header of the message, with number `id`. */
  #take(id: number): void {
    const first = !this.#received;
    this.#received = true;
    if (this.#unsafe === undefined || first) {
      const header = this.#cutParts.lines.text(id);
      if (first && isEnvelopeLine(header) && !header.includes('\n')) {
        this.#envelope = id;
        this.#put(id, 0);
        return;
      }
      if (this.#unsafe === undefined && !isSafe(header)) this.#unsafe = id;
    }
    this.#put(id, this.#cutParts.order.length);
  }

  /** A header of the policy. */
  #insertAt(line: string, wanted: number): void {
    this.#edited = true;
    const first = this.#envelope === undefined ? 0 : 1;
    const end =
      this.#unsafe === undefined ? this.#cutParts.order.length : this.#cutParts.order.rankOf(this.#unsafe);
    const id = this.#cutParts.lines.add(line);
    this.#ours ??= new Set();
    this.#ours.add(id);
    this.#editBytes += line.length;
    this.#put(id, Math.max(first, Math.min(wanted, end)));
    this.#lastPut = id;
  }

  /** `rank`: how many stand before it. */
  #put(id: number, rank: number): void {
    const order = this.#cutParts.order;
    this.#cutParts.keys.set(id, this.#keyAt(rank));
    order.add(id);
    this.#index?.add(id);
  }

  #keyAt(rank: number): number {
    const order = this.#cutParts.order;
    // Mostly it comes behind all others.
    if (rank === order.length) return ++this.#lastKey;
    const before = order.at(rank - 1);
    const high = this.#cutParts.keys.of(order.at(rank) ?? 0);
    if (before === undefined) return high - 1;
    const low = this.#cutParts.keys.of(before);
    // One behind the other, or one before the other, at the same place: leave room where the next one will come.
    const share =
      before === this.#lastPut ? 1 / 1024 : order.at(rank) === this.#lastPut ? 1023 / 1024 : 1 / 2;
    const key = low + (high - low) * share;
    if (key > low && key < high) return key;
    // No number is left between the two: all get new keys, far apart, in the same order.
    let next = 0;
    for (const id of order) this.#cutParts.keys.set(id, next++);
    this.#lastKey = next;
    return this.#keyAt(rank);
  }

  #remove(id: number): void {
    this.#edited = true;
    if (id === this.#envelope) this.#envelope = undefined;
    const rank = id === this.#unsafe ? this.#cutParts.order.rankOf(id) : -1;
    this.#cutParts.order.remove(id);
    this.#index?.remove(id);
    if (rank >= 0) this.#unsafe = this.#nextUnsafe(rank);
  }

  /** The first unsafe one from `rank` on. */
  #nextUnsafe(rank: number): number | undefined {
    for (let at = rank; at < this.#cutParts.order.length; at++) {
      const id = this.#cutParts.order.at(at);
      if (id !== undefined && !isSafe(this.#cutParts.lines.text(id))) return id;
    }
    return undefined;
  }

  #named(name: string): SortedIds {
    const order = this.#cut();
    if (this.#index === undefined) {
      this.#index = new NameIndex(
        this.#cutParts.keys,
        (id) => fieldOf(this.#cutParts.lines.text(id))?.name ?? '',
      );
      for (const id of order) this.#index.add(id);
    }
    if (this.#asked.given !== name) this.#asked = { given: name, name: lookUpName(name) };
    return this.#index.of(this.#asked.name);
  }
}
