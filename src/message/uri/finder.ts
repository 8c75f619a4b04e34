// Looks for URIs in the decoded text of one part as it streams in (spec in doc/reference/uri.md): in text, runs of octets between delimiters
// are judged by token.ts; in HTML, values that hold URLs are judged whole by attribute.ts. The same for any split of the text; what
// is kept of an unfinished run or value is bounded. The octets of most words are only looked at through a table, which is what makes it
// fast. Fed by message/mime/part.ts through text.ts.
import { ByteAccumulator } from '../../base/byte-accumulator.ts';
import type { BodyReader } from '../mime/part.ts';
import {
  attributeKind,
  lookBehind,
  mayEndName,
  sourceOf,
  type ValueKind,
  valueCandidates,
} from './attribute.ts';
import type { UriCollector } from './collector.ts';
import type { ReferencePlace } from './entities.ts';
import type { Found, UriSource } from './found.ts';
import {
  APOSTROPHE,
  CLOSE,
  GREATER,
  htmlClasses,
  interesting,
  isBlank,
  isOrdinary,
  LETTER_L,
  mark,
  OPEN,
  ordinary,
  QUOTE,
  textClasses,
} from './octets.ts';
import { shortenAuthority } from './shorten.ts';
import { type Candidate, candidates, type TokenContext } from './token.ts';

// These are asked for every octet and every word: of this module they are constants, in another one look-ups.
const isNothing = ordinary;
const isMark = mark;
const isInteresting = interesting;
const maxNameDistance = lookBehind;
const mayEnd = mayEndName;

/** A backslash and six digits. */
const longestEscape = 7;
const escapeAtEnd = /(?:^|[^\\])(?:\\\\)*\\[\da-f]{1,6}$/i;

/** Runs and values that were judged before are remembered up to this length, and this many of them. */
const rememberedLength = 256;
const rememberedRuns = 2048;
/** What most words are. */
const nothing: readonly Found[] = [];

export interface TextFacts {
  readonly html: boolean;
  readonly charset: string;
}

export class UriFinder implements BodyReader {
  readonly #collector: UriCollector;
  readonly #part: number;
  readonly #context: TokenContext;
  readonly #classes: Uint8Array;
  /** What was found in them. */
  readonly #judged = new Map<string, readonly Found[]>();
  /** Values with a URI in them. */
  readonly #judgedValues = new Map<ValueKind, Map<string, readonly Found[]>>();
  /** The unfinished run or value of the octets before. */
  readonly #run = new ByteAccumulator();
  /** What stands in the unfinished run. */
  #flags = 0;
  /** A URI was found at the start of an overlong run or value; the rest belongs to it. */
  #skipping = false;
  /** The kind of value that is being read; undefined in text. */
  #kind: ValueKind | undefined;
  /** The octet that ends the value; 0: a blank or `>`, or a quotation mark that comes first and then ends it. */
  #end = 0;
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
    this.#before = tail.length === lookBehind ? tail : (this.#before + tail).slice(-lookBehind);
  }

  end(): void {
    // In what follows a value whose quotation mark is missing, another one may have begun: each is shorter than the one before.
    while (this.#kind !== undefined) this.#endLongValue();
    this.#endRun(Buffer.alloc(0), 0, 0, this.#flags);
  }

  #scan(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#kind === undefined) at = this.#scanText(bytes, at);
      else if (this.#end === 0) at = this.#scanOpenValue(bytes, at);
      else at = this.#scanQuotedValue(bytes, at);
    }
  }

  /** From `from` to the end or to where a value begins, which is returned. */
  #scanText(bytes: Buffer, from: number): number {
    const table = this.#classes;
    const end = bytes.length;
    let start = from;
    let flags = this.#flags;
    for (let i = from; i < end; i++) {
      const kind = table[bytes[i] as number] as number;
      if (kind === isNothing) continue;
      if (kind > isMark) {
        flags |= kind;
        continue;
      }
      const value = kind === isMark ? this.#valueBehind(bytes, i) : undefined;
      if (kind === isMark && value === undefined) continue;
      this.#endRun(bytes, start, i, flags);
      flags = 0;
      start = i + 1;
      if (value === undefined) continue;
      this.#kind = value;
      this.#end = 0;
      return start;
    }
    this.#flags = flags;
    if (start < end) this.#extendRun(bytes, start, end);
    return end;
  }

  /** The value that the equal sign or bracket at `i` opens. */
  #valueBehind(bytes: Buffer, i: number): ValueKind | undefined {
    if (this.#plain) return undefined;
    if (bytes[i] === OPEN) {
      if (i > 0 && ((bytes[i - 1] as number) | 32) !== LETTER_L) return undefined;
      return this.#lookBack(bytes, i, 3).toLowerCase() === 'url' ? 'css' : undefined;
    }
    let last = i - 1;
    // By far the most frequent one, without a look at the text.
    if (i > 4 && bytes[i - 5] === 32 && isHref(bytes, i - 4)) return 'href';
    while (last >= 0 && i - last < maxNameDistance && (bytes[last] as number) <= 32) last--;
    if (last > 0 && !mayEnd(bytes[last - 1] as number, bytes[last] as number)) return undefined;
    return attributeKind(this.#lookBack(bytes, i, lookBehind));
  }

  #lookBack(bytes: Buffer, i: number, length: number): string {
    const here = bytes.toString('latin1', Math.max(0, i - length), i);
    return i < length ? (this.#before + here).slice(-length) : here;
  }

  /** A value without quotation mark, so far: to its end, or to the mark, behind which the next octet is. */
  #scanOpenValue(bytes: Buffer, from: number): number {
    let start = from;
    for (let i = from; i < bytes.length; i++) {
      const byte = bytes[i] as number;
      const begins = i === start && this.#run.length === 0 && !this.#skipping;
      if (begins && isBlank(byte)) start++;
      else if (begins && (byte === QUOTE || byte === APOSTROPHE)) {
        this.#end = byte;
        return i + 1;
      } else if (endsOpenValue(byte, this.#kind)) {
        if (this.#kind === 'css' && isBlank(byte) && this.#isInEscape(bytes, start, i)) continue;
        return this.#endValue(bytes, start, i);
      }
    }
    return this.#extendValue(bytes, start, bytes.length);
  }

  /** The blank at `i` ends an escape of a style sheet (CSS Syntax 4.3.7), and not the value that begins at `start` or before. */
  #isInEscape(bytes: Buffer, start: number, i: number): boolean {
    const here = bytes.toString('latin1', Math.max(start, i - longestEscape), i);
    if (here.length === longestEscape || this.#run.length === 0) return escapeAtEnd.test(here);
    return escapeAtEnd.test(
      this.#run
        .view()
        .toString('latin1')
        .slice(here.length - longestEscape) + here,
    );
  }

  #scanQuotedValue(bytes: Buffer, from: number): number {
    let stop = bytes.indexOf(this.#end, from);
    if (this.#skipping) {
      const tagEnd = bytes.indexOf(GREATER, from);
      if (tagEnd >= 0 && (stop < 0 || tagEnd < stop)) stop = tagEnd;
    }
    return stop < 0 ? this.#extendValue(bytes, from, bytes.length) : this.#endValue(bytes, from, stop);
  }

  #endRun(bytes: Buffer, start: number, end: number, flags: number): void {
    if ((flags & isInteresting) !== 0) {
      if (this.#run.length === 0 && !this.#skipping && end - start <= this.#collector.tokenLength) {
        if (!isOrdinary(bytes, start, end, flags)) this.#judgeOnce(bytes.toString('latin1', start, end));
      } else {
        this.#extendRun(bytes, start, end);
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

  /** Ends the value at `end`, unless it was too long and is text by now; gives the offset to go on at. */
  #endValue(bytes: Buffer, start: number, end: number): number {
    if (this.#run.length === 0 && !this.#skipping && end - start < this.#collector.tokenLength) {
      const kind = this.#kind ?? 'href';
      if (start < end) {
        const text = bytes.toString('latin1', start, end);
        const known = this.#judgedValues.get(kind)?.get(text);
        if (known === undefined) this.#closeValue(kind, bytes.subarray(start, end), text);
        else {
          this.#kind = undefined;
          this.#collector.again(known, this.#part, sourceOf(kind));
        }
      } else this.#kind = undefined;
      return end + 1;
    }
    const at = this.#extendValue(bytes, start, end);
    if (this.#kind === undefined) return at;
    this.#endLongValue();
    return end + 1;
  }

  /** The value is what has been kept. */
  #endLongValue(): void {
    const kind = this.#kind;
    const octets = Buffer.from(this.#run.view());
    this.#kind = undefined;
    this.#clear();
    if (kind !== undefined && octets.length > 0) this.#closeValue(kind, octets, octets.toString('latin1'));
  }

  #closeValue(kind: ValueKind, octets: Buffer, text: string): void {
    const quote = this.#end;
    this.#kind = undefined;
    const tagEnd = octets.indexOf(GREATER);
    const found = this.#judgeValue(kind, text, tagEnd);
    const rest = tagEnd < 0 ? octets.length : tagEnd;
    if (!found && rest > 0) {
      this.#searchText(octets.subarray(0, rest), true);
      this.#endRun(octets, 0, 0, this.#flags);
    }
    // A quotation mark that was never closed: what follows the tag is text to some, and in it the next attribute begins.
    if (tagEnd >= 0) this.#searchText(Buffer.concat([octets.subarray(tagEnd), Buffer.of(quote)]), false);
  }

  /** Octets of a value once more, as text; the state that they end in is the one that goes on. `plain`: without values in it. */
  #searchText(octets: Buffer, plain: boolean): void {
    const before = this.#before;
    const wasPlain = this.#plain;
    this.#before = '';
    this.#plain ||= plain;
    this.#scan(octets);
    this.#before = before;
    this.#plain = wasPlain;
  }

  /** True when a URI was found. `tagEnd`: where the first `>` stands, or -1. */
  #judgeValue(kind: ValueKind, octets: string, tagEnd: number): boolean {
    const value = tagEnd < 0 ? octets : withoutText(octets, tagEnd);
    const found = this.#offer(valueCandidates(kind, value, this.#context.charset), sourceOf(kind));
    if (found === undefined) return false;
    // A quotation mark in the host of a value without any is a mistake, or the value stands in another one: it ends the URL.
    if (this.#end === 0 && found.some(({ uri }) => /["']/.test(uri.host ?? '')))
      this.#offer(
        valueCandidates(kind, value.slice(0, value.search(/["']/)), this.#context.charset),
        sourceOf(kind),
      );
    if (tagEnd < 0 && value.length <= rememberedLength) {
      let judged = this.#judgedValues.get(kind);
      if (judged === undefined) this.#judgedValues.set(kind, (judged = new Map()));
      remember(judged, value, found);
    }
    return true;
  }

  /** Mail is full of the same links and the same words: what was judged before needs no second look. */
  #judgeOnce(token: string): void {
    const known = this.#judged.get(token);
    if (known !== undefined) {
      if (known !== nothing) this.#collector.again(known, this.#part, 'text');
      return;
    }
    const found = this.#judge(token) ?? nothing;
    if (token.length <= rememberedLength) remember(this.#judged, token, found);
  }

  /** Adds to the unfinished run. An overlong one is judged in pieces; once a URI was found in it the rest is left out. */
  #extendRun(bytes: Buffer, start: number, end: number): void {
    for (let at = start; at < end && !this.#skipping; ) {
      const stop = this.#append(bytes, at, end);
      at = stop;
      if (this.#run.length < this.#collector.tokenLength) return;
      const text = this.#run.view().toString('latin1');
      if (!this.#shorten(text, this.#context.html ? 'html' : 'text'))
        this.#skipping = this.#judge(text) !== undefined;
    }
  }

  /** Adds to the unfinished value, and gives the offset to go on at: `end`, unless an overlong value was found to be text. */
  #extendValue(bytes: Buffer, start: number, end: number): number {
    for (let at = start; at < end && !this.#skipping; ) {
      const stop = this.#append(bytes, at, end);
      at = stop;
      if (this.#run.length < this.#collector.tokenLength) return at;
      this.#overlongValue();
      if (this.#kind === undefined) return at;
    }
    return end;
  }

  /** As much as may be kept. */
  #append(bytes: Buffer, start: number, end: number): number {
    const stop = Math.min(end, start + this.#collector.tokenLength - this.#run.length);
    this.#run.append(bytes, start, stop);
    return stop;
  }

  /** Empties what is kept, but for a URI whose host has not come yet; true for that. */
  #shorten(text: string, place: ReferencePlace): boolean {
    this.#run.clear();
    const shorter = shortenAuthority(text, place);
    if (shorter === undefined) return false;
    const kept = Buffer.from(shorter, 'latin1');
    this.#run.append(kept, 0, kept.length);
    return true;
  }

  #overlongValue(): void {
    const octets = Buffer.from(this.#run.view());
    const text = octets.toString('latin1');
    if (this.#kind === undefined || this.#shorten(text, 'attribute')) return;
    const tagEnd = octets.indexOf(GREATER);
    const found = this.#judgeValue(this.#kind, text, tagEnd);
    if (found && tagEnd < 0) {
      this.#skipping = true;
      return;
    }
    // No URL, or one whose tag ended: from here on it is text.
    this.#kind = undefined;
    this.#flags = 0;
    if (!found) this.#searchText(tagEnd < 0 ? octets : octets.subarray(0, tagEnd), true);
    if (tagEnd >= 0) this.#searchText(octets.subarray(tagEnd), false);
  }

  #judge(token: string): readonly Found[] | undefined {
    if (this.#collector.full(this.#part)) return undefined;
    return this.#offer(candidates(token, this.#context), 'text');
  }

  /** Undefined when there is none in it; empty when there is one that is not listed. */
  #offer(list: readonly Candidate[], source: UriSource): readonly Found[] | undefined {
    let found: Found[] | undefined;
    for (const candidate of list) {
      if (this.#collector.full(this.#part)) return found;
      const one = this.#collector.offer(candidate, this.#part, source);
      if (one === undefined) continue;
      found ??= [];
      if (one !== 'full') found.push(one);
    }
    return found;
  }
}

function isHref(bytes: Buffer, at: number): boolean {
  return (
    ((bytes[at] as number) | 32) === 104 &&
    ((bytes[at + 1] as number) | 32) === 114 &&
    ((bytes[at + 2] as number) | 32) === 101 &&
    ((bytes[at + 3] as number) | 32) === 102
  );
}

/** In style sheets a quotation mark ends the value as well: there it is a mistake. */
function endsOpenValue(byte: number, kind: ValueKind | undefined): boolean {
  if (isBlank(byte) || byte === GREATER) return true;
  return kind === 'css' && (byte === CLOSE || byte === QUOTE || byte === APOSTROPHE);
}

/** Of a value that text follows, for want of its closing quotation mark: the URL alone, when the host is known before the tag ends. */
function withoutText(value: string, tagEnd: number): string {
  const url = /^[\0-\x20]*(?:[a-z]+:)?[/\\]{2,}[^/\\?#>]+[/\\?#][^>]*/i.exec(value)?.[0];
  return url === undefined || url.length !== tagEnd ? value : url;
}

function remember(judged: Map<string, readonly Found[]>, text: string, found: readonly Found[]): void {
  if (judged.size >= rememberedRuns) judged.clear();
  judged.set(text, found);
}
