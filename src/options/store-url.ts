// Where a store is: option `store` and `store.NAME`. Pure; nothing is opened. A password stands in no URL, because command lines, option
// files and `info` are read by many: store-password-file has it.
import { readHostPort } from '../net-address/host-list.ts';

export type StoreUrl =
  | { readonly kind: 'memory' }
  /** `path` is a directory. */
  | { readonly kind: 'lmdb'; readonly path: string }
  | {
      readonly kind: 'redis';
      readonly host: string;
      readonly port: number;
      readonly tls: boolean;
      readonly user: string;
      readonly database: number;
    }
  | {
      readonly kind: 'redis-socket';
      readonly path: string;
    }
  | {
      readonly kind: 'redis-sentinel';
      readonly sentinels: readonly { readonly host: string; readonly port: number }[];
      readonly master: string;
      readonly user: string;
      readonly database: number;
    };

export type StoreUrlOutcome =
  | { readonly kind: 'url'; readonly url: StoreUrl }
  /** `expected` is put behind "expected ". */
  | { readonly kind: 'wrong'; readonly expected: string };

const FORMS =
  'memory, lmdb:/directory, redis://host:6379/0, rediss://host:6379/0, redis+unix:/run/redis/redis.sock or redis+sentinel://host:26379,host:26379/master';

const wrong = (expected: string): StoreUrlOutcome => ({ kind: 'wrong', expected });

const URL_FORM = /^(redis|rediss|redis\+sentinel):\/\/(?:([^@/]*)@)?([^/@]+)((?:\/[^/]*)*)$/i;

function readDatabase(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return 0;
  return /^(?:0|[1-9]\d{0,4})$/.test(text) ? Number(text) : undefined;
}

/** The user of `user@`, as a URL writes it; undefined when it is not one. */
function readUser(text: string | undefined): string | undefined {
  try {
    return decodeURIComponent(text ?? '');
  } catch {
    return undefined;
  }
}

function readServer(text: string): StoreUrlOutcome {
  const match = URL_FORM.exec(text);
  if (match === null) return wrong(FORMS);
  const [, scheme = '', login, hosts = '', rest = ''] = match;
  if (login?.includes(':'))
    return wrong('no password in it, where others can read it; store-password-file has it');
  const user = readUser(login);
  if (user === undefined) return wrong('the name of a user in front of the @');
  const parts = rest.split('/').slice(1);
  if (scheme.toLowerCase() === 'redis+sentinel') {
    const sentinels = hosts.split(',').map((host) => {
      const read = readHostPort(host);
      return read && { host: read.host, port: read.port ?? 26_379 };
    });
    const known = sentinels.flatMap((one) => (one === undefined ? [] : [one]));
    const database = readDatabase(parts[1]);
    const master = parts[0] ?? '';
    if (known.length !== sentinels.length || master === '' || database === undefined || parts.length > 2)
      return wrong('sentinels and the name of their master: redis+sentinel://a:26379,b:26379/mymaster');
    return { kind: 'url', url: { kind: 'redis-sentinel', sentinels: known, master, user, database } };
  }
  const server = readHostPort(hosts);
  const database = readDatabase(parts[0]);
  if (server === undefined || database === undefined || parts.length > 1) return wrong(FORMS);
  const { host, port = 6379 } = server;
  return {
    kind: 'url',
    url: { kind: 'redis', host, port, tls: scheme.toLowerCase() === 'rediss', user, database },
  };
}

export function readStoreUrl(text: string): StoreUrlOutcome {
  if (text.toLowerCase() === 'memory') return { kind: 'url', url: { kind: 'memory' } };
  const local = /^(lmdb|redis\+unix):(.*)$/is.exec(text);
  if (local === null) return readServer(text);
  const [, scheme = '', written = ''] = local;
  const path = written.replace(/^\/\/(?=\/)/, '');
  if (!path.startsWith('/'))
    return wrong(
      `a path from the root behind ${scheme}:, such as ${scheme.toLowerCase() === 'lmdb' ? 'lmdb:/var/lib/smtpe/store' : 'redis+unix:/run/redis/redis.sock'}`,
    );
  return {
    kind: 'url',
    url: { kind: scheme.toLowerCase() === 'lmdb' ? 'lmdb' : 'redis-socket', path },
  };
}

/** Names of stores that are there anyway. */
const taken = ['local'];

/** What would be right in place of NAME in `store.NAME`; undefined when it is one. */
export function wrongStoreName(name: string): string | undefined {
  if (!/^[a-z][a-z\d_-]{0,63}$/i.test(name))
    return 'a name of letters, digits, hyphens and underlines that begins with a letter, such as store.near';
  return taken.includes(name.toLowerCase())
    ? 'another name: store.local is the one on this machine'
    : undefined;
}
