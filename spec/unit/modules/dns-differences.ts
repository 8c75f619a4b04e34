// Where the answers of dns.wait differ, on purpose, from those of the original (spec/vectors/dns.json): the one list, with the reason for
// each. The test fails when a case that is not here differs, and when one that is here does not.

export interface DnsDifference {
  /** `name` of the case. */
  readonly name: string;
  /** What is different: `order` is that of the array only. */
  readonly what: 'order';
  readonly reason: string;
}

const order =
  'S36: the original gives answers that came together last query first; ours are in the order of the queries, as the API text shows them';

export const dnsDifferences: readonly DnsDifference[] = [
  { name: 'two-queries', what: 'order', reason: order },
  { name: 'three-queries-one-nx', what: 'order', reason: order },
  { name: 'mail-and-zen', what: 'order', reason: order },
];

/** In every case: fields that the query records of ours have besides. */
export const addedFields: readonly { readonly field: string; readonly reason: string }[] = [
  { field: 'ttl', reason: 'the API text has it in the query record; the original left it out' },
];

/** In records of every case. */
export const addedInRecords: typeof addedFields = [
  { field: 'strings', reason: 'who needs the pieces of a TXT record has them beside the joined value' },
];
