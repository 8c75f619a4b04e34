// What a script names a dict by: `file:/var/lib/x/dict`, `redis:host=127.0.0.1:port=6379:prefix=x/`. Pure.
import { isIP } from 'node:net';

export type DictPlace =
  /** `path` may have %u, %n and %d. */
  | { readonly kind: 'file'; readonly path: string }
  | {
      readonly kind: 'redis';
      readonly host: string;
      readonly port: number;
      /** Of a socket; then host and port mean nothing. */
      readonly path: string | undefined;
      readonly prefix: string;
      readonly database: number;
      /** Milliseconds; undefined: as option store-timeout says. */
      readonly timeoutMs: number | undefined;
      /** What is set is gone then; 0: never. */
      readonly expireSeconds: number;
      readonly user: string;
      readonly password: string | undefined;
    };

export type DictPlaceOutcome =
  | { readonly kind: 'place'; readonly place: DictPlace }
  /** Without the text, which may have a password in it. */
  | { readonly kind: 'wrong'; readonly why: string };

const FORMS = 'right would be file:/path or redis:host=ADDRESS:port=NUMBER:prefix=TEXT';
const wrong = (why: string): DictPlaceOutcome => ({ kind: 'wrong', why });

const settings = ['host', 'port', 'path', 'prefix', 'db', 'timeout_msecs', 'expire_secs', 'user', 'password'];

/** Words between colons or commas; within brackets and in what is behind `path=` a colon is none. */
function wordsOf(text: string): readonly string[] {
  const words: string[] = [];
  let word = '';
  let depth = 0;
  for (const character of text) {
    if (character === '[') depth++;
    if (character === ']') depth--;
    if (depth === 0 && (character === ':' || character === ',')) {
      words.push(word);
      word = '';
    } else word += character;
  }
  return [...words, word].filter((one) => one !== '');
}

function readFile(text: string): DictPlaceOutcome {
  const [path = '', lock] = text.split(/:(?=lock=)/);
  if (lock !== undefined && lock !== 'lock=dotlock')
    return wrong(`file: ${lock} is not known; the file is locked by PATH.lock, as Dovecot does by default`);
  if (!path.startsWith('/')) return wrong('file: a path from the root is needed, such as file:/var/lib/dict');
  if (/[\x00-\x1f\x7f]/.test(path)) return wrong('file: the path has control characters');
  const unknown = /%(?![und%])./s.exec(`${path} `);
  if (unknown !== null) return wrong(`file: ${unknown[0]} is not known in the path; %u, %n, %d and %% are`);
  return { kind: 'place', place: { kind: 'file', path } };
}

function readRedis(text: string): DictPlaceOutcome {
  const given = new Map<string, string>();
  for (const word of wordsOf(text)) {
    const at = word.indexOf('=');
    const name = at < 0 ? '' : word.slice(0, at);
    if (!settings.includes(name))
      return wrong(
        `redis: ${name === '' ? 'a word without =' : name} is not known; known are ${settings.join(' ')}`,
      );
    given.set(name, word.slice(at + 1));
  }
  const number = (name: string, fallback: number, most: number): number | undefined => {
    const value = given.get(name) ?? String(fallback);
    return /^\d{1,10}$/.test(value) && Number(value) <= most ? Number(value) : undefined;
  };
  const port = number('port', 6379, 65_535);
  if (port === undefined || port === 0) return wrong('redis: port is a number from 1 to 65535');
  const database = number('db', 0, 99_999);
  if (database === undefined) return wrong('redis: db is a number from 0 to 99999');
  const timeout = number('timeout_msecs', 0, 600_000);
  if (timeout === undefined) return wrong('redis: timeout_msecs is a number from 1 to 600000');
  const expireSeconds = number('expire_secs', 0, 315_360_000);
  if (expireSeconds === undefined) return wrong('redis: expire_secs is a number from 1 to 315360000');
  const path = given.get('path');
  if (path !== undefined && !path.startsWith('/'))
    return wrong('redis: path is that of a socket, from the root');
  const host = (given.get('host') ?? '127.0.0.1').replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) === 0 && !/^[A-Za-z0-9._-]{1,253}$/.test(host))
    return wrong('redis: host is a name or an address');
  return {
    kind: 'place',
    place: {
      ...{ kind: 'redis', host, port, path, database, expireSeconds },
      prefix: given.get('prefix') ?? '',
      timeoutMs: timeout === 0 ? undefined : timeout,
      user: given.get('user') ?? '',
      password: given.get('password'),
    },
  };
}

export function readDictPlace(text: string): DictPlaceOutcome {
  const at = text.indexOf(':');
  const [driver, rest] = at < 0 ? ['', ''] : [text.slice(0, at), text.slice(at + 1)];
  switch (driver) {
    case 'file':
      return readFile(rest);
    case 'redis':
      return readRedis(rest);
    default:
      return wrong(`there is no such kind of dict; ${FORMS}`);
  }
}

export type UserPath =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'wrong'; readonly why: string };

/** The path with the name of a user in it. A name never leads out of the directory that the path says. */
export function pathOf(template: string, user: string | undefined): UserPath {
  if (!template.includes('%')) return { kind: 'path', path: template };
  const isOfUser = /%[und]/.test(template);
  if (isOfUser && (user === undefined || user === ''))
    return { kind: 'wrong', why: `the path ${template} is of a user, and no user was named` };
  const [name = '', domain = ''] = (user ?? '').split(/@(.*)/s, 2);
  const parts: Readonly<Record<string, string>> = { u: user ?? '', n: name, d: domain, '%': '%' };
  let bad = false;
  const path = template.replace(/%([und%])/g, (_all, letter: string) => {
    const part = parts[letter] ?? '';
    bad ||= letter !== '%' && (part === '' || part.startsWith('.') || /[\x00-\x1f\x7f/]/.test(part));
    return part;
  });
  return bad
    ? { kind: 'wrong', why: `the name of the user cannot stand in the path ${template}` }
    : { kind: 'path', path };
}
