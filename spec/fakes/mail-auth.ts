// Messages and keys for the specs of sender authentication: a message taken in in chunks, TXT records from a table, verifiers set up for both.

import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type SealRequest, sealArc, sealedNames, sealFault } from '../../src/mail-auth/arc/seal.ts';
import { type ArcResult, verifyArc } from '../../src/mail-auth/arc/verify.ts';
import { BodyHashes } from '../../src/mail-auth/body-hash.ts';
import type { Canonicalization } from '../../src/mail-auth/canonical-header.ts';
import type { DkimResult } from '../../src/mail-auth/dkim/result.ts';
import { requestFault, type SignRequest, signDkim } from '../../src/mail-auth/dkim/sign.ts';
import { verifyDkim } from '../../src/mail-auth/dkim/verify.ts';
import { KeyFinder } from '../../src/mail-auth/key-finder.ts';
import { KeyCache } from '../../src/mail-auth/public-key.ts';
import { MessageIntake, type ReceivedMessage, type ReceivedSetup } from '../../src/mail-auth/received.ts';
import { defaultOversignedNames, defaultSignedNames } from '../../src/mail-auth/signed-names.ts';
import { publishedKey, readSigningKey, type SigningKey } from '../../src/mail-auth/signing-key.ts';
import type { TxtAnswer, TxtLookup } from '../../src/mail-auth/txt-lookup.ts';

/** When specs take place unless they say something else; seconds. */
export const specTime = 1_795_867_200;

/** TXT records by name: a record, or several. */
export type TxtTable = Readonly<Record<string, string | readonly string[]>>;

/** Names that are asked for are noted in `asked`; one for which `failed` says so gives no answer. */
export class TxtRecords implements TxtLookup {
  readonly asked: string[] = [];
  readonly #records = new Map<string, readonly string[]>();
  readonly #failed: (name: string) => boolean;

  constructor(table: TxtTable, failed: (name: string) => boolean = () => false) {
    this.#failed = failed;
    for (const [name, records] of Object.entries(table))
      this.#records.set(name.toLowerCase(), typeof records === 'string' ? [records] : records);
  }

  txt(name: string): TxtAnswer {
    this.asked.push(name);
    if (this.#failed(name)) return { kind: 'failed', cause: 'timed out' };
    const records = this.#records.get(name.toLowerCase());
    return records === undefined ? { kind: 'none' } : { kind: 'records', records };
  }
}

/** Takes a message (latin1) in, in chunks of `size` octets. */
export function takeIn(message: string | Buffer, size = 65_536, setup: ReceivedSetup = {}): ReceivedMessage {
  const octets = typeof message === 'string' ? Buffer.from(message, 'latin1') : message;
  const intake = new MessageIntake(setup);
  for (let at = 0; at < octets.length; at += size) {
    // A copy that is overwritten afterwards: nobody may keep a chunk.
    const chunk = Buffer.from(octets.subarray(at, at + size));
    intake.feed(chunk);
    chunk.fill(0x2a);
  }
  intake.end();
  if (intake.received === undefined) throw new Error('nothing was taken in');
  return intake.received;
}

export interface Circumstances {
  readonly txt: TxtTable | TxtLookup;
  /** Seconds. */
  readonly now?: number;
  readonly minBits?: number;
}

export function verifySetup({ txt, now = specTime, minBits = 1024 }: Circumstances) {
  const lookup =
    'txt' in txt && typeof txt.txt === 'function' ? (txt as TxtLookup) : new TxtRecords(txt as TxtTable);
  return { keys: new KeyFinder(lookup, new KeyCache()), now, minBits };
}

export async function verifiedDkim(
  message: ReceivedMessage,
  circumstances: Circumstances,
): Promise<DkimResult[]> {
  return verifyDkim(message, verifySetup(circumstances));
}

export function verifiedArc(message: ReceivedMessage, circumstances: Circumstances): Promise<ArcResult> {
  return verifyArc(message, verifySetup(circumstances));
}

/** SHA-256 of the body of a message. */
export function bodyHashOf(
  message: string | Buffer,
  canonicalization: Canonicalization,
  size = 65_536,
): Buffer {
  const octets = typeof message === 'string' ? Buffer.from(message, 'latin1') : message;
  const key = { canonicalization, hash: 'sha256', length: undefined } as const;
  const hashes = new BodyHashes();
  hashes.want(key, 1);
  const end = octets.indexOf('\r\n\r\n');
  const body = end < 0 ? Buffer.alloc(0) : octets.subarray(end + 4);
  for (let at = 0; at < body.length; at += size) hashes.feed(body.subarray(at, at + size));
  hashes.end();
  const digest = hashes.digest(key);
  if (digest === undefined) throw new Error('no digest');
  return digest.digest;
}

export function signingKey(pem: string): SigningKey {
  const read = readSigningKey(pem);
  if (read.kind !== 'key') throw new Error(read.cause);
  return read.key;
}

/** A key made for a spec, as PEM, and the record that publishes it. */
export interface KeyPair {
  readonly pem: string;
  readonly key: SigningKey;
  readonly record: string;
}

export function makeKey(type: 'rsa' | 'ed25519', bits = 1024): KeyPair {
  const { privateKey } =
    type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: bits }) : generateKeyPairSync('ed25519');
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  const read = readSigningKey(pem);
  if (read.kind !== 'key') return { pem, key: weakKey(privateKey, bits), record: recordOf(privateKey) };
  return { pem, key: read.key, record: publishedKey(read.key) };
}

/** One that our own signing refuses, for signatures that have to be refused. */
function weakKey(key: KeyObject, bits: number): SigningKey {
  return { key, algorithm: { name: 'rsa-sha256', key: 'rsa', hash: 'sha256' }, bits };
}

function recordOf(key: KeyObject): string {
  return `v=DKIM1; k=rsa; p=${createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('base64')}`;
}

export type SignWish = Partial<SignRequest> & { readonly key: SigningKey; readonly now?: number };

/** The message with a signature of ours at its top: example.com, selector `sel`, unless the wish says something else. */
export async function signed(message: string, wish: SignWish): Promise<string> {
  const request: SignRequest = {
    domain: 'example.com',
    selector: 'sel',
    headers: defaultSignedNames,
    oversign: defaultOversignedNames,
    header: 'relaxed',
    body: 'relaxed',
    identity: undefined,
    expire: undefined,
    ...wish,
  };
  const fault = requestFault(request);
  if (fault !== undefined) throw new Error(fault);
  const { headers } = takeIn(message);
  const outcome = await signDkim(headers, bodyHashOf(message, request.body), request, wish.now ?? specTime);
  if (outcome.kind !== 'signed') throw new Error(outcome.cause);
  return `${outcome.header}\r\n${message}`;
}

export type SealWish = Partial<SealRequest> & { readonly key: SigningKey };

/** The message with an ARC set of ours at its top; the message itself when it is not sealed. */
export async function sealed(message: string, wish: SealWish, circumstances: Circumstances): Promise<string> {
  const request: SealRequest = {
    domain: 'example.org',
    selector: 'sel',
    headers: sealedNames,
    body: 'relaxed',
    results: 'mx.example.org; spf=pass smtp.mailfrom=example.com',
    ...wish,
  };
  const fault = sealFault(request);
  if (fault !== undefined) throw new Error(fault);
  const received = takeIn(message);
  const chain = await verifiedArc(received, circumstances);
  const hash = bodyHashOf(message, request.body);
  const outcome = await sealArc(received.headers, hash, chain, request, circumstances.now ?? specTime);
  if (outcome.kind === 'failed') throw new Error(outcome.cause);
  return outcome.kind === 'sealed' ? `${outcome.headers.join('\r\n')}\r\n${message}` : message;
}

/** For the name server of specs. */
export const zoneOf = (txt: TxtTable): string[] =>
  Object.entries(txt).flatMap(([name, records]) =>
    (typeof records === 'string' ? [records] : records).map((record) => `${name} TXT 300 ${record}`),
  );

/** The sizes of chunks in which every case has to give the same. */
export const chunkSizes = [1, 3, 65_536] as const;
