// Puts headers on top of a message that is final: signatures over what all edits have made of its headers, and over its body as it is going to
// be forwarded; above them an ARC set, which signs the new signatures too (RFC 8617 5.1). Between hook.dot and hook.forward, before the edits are written (rewrite.ts), so that the message is written once.
//
// A signer or sealer must never reject, change a header, or keep what it is shown beyond its promise.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SealOutcome } from '../mail-auth/arc/seal.ts';
import { BodyHashes, type BodyHashKey } from '../mail-auth/body-hash.ts';
import { CanonicalHeaders, type Canonicalization } from '../mail-auth/canonical-header.ts';
import type { SignOutcome } from '../mail-auth/dkim/sign.ts';
import { HeaderFields } from '../mail-auth/header-fields.ts';
import type { HeaderList } from './header/header-list.ts';
import type { ReceivedLayout } from './rewrite.ts';
import type { StoredMessage } from './stored-message.ts';

export interface FinalSigner {
  /** The form of the body whose SHA-256 it wants. */
  readonly body: Canonicalization;
  sign(headers: CanonicalHeaders, bodyHash: Buffer): Promise<SignOutcome>;
}

export interface FinalSealer {
  /** As a signer's. */
  readonly body: Canonicalization;
  seal(headers: CanonicalHeaders, bodyHash: Buffer): Promise<SealOutcome>;
  /** Nobody waits for the message any more: what is still to be found out is given up, and `seal` comes to its end. */
  giveUp(): void;
}

/** What a message was asked to get. */
export interface FinalWishes {
  readonly signers: readonly FinalSigner[];
  readonly sealer: FinalSealer | undefined;
}

const pieceOctets = 65_536;
/** Bodies up to this size are hashed without a turn of the event loop. */
const atOnceOctets = 262_144;

const keyOf = (canonicalization: Canonicalization): BodyHashKey => ({
  canonicalization,
  hash: 'sha256',
  length: undefined,
});

/**
 * They are inserted at `below`, 1 for the very top. The first signer's header comes to stand highest of the signatures; none of them signs that of another; the ARC set stands above. Why one
 * could not be made, in words, and then there is none of its kind; undefined when all are there. Rejects with the file system's error when the message cannot be read.
 */
export async function signFinal(
  message: StoredMessage,
  headers: HeaderList,
  layout: ReceivedLayout,
  { signers, sealer }: FinalWishes,
  below = 1,
): Promise<string | undefined> {
  const wanted = sealer === undefined ? signers : [...signers, sealer];
  const hashes = await bodyHashes(message, layout, wanted);
  const fault = signers.length === 0 ? undefined : await signAll(headers, hashes, signers, below);
  return fault ?? (sealer && seal(headers, hashes, sealer, below));
}

async function signAll(
  headers: HeaderList,
  hashes: BodyHashes,
  signers: readonly FinalSigner[],
  below: number,
): Promise<string | undefined> {
  const canonical = new CanonicalHeaders(new HeaderFields(headers.toBuffer()));
  const made: string[] = [];
  for (const signer of signers) {
    const outcome = await signer.sign(canonical, hashOf(hashes, signer.body));
    if (outcome.kind === 'failed') return outcome.cause;
    made.push(outcome.header);
  }
  for (const header of made.reverse()) headers.insert(header, below);
  return undefined;
}

async function seal(
  headers: HeaderList,
  hashes: BodyHashes,
  sealer: FinalSealer,
  below: number,
): Promise<string | undefined> {
  // Read anew: the signatures that were made now are sealed as well.
  const canonical = new CanonicalHeaders(new HeaderFields(headers.toBuffer()));
  const outcome = await sealer.seal(canonical, hashOf(hashes, sealer.body));
  switch (outcome.kind) {
    case 'failed':
      return outcome.cause;
    case 'not-sealed':
      return undefined;
    case 'sealed':
      for (const header of outcome.headers.toReversed()) headers.insert(header, below);
      return undefined;
  }
}

function hashOf(hashes: BodyHashes, form: Canonicalization): Buffer {
  const digest = hashes.digest(keyOf(form))?.digest;
  if (digest === undefined) throw new Error('a body that was not hashed');
  return digest;
}

async function bodyHashes(
  message: StoredMessage,
  { headerLength, hasEmptyLine }: ReceivedLayout,
  wanted: readonly Pick<FinalSigner, 'body'>[],
): Promise<BodyHashes> {
  const hashes = new BodyHashes();
  for (const { body } of wanted) hashes.want(keyOf(body), 2);
  const start = headerLength + (hasEmptyLine ? 2 : 0);
  const turns = message.size - start > atOnceOctets;
  for await (const piece of message.read(start)) {
    for (let at = 0; at < piece.length; at += pieceOctets) {
      hashes.feed(piece.subarray(at, at + pieceOctets));
      if (turns) await nextTurn();
    }
  }
  hashes.end();
  return hashes;
}
