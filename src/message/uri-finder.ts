// Looks for URIs in the decoded text of one part as it streams in (spec in doc/reference/uri.md): runs of octets between delimiters are
// judged by uri-token.ts. The same for any split of the text; what is kept of an unfinished run is bounded. The text of most words is
// only looked at through a table, which is what makes it fast. Fed by mime-part.ts through uri-text.ts.
import { ByteAccumulator } from './mime-bytes.ts';
import type { BodyReader } from './mime-part.ts';
import type { UriCollector } from './uri-collector.ts';
import { candidates, type TokenContext } from './uri-token.ts';
import { isOrdinaryReference, isOrdinaryWord } from './uri-words.ts';

/** Classes of octets. Up to `apostrophe` they may end a run, the others say what stands in it. */
const ordinary = 0;
const delimiter = 1;
const apostrophe = 2;
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
const BACKSLASH = 92;
const TAB = 9;
const LF = 10;
const EQUALS = 61;

function classes(html: boolean): Uint8Array {
  const table = new Uint8Array(256).fill(ordinary);
  for (let byte = 0; byte <= 32; byte++)
    if (byte === 0 || (byte >= 9 && byte <= 13) || byte === 32) table[byte] = delimiter;
  for (const character of '"<>{}\\^`') table[character.charCodeAt(0)] = delimiter;
  table[13] = carriageReturn;
  table[46] = dot;
  table[58] = colon;
  table[37] = percent;
  table[38] = ampersand;
  table.fill(high, 128);
  if (html) table[APOSTROPHE] = apostrophe;
  return table;
}

const textClasses = classes(false);
const htmlClasses = classes(true);

/** Attributes whose value is a URL, right before the quote that opens it. */
const urlAttribute =
  /(?:^|[\s"'/<])(?:href|src|action|formaction|background|cite|codebase|data|longdesc|lowsrc|poster|ping|srcset|usemap|xlink:href)\s*=\s*$/i;
/** How far before a quote the attribute's name is looked for. */
const lookBehind = 48;
/** The last two letters of those names: most attributes have others, and need no search. */
const nameEnds = new Set(
  [...'ef rc on nd te se ta sc er ng et ap'.matchAll(/\S\S/g)].map(
    ([pair]) => pair.charCodeAt(0) * 256 + pair.charCodeAt(1),
  ),
);

/** Runs that were judged before are remembered up to this length, and this many of them. */
const rememberedLength = 256;
const rememberedRuns = 2048;

export interface TextFacts {
  readonly html: boolean;
  readonly charset: string;
}

export class UriFinder implements BodyReader {
  readonly #collector: UriCollector;
  readonly #part: number;
  readonly #inText: TokenContext;
  readonly #inAttribute: TokenContext;
  readonly #classes: Uint8Array;
  readonly #judged = new Set<string>();
  readonly #judgedAttributes = new Set<string>();
  /** The unfinished run of the octets before. */
  readonly #run = new ByteAccumulator();
  #flags = 0;
  /** A URI was found at the start of an overlong run; the rest of the run belongs to it. */
  #skipping = false;
  /** The quote that ends the URL attribute we are in, or 0. */
  #quote = 0;
  /** The last octets before this chunk, for looking back. */
  #before = '';

  constructor(collector: UriCollector, part: number, facts: TextFacts) {
    this.#collector = collector;
    this.#part = part;
    this.#inText = { html: facts.html, charset: facts.charset, attribute: false };
    this.#inAttribute = { ...this.#inText, attribute: true };
    this.#classes = facts.html ? htmlClasses : textClasses;
  }

  feed(bytes: Buffer): void {
    if (this.#collector.full(this.#part)) return;
    const table = this.#classes;
    const { html } = this.#inText;
    const end = bytes.length;
    let start = 0;
    let flags = this.#flags;
    for (let i = 0; i < end; i++) {
      const kind = table[bytes[i] as number] as number;
      if (kind === ordinary) continue;
      if (kind > apostrophe) {
        flags |= kind;
        continue;
      }
      const quote = html ? this.#quoteAt(bytes, i) : 0;
      if (quote < 0) continue;
      this.#endRun(bytes, start, i, flags);
      this.#quote = quote;
      start = i + 1;
      flags = 0;
    }
    this.#flags = flags;
    if (start < end) this.#extend(bytes, start, end);
    if (html)
      this.#before = (this.#before + bytes.toString('latin1', Math.max(0, end - lookBehind))).slice(
        -lookBehind,
      );
  }

  end(): void {
    this.#endRun(Buffer.alloc(0), 0, 0, this.#flags);
    this.#flags = 0;
  }

  /** In HTML: -1 when the octet ends no run here, else the quote that ends the URL attribute we are in from now on, or 0. */
  #quoteAt(bytes: Buffer, i: number): number {
    const byte = bytes[i] as number;
    if (this.#quote !== 0) {
      if (byte === this.#quote || byte === 60 || byte === 62) return 0;
      return byte === TAB || byte === LF || byte === BACKSLASH || byte === APOSTROPHE ? -1 : this.#quote;
    }
    if (byte !== QUOTE && byte !== APOSTROPHE) return 0;
    if (this.#afterUrlAttribute(bytes, i)) return byte;
    return byte === QUOTE ? 0 : -1;
  }

  #afterUrlAttribute(bytes: Buffer, i: number): boolean {
    let last = i - 1;
    while (last >= 0 && (bytes[last] as number) <= 32) last--;
    if (last >= 0 && bytes[last] !== EQUALS) return false;
    last--;
    while (last >= 0 && (bytes[last] as number) <= 32) last--;
    if (last > 0) {
      const pair = ((bytes[last - 1] as number) | 32) * 256 + ((bytes[last] as number) | 32);
      if (!nameEnds.has(pair)) return false;
    }
    const here = bytes.toString('latin1', Math.max(0, i - lookBehind), i);
    return urlAttribute.test(i < lookBehind ? (this.#before + here).slice(-lookBehind) : here);
  }

  #endRun(bytes: Buffer, start: number, end: number, flags: number): void {
    if ((flags & interesting) !== 0) {
      if (this.#run.length === 0 && !this.#skipping && end - start <= this.#collector.tokenLength) {
        if (!this.#isOrdinary(bytes, start, end, flags))
          this.#judgeOnce(bytes.toString('latin1', start, end));
      } else {
        this.#extend(bytes, start, end);
        if (this.#run.length > 0) this.#judgeOnce(this.#run.view().toString('latin1'));
      }
    }
    if (this.#run.length > 0) this.#run.clear();
    this.#skipping = false;
  }

  #isOrdinary(bytes: Buffer, start: number, end: number, flags: number): boolean {
    if ((flags & involved) === 0) return this.#quote === 0 && isOrdinaryWord(bytes, start, end);
    return (flags & interesting) === ampersand && isOrdinaryReference(bytes, start, end);
  }

  /** Mail is full of the same links and the same words: what was judged before needs no second look. */
  #judgeOnce(token: string): void {
    if (token.length > rememberedLength) {
      this.#judge(token);
      return;
    }
    const judged = this.#quote === 0 ? this.#judged : this.#judgedAttributes;
    if (judged.has(token)) return;
    if (judged.size >= rememberedRuns) judged.clear();
    judged.add(token);
    this.#judge(token);
  }

  /** Adds to the unfinished run. An overlong one is judged in pieces; once a URI was found in it the rest is left out. */
  #extend(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end && !this.#skipping) {
      const room = this.#collector.tokenLength - this.#run.length;
      const stop = Math.min(end, at + room);
      this.#run.append(bytes, at, stop);
      at = stop;
      if (this.#run.length < this.#collector.tokenLength) return;
      this.#skipping = this.#judge(this.#run.view().toString('latin1'));
      this.#run.clear();
    }
  }

  #judge(token: string): boolean {
    if (this.#collector.full(this.#part)) return false;
    let found = false;
    const context = this.#quote === 0 ? this.#inText : this.#inAttribute;
    for (const candidate of candidates(token, context)) {
      if (this.#collector.offer(candidate, this.#part)) found = true;
    }
    return found;
  }
}
