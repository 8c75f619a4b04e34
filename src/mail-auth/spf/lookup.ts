// What SPF asks of DNS. Whoever gives it must never let a look-up last for ever, nor throw for a name that is none: that is a name without
// records. Aliases are followed. "No such name" and "no such record" are both `none`; everything else that is no answer is `failed`.
import type { Maybe } from '../../base/maybe.ts';
import type { TxtLookup } from '../txt-lookup.ts';

export type Answer<T> =
  | { readonly kind: 'records'; readonly records: readonly T[] }
  | { readonly kind: 'none' }
  | { readonly kind: 'failed'; readonly cause: string };

/** Names are without final dot; they hold any octets that a record's macros bring. */
export interface SpfLookup extends TxtLookup {
  /** Addresses as text: A for family 4, AAAA for family 6. */
  addresses(name: string, family: 4 | 6): Maybe<Answer<string>>;
  /** Names of mail exchangers, by preference. */
  mx(name: string): Maybe<Answer<string>>;
  /** Names of an address that is given as `d.c.b.a.in-addr.arpa` or in ip6.arpa. */
  ptr(name: string): Maybe<Answer<string>>;
}
