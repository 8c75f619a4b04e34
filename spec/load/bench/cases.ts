// What is measured: which servers, with which load. One row of the report is one case with all the servers that can run it, in the order of the rounds.
import { join } from 'node:path';
import { haraka } from './haraka.ts';
import type { Load } from './loads.ts';
import { postfix } from './postfix.ts';
import { floor, type ServerKind, smtpe, smtpServer, work } from './servers.ts';

export interface Case {
  readonly group: Group;
  readonly load: Load;
  readonly servers: readonly ServerKind[];
  /** True when a next hop is needed. */
  readonly sink?: boolean;
  /** True when a target needs it. */
  readonly aimed: boolean;
}

/** In the order of the page. */
export const groups = {
  a: 'accept and discard: no hooks, no log',
  b: 'six hooks (accept, ehlo, mail, rcpt, data, dot), with the log as it is by default and without',
  c: 'six hooks, and each header and body line; no log',
  d: 'six hooks and the log, forwarded to the next hop before the client is answered',
  e: 'six hooks and the log, and DNS queries that no cache has',
  f: 'SPF, DKIM (one rsa-2048 signature) and DMARC at the dot, with records and keys in the cache and without a cache, beside a dot that does nothing',
  g: 'full filter: six hooks, the checks of (f), attachments by name, links and a block list for their domains, beside six hooks with the same mail',
  h: 'six hooks, a limit for each network and a greylist that knows nobody yet, beside six hooks',
  i: 'STARTTLS with TLS 1.3 (ecdsa, P-256): new, resumed and kept; six hooks',
  j: 'a policy of 2,300 lines, beside six hooks; a connection for each message',
} as const;

export type Group = keyof typeof groups;

/** The messages of cases f and g, and the policy of j; the bench writes them. */
export const signedFile = join(work, 'signed.eml');
export const fullFile = join(work, 'full.eml');
export const largeFile = join(work, 'large.lua');

const KB = 1024;
const MB = 1024 * KB;
/** New connections, then kept ones. */
const both = (size: number, sessions = 20, file?: string): readonly Load[] =>
  [false, true].map((kept) => ({ size, kept, sessions, ...(file === undefined ? {} : { file }) }));
const usual = [KB, 10 * KB, MB].flatMap((size) => both(size));

/** Names by which targets find what they compare. */
export const names = {
  ours: 'smtpe',
  silent: 'smtpe, no log',
  haraka: 'Haraka 3.3.4',
  floor: 'floor',
  tlsFloor: 'TLS floor',
  postfix: postfix.name,
  six: 'smtpe, six hooks',
  atDot: 'smtpe, asked at the dot',
  none: 'smtpe, no checks',
  cached: 'smtpe, cached',
  uncached: 'smtpe, no cache',
  one: 'smtpe, one query',
  ten: 'smtpe, ten queries at once',
  memory: 'smtpe, store=memory',
  lmdb: 'smtpe, store=lmdb',
  redis: 'smtpe, store=redis',
  large: 'smtpe, 2,300 lines',
} as const;

export interface Places {
  /** Port of a name server for cases e, f and g. */
  readonly dns: number;
  /** Port of a Redis for case h. */
  readonly redis: number;
}

export function cases({ dns, redis }: Places): readonly Case[] {
  const asks = [`dns-servers=127.0.0.1:${dns}`];
  const asksAgain = [...asks, 'dns-cache-size=0'];
  const log = true;
  const six = smtpe({ policy: 'six.lua', log, name: names.six });
  const ours = smtpe({ policy: 'six.lua', log });
  const silent = smtpe({ policy: 'six.lua', name: names.silent });
  const none = smtpe({ policy: 'dot.lua', log, name: names.none });
  const atDot = smtpe({ policy: 'six.lua', log, name: names.atDot, options: ['smtp-forward-at=dot'] });
  const query = (policy: string, name: string): ServerKind => smtpe({ policy, log, name, options: asks });
  const filter = (policy: string): readonly ServerKind[] => [
    smtpe({ policy, log, name: names.cached, options: asks }),
    smtpe({ policy, log, name: names.uncached, options: asksAgain }),
  ];
  const stored = (name: string, place: string): ServerKind =>
    smtpe({ policy: 'store.lua', log, name, options: [`store=${place}`, 'store-timeout=5000'] });
  const row = (
    group: Group,
    loads: readonly Load[],
    servers: readonly ServerKind[],
    aimed: (load: Load) => boolean = () => false,
    sink = false,
  ): readonly Case[] => loads.map((load) => ({ group, load, servers, aimed: aimed(load), sink }));
  const tls: readonly Load[] = [
    { size: 10 * KB, kept: false, sessions: 20, tls: 'new' },
    { size: 10 * KB, kept: false, sessions: 20, tls: 'resumed' },
    { size: 10 * KB, kept: true, sessions: 20, tls: 'new' },
  ];
  const always = (): boolean => true;
  const plain = smtpe({ policy: 'none.lua' });
  return [
    ...row('a', usual, [floor(), plain, haraka(), smtpServer({})]),
    ...row('a', [...both(10 * KB, 1), ...both(10 * KB, 100)], [floor(), plain]),
    ...row('b', usual, [floor(), silent, ours, haraka({ log })], ({ size }) => size === 10 * KB),
    ...row('c', [...both(10 * KB), ...both(MB)], [floor(), smtpe({ policy: 'lines.lua' })]),
    ...row('d', [...both(4 * KB), ...both(MB)], [ours, atDot, postfix, haraka({ log })], always, true),
    ...row('e', both(10 * KB), [six, query('wait.lua', names.one), query('wait-ten.lua', names.ten)], always),
    ...row(
      'f',
      both(2 * KB, 20, signedFile),
      [none, ...filter('sender-checks.lua'), haraka({ log, checks: dns })],
      always,
    ),
    ...row('g', both(10 * KB, 20, fullFile), [six, ...filter('full-filter.lua')], always),
    ...row('h', both(10 * KB), [
      six,
      stored(names.memory, 'memory'),
      stored(names.lmdb, `lmdb:${join(work, 'store')}`),
      stored(names.redis, `redis://127.0.0.1:${redis}/0`),
    ]),
    ...row(
      'i',
      tls,
      [
        floor(true),
        smtpe({ policy: 'six.lua', tls: true, name: names.silent }),
        smtpe({ policy: 'six.lua', tls: true, log }),
        haraka({ tls: true, log }),
        smtpServer({ tls: true }),
      ],
      always,
    ),
    ...row(
      'j',
      [{ size: KB, kept: false, sessions: 20 }],
      [six, smtpe({ policy: largeFile, log, name: names.large })],
      always,
    ),
  ];
}
