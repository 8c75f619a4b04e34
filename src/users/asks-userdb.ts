// Which recipients option rcpt-userdb is about: those of rcpt-userdb-domains, or all of clients that have not logged in. Pure.
import { splitList } from '../base/lists.ts';
import type { RecipientQuestion } from './recipient-source.ts';

export function asksUserdb({
  domain,
  user,
  values,
}: Pick<RecipientQuestion, 'domain' | 'user' | 'values'>): boolean {
  const domains = splitList(values['rcpt-userdb-domains'].toLowerCase());
  // Who has logged in sends to the whole world.
  return domains.length === 0 ? user === undefined : domains.includes(domain) || domain === '';
}
