// Takes a message apart while it streams in (RFC 2045, 2046): the entries of mime.parts and, through readers, the text in which URIs are
// looked for. A push parser: feed() takes the octets as they come, in any pieces, and has reported all that is complete when it returns.
// It observes; nothing here changes the message. Fed by message/observers.ts.
//
// Parts come in linear order. Each delimiter line begins one, and so does the text behind a closing delimiter (unless it is blank) and
// a message inside a message. The body of a multipart is its preamble. The line end before a delimiter belongs to the delimiter.

import { isAscii } from 'node:buffer';
import { ByteAccumulator } from '../../base/byte-accumulator.ts';
import { BoundaryStack, type Delimiter } from './boundary.ts';
import { type PartFacts, partFacts } from './content-type.ts';
import { PartCounter } from './counter.ts';
import { EarlyBody } from './early-body.ts';
import { HeaderBlock } from './header-block.ts';
import type { MimeLimits } from './limits.ts';
import { beforeLineEnd, holdFrom, isBlank, nextLine } from './lines.ts';
import { type BodyReader, OpenPart, type PartRecord } from './part.ts';
import type { MimeSink } from './sink.ts';

const LF = 10;
const CR = 13;
const DASH = 45;
const nothing = Buffer.alloc(0);
/** Messages inside each other, each with headers that can be read in two ways: more of them get no reading of their own. */
const maxDoubtful = 4;
/** Octets of a line with its CRLF. */
const maxLine = 1000;
const nobody: BodyReader = { feed: () => undefined, end: () => undefined };

export class MimeParser {
  readonly #sink: MimeSink;
  readonly #limits: MimeLimits;
  readonly #counter: PartCounter;
  readonly #boundaries: BoundaryStack;

  /** Body octets not yet handed on, because a delimiter may begin in them. */
  #held: Buffer = nothing;
  /** The beginning of a header line whose end has not come yet. */
  readonly #line = new ByteAccumulator();
  #inHeader = true;
  #atLineStart = true;
  /** Octets of the line that has no end yet, for mime.defects. */
  #lineLength = 0;
  /** Octets of the message that are known to be header, body or delimiter; and how many they were when the part began. */
  #at = 0;
  #beganAt = 0;
  /** Messages directly inside each other since the innermost multipart began. */
  #embedded = 0;
  #digestDefault = false;

  /** Told of each header. */
  readonly #onField: ((name: string, value: string) => void) | undefined;
  #header: HeaderBlock;
  #part: OpenPart;
  /** 0 while the part is the text behind a closing delimiter and blank so far. */
  #number = 0;
  /** Octets of the header block before the line that is being looked at. */
  #headBefore = 0;
  /** The header block is that of the message: it ends with the empty line, and with the message when there is none. */
  #isMessage: boolean;
  /** Known when the headers are. */
  #facts: PartFacts | undefined;
  /** The part that this one stands in; undefined for the message itself. */
  #parent: number | undefined;
  /** The part whose decoded body is what is read here; 0 when it is the message itself. */
  readonly #outer: number;
  /** The header block that was doubted already: once is enough. */
  #doubted: HeaderBlock | undefined;
  /** What some programs take for a body already, and we for headers: read as text up to the next delimiter. */
  #doubtful: EarlyBody[] = [];
  /** What sub-parsers found of the message inside this part; it follows behind the part itself. */
  #inner: PartRecord[] = [];

  /** `counter` belongs to the message around, for one that is inside another: encoded, in part `outer`. */
  constructor(sink: MimeSink, limits: MimeLimits, counter?: PartCounter, outer = 0) {
    this.#sink = sink;
    this.#limits = limits;
    this.#counter = counter ?? new PartCounter(limits, (name) => sink.limit(name));
    this.#boundaries = new BoundaryStack(limits.boundaryLength);
    const { header } = sink;
    this.#onField =
      header === undefined
        ? undefined
        : (name, value) => header(name, value, this.#isMessage && this.#number === 1 ? 0 : this.#number);
    this.#header = new HeaderBlock(this.#onField);
    this.#part = new OpenPart(sink.part !== undefined, sink.defect !== undefined);
    this.#number = this.#counter.begin();
    this.#isMessage = counter === undefined;
    sink.places?.begin(this.#number, 0, false);
    this.#outer = outer;
    this.#parent = outer === 0 ? undefined : outer;
  }

  feed(chunk: Buffer): void {
    if (this.#sink.defect !== undefined && this.#outer === 0) this.#lineLengths(chunk);
    const held = this.#held;
    this.#held = nothing;
    this.#run(held.length > 0 ? Buffer.concat([held, chunk]) : chunk);
  }

  /** The message is complete; what is open ends here. */
  end(): void {
    if (this.#inHeader && this.#line.length > 0) {
      const rest = Buffer.from(this.#line.view());
      this.#line.clear();
      const contentEnd = rest[rest.length - 1] === CR ? rest.length - 1 : rest.length;
      if (this.#headerLine(rest, 0, contentEnd, rest.length) === 'again') this.#run(rest);
    }
    const held = this.#held;
    this.#held = nothing;
    if (!this.#inHeader && held.length > 0) this.#lastBody(held);
    if (this.#inHeader) for (const early of this.#doubtful) early.lastLineEnd();
    this.#header.close();
    if (this.#boundaries.open > 0) this.#sink.defect?.('unclosed_multipart');
    this.#unused(0);
    this.#finishPart();
    this.#endDoubtful();
    this.#sink.places?.end(this.#at);
  }

  /** RFC 5322 2.1.1: 998 octets and their line end. */
  #lineLengths(chunk: Buffer): void {
    let start = 0;
    for (let lineFeed = chunk.indexOf(LF); lineFeed >= 0; lineFeed = chunk.indexOf(LF, start)) {
      if (this.#lineLength + lineFeed + 1 - start > maxLine) this.#sink.defect?.('long_line');
      this.#lineLength = 0;
      start = lineFeed + 1;
    }
    this.#lineLength += chunk.length - start;
    if (this.#lineLength > maxLine) this.#sink.defect?.('long_line');
  }

  #run(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) at = this.#inHeader ? this.#readHeader(bytes, at) : this.#readBody(bytes, at);
  }

  /** Takes one header line, or what there is of it; gives where to go on. */
  #readHeader(bytes: Buffer, at: number): number {
    const lineFeed = bytes.indexOf(LF, at);
    const end = lineFeed < 0 ? bytes.length : lineFeed + 1;
    if (lineFeed >= 0 && this.#line.length === 0) {
      const contentEnd = lineFeed > at && bytes[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed;
      return this.#headerLine(bytes, at, contentEnd, end) === 'again' ? at : end;
    }
    this.#line.append(bytes, at, end);
    const line = this.#line.view();
    if (lineFeed >= 0) {
      const lineEnd = line.length - 1;
      const contentEnd = line[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
      const outcome = this.#headerLine(line, 0, contentEnd, line.length);
      if (outcome === 'again') return this.#again(bytes, end);
      this.#line.clear();
    } else if (this.#header.length + line.length > this.#limits.headerBytes) {
      this.#tooLong();
      return this.#again(bytes, end);
    }
    return end;
  }

  /** The collected line turned out to be body: reads it again as such, with what follows. */
  #again(bytes: Buffer, at: number): number {
    const rest = Buffer.concat([this.#line.view(), bytes.subarray(at)]);
    this.#line.clear();
    this.#run(rest);
    return bytes.length;
  }

  /** `again`: the line is not a header; the state is `body` now and it is to be read once more. */
  #headerLine(bytes: Buffer, start: number, contentEnd: number, end: number): 'taken' | 'again' {
    if (this.#header.length + end - start > this.#limits.headerBytes) {
      this.#tooLong();
      return 'again';
    }
    if (bytes[start] === DASH && bytes[start + 1] === DASH) {
      const delimiter = this.#delimiter(bytes, start, contentEnd);
      if (delimiter !== undefined && this.#counts(delimiter)) {
        this.#header.close();
        const withLineEnd = this.#header.length;
        this.#header.giveBackLineEnd();
        const lineEnd = withLineEnd - this.#header.length;
        this.#at -= lineEnd;
        this.#atDelimiter(delimiter, lineEnd + end - start, lineEnd);
        return 'taken';
      }
    }
    this.#headBefore = this.#header.length;
    const kind = this.#header.line(bytes, start, contentEnd, end);
    if (kind !== 'delimiter') this.#at += end - start;
    if (kind === 'header') {
      if (this.#sink.defect !== undefined) this.#octetDefects(bytes, start, end);
      if (this.#header.doubtful) this.#doubt();
      for (const early of this.#doubtful) early.line(bytes, start, contentEnd, end);
      return 'taken';
    }
    for (const early of this.#doubtful) {
      early.bodyBegan();
      if (kind === 'blank') early.body(bytes, start, end);
    }
    this.#header.close();
    if (kind === 'delimiter') this.#sink.defect?.('no_empty_line');
    const facts = partFacts(this.#header.headers, this.#digestDefault);
    for (const defect of facts.defects) this.#sink.defect?.(defect);
    this.#beginBody(facts);
    return kind === 'blank' ? 'taken' : 'again';
  }

  /** The line may be the first one of the body, as the headers before it describe it: what follows is text in that reading. */
  #doubt(): void {
    this.#header.doubtful = false;
    if (this.#doubtful.length >= maxDoubtful || this.#doubted === this.#header) return;
    this.#doubted = this.#header;
    const facts = partFacts(this.#header.headers, false);
    const part = new OpenPart(this.#sink.part !== undefined && !this.#isMessage);
    const { text } = this.#sink;
    const number = this.#number;
    const wanted = text !== undefined && (facts.text || facts.embedded);
    part.plan(facts, wanted ? () => text(number, facts, 'other') : undefined);
    this.#doubtful.push(new EarlyBody(part, this.#header, this.#headBefore));
  }

  #octetDefects(bytes: Buffer, start: number, end: number): void {
    const line = bytes.subarray(start, end);
    if (!isAscii(line)) this.#sink.defect?.('header_8bit');
    if (line.includes(0)) this.#sink.defect?.('header_nul');
  }

  #endDoubtful(): void {
    for (const early of this.#doubtful) early.end();
    this.#doubtful = [];
  }

  #tooLong(): void {
    this.#sink.limit('headerBytes');
    for (const early of this.#doubtful) early.bodyBegan();
    this.#header.close();
    const facts = partFacts(this.#header.headers, false);
    this.#beginBody({ ...facts, multipart: false, embedded: false });
  }

  /** The headers are complete: decides what the body is. */
  #beginBody(facts: PartFacts): void {
    this.#facts = facts;
    this.#inHeader = false;
    this.#atLineStart = true;
    this.#sink.places?.body(this.#at, facts);
    if (facts.embedded && this.#counter.mayNest(this.#depth)) {
      const message = this.#number;
      this.#finishPart();
      this.#beginPart(true, message);
      this.#sink.places?.begin(this.#number, this.#at, false);
      if (facts.encoding === 'identity') {
        this.#embedded++;
        this.#digestDefault = false;
        return;
      }
      this.#inHeader = false;
      this.#sink.places?.body(this.#at, facts);
      // A message may not be encoded, but mail programs decode and show it: the encoded octets are a part of their own, and the parts
      // of the message inside follow it.
      const reader = this.#counter.mayBegin() ? () => this.#embeddedParser() : undefined;
      this.#part.plan({ encoding: facts.encoding, otherEncodings: [] }, reader);
      return;
    }
    if (facts.attachedMessage && this.#counter.mayNest(this.#depth)) {
      const number = this.#number;
      const { text } = this.#sink;
      // Only one reading gives parts: their numbers must not depend on what else is wanted.
      this.#part.plan(facts, (reading) =>
        reading === 'first' ? this.#embeddedParser() : (text?.(number, facts, 'other') ?? nobody),
      );
      return;
    }
    if (facts.multipart) this.#openMultipart(facts);
    this.#planText(facts.embedded ? { ...facts, text: true } : facts);
  }

  #openMultipart(facts: PartFacts): void {
    const boundaries = facts.boundaries.filter((item) => item.length <= this.#limits.boundaryLength);
    if (boundaries.length < facts.boundaries.length) this.#sink.limit('boundaryLength');
    if (boundaries.length === 0 && facts.boundaries.length > 0) return;
    if (!this.#counter.mayNest(this.#depth)) return;
    this.#sink.places?.multipart();
    this.#boundaries.push({ boundaries, digest: facts.digest, embedded: this.#embedded, part: this.#number });
  }

  #embeddedParser(): BodyReader {
    const inner = this.#inner;
    const part = this.#sink.part === undefined ? undefined : (record: PartRecord) => inner.push(record);
    const sink = { ...this.#sink, part, places: undefined };
    return new MimeParser(sink, this.#limits, this.#counter.inside(this.#depth), this.#number);
  }

  /** Multiparts and messages around this point of the message. */
  get #depth(): number {
    return this.#boundaries.depth + this.#embedded;
  }

  /** Hands on body octets up to the next delimiter, or all that cannot be one; gives where to go on. */
  #readBody(bytes: Buffer, at: number): number {
    if (this.#counter.sealed || this.#boundaries.depth === 0) {
      this.#body(bytes, at, bytes.length);
      return bytes.length;
    }
    const atStart = this.#atLineStart;
    let line = atStart && bytes[at] === DASH && bytes[at + 1] === DASH ? at : nextLine(bytes, at);
    while (line >= 0) {
      const lineFeed = bytes.indexOf(LF, line);
      if (lineFeed < 0) break;
      const delimiter = this.#delimiter(bytes, line, lineFeed);
      if (delimiter !== undefined) {
        // What comes before may use up the last number of a part, so it goes first.
        const end = beforeLineEnd(bytes, at, line);
        this.#body(bytes, at, end);
        if (!this.#counts(delimiter)) return end;
        this.#atDelimiter(delimiter, lineFeed + 1 - end, line - end);
        return lineFeed + 1;
      }
      line = nextLine(bytes, lineFeed);
    }
    const hold = holdFrom(bytes, at, atStart, this.#boundaries.maxLine);
    this.#body(bytes, at, hold);
    this.#held = Buffer.from(bytes.subarray(hold));
    return bytes.length;
  }

  /** What was held back when the message ended: a delimiter without line end, or body. */
  #lastBody(held: Buffer): void {
    const line = this.#atLineStart ? 0 : held.lastIndexOf(LF) + 1;
    const dashes = held[line] === DASH && held[line + 1] === DASH && (this.#atLineStart || line > 0);
    const delimiter = dashes ? this.#delimiter(held, line, held.length) : undefined;
    const end = delimiter === undefined ? held.length : beforeLineEnd(held, 0, line);
    this.#body(held, 0, end);
    if (delimiter === undefined) return;
    if (this.#counts(delimiter)) this.#atDelimiter(delimiter, held.length - end, line - end);
    else this.#body(held, end, held.length);
  }

  #body(bytes: Buffer, start: number, end: number): void {
    if (start >= end) return;
    this.#atLineStart = false;
    const text = this.#number === 0 ? this.#beginEpilogue(bytes, start, end) : start;
    this.#part.body(bytes, text, end);
    this.#at += end - start;
    for (const early of this.#doubtful) early.body(bytes, start, end);
  }

  /**
   * Text behind a closing delimiter is a part as soon as it is more than blanks. Takes the blanks and gives where the rest begins, so that
   * what reads the text begins at the same octet for any split of the message.
   */
  #beginEpilogue(bytes: Buffer, start: number, end: number): number {
    let text = start;
    while (text < end && isBlank(bytes[text])) text++;
    if (text > start) this.#part.body(bytes, start, text);
    if (text < end && this.#counter.mayBegin()) {
      this.#number = this.#counter.begin();
      this.#sink.defect?.('text_after_parts');
      this.#sink.places?.epilogue(this.#number, this.#beganAt);
      this.#planText(partFacts(this.#header.headers, false));
    }
    return text;
  }

  #planText(facts: PartFacts): void {
    const { text } = this.#sink;
    const number = this.#number;
    const wanted = text !== undefined && facts.text;
    this.#part.plan(facts, wanted ? (reading) => text(number, facts, reading) : undefined);
  }

  /** The delimiter on the line from `start`, which begins with two dashes and ends at `end`. */
  #delimiter(bytes: Buffer, start: number, end: number): Delimiter | undefined {
    if (this.#counter.sealed || this.#boundaries.depth === 0 || end - start > this.#boundaries.maxLine)
      return undefined;
    let stop = end;
    while (stop > start + 2 && isBlank(bytes[stop - 1])) stop--;
    return this.#boundaries.find(bytes.toString('latin1', start + 2, stop));
  }

  /** False when there are as many parts as there may be: the line is text then, as all lines behind it. */
  #counts(delimiter: Delimiter): boolean {
    return delimiter.kind === 'close' || this.#counter.mayBegin();
  }

  /** Multiparts from `level` on of which no delimiter came. */
  #unused(level: number): void {
    const { defect } = this.#sink;
    if (defect === undefined) return;
    for (let i = level; i < this.#boundaries.depth; i++)
      if (this.#boundaries.at(i)?.used !== true) defect('unused_boundary');
  }

  /** `octets`: of the delimiter, with the `lineEnd` octets of the line end before it and its own. */
  #atDelimiter(delimiter: Delimiter, octets: number, lineEnd: number): void {
    this.#finishPart();
    this.#endDoubtful();
    const from = this.#at;
    this.#at += octets;
    this.#sink.places?.delimiter(delimiter.level, from, lineEnd);
    this.#unused(delimiter.level + 1);
    if (this.#boundaries.cut(delimiter.level) > 0) this.#sink.defect?.('unclosed_multipart');
    if (delimiter.kind === 'close') this.#boundaries.close(delimiter.level);
    const level = this.#boundaries.at(delimiter.level);
    if (level !== undefined) level.used = true;
    this.#embedded = level?.embedded ?? 0;
    this.#digestDefault = level?.digest ?? false;
    this.#beginPart(delimiter.kind === 'open', level?.part);
    if (delimiter.kind === 'open') this.#sink.places?.begin(this.#number, this.#at, true);
  }

  /** `open` false: the text behind a closing delimiter, which gets a number when there is more than blanks. */
  #beginPart(open: boolean, parent: number | undefined): void {
    this.#parent = parent;
    this.#inHeader = open;
    this.#atLineStart = true;
    this.#beganAt = this.#at;
    this.#isMessage = false;
    this.#facts = undefined;
    this.#header = new HeaderBlock(this.#onField);
    this.#part = new OpenPart(this.#sink.part !== undefined, this.#sink.defect !== undefined);
    this.#number = open ? this.#counter.begin() : 0;
  }

  #finishPart(): void {
    const header = this.#header;
    const { defect } = this.#sink;
    if (defect !== undefined && this.#number > 0) {
      if (header.oddLine) defect('header_line');
      if (header.blanksBeforeColon) defect('header_blank');
      if (this.#inHeader && header.length > 0) defect('no_empty_line');
    }
    const facts = this.#facts ?? partFacts(header.headers, false);
    // A part without empty line: what does not look like headers is its body.
    const early =
      this.#inHeader && !this.#isMessage ? this.#doubtful.find((item) => item.header === header) : undefined;
    const record =
      early?.asPart(header, facts, this.#parent) ??
      this.#part.finish(header.length, header, facts, this.#parent);
    if (defect !== undefined) for (const name of this.#part.oddities) defect(name);
    const emptyMessage = this.#number === 1 && record.part_length === 0;
    if (this.#number > 0 && !emptyMessage) {
      this.#sink.part?.(record);
      this.#sink.place?.({
        number: this.#number,
        outer: this.#outer,
        start: this.#beganAt,
        headerLength: record.part_length - record.body_length,
        bodyLength: record.body_length,
        encoding: early?.encoding ?? this.#part.encoding,
        facts,
      });
    }
    for (const inner of this.#inner) this.#sink.part?.(inner);
    this.#inner = [];
  }
}
