// What may be said of a DKIM signature: the words of RFC 8601 2.7.1, and why.

export const dkimResults = ['pass', 'fail', 'policy', 'neutral', 'temperror', 'permerror'] as const;
export type DkimResultWord = (typeof dkimResults)[number];

export const dkimCauses = [
  'ok',
  'bad_signature',
  'body_changed',
  'no_key',
  'key_revoked',
  'key_syntax',
  'key_mismatch',
  'key_not_for_mail',
  'key_strict',
  'syntax',
  'version',
  'algorithm',
  'canonicalisation',
  'query',
  'from_not_signed',
  'identity',
  'length',
  'expired',
  'weak_key',
  'weak_algorithm',
  'dns',
  'limit',
] as const;
export type DkimCause = (typeof dkimCauses)[number];

/** One signature. What the header does not say, or was not looked at, is undefined. Texts are latin1. */
export interface DkimResult {
  readonly result: DkimResultWord;
  readonly cause: DkimCause;
  /** d=, lower case. */
  readonly domain: string | undefined;
  /** s= */
  readonly selector: string | undefined;
  /** i=, `@` and the domain when absent. */
  readonly identity: string | undefined;
  /** a= as it stands. */
  readonly algorithm: string | undefined;
  /** Of the key; 256 for ed25519. */
  readonly bits: number | undefined;
  /** t=y of the key. */
  readonly testing: boolean;
  /** Octets of the canonical body behind l=; 0 without l=. */
  readonly unsignedBytes: number;
  /** h=, lower case. */
  readonly signedHeaders: readonly string[];
  /** t= and x=, seconds. */
  readonly time: number | undefined;
  readonly expires: number | undefined;
  /** The first 8 characters of b=, without white space. */
  readonly b: string;
}
