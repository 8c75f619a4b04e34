// What sender authentication asks of DNS: the TXT records of a name. Whoever gives it must never let a look-up last for ever, throw for a
// name that is none, or tell "no such record" from "no such name" by anything but `none`.
import type { Maybe } from '../base/maybe.ts';

export type TxtAnswer =
  /** Each record's strings joined, without blanks between them; latin1. In the order of the answer. */
  | { readonly kind: 'records'; readonly records: readonly string[] }
  /** No such name, or no TXT record at it. */
  | { readonly kind: 'none' }
  /** Everything else, a deadline included. */
  | { readonly kind: 'failed'; readonly cause: string };

export interface TxtLookup {
  /** `name` has no final dot; it may hold U-labels (octets of UTF-8). */
  txt(name: string): Maybe<TxtAnswer>;
}
