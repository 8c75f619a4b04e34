// How domains and accounts look as lines of JSON, for export and import. Octets above 127 are `\u00XX`, one character each. Pure.
import type { Account, AccountWish, Domain } from '../accounts/account.ts';
import { typeOf } from '../accounts/account-types.ts';

const ascii = (value: object): string =>
  JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Without its end. */
export const domainLine = ({ flags, name, path }: Domain): string => ascii({ domain: name, path, flags });

export function accountLine({ arguments: its, domain, password, type, user }: Account): string {
  return ascii({ user, domain, type, password, arguments: its });
}

export type ReadLine =
  | { readonly kind: 'domain'; readonly domain: Domain }
  | { readonly kind: 'account'; readonly account: AccountWish }
  /** What would be right. */
  | { readonly kind: 'wrong'; readonly expected: string };

const wrong: ReadLine = {
  kind: 'wrong',
  expected:
    'expected {"domain":NAME,"path":"","flags":0} or {"user":NAME,"domain":NAME,"type":"mbox","password":"","arguments":""}, as export writes them',
};

export function readLine(line: string): ReadLine {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return wrong;
  }
  if (typeof json !== 'object' || json === null) return wrong;
  const {
    arguments: its,
    domain,
    flags,
    password,
    path,
    type: word,
    user,
  } = json as Readonly<Record<string, unknown>>;
  const isOctets = (value: unknown): value is string =>
    typeof value === 'string' && /^[\x00-\xff]*$/.test(value);
  if (!isOctets(domain)) return wrong;
  if (user === undefined) {
    if (!isOctets(path) || typeof flags !== 'number') return wrong;
    return { kind: 'domain', domain: { name: domain, path, flags } };
  }
  const type = isOctets(word) ? typeOf(word) : undefined;
  if (!isOctets(user) || !isOctets(password) || !isOctets(its) || type === undefined) return wrong;
  return { kind: 'account', account: { user, domain, type, password, arguments: its } };
}
