// Looks for URIs in the decoded text of one part as it streams in (spec in doc/reference/uri.md): in text, runs of octets between delimiters
// are judged by uri-token.ts; in HTML, values that hold URLs are judged whole by uri-attribute.ts. The same for any split of the text; what
// is kept of an unfinished run or value is bounded. The octets of most words are only looked at through a table, which is what makes it
// fast. Fed by mime-part.ts through uri-text.ts.
import { ByteAccumulator } from './mime-bytes.ts';
import type { BodyReader } from './mime-part.ts';
import { attributeKind, lookBehind, mayEndName, type ValueKind, valueCandidates } from './uri-attribute.ts';
import type { UriCollector } from './uri-collector.ts';
import { shortenAuthority } from './uri-shorten.ts';
import { type Candidate, candidates, type TokenContext } from './uri-token.ts';
import { isOrdinaryReference, isOrdinaryWord } from './uri-words.ts';

/** Classes of octets. Up to `mark` they may end a run or a value, the others say what stands in it. */
const ordinary = 0;
const delimiter = 1;
const mark = 2;
const carriageReturn = 4;
const dot = 8;
const colon = 16;
const percent = 32;
const ampersand = 64;
const high = 128;
/** Without one of these a run cannot be a URI. */
const interesting = dot | colon | percent | ampersand | high;
/** With one of these it takes more than a look at the octets. */
const involved = percent | ampersand | high;

const QUOTE = 34;
const APOSTROPHE = 39;
const OPEN = 40;
const CLOSE = 41;
const EQUALS = 61;
const GREATER = 62;
const LETTER_L = 108;

function classes(html: boolean): Uint8Array {
  const table = new Uint8Array(256).fill(ordinary);
  table.fill(delimiter, 0, 33);
  for (const character of '"<>{}\\^`') table[character.charCodeAt(0)] = delimiter;
  table[13] = carriageReturn;
  table[46] = dot;
  table[58] = colon;
  table[37] = percent;
  table[38] = ampersand;
  table.fill(high, 128);
  if (html) for (const byte of [APOSTROPHE, OPEN, CLOSE, EQUALS]) table[byte] = mark;
  return table;
}

const textClasses = classes(false);
const htmlClasses = classes(true);

/** Runs and values that were judged before are remembered up to this length, and this many of them. */
const rememberedLength = 256;
const rememberedRuns = 2048;

export interface TextFacts {
  readonly html: boolean;
  readonly charset: string;
}

/** A value of HTML that is being read. */
interface Value {
  readonly kind: ValueKind;
  /** The octet that ends it; 0: a blank or `>`, or a quotation mark that comes first and then ends it. */
  end: number;
  /** A `>` stands in it. */
  tagEnded: boolean;
}

/** What an octet does: it belongs to the run or value, ends it, or opens a value behind it. */
type Action = 'goes on' | 'skipped' | 'ends' | Value;

export class UriFinder implements BodyReader {
  readonly #collector: UriCollector;
  readonly #part: number;
  readonly #context: TokenContext;
  readonly #classes: Uint8Array;
  readonly #judged = new Set<string>();
  /** Values with a URI in them. */
  readonly #judgedValues: Readonly<Record<ValueKind, Set<string>>> = {
    url: new Set(),
    list: new Set(),
    refresh: new Set(),
    css: new Set(),
  };
  /** The unfinished run or value of the octets before. */
  readonly #run = new ByteAccumulator();
  #flags = 0;
  /** A URI was found at the start of an overlong run or value; the rest belongs to it. */
  #skipping = false;
  #value: Value | undefined;
  /** No values are looked for: this is the text of one. */
  #plain = false;
  /** The last octets before this chunk, for looking back. */
  #before = '';

  constructor(collector: UriCollector, part: number, facts: TextFacts) {
    this.#collector = collector;
    this.#part = part;
    this.#context = facts;
    this.#classes = facts.html ? htmlClasses : textClasses;
  }

  feed(bytes: Buffer): void {
    if (this.#collector.full(this.#part)) return;
    this.#scan(bytes);
    if (!this.#context.html) return;
    const tail = bytes.toString('latin1', Math.max(0, bytes.length - lookBehind));
    this.#before = (this.#before + tail).slice(-lookBehind);
  }

  end(): void {
    const nothing = Buffer.alloc(0);
    if (this.#value !== undefined) this.#endValue(nothing, 0, 0);
    this.#endRun(nothing, 0, 0, this.#flags);
    this.#flags = 0;
  }

  #scan(bytes: Buffer): void {
    const table = this.#classes;
    const { html } = this.#context;
    const end = bytes.length;
    let start = 0;
    let flags = this.#flags;
    for (let i = 0; i < end; i++) {
      const kind = table[bytes[i] as number] as number;
      if (kind === ordinary) continue;
      if (kind > mark) {
        flags |= kind;
        // A carriage return is a blank to a value that has not begun.
        if (kind !== carriageReturn || this.#value?.end !== 0) continue;
      }
      const action: Action = html ? this.#action(bytes, start, i) : 'ends';
      if (action === 'goes on') continue;
      if (action === 'ends') {
        if (this.#value === undefined) this.#endRun(bytes, start, i, flags);
        else this.#endValue(bytes, start, i);
      } else if (action !== 'skipped') {
        if (this.#value === undefined) this.#endRun(bytes, start, i, flags);
        this.#value = action;
      }
      start = i + 1;
      flags = this.#flags;
    }
    this.#flags = flags;
    if (start < end) this.#extend(bytes, start, end);
  }

  /** In HTML: what the octet at `i` does to the run or value that began at `start`, or before these octets. */
  #action(bytes: Buffer, start: number, i: number): Action {
    const byte = bytes[i] as number;
    const value = this.#value;
    if (value === undefined) return this.#actionInText(bytes, i, byte);
    if (value.end !== 0) {
      if (byte === value.end) return 'ends';
      if (byte === GREATER && this.#skipping) return 'ends';
      if (byte === GREATER) value.tagEnded = true;
      return 'goes on';
    }
    const begins = start === i && this.#run.length === 0 && !this.#skipping;
    // Other control characters are part of a value without quotes, and browsers have their own ideas about them.
    if (byte === 32 || (byte >= 9 && byte <= 13)) return begins ? 'skipped' : 'ends';
    if (byte < 32) return 'goes on';
    if (byte === QUOTE || byte === APOSTROPHE) {
      if (begins) return { kind: value.kind, end: byte, tagEnded: false };
      return value.kind === 'css' ? 'ends' : 'goes on';
    }
    return byte === GREATER || (byte === CLOSE && value.kind === 'css') ? 'ends' : 'goes on';
  }

  #actionInText(bytes: Buffer, i: number, byte: number): Action {
    switch (byte) {
      case APOSTROPHE:
      case CLOSE:
        return 'goes on';
      case OPEN: {
        if (this.#plain || (i > 0 && ((bytes[i - 1] as number) | 32) !== LETTER_L)) return 'goes on';
        if (this.#lookBack(bytes, i, 3).toLowerCase() !== 'url') return 'goes on';
        return { kind: 'css', end: 0, tagEnded: false };
      }
      case EQUALS: {
        const kind = this.#plain ? undefined : this.#attributeBefore(bytes, i);
        return kind === undefined ? 'goes on' : { kind, end: 0, tagEnded: false };
      }
      default:
        return 'ends';
    }
  }

  #lookBack(bytes: Buffer, i: number, length: number): string {
    const here = bytes.toString('latin1', Math.max(0, i - length), i);
    return i < length ? (this.#before + here).slice(-length) : here;
  }

  #attributeBefore(bytes: Buffer, i: number): ValueKind | undefined {
    let last = i - 1;
    while (last >= 0 && i - last < lookBehind && (bytes[last] as number) <= 32) last--;
    if (last > 0 && !mayEndName(bytes[last - 1] as number, bytes[last] as number)) return undefined;
    return attributeKind(this.#lookBack(bytes, i, lookBehind));
  }

  #endRun(bytes: Buffer, start: number, end: number, flags: number): void {
    if ((flags & interesting) !== 0) {
      if (this.#run.length === 0 && !this.#skipping && end - start <= this.#collector.tokenLength) {
        if (!isOrdinary(bytes, start, end, flags)) this.#judgeOnce(bytes.toString('latin1', start, end));
      } else {
        this.#extend(bytes, start, end);
        if (this.#run.length > 0) this.#judgeOnce(this.#run.view().toString('latin1'));
      }
    }
    this.#flags = 0;
    this.#clear();
  }

  #clear(): void {
    if (this.#run.length > 0) this.#run.clear();
    this.#skipping = false;
  }

  /** The octet at `end` ends the value. */
  #endValue(bytes: Buffer, start: number, end: number): void {
    if (this.#run.length > 0 || this.#skipping || end - start >= this.#collector.tokenLength) {
      this.#extend(bytes, start, end);
      // It may have been too long, and be text by now.
      if (this.#value === undefined) {
        this.#endRun(bytes, end, end, this.#flags);
        return;
      }
      const octets = Buffer.from(this.#run.view());
      this.#clear();
      this.#closeValue(octets);
    } else this.#closeValue(bytes.subarray(start, end));
  }

  #closeValue(octets: Buffer): void {
    const value = this.#value;
    this.#value = undefined;
    this.#flags = 0;
    if (value === undefined || octets.length === 0) return;
    const found = this.#judgeValue(value, octets.toString('latin1'));
    // A quotation mark that was never closed: what follows the tag is text to some, and in it the next attribute begins.
    const rest = value.tagEnded ? octets.indexOf(GREATER) : octets.length;
    if (!found && rest > 0) this.#searchText(octets.subarray(0, rest), true);
    if (value.tagEnded) this.#searchText(Buffer.concat([octets.subarray(rest), Buffer.of(value.end)]), false);
  }

  /** Octets of a value once more, as text. Not `plain`: the state that they end in is the one that goes on. */
  #searchText(octets: Buffer, plain: boolean): void {
    const before = this.#before;
    const wasPlain = this.#plain;
    this.#before = '';
    this.#plain ||= plain;
    this.#scan(octets);
    if (plain) this.#endRun(octets, 0, 0, this.#flags);
    this.#before = before;
    this.#plain = wasPlain;
  }

  /** True when a URI was found. */
  #judgeValue({ kind, tagEnded }: Value, octets: string): boolean {
    const value = tagEnded ? withoutText(octets) : octets;
    const judged = this.#judgedValues[kind];
    if (value.length > rememberedLength)
      return this.#offer(valueCandidates(kind, value, this.#context.charset));
    if (judged.has(value)) return true;
    const found = this.#offer(valueCandidates(kind, value, this.#context.charset));
    if (found) remember(judged, value);
    return found;
  }

  /** Mail is full of the same links and the same words: what was judged before needs no second look. */
  #judgeOnce(token: string): void {
    if (token.length <= rememberedLength) {
      if (this.#judged.has(token)) return;
      remember(this.#judged, token);
    }
    this.#judge(token);
  }

  /** Adds to the unfinished run or value. An overlong one is judged in pieces; once a URI was found in it the rest is left out. */
  #extend(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end && !this.#skipping) {
      const room = this.#collector.tokenLength - this.#run.length;
      const stop = Math.min(end, at + room);
      this.#run.append(bytes, at, stop);
      at = stop;
      if (this.#run.length < this.#collector.tokenLength) return;
      this.#overlong();
    }
  }

  #overlong(): void {
    const octets = Buffer.from(this.#run.view());
    const text = octets.toString('latin1');
    const value = this.#value;
    this.#run.clear();
    const inText = this.#context.html ? 'html' : 'text';
    const shorter = shortenAuthority(text, value === undefined ? inText : 'attribute');
    if (shorter !== undefined) {
      const kept = Buffer.from(shorter, 'latin1');
      this.#run.append(kept, 0, kept.length);
      return;
    }
    if (value === undefined) {
      this.#skipping = this.#judge(text);
      return;
    }
    const found = this.#judgeValue(value, text);
    const rest = value.tagEnded ? octets.indexOf(GREATER) : octets.length;
    if (found && !value.tagEnded) {
      this.#skipping = true;
      return;
    }
    // No URL, or one whose tag ended: from here on it is text.
    this.#value = undefined;
    this.#flags = 0;
    if (!found && rest > 0) this.#searchText(octets.subarray(0, rest), true);
    if (value.tagEnded) this.#searchText(octets.subarray(rest), false);
  }

  #judge(token: string): boolean {
    return this.#offer(candidates(token, this.#context));
  }

  #offer(list: readonly Candidate[]): boolean {
    let found = false;
    for (const candidate of list) {
      if (this.#collector.full(this.#part)) return found;
      if (this.#collector.offer(candidate, this.#part)) found = true;
    }
    return found;
  }
}

/** Of a value that text follows, for want of its closing quotation mark: the URL alone, when the host is known before the tag ends. */
function withoutText(value: string): string {
  const tagEnd = value.indexOf('>');
  const url = /^[\0-\x20]*(?:[a-z]+:)?[/\\]{2,}[^/\\?#>]+[/\\?#][^>]*/i.exec(value)?.[0];
  return url === undefined || url.length !== tagEnd ? value : url;
}

function remember(judged: Set<string>, text: string): void {
  if (judged.size >= rememberedRuns) judged.clear();
  judged.add(text);
}

function isOrdinary(bytes: Buffer, start: number, end: number, flags: number): boolean {
  if ((flags & involved) === 0) return isOrdinaryWord(bytes, start, end);
  return (flags & interesting) === ampersand && isOrdinaryReference(bytes, start, end);
}
