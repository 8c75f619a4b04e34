// Whether the certificate of a next hop is the one that it should have: pinned digests (smtp-forward-tls-pin), or TLSA records (RFC 6698,
// RFC 7671, RFC 7672). Pure but for the clock of validity, which is handed in. What authorities say is Node's own check.
//
// It must never take a certificate for the right one because a record or a chain is not understood.
import { createHash, type X509Certificate } from 'node:crypto';

export interface Tlsa {
  readonly usage: number;
  readonly selector: number;
  readonly matching: number;
  /** Hexadecimal, lower case. */
  readonly value: string;
}

/** RFC 7672 section 3.1.3: usages 0 and 1 mean nothing between mail servers; what we do not know cannot match. */
export function isUsable({ matching, selector, usage, value }: Tlsa): boolean {
  const length = [undefined, 64, 128][matching];
  return (
    (usage === 2 || usage === 3) &&
    (selector === 0 || selector === 1) &&
    matching >= 0 &&
    matching <= 2 &&
    value !== '' &&
    (length === undefined || value.length === length)
  );
}

/** The digest of the certificate or of its key is one of these. */
export function matchesPin(certificate: X509Certificate, digests: readonly string[]): boolean {
  return [certificate.raw, keyOf(certificate)].some((octets) => digests.includes(digest('sha256', octets)));
}

/** Undefined when one of the usable records is met; else why none is. `chain`: as the other side sent it, its own first. */
export function tlsaProblem(
  chain: readonly X509Certificate[],
  records: readonly Tlsa[],
  names: readonly string[],
  now: number,
): string | undefined {
  const [own] = chain;
  if (own === undefined) return 'no certificate was shown';
  const usable = records.filter(isUsable);
  // RFC 7671 section 5.1: names and dates do not count.
  if (usable.some((record) => record.usage === 3 && matches(own, record))) return undefined;
  const anchors = usable.filter(({ usage }) => usage === 2);
  if (anchors.length === 0) return 'the certificate is not that of a TLSA record';
  let problem = 'no certificate of the chain is that of a TLSA record';
  for (const [at, anchor] of chain.entries()) {
    if (!anchors.some((record) => matches(anchor, record))) continue;
    const broken = chainProblem(chain.slice(0, at + 1), names, now);
    if (broken === undefined) return undefined;
    problem = broken;
  }
  return problem;
}

/** From our own to the anchor: each issued by the next, in its time, and the first for one of the names (RFC 7671 section 5.2). */
function chainProblem(
  chain: readonly X509Certificate[],
  names: readonly string[],
  now: number,
): string | undefined {
  for (const [at, certificate] of chain.entries()) {
    if (now < Date.parse(certificate.validFrom) || now > Date.parse(certificate.validTo))
      return 'a certificate of the chain is not valid now';
    const issuer = chain[at + 1];
    if (issuer === undefined) continue;
    if (!issuer.ca || !certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey))
      return 'the chain does not lead to the certificate of the TLSA record';
  }
  return names.some((name) => chain[0]?.checkHost(name, { subject: 'never' }) !== undefined)
    ? undefined
    : `the certificate names none of ${names.join(', ')}`;
}

function matches(certificate: X509Certificate, { matching, selector, value }: Tlsa): boolean {
  const octets = selector === 0 ? certificate.raw : keyOf(certificate);
  switch (matching) {
    case 0:
      return octets.toString('hex') === value;
    case 1:
      return digest('sha256', octets) === value;
    case 2:
      return digest('sha512', octets) === value;
    default:
      return false;
  }
}

const keyOf = (certificate: X509Certificate): Buffer =>
  certificate.publicKey.export({ type: 'spki', format: 'der' });

const digest = (name: string, octets: Buffer): string => createHash(name).update(octets).digest('hex');
