// A message as it was received, taken in while it comes in chunks of any size: its header block is kept, its body only hashed, once for
// whatever signatures share. What comes out is judged later (dkim/verify.ts, arc/verify.ts). Pure: it must never await or throw.
//
// Which signatures are looked at, and how many different digests of the body are made, is bounded here (spec A4).
import { Octets } from '../base/octets.ts';
import type { OptionValues } from '../options/option-table.ts';
import { type ArcFields, readArcFields } from './arc/fields.ts';
import { BodyHashes } from './body-hash.ts';
import { CanonicalHeaders } from './canonical-header.ts';
import { HeaderFields } from './header-fields.ts';
import {
  type FaultySignature,
  maxSignatureOctets,
  readSignature,
  type Signature,
  unreadSignature,
} from './signature.ts';

export interface ReceivedLimits {
  /** DKIM-Signature headers that are looked at, from the top (option dkim-max-signatures). */
  readonly maxSignatures: number;
  /** Octets of the header block; a message with more has no signature that is looked at. */
  readonly maxHeaderOctets: number;
}

export const receivedLimits: ReceivedLimits = { maxSignatures: 10, maxHeaderOctets: 4 * 1024 * 1024 };

/** Those of the options. Header blocks that an operator allows beyond 4 MiB are not searched for signatures. */
export function limitsOf(
  values: Pick<OptionValues, 'dkim-max-signatures' | 'limit-header-bytes'>,
): ReceivedLimits {
  return {
    maxSignatures: values['dkim-max-signatures'],
    maxHeaderOctets: Math.min(values['limit-header-bytes'], receivedLimits.maxHeaderOctets),
  };
}

/** Different pairs of canonicalisation and l= that are hashed for DKIM, and beside them for ARC. */
const maxDkimPairs = 4;
const maxArcPairs = 2;

export interface ReceivedSetup {
  readonly limits?: ReceivedLimits;
  /** What is wanted of the message; both when absent. */
  readonly wants?: { readonly dkim: boolean; readonly arc: boolean };
  /**
   * Octets of the header block in what stands before the first empty line: fewer than all when something else ends it. Whoever reads the
   * headers of a message elsewhere and this must not see different ones.
   */
  readonly blockEnd?: (block: Buffer) => number;
}

/** What verifiers judge. */
export interface ReceivedMessage {
  readonly headers: CanonicalHeaders;
  readonly body: BodyHashes;
  /** One for each DKIM-Signature, from the top. */
  readonly signatures: readonly ReceivedSignature[];
  readonly arc: ArcFields;
  /** Nothing stands behind the headers, not even the empty line. */
  readonly isHeadOnly: boolean;
}

type Head = Omit<ReceivedMessage, 'body' | 'isHeadOnly'>;

export interface ReceivedSignature {
  /** Its number among the fields. */
  readonly field: number;
  readonly read: Signature | FaultySignature;
}

const LF = 10;
const CR = 13;
/** Octets of the empty line behind the block, which are none of it. */
const emptyLine = 2;

export class MessageIntake {
  readonly #setup: ReceivedSetup;
  readonly #limits: ReceivedLimits;
  #head: Octets | undefined = new Octets(true);
  /** The octets of the line so far, as far as they can be an empty line: 0 at its start, 1 behind a CR, 2 behind anything else. */
  #line = 0;
  #tooLong = false;
  #isHeadOnly = false;
  #body: BodyHashes | undefined;
  #read: Head | undefined;
  #received: ReceivedMessage | undefined;

  constructor(setup: ReceivedSetup = {}) {
    this.#setup = setup;
    this.#limits = setup.limits ?? receivedLimits;
  }

  /** The next octets of the message; not kept. */
  feed(chunk: Buffer): void {
    if (this.#head === undefined) {
      this.#body?.feed(chunk);
      return;
    }
    const end = this.#blockEndIn(chunk);
    const most = this.#limits.maxHeaderOctets + emptyLine;
    const kept = Math.min(end < 0 ? chunk.length : end, most - this.#head.length);
    this.#head.add(chunk, 0, kept);
    if (kept < (end < 0 ? chunk.length : end)) this.#tooLong = true;
    if (end < 0 && !this.#tooLong) return;
    this.#endHead(end >= 0);
    // Where the block is too long nothing is judged, so that it does not matter what of it counts as body.
    if (end >= 0) this.#body?.feed(chunk.subarray(end));
  }

  /** The message is complete. */
  end(): void {
    this.#endHead(false);
    this.#body?.end();
    if (this.#read !== undefined && this.#body !== undefined)
      this.#received = { body: this.#body, isHeadOnly: this.#isHeadOnly, ...this.#read };
  }

  /** Undefined before the end. */
  get received(): ReceivedMessage | undefined {
    return this.#received;
  }

  /** Whether anything is there to be judged, once the headers are known: with nothing the body is not hashed. */
  get isSigned(): boolean {
    return this.#read !== undefined && (this.#read.signatures.length > 0 || this.#read.arc.kind !== 'none');
  }

  /** Where the body begins in this chunk, behind the empty line; -1 when it does not. */
  #blockEndIn(chunk: Buffer): number {
    let line = this.#line;
    for (let at = 0; at < chunk.length; at++) {
      const octet = chunk[at];
      if (octet === LF) {
        if (line < 2) return at + 1;
        line = 0;
      } else if (line === 0 && octet === CR) line = 1;
      else {
        line = 2;
        const lineFeed = chunk.indexOf(LF, at);
        if (lineFeed < 0) break;
        at = lineFeed;
        line = 0;
      }
    }
    this.#line = line;
    return -1;
  }

  /** `hasEmptyLine`: what was kept ends with it. */
  #endHead(hasEmptyLine: boolean): void {
    if (this.#head === undefined) return;
    const head = this.#head.take();
    this.#head = undefined;
    let length = head.length;
    if (hasEmptyLine && !this.#tooLong) length -= head[length - 2] === CR ? 2 : 1;
    const whole = head.subarray(0, length);
    const end = Math.min(length, this.#setup.blockEnd?.(whole) ?? length);
    const body = new BodyHashes();
    this.#body = body;
    this.#read = this.#readHead(new HeaderFields(whole.subarray(0, end)), body);
    this.#isHeadOnly = !hasEmptyLine && end === length;
    if (end < length) body.feed(head.subarray(end));
  }

  #readHead(fields: HeaderFields, body: BodyHashes): Head {
    const { dkim, arc } = this.#setup.wants ?? { dkim: true, arc: true };
    fields.index(['dkim-signature', 'arc-seal', 'arc-message-signature', 'arc-authentication-results']);
    const max = this.#tooLong ? 0 : this.#limits.maxSignatures;
    const signatures = (dkim ? fields.named('dkim-signature') : []).map((field, i) => ({
      field,
      read: i < max ? this.#wanted(readOne(fields, field), body) : unreadSignature,
    }));
    const arcFields: ArcFields = arc ? readArcFields(fields, this.#tooLong) : { kind: 'none' };
    if (arcFields.kind === 'sets') {
      // The newest signature over the message decides; older ones only tell who changed it.
      const sets = [...arcFields.sets].reverse();
      for (const { message } of sets)
        if (message.kind === 'signature') body.want(message.body, maxDkimPairs + maxArcPairs);
    }
    return { headers: new CanonicalHeaders(fields), signatures, arc: arcFields };
  }

  #wanted(read: Signature | FaultySignature, body: BodyHashes): Signature | FaultySignature {
    if (read.kind === 'fault' || body.want(read.body, maxDkimPairs)) return read;
    return { kind: 'fault', fault: 'limit', facts: read.facts };
  }
}

function readOne(fields: HeaderFields, field: number): Signature | FaultySignature {
  const start = fields.start(field);
  const octets = fields.end(field) - start;
  // Not even made a text when it is too long.
  return octets > maxSignatureOctets
    ? unreadSignature
    : readSignature('dkim', fields.text(field), fields.colon(field) - start + 1);
}
