// Seals a message that is final: one more ARC set (RFC 8617 5.1). What our own verification said of the chain is recorded; that it has failed is
// recorded once, and never sealed over. Rejects never: what fails is said.

import { lowerAscii } from '../../base/ascii.ts';
import { textOf } from '../../base/errors.ts';
import { type CanonicalHeaders, type Canonicalization, canonicalText } from '../canonical-header.ts';
import { requestFault } from '../dkim/sign.ts';
import { defaultSignedNames, signedNames } from '../signed-names.ts';
import { type SigningKey, signOctets } from '../signing-key.ts';
import { TagWriter } from '../tag-writer.ts';
import { type ArcSet, maxInstances, readArcFields } from './fields.ts';
import type { ArcResult } from './verify.ts';

export interface SealRequest {
  readonly domain: string;
  readonly selector: string;
  readonly key: SigningKey;
  /** Names of the headers that are signed; DKIM-Signature is among them by default, ARC-Seal never. */
  readonly headers: readonly string[];
  readonly body: Canonicalization;
  /** What ARC-Authentication-Results holds behind `i=N;`: our name, `;`, results. Latin1; may be folded. */
  readonly results: string;
}

export type SealOutcome =
  /** The whole headers, from the top, without their final line ends. */
  | { readonly kind: 'sealed'; readonly headers: readonly [seal: string, message: string, results: string] }
  | { readonly kind: 'not-sealed'; readonly cause: 'recorded' | 'full' | 'temperror' }
  | { readonly kind: 'failed'; readonly cause: string };

/** What a seal's signature over the message covers when nothing else is said (RFC 8617 4.1.2: never ARC-*, nor what is ours to write). */
export const sealedNames: readonly string[] = [...defaultSignedNames, 'DKIM-Signature'];

const crlf = Buffer.from('\r\n');

/** In words, what is wrong with a request; undefined for nothing. */
export function sealFault({
  domain,
  selector,
  headers,
  body,
  results,
}: Omit<SealRequest, 'key'>): string | undefined {
  if (headers.some((name) => lowerAscii(name) === 'arc-seal')) return 'headers must not name ARC-Seal';
  if (!isFolded(results)) return 'results are no value of a header';
  const dkim = { domain, selector, headers, oversign: [], header: 'relaxed', body } as const;
  return requestFault({ ...dkim, identity: undefined, expire: undefined });
}

/** Line ends only with a blank behind them and something in the line. */
const isFolded = (text: string): boolean =>
  !text.includes('\0') && !/[\r\n]/.test(text.replace(/\r\n[ \t]+(?![ \t\r\n]|$)/g, ''));

/**
 * `headers`: all of the final message, new DKIM signatures included. `bodyHash`: SHA-256 of its body in the form `request.body`. `chain`: what
 * was found of the message as it was received. `now`: seconds since the Epoch.
 */
export async function sealArc(
  headers: CanonicalHeaders,
  bodyHash: Buffer,
  chain: ArcResult,
  request: SealRequest,
  now: number,
): Promise<SealOutcome> {
  const arc = readArcFields(headers.fields, false);
  if (chain.result === 'fail' && chain.isRecorded) return { kind: 'not-sealed', cause: 'recorded' };
  // cv=fail is for ever; what could not be found out now may be right for the next one who asks.
  if (chain.cause === 'temperror') return { kind: 'not-sealed', cause: 'temperror' };
  const highest = arc.kind === 'none' ? 0 : arc.kind === 'broken' ? arc.highest : arc.sets.length;
  if (highest >= maxInstances) return { kind: 'not-sealed', cause: 'full' };
  const instance = highest + 1;
  const sets = arc.kind === 'sets' ? arc.sets : [];
  // A policy that took sets away, or made some, has broken the chain.
  const isWhole = arc.kind !== 'broken' && sets.length === chain.instance && chain.result !== 'fail';
  const cv = !isWhole ? 'fail' : sets.length === 0 ? 'none' : 'pass';
  const results = `ARC-Authentication-Results: i=${instance}; ${request.results}`;
  try {
    const message = await signMessage(headers, bodyHash, request, instance, now);
    if (message === undefined) return { kind: 'failed', cause: 'too many headers to be named' };
    const seal = await signSeal(
      headers,
      cv === 'fail' ? [] : sets,
      [results, message],
      request,
      instance,
      cv,
      now,
    );
    return { kind: 'sealed', headers: [seal, message, results] };
  } catch (error) {
    return { kind: 'failed', cause: textOf(error) };
  }
}

/**
 * The seal signs the white space in this b= too; others (dkimpy, the test suite) seal it in one piece. Longer lines than 998 octets are no mail
 * (RFC 5322 2.1.1).
 */
const oneLine = 900;

/** ARC-Message-Signature; undefined when there are too many headers. */
async function signMessage(
  headers: CanonicalHeaders,
  bodyHash: Buffer,
  request: SealRequest,
  instance: number,
  now: number,
): Promise<string | undefined> {
  const { key } = request;
  const names = signedNames(headers.fields, request.headers, []);
  if (names === undefined) return undefined;
  const tags = new TagWriter('ARC-Message-Signature')
    .add('a', key.algorithm.name)
    .addSignature()
    .add('bh', bodyHash.toString('base64'))
    .add('c', `relaxed/${request.body}`)
    .add('d', request.domain)
    .addList('h', names)
    .add('i', String(instance))
    .add('s', request.selector)
    .add('t', String(now));
  const selected = headers.fields.select(names.map(lowerAscii));
  return tags.signed(await signOctets(key, headers.input('relaxed', selected, tags.unsigned)), oneLine);
}

/** ARC-Seal over the sets before and our own (RFC 8617 5.1.1); over ours alone when the chain has failed (5.1.2). */
async function signSeal(
  headers: CanonicalHeaders,
  before: readonly ArcSet[],
  own: readonly string[],
  { key, domain, selector }: SealRequest,
  instance: number,
  cv: 'none' | 'pass' | 'fail',
  now: number,
): Promise<string> {
  const tags = new TagWriter('ARC-Seal')
    .add('a', key.algorithm.name)
    .addSignature()
    .add('cv', cv)
    .add('d', domain)
    .add('i', String(instance))
    .add('s', selector)
    .add('t', String(now));
  const fields = before.flatMap(({ resultsField, messageField, seal }) => [
    resultsField,
    messageField,
    seal.field,
  ]);
  const input = [
    ...fields.flatMap((field) => [headers.octets('relaxed', field), crlf]),
    ...own.flatMap((text) => [canonicalText('relaxed', text), crlf]),
    canonicalText('relaxed', tags.unsigned),
  ];
  return tags.signed(await signOctets(key, Buffer.concat(input)));
}
