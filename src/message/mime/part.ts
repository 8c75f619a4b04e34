// One part of a message while its octets pass: lengths, digests, decoding, and the search for URIs. Made and fed by parts.ts.
import { createHash, type Hash } from 'node:crypto';
import type { Encoding, PartFacts } from './content-type.ts';
import { Base64Decoder, createDecoder, type Decoder } from './decoder.ts';
import type { MimeDefect } from './defects.ts';
import { withNames } from './file-names.ts';
import { UuencodeNames } from './uuencode-names.ts';

/** One entry of mime.parts. Lengths in octets of the message as received, dots unstuffed. */
export type PartRecord = {
  readonly md5_encoded: string;
  readonly md5_decoded: string;
  readonly part_length: number;
  readonly body_length: number;
  readonly content_type: string | undefined;
  readonly content_transfer_encoding: string | undefined;
  /** UTF-8 as latin1, as all names. */
  readonly filename: string | undefined;
  readonly filenames: readonly string[] | undefined;
  readonly disposition: string | undefined;
  /** Lower case. */
  readonly type: string;
  readonly charset: string | undefined;
  readonly boundary: string | undefined;
  /** The number of the part that this one stands in. */
  readonly parent: number | undefined;
};

/** Where a part stands, for whoever reads it again. */
export interface PartPlace {
  readonly number: number;
  /** The part whose decoded body holds it; 0 when it stands in the message itself. */
  readonly outer: number;
  /** Octets of that before its first one. */
  readonly start: number;
  readonly headerLength: number;
  readonly bodyLength: number;
  readonly encoding: Encoding;
  readonly facts: PartFacts;
}

/** Takes the decoded octets of a part: the search for URIs, or the parser of an embedded message. */
export interface BodyReader {
  feed(bytes: Buffer): void;
  end(): void;
}

/** Octets of a header that a record keeps: no real Content-Type comes near it, and the record lives in Lua's memory. */
const maxHeader = 4096;

const emptyDigest = createHash('md5').digest('hex');

/** Makes what reads the body as the last Content-Transfer-Encoding has it, or as another one of the part has it. */
export type CreateReader = (reading: 'first' | 'other') => BodyReader;

const octets = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** A second reading of the body, by another Content-Transfer-Encoding. */
class Reading {
  readonly #decoder: Decoder | undefined;
  readonly #reader: BodyReader;

  constructor(decoder: Decoder | undefined, reader: BodyReader) {
    this.#decoder = decoder;
    this.#reader = reader;
  }

  feed(source: Buffer, start: number, end: number): void {
    this.#reader.feed(
      this.#decoder === undefined ? source.subarray(start, end) : this.#decoder.push(source, start, end),
    );
  }

  end(): void {
    if (this.#decoder !== undefined) this.#reader.feed(this.#decoder.end());
    this.#reader.end();
  }
}

export class OpenPart {
  /** How the body is decoded, once that is planned. */
  encoding: Encoding = 'identity';
  #digests: boolean;
  #bodyLength = 0;
  #encodedHash: Hash | undefined;
  #decodedHash: Hash | undefined;
  #decoder: Decoder | undefined;
  #reader: BodyReader | undefined;
  #otherReadings: readonly Reading[] = [];
  #names: UuencodeNames | undefined;

  readonly #isChecked: boolean;

  /** `digests` false: nobody wants the record, only what readers find. `isChecked`: what is odd about the encoding is asked for. */
  constructor(digests: boolean, isChecked = false) {
    this.#digests = digests;
    this.#isChecked = isChecked;
  }

  /** What is odd about the encoding, when the body is over. */
  get oddities(): readonly MimeDefect[] {
    const decoder = this.#decoder;
    if (!(decoder instanceof Base64Decoder)) return [];
    const found: MimeDefect[] = [];
    if (decoder.foreign) found.push('base64_foreign');
    if (decoder.behindPadding) found.push('base64_behind_padding');
    return found;
  }

  get bodyLength(): number {
    return this.#bodyLength;
  }

  /** What to do with the body, known when the headers are. */
  plan(
    facts: Pick<PartFacts, 'encoding' | 'otherEncodings'> & { readonly text?: boolean },
    createReader: CreateReader | undefined,
  ): void {
    this.encoding = facts.encoding;
    if (this.#digests && facts.text === true) this.#names = new UuencodeNames();
    this.#reader = createReader?.('first');
    if (this.#digests || this.#isChecked || this.#reader !== undefined)
      this.#decoder = createDecoder(facts.encoding);
    if (createReader === undefined || facts.otherEncodings.length === 0) return;
    this.#otherReadings = facts.otherEncodings.map(
      (encoding) => new Reading(createDecoder(encoding), createReader('other')),
    );
  }

  body(source: Buffer, start: number, end: number): void {
    if (start >= end) return;
    this.#bodyLength += end - start;
    const bytes = source.subarray(start, end);
    if (this.#digests) (this.#encodedHash ??= createHash('md5')).update(bytes);
    if (this.#decoder === undefined) {
      this.#names?.feed(bytes);
      this.#reader?.feed(bytes);
    } else {
      this.#decoded(this.#decoder, this.#decoder.push(source, start, end));
    }
    for (const reading of this.#otherReadings) reading.feed(source, start, end);
  }

  /** Nobody wants the record any more. */
  stopDigests(): void {
    this.#digests = false;
  }

  /** The readers have had everything. */
  endReaders(): void {
    if (this.#decoder !== undefined) this.#decoded(this.#decoder, this.#decoder.end());
    this.#reader?.end();
    for (const reading of this.#otherReadings) reading.end();
  }

  finish(
    headerLength: number,
    header: { readonly contentTypeLine: string | undefined; readonly encodingLine: string | undefined },
    facts: PartFacts,
    parent: number | undefined,
  ): PartRecord {
    this.endReaders();
    this.#names?.end();
    const allNames = withNames(facts.names, this.#names?.names ?? []);
    const encoded = this.#encodedHash?.digest('hex') ?? emptyDigest;
    return {
      md5_encoded: encoded,
      md5_decoded: this.#decoder === undefined ? encoded : (this.#decodedHash?.digest('hex') ?? emptyDigest),
      part_length: headerLength + this.#bodyLength,
      body_length: this.#bodyLength,
      content_type: header.contentTypeLine?.slice(0, maxHeader),
      content_transfer_encoding: header.encodingLine?.slice(0, maxHeader),
      filename: allNames.name === undefined ? undefined : octets(allNames.name),
      filenames: allNames.all.length === 0 ? undefined : allNames.all.map(octets),
      disposition: facts.names.disposition?.slice(0, 256),
      type: facts.type,
      charset: facts.charset === '' ? undefined : facts.charset.slice(0, 256),
      boundary: facts.boundaries[0]?.slice(0, 1000),
      parent,
    };
  }

  #decoded(decoder: Decoder, bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#names?.feed(bytes);
    if (this.#digests && decoder.counted > 0)
      (this.#decodedHash ??= createHash('md5')).update(bytes.subarray(0, decoder.counted));
    this.#reader?.feed(bytes);
  }
}
