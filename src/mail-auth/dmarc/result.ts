// What DMARC says of a message (RFC 9989 5.3, RFC 8601 2.7.2).

export const dmarcResults = ['none', 'pass', 'fail', 'temperror', 'permerror'] as const;
export type DmarcResultWord = (typeof dmarcResults)[number];

export const dmarcPolicies = ['none', 'quarantine', 'reject'] as const;
export type DmarcPolicy = (typeof dmarcPolicies)[number];

export const dmarcCauses = ['no_author', 'several_authors', 'no_record', 'not_aligned', 'dns', 'ok'] as const;
export type DmarcCause = (typeof dmarcCauses)[number];

export interface DmarcResult {
  readonly result: DmarcResultWord;
  /** What to apply: `none` when the result is not fail. */
  readonly policy: DmarcPolicy;
  /** What would be applied to a message of this author that fails; undefined without a record. */
  readonly published: DmarcPolicy | undefined;
  /** Author domain, organisational domain, where the record stands. Undefined: not known. */
  readonly domain: string | undefined;
  readonly organisation: string | undefined;
  readonly policyDomain: string | undefined;
  /** The aligned domain that SPF, a signature has passed for. */
  readonly spf: string | undefined;
  readonly dkim: string | undefined;
  /** As published; latin1. */
  readonly record: string | undefined;
  /** t=y */
  readonly testing: boolean;
  readonly cause: DmarcCause;
}
