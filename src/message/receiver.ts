// A message as it comes in: the bytes of the client become content (message/framing), which goes to the spool, to whoever
// watches (mime.parts, uri.found), and to the hooks content, header, eoh and body, in this order for each chunk. Of binary content (RFC 3030
// section 3) the headers are lines all the same, or the message is not kept; a line of its body ends with LF or CRLF. Knows no session and no
// policy. RFC 5321 section 4.1.1.4, RFC 5322 section 2.2. A hook that is not there costs nothing; one that suspends holds up the rest.

import { chain, type Maybe } from '../base/maybe.ts';
import { Octets } from '../base/octets.ts';
import { Pieces } from '../base/pieces.ts';
import { SliceBatch } from '../lua-api/value.ts';
import type { DataProgress, Framing } from './framing/framing.ts';
import type { HeaderList } from './header/header-list.ts';
import { HeaderBlock } from './mime/header-block.ts';
import type { ReceivedLayout } from './rewrite.ts';
import type { Spool } from './spool.ts';

/** What a hook leads to: the next one, or the end of the session, which stops receiving. */
export type Onward = 'on' | 'stop';

/** What is called while a message comes in; undefined where nobody wants it. */
export interface ContentSink {
  /** A chunk of content, never empty. */
  readonly content: ((chunk: Buffer) => Maybe<Onward>) | undefined;
  /** A header with its folding, without its final line end. */
  readonly header: ((header: Buffer) => Maybe<Onward>) | undefined;
  readonly eoh: (() => Maybe<Onward>) | undefined;
  /**
   * Lines of the body without their line ends, one longer than `bodyLine` in parts of that size; gives how many of them were taken, at
   * least one, and 0 to stop.
   */
  readonly body: ((lines: SliceBatch) => Maybe<number>) | undefined;
}

/** Sees the content as it comes in (mime parts, URIs). */
export interface ContentObserver {
  feed(content: Buffer): void;
  end(): void;
}

export interface ReceiverLimits {
  /** Bytes of the message; 0 is no limit. */
  readonly size: number;
  /** Bytes of the header block. */
  readonly headers: number;
  /** Bytes of a line of the body that are handed over at once (not for the message as it is stored); without it, all. */
  readonly bodyLine?: number;
  /** Headers; without it any number. */
  readonly headerCount?: number;
  /** Received headers; 0 or without it: any number. */
  readonly hops?: number;
}

/** Why a message is not kept; the rest of it is read and dropped, and no hook sees it. */
export type ReceiveFault =
  | { readonly kind: 'size' }
  | { readonly kind: 'headers' }
  | { readonly kind: 'header-count' }
  /** Too many Received headers: it goes round in circles (RFC 5321 section 6.3). */
  | { readonly kind: 'hops' }
  /** Binary content whose headers are no lines: nobody knows where they end, and edits would damage it. */
  | { readonly kind: 'binary-headers' }
  | { readonly kind: 'spool'; readonly error: Error };

/** 'stopped': a hook ended the session. */
export type Received = DataProgress | { readonly kind: 'stopped' };

const STOPPED: Received = { kind: 'stopped' };
const CR = 13;
const LF = 10;
const SPACE = 32;
const TAB = 9;

export class MessageReceiver {
  readonly #spool: Spool;
  readonly #headers: HeaderList;
  readonly #sink: ContentSink;
  readonly #limits: ReceiverLimits;
  readonly #framing: Framing;
  readonly #observers: ContentObserver[] = [];
  #fault: ReceiveFault | undefined;
  #received = 0;
  /** True until the empty line, or the end of a message that has none. */
  #inHeaders = true;
  #layout: ReceivedLayout | undefined;
  /** Says where the headers end. */
  readonly #block = new HeaderBlock(undefined);
  /** Bytes of the header block whose header lines are all there, and how many of them the list already has. */
  #headerBytes = 0;
  #hops = 0;
  #headerCount = 0;
  /** The header being read (with sink.header), or the headers the list does not have yet (without). */
  readonly #pending = new Octets();
  /** The beginning of a line that straddles chunks. */
  readonly #line = new Octets();
  /** The lines that hook.body is called with, and where in their piece the line behind each begins. */
  readonly #batch = new SliceBatch();
  readonly #behind: number[] = [];

  constructor(
    framing: Framing,
    spool: Spool,
    headers: HeaderList,
    sink: ContentSink,
    limits: ReceiverLimits,
  ) {
    this.#framing = framing;
    this.#spool = spool;
    this.#headers = headers;
    this.#sink = sink;
    this.#limits = limits;
  }

  get fault(): ReceiveFault | undefined {
    return this.#fault;
  }

  /** Bytes of content received, also those beyond the limit that were not kept. */
  get received(): number {
    return this.#received;
  }

  get bareNewlines(): number {
    return this.#framing.bareNewlines;
  }

  /** Bytes of it that did not come: the end that a last line was given. */
  get added(): number {
    return this.#framing.added;
  }

  /** Where the headers end; undefined while they are being received. */
  get layout(): ReceivedLayout | undefined {
    return this.#layout;
  }

  /** From now on `observer` sees what is received; what came before is its own business. */
  observe(observer: ContentObserver): void {
    this.#observers.push(observer);
  }

  /**
   * Reads a chunk, and calls the hooks for what is in it. 'end' comes when everything, eoh included, has been called. Not to be called
   * again before the promise it gave has resolved.
   */
  feed(chunk: Buffer): Maybe<Received> {
    // Nearly always there is one; a chunk cut into thousands is put together again.
    let first: Buffer | undefined;
    let more: Pieces | undefined;
    let length = 0;
    const progress = this.#framing.feed(chunk, 0, (piece) => {
      length += piece.length;
      if (this.#fault !== undefined) return;
      if (first === undefined) first = piece;
      else {
        more ??= new Pieces();
        more.add(piece);
      }
    });
    this.#received += length;
    if (this.#limits.size > 0 && this.#received > this.#limits.size) this.#fault ??= { kind: 'size' };
    if (this.#fault !== undefined) return progress;
    const pieces = first === undefined ? [] : more === undefined ? [first] : [first, ...more.list];
    return chain(this.#store(pieces), () =>
      chain(this.#show(pieces, length), (go) => this.#after(go, progress)),
    );
  }

  /** The headers that are complete so far go into the list (without hook.header they are kept as a block until then). */
  syncHeaders(): void {
    if (!this.#inHeaders || this.#sink.header !== undefined || this.#pending.length === 0) return;
    const block = this.#pending.take();
    let end = block.length;
    // The last header may go on in the next line.
    for (let i = block.lastIndexOf(LF, end - 2); ; i = block.lastIndexOf(LF, i - 1)) {
      end = i + 1;
      const first = block[end];
      if (i <= 0 || (first !== SPACE && first !== TAB)) break;
    }
    this.#headers.receiveBlock(block.subarray(0, end));
    this.#pending.add(block, end);
  }

  /** Another message stands in the spool now: its headers replace those received. */
  replaced(headerBlock: Buffer, hasEmptyLine: boolean): void {
    this.#headers.clear();
    this.#headers.receiveBlock(headerBlock);
    this.#layout = { headerLength: headerBlock.length, hasEmptyLine };
  }

  #after(go: Onward, progress: DataProgress): Maybe<Received> {
    if (go === 'stop') return STOPPED;
    if (progress.kind !== 'end' || this.#fault !== undefined) return progress;
    return chain(this.#finish(), (goOn) => {
      if (goOn === 'stop') return STOPPED;
      for (const observer of this.#observers) observer.end();
      return progress;
    });
  }

  #store(pieces: readonly Buffer[]): Maybe<void> {
    let waiting: Promise<unknown> | undefined;
    for (const piece of pieces) {
      const written = this.#spool.append(piece);
      if (written instanceof Promise)
        waiting = waiting === undefined ? written : Promise.all([waiting, written]);
    }
    return waiting?.then(
      () => undefined,
      (error: Error) => {
        this.#fault ??= { kind: 'spool', error };
      },
    );
  }

  #show(pieces: readonly Buffer[], length: number): Maybe<Onward> {
    if (length === 0 || this.#fault !== undefined) return 'on';
    for (const observer of this.#observers) for (const piece of pieces) observer.feed(piece);
    if (this.#sink.content === undefined) return this.#lines(pieces, 0, 0);
    return chain(this.#sink.content(concat(pieces)), (go) => (go === 'on' ? this.#lines(pieces, 0, 0) : go));
  }

  /** The lines of the pieces from byte `from` of piece `at` on. */
  #lines(pieces: readonly Buffer[], at: number, from: number): Maybe<Onward> {
    let start = from;
    for (let i = at; i < pieces.length; i++, start = 0) {
      const piece = pieces[i] as Buffer;
      while (start < piece.length) {
        if (this.#fault !== undefined) return 'on';
        if (!this.#inHeaders) {
          const { body } = this.#sink;
          if (body === undefined) return 'on';
          if (!(this.#framing.isBinary ? this.#collectBinary(piece, start) : this.#collect(piece, start)))
            break;
          const done = body(this.#batch);
          if (done instanceof Promise) return done.then((later) => this.#goOn(pieces, i, later));
          if (done === 0) return 'stop';
          start = this.#behind[done - 1] ?? piece.length;
          continue;
        }
        const end = piece.indexOf(LF, start);
        if (end < 0) {
          this.#line.add(piece, start);
          this.#checkHeaderBytes(this.#line.length);
          break;
        }
        // Where the line lies: in the piece, as a rule.
        const kept = this.#line.length > 0;
        const source = kept ? this.#wholeLine(piece, start, end + 1) : piece;
        const first = kept ? 0 : start;
        const last = kept ? source.length : end + 1;
        if (this.#framing.isBinary && !isTextLine(source, first, last)) {
          this.#fault ??= { kind: 'binary-headers' };
          return 'on';
        }
        const kind = this.#block.line(source, first, last - 2, last);
        // A delimiter is a line of the body: it is read again, from its LF on.
        if (kind === 'delimiter') this.#line.add(source, first, last - 1);
        start = kind === 'delimiter' ? end : end + 1;
        const go =
          kind === 'header' ? this.#headerLine(source, first, last) : this.#endOfHeaders(kind === 'blank');
        if (go === 'on') continue;
        const next = start;
        return chain(go, (goOn) => (goOn === 'on' ? this.#lines(pieces, i, next) : goOn));
      }
    }
    return 'on';
  }

  #goOn(pieces: readonly Buffer[], at: number, done: number): Maybe<Onward> {
    return done === 0 ? 'stop' : this.#lines(pieces, at, this.#behind[done - 1] ?? 0);
  }

  /**
   * Puts complete lines of the piece from `start` on, and parts of too long ones, into the batch; false when there is none, then the
   * rest was kept. Where a line is cut depends on its octets only, not on how they arrived.
   */
  #collect(piece: Buffer, start: number): boolean {
    const batch = this.#batch;
    batch.count = 0;
    const longest = this.#limits.bodyLine ?? Number.POSITIVE_INFINITY;
    let from = start;
    for (let end = piece.indexOf(LF, from); ; ) {
      const kept = this.#line.length;
      // Octets of the line that are here, its CRLF included.
      const length = kept + (end < 0 ? piece.length : end + 1) - from;
      if (length > longest + 2) {
        if (kept === 0) from = this.#add(piece, from, from + longest, from + longest);
        else return this.#addPart(piece, from, longest);
      } else if (end < 0) break;
      else if (kept === 0) {
        from = this.#add(piece, from, end - 1, end + 1);
        end = piece.indexOf(LF, from);
      } else {
        const line = this.#wholeLine(piece, from, end + 1);
        this.#add(line, 0, line.length - 2, end + 1);
        return true;
      }
      if (batch.count >= batch.limit) return true;
    }
    if (batch.count > 0) return true;
    this.#line.add(piece, from);
    return false;
  }

  /** The same of binary content, one line or part: a line ends with LF or CRLF. */
  #collectBinary(piece: Buffer, start: number): boolean {
    this.#batch.count = 0;
    const longest = this.#limits.bodyLine ?? Number.POSITIVE_INFINITY;
    const kept = this.#line.length;
    const end = piece.indexOf(LF, start);
    const length = kept + (end < 0 ? piece.length : end + 1) - start;
    if (length > longest + 2) {
      if (kept > 0) return this.#addPart(piece, start, longest);
      this.#add(piece, start, start + longest, start + longest);
      return true;
    }
    if (end < 0) {
      this.#line.add(piece, start);
      return false;
    }
    const line = this.#wholeLine(piece, start, end + 1);
    const text = line.length - (line[line.length - 2] === CR ? 2 : 1);
    if (text > longest) {
      // By the one octet that a CR would take: it is read again with its LF.
      this.#add(line, 0, longest, end);
      this.#line.add(line, longest, line.length - 1);
    } else this.#add(line, 0, text, end + 1);
    return true;
  }

  /** What is behind the last line end of binary content, from `at` on. */
  #lastLine(rest: Buffer, at: number): Maybe<Onward> {
    const { body } = this.#sink;
    if (body === undefined || at >= rest.length) return 'on';
    const end = Math.min(rest.length, at + (this.#limits.bodyLine ?? rest.length));
    this.#batch.count = 0;
    this.#add(rest, at, end, end);
    return chain(body(this.#batch), (done) => (done === 0 ? 'stop' : this.#lastLine(rest, end)));
  }

  /** An entry of the batch; gives `behind`, where the piece goes on behind it. */
  #add(bytes: Buffer, start: number, end: number, behind: number): number {
    const batch = this.#batch;
    batch.bytes = bytes;
    batch.starts[batch.count] = start;
    batch.ends[batch.count] = end;
    this.#behind[batch.count++] = behind;
    return behind;
  }

  /** The first part of a line whose beginning was kept, alone in its batch. */
  #addPart(piece: Buffer, from: number, longest: number): true {
    const next = Math.max(from, from + longest - this.#line.length);
    const line = this.#wholeLine(piece, from, next);
    this.#add(line, 0, longest, next);
    // A CR, and with it the octet in front, may have been kept before it was known that the line goes on.
    if (line.length > longest) this.#line.add(line, longest);
    return true;
  }

  #wholeLine(piece: Buffer, start: number, end: number): Buffer {
    if (this.#line.length === 0) return piece.subarray(start, end);
    this.#line.add(piece, start, end);
    return this.#line.take();
  }

  #checkHeaderBytes(more: number): void {
    if (this.#headerBytes + more > this.#limits.headers) this.#fault ??= { kind: 'headers' };
  }

  /** A line of the header block with its CRLF: `source` from `start` to before `end`. */
  #headerLine(source: Buffer, start: number, end: number): Maybe<Onward> {
    this.#checkHeaderBytes(end - start);
    if (isReceived(source, start, end) && ++this.#hops > (this.#limits.hops || Number.POSITIVE_INFINITY)) {
      this.#fault ??= { kind: 'hops' };
    }
    const folded = (source[start] === SPACE || source[start] === TAB) && this.#pending.length > 0;
    if (!folded && ++this.#headerCount > (this.#limits.headerCount ?? Number.POSITIVE_INFINITY)) {
      this.#fault ??= { kind: 'header-count' };
    }
    if (this.#fault !== undefined) return 'on';
    this.#headerBytes += end - start;
    if (this.#sink.header === undefined || folded || this.#pending.length === 0) {
      this.#pending.add(source, start, end);
      return 'on';
    }
    const header = this.#takeHeader();
    this.#pending.add(source, start, end);
    return this.#sink.header(header);
  }

  /** The pending header, into the list and for the hook, without its final CRLF. */
  #takeHeader(): Buffer {
    const whole = this.#pending.take();
    const header = whole.subarray(0, whole.length - 2);
    this.#headers.receive(header.toString('latin1'));
    return header;
  }

  #endOfHeaders(hasEmptyLine: boolean): Maybe<Onward> {
    this.#inHeaders = false;
    this.#layout = { headerLength: this.#headerBytes, hasEmptyLine };
    let go: Maybe<Onward> = 'on';
    if (this.#pending.length > 0) {
      if (this.#sink.header === undefined) this.#headers.receiveBlock(this.#pending.take());
      else go = this.#sink.header(this.#takeHeader());
    }
    return chain(go, (goOn) => (goOn === 'on' ? (this.#sink.eoh?.() ?? goOn) : goOn));
  }

  #finish(): Maybe<Onward> {
    if (this.#framing.isBinary && this.#line.length > 0) {
      if (!this.#inHeaders) return this.#lastLine(this.#line.take(), 0);
      this.#fault ??= { kind: 'binary-headers' };
      return 'on';
    }
    return this.#inHeaders ? this.#endOfHeaders(false) : 'on';
  }
}

function concat(pieces: readonly Buffer[]): Buffer {
  const only = pieces[0];
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
}

/** Whether it ends with CRLF, and has no other CR. */
function isTextLine(source: Buffer, start: number, end: number): boolean {
  return end - start >= 2 && source.indexOf(CR, start) === end - 2;
}

/** Whether the line begins a Received header. */
function isReceived(source: Buffer, start: number, end: number): boolean {
  if (((source[start] as number) | 32) !== 114) return false;
  return /^received[ \t]*:/i.test(source.toString('latin1', start, Math.min(end, start + 80)));
}
