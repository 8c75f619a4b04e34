// What the fields of a successful look-up mean: other names for the user, networks that he may come from, the stored password, and what is
// handed on. Pure.
import { isIPv4 } from 'node:net';
import { splitList } from '../../base/lists.ts';
import { NetworkList } from '../../net-address/network-list.ts';
import type { AuthField } from './auth-result.ts';

export interface PassdbFacts {
  readonly user: string;
  /** The client's address, and that of the connection itself. */
  readonly remoteAddress: string;
  readonly realRemoteAddress: string;
}

export interface PassdbFields {
  readonly user: string;
  /** The one who goes on is another one than the one who has shown a password. */
  readonly asMaster: boolean;
  /** Undefined: none was given. */
  readonly password: string | undefined;
  readonly nopassword: boolean;
  readonly extra: ReadonlyMap<string, string>;
  readonly userdb: ReadonlyMap<string, string>;
  /** Why nobody is let in whatever the password is; undefined: nothing is against it. `level` is that of its log line. */
  readonly refusal: { readonly level: 'err' | 'info'; readonly text: string } | undefined;
  /** Fields that have no effect here. */
  readonly useless: readonly string[];
}

/** Fields that say where an IMAP proxy connects to; here is none. */
const proxyFields: ReadonlySet<string> = new Set(['proxy', 'proxy_maybe', 'host', 'port', 'proxy_noauth']);

function outside(name: string, address: string, networks: string): string | undefined {
  // A network of IPv6 has no address of IPv4 in it, ::/0 neither.
  const items = splitList(networks.replaceAll(',', ' '));
  const list = new NetworkList(items.filter((item) => isIPv4(address) === !item.includes(':')));
  if (list.contains(address)) return undefined;
  return `${name} check failed: IP ${address === '' ? '(unknown)' : address} not in allowed networks`;
}

export function readPassdbFields(given: readonly AuthField[], facts: PassdbFacts): PassdbFields {
  let { user } = facts;
  let asMaster = false;
  let password: string | undefined;
  let nopassword = false;
  let refusal: PassdbFields['refusal'];
  const extra = new Map<string, string>();
  const userdb = new Map<string, string>();
  const useless: string[] = [];
  for (const [name, value] of given) {
    const text = value === true ? '' : value;
    if (name === 'password') password = text;
    else if (name === 'nopassword') nopassword = true;
    else if (name === 'user' || name === 'login_user') {
      asMaster ||= name === 'login_user';
      if (text === '') refusal ??= { level: 'err', text: 'username attempted to be changed to empty' };
      else user = text;
    } else if (name === 'username')
      user = text.includes('@') || !user.includes('@') ? text : `${text}${user.slice(user.indexOf('@'))}`;
    else if (name === 'domain') user = `${user.split('@', 1)[0]}@${text}`;
    else if (name === 'allow_nets' || name === 'allow_real_nets') {
      const address = name === 'allow_nets' ? facts.remoteAddress : facts.realRemoteAddress;
      const problem = outside(name, address, text);
      if (problem !== undefined) refusal ??= { level: 'info', text: problem };
    } else if (name.startsWith('userdb_')) {
      if (name !== 'userdb_') userdb.set(name.slice('userdb_'.length), text);
    } else {
      if (proxyFields.has(name)) useless.push(name);
      extra.set(name, text);
    }
  }
  if (user === '') refusal ??= { level: 'err', text: 'username attempted to be changed to empty' };
  if (/[\x00-\x1f\x7f]/.test(user)) {
    refusal ??= { level: 'err', text: 'username attempted to be changed to one with control characters' };
  }
  return { user, asMaster, password, nopassword, extra, userdb, refusal, useless };
}
