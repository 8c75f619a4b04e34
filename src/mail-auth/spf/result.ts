// What may be said of a sender by SPF: the words of RFC 7208 2.6, and what led to them.

export const spfResults = ['none', 'neutral', 'pass', 'fail', 'softfail', 'temperror', 'permerror'] as const;
export type SpfResultWord = (typeof spfResults)[number];

export interface SpfResult {
  readonly result: SpfResultWord;
  /** The domain that was checked: A-labels, lower case; '' when there was none to check. */
  readonly domain: string;
  /** What the domain was taken from: MAIL FROM, or HELO. */
  readonly scope: 'mfrom' | 'helo';
  /** The term that decided, as it stands in the record; `default` when none did. */
  readonly mechanism: string | undefined;
  /** For fail, what exp= says: printable ASCII, at most 512 octets. */
  readonly explanation: string | undefined;
  /** For temperror and permerror: in words, printable ASCII. */
  readonly cause: string | undefined;
  /** Terms that looked something up, and look-ups that found nothing (RFC 7208 4.6.4). */
  readonly lookups: number;
  readonly voids: number;
}
