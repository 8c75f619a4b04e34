// Signs a message that is final (RFC 6376 5, 8301, 8463). The body has been hashed before; l= is not offered: it is a hole. Rejects never:
// what fails is said.

import { lowerAscii } from '../../base/ascii.ts';
import { textOf } from '../../base/errors.ts';
import type { CanonicalHeaders, Canonicalization } from '../canonical-header.ts';
import { isDomainName } from '../domain-name.ts';
import { isSameOrBelow } from '../signature.ts';
import { isSignableName, signedNames } from '../signed-names.ts';
import { type SigningKey, signOctets } from '../signing-key.ts';
import { TagWriter } from '../tag-writer.ts';

export interface SignRequest {
  /** A-labels or ASCII; d= and s=. */
  readonly domain: string;
  readonly selector: string;
  readonly key: SigningKey;
  readonly headers: readonly string[];
  readonly oversign: readonly string[];
  readonly header: Canonicalization;
  readonly body: Canonicalization;
  /** i=, with its `@`. */
  readonly identity: string | undefined;
  /** Seconds that the signature holds. */
  readonly expire: number | undefined;
}

export type SignOutcome =
  /** The whole header, without a final line end. */
  { readonly kind: 'signed'; readonly header: string } | { readonly kind: 'failed'; readonly cause: string };

/** In words, what is wrong with a request; undefined for nothing. */
export function requestFault(request: Omit<SignRequest, 'key'>): string | undefined {
  const { domain, selector, identity, expire } = request;
  if (!isDomainName(domain)) return 'domain is no domain name';
  if (!isDomainName(selector)) return 'selector is none';
  if (domain.length + selector.length > 253 - 12) return 'domain and selector are too long together';
  const wrong = [...request.headers, ...request.oversign].find((name) => !isSignableName(name));
  if (wrong !== undefined) return 'headers and oversign are names of headers';
  if (request.oversign.some((name) => name.endsWith('*'))) return 'oversign takes whole names';
  if (identity !== undefined && !isIdentity(identity, domain))
    return 'identity has to be an address in the domain, or below it';
  if (expire !== undefined && !(Number.isInteger(expire) && expire > 0 && expire < 1e11))
    return 'expire is a number of seconds above 0';
  return undefined;
}

function isIdentity(identity: string, domain: string): boolean {
  const at = identity.lastIndexOf('@');
  const of = identity.slice(at + 1);
  return at >= 0 && identity.length <= 320 && isDomainName(of) && isSameOrBelow(of, domain);
}

/** `bodyHash`: SHA-256 of the body in the form `request.body`. `now`: seconds since the Epoch. */
export async function signDkim(
  headers: CanonicalHeaders,
  bodyHash: Buffer,
  request: SignRequest,
  now: number,
): Promise<SignOutcome> {
  const names = signedNames(headers.fields, request.headers, request.oversign);
  if (names === undefined) return { kind: 'failed', cause: 'too many headers to be named' };
  const { key, domain, selector, identity, expire } = request;
  const tags = new TagWriter('DKIM-Signature')
    .add('v', '1')
    .add('a', key.algorithm.name)
    .add('c', `${request.header}/${request.body}`)
    .add('d', domain)
    .add('s', selector);
  if (identity !== undefined) tags.add('i', quotedIdentity(identity));
  tags.add('t', String(now));
  if (expire !== undefined) tags.add('x', String(now + expire));
  tags.addList('h', names).add('bh', bodyHash.toString('base64')).addSignature();
  const selected = headers.fields.select(names.map(lowerAscii));
  try {
    const signature = await signOctets(key, headers.input(request.header, selected, tags.unsigned));
    return { kind: 'signed', header: tags.signed(signature) };
  } catch (error) {
    return { kind: 'failed', cause: textOf(error) };
  }
}

/** The local part in dkim-quoted-printable (RFC 6376 2.11); the domain as it is (RFC 8616 section 5): readers decode no domain. */
function quotedIdentity(identity: string): string {
  const at = identity.lastIndexOf('@');
  const local = identity.slice(0, at).replace(/[^!-:<>-~]/g, (character) => {
    return `=${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
  return local + identity.slice(at);
}
