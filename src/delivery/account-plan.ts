// Where mail for one address goes by the accounts of this machine: into mailboxes, to other servers, or nowhere. Aliases are followed to their ends.
//
// Must never go on for ever (steps and destinations are bounded), send mail of strangers to other domains, or run what the database names.

import type { Account } from '../accounts/account.ts';
import { NO_MAIL_OUT } from '../accounts/account.ts';
import type { Accounts } from '../accounts/accounts.ts';
import { readAddress } from '../accounts/names.ts';
import { parseTarget } from '../net-address/host-list.ts';

export type Destination =
  /** `address`: as which it comes there. */
  | { readonly kind: 'mailbox'; readonly account: Account; readonly address: string }
  /** By the other next hops. */
  | { readonly kind: 'other'; readonly address: string }
  /** By this one. */
  | { readonly kind: 'host'; readonly host: string; readonly address: string };

/** `text`: a reply, 4xx or 5xx. */
export type Planned =
  | { readonly kind: 'planned'; readonly destinations: readonly Destination[] }
  | { readonly kind: 'refused'; readonly text: string };

/** Who may have mail for other domains sent on. */
export interface RelayRights {
  /** Mail for other domains can go anywhere at all (rumble-relay). */
  readonly isOn: boolean;
  /** There are other next hops. */
  readonly hasOthers: boolean;
  /** This sender may name recipients of other domains. */
  readonly mayName: boolean;
}

/** Accounts from the first to the last of an alias of an alias. */
const MAX_STEPS = 10;
const MAX_DESTINATIONS = 1000;

const UNKNOWN = '550 5.1.1 no such user here';
const NO_RELAY = '550 5.7.1 mail for other domains is not taken';
const LOOP = `550 5.4.6 alias leads back to itself, or on and on (${MAX_STEPS} steps)`;
const TOO_MANY = `550 5.4.6 alias stands for more than ${MAX_DESTINATIONS} addresses`;
const CANNOT = '550 5.2.0 this account cannot take mail';
export const NOT_KNOWN_NOW = '451 4.3.0 accounts cannot be looked at, try again later';

class Refused extends Error {
  readonly reply: string;
  constructor(reply: string) {
    super(reply);
    this.reply = reply;
  }
}

export function planFor(accounts: Accounts, address: string, rights: RelayRights): Planned {
  const found = new Map<string, Destination>();
  try {
    follow(address, [], new Set(), { accounts, found, rights });
  } catch (error) {
    if (error instanceof Refused) return { kind: 'refused', text: error.reply };
    throw error;
  }
  return { kind: 'planned', destinations: [...found.values()] };
}

interface Way {
  readonly accounts: Accounts;
  readonly rights: RelayRights;
  readonly found: Map<string, Destination>;
}

export function keyOf(destination: Destination): string {
  switch (destination.kind) {
    case 'mailbox':
      return `mailbox ${destination.account.id}`;
    case 'other':
      return `other ${destination.address}`;
    case 'host':
      return `host ${destination.host} ${destination.address}`;
  }
}

/** `above`: the aliases that lead here; `done`: those that have been followed to their ends. */
function follow(address: string, above: readonly Account[], done: Set<number>, way: Way): void {
  const add = (destination: Destination): void => {
    way.found.set(keyOf(destination), destination);
    if (way.found.size > MAX_DESTINATIONS) throw new Refused(TOO_MANY);
  };
  const belongs = way.accounts.belongs(address);
  if (belongs.kind === 'failed') throw new Refused(NOT_KNOWN_NOW);
  switch (belongs.value.kind) {
    case 'unknown':
      throw new Refused(UNKNOWN);
    case 'foreign':
      if (!mayLeave(above, way) || !way.rights.hasOthers) throw new Refused(NO_RELAY);
      add({ kind: 'other', address });
      return;
    case 'account': {
      const { account } = belongs.value;
      if (above.some(({ id }) => id === account.id)) throw new Refused(LOOP);
      if (done.has(account.id)) return;
      end(account, address, above, done, way, add);
      done.add(account.id);
    }
  }
}

function end(
  account: Account,
  address: string,
  above: readonly Account[],
  done: Set<number>,
  way: Way,
  add: (destination: Destination) => void,
): void {
  switch (account.type) {
    case 'mbox':
      add({ kind: 'mailbox', account, address });
      return;
    case 'mod':
    case 'feed':
      throw new Refused(CANNOT);
    case 'relay': {
      const target = parseTarget(account.arguments.trim());
      const isHost = target.kind === 'smtp' && target.protocol === 'smtp' && !target.isSocket;
      if (!isHost) throw new Refused(CANNOT);
      if (!mayLeave([...above, account], way)) throw new Refused(NO_RELAY);
      add({ kind: 'host', host: target.text, address });
      return;
    }
    case 'alias': {
      const addresses = addressesIn(account.arguments);
      if (addresses.length === 0) throw new Refused(CANNOT);
      if (above.length + 1 >= MAX_STEPS) throw new Refused(LOOP);
      for (const one of addresses) follow(one, [...above, account], done, way);
    }
  }
}

/** Separated by blanks, commas or semicolons; none when one of them is no address. */
function addressesIn(text: string): readonly string[] {
  const all = text
    .split(/[\s,;]+/)
    .map((one) => one.replace(/^<(.*)>$/s, '$1'))
    .filter((one) => one !== '');
  const isAddress = (one: string): boolean => /^[^\s<>@\0-\x1f\x7f]+@[^\s<>@\0-\x1f\x7f]+$/.test(one);
  return all.every(isAddress) ? all : [];
}

/** What an operator has written down as an alias may leave when anything may, but not from a domain whose mail stays here. */
function mayLeave(above: readonly Account[], { accounts, rights }: Way): boolean {
  if (!rights.isOn) return false;
  if (above.length === 0) return rights.mayName;
  return above.every(({ domain }) => !staysHere(accounts, domain));
}

/** Whether mail of this domain never goes to other servers. */
export function staysHere(accounts: Accounts, domain: string): boolean {
  const found = accounts.domain(domain);
  return found.kind === 'failed' || ((found.value?.flags ?? 0) & NO_MAIL_OUT) !== 0;
}

/** The domain of a sender, or of who has logged in; '' for none. */
export const domainOf = (address: string): string =>
  readAddress(address)?.domain ?? address.slice(address.lastIndexOf('@') + 1);
