// Names of domains and users, as accounts have them, and of the directories that their mail lies in. What a script or a stranger says becomes a
// name here or is none: nothing else makes a path of it. Text is octets, one character each (latin1). Pure.
//
// Must never let two accounts have one directory, or a name lead out of the directory that it is for.
import { join, resolve } from 'node:path';
import { lowerAscii } from '../base/ascii.ts';
import { domainInAscii } from '../net-address/idn.ts';

const MAX_USER = 64;
const MAX_DOMAIN = 255;
/** Of the path of a domain, below the place of all mail: it is a key of the database. */
const MAX_PLACE = 1000;

/** In lower case; undefined: no user can be named so. It may be a pattern (glob.ts). */
export function readUser(text: string): string | undefined {
  const isName = text.length >= 1 && text.length <= MAX_USER && !/[\x00-\x20\x7f@/]|[^\x00-\xff]/.test(text);
  return isName ? lowerAscii(text) : undefined;
}

/** In lower case, U-labels in UTF-8 as A-labels (RFC 5890): the two are one name. undefined: no domain can be named so. */
export function readDomain(text: string): string | undefined {
  const name = domainInAscii(text);
  if (name === undefined || name.length > MAX_DOMAIN) return undefined;
  return /^[a-z\d_-]{1,63}(?:\.[a-z\d_-]{1,63})*$/.test(name) ? name : undefined;
}

/** What stands behind the name of an account that was deleted, in the name of its directory. */
const DELETED = '.deleted-';

/**
 * The name of the directory of a user or a domain: octets that paths or shells know otherwise are `%XX`, so is a dot at the beginning, which
 * folders of Maildir++ have, and that of `.deleted-`, which only accounts that are gone have.
 */
export function directoryName(name: string): string {
  const coded = (octet: string): string =>
    `%${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  return name
    .replace(/[^A-Za-z0-9+=_.-]/g, coded)
    .replace(/^\./, coded)
    .replace(/\.(?=deleted-)/g, coded);
}

/** `directory` when its account is gone; `time`: milliseconds since the Epoch, `count`: for another one of the same second. */
export const deletedName = (directory: string, time: number, count: number): string =>
  `${directory}${DELETED}${new Date(time).toISOString().slice(0, 19).replaceAll(':', '-')}${count === 0 ? '' : `.${count}`}`;

/**
 * Where the mail of a domain lies, below the place of all mail, without a slash at either end: by its name, or by `path`, which may be absolute.
 * undefined: it would not be below it.
 */
export function placeOfDomain(storage: string, domain: string, path: string): string | undefined {
  if (path === '') return directoryName(domain);
  if (path.includes('\0')) return undefined;
  const below = `${resolve(storage)}/`;
  const whole = resolve(storage, path);
  if (!whole.startsWith(below) || whole.length - below.length > MAX_PLACE) return undefined;
  return whole.slice(below.length);
}

/** The Maildir of a user. `place`: that of its domain. */
export const maildirOf = (storage: string, place: string, user: string): string =>
  join(storage, place, directoryName(user));

export interface AccountAddress {
  readonly user: string;
  readonly domain: string;
}

/** The last `@` is the one; quotes around the local part (RFC 5321 section 4.1.2) are none of it. undefined: no account can have it. */
export function readAddress(address: string): AccountAddress | undefined {
  const at = address.lastIndexOf('@');
  if (at < 0) return undefined;
  const local = address.slice(0, at);
  const bare = /^".*"$/s.test(local) ? local.slice(1, -1).replace(/\\(.)/gs, '$1') : local;
  const [user, domain] = [readUser(bare), readDomain(address.slice(at + 1))];
  return user === undefined || domain === undefined ? undefined : { user, domain };
}
