// What can go wrong with a store, and where it is shown: each row names specs whose titles are looked for in their files, so that a spec that is
// renamed or removed is missed here.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const specs = join(import.meta.dirname, '../..');

/** A file below spec/, and titles in it. */
type Shown = readonly [file: string, ...titles: readonly string[]];

const cases = 'unit/store/cases.ts';
const room = 'unit/store/room.spec.ts';
const damage = 'fault/store-damage.spec.ts';
const onDisk = 'fault/store-hooks.spec.ts';
const overRedis = 'fault/redis.spec.ts';
const hooks = 'fault/redis-hooks.spec.ts';
const service = 'real/store-service.spec.ts';
const processes = 'real/store-processes.spec.ts';
const redis = 'real/redis.spec.ts';
const machines = 'real/helpers.spec.ts';
const cluster = 'real/cluster.spec.ts';

const rows: Readonly<Record<string, readonly Shown[]>> = {
  'all adapters: this process in memory and on disk, Redis, Valkey': [
    ['unit/store/embedded.spec.ts', "storeCases('in memory'", "storeCases('on disk'"],
    ['real/redis-cases.spec.ts', "['redis-server', 'valkey-server']", 'storeCases('],
  ],
  'get, set, time runs out, delete, add twice, replace with a wrong old value, incr on a text': [
    [
      cases,
      'gives what was set, until it is removed',
      'has one winner of add',
      'does not count on %j',
      'forgets what has run out',
    ],
  ],
  'an exact sum of 10,000, whoever counts': [
    [cases, 'counts exactly, whoever counts'],
    [processes, 'count exactly'],
    [service, 'count exactly over SMTP'],
  ],
  'every octet, the empty value, 512 and 513 octets, store-max-value and one more': [
    [
      cases,
      'keeps every octet of keys and values',
      'has keys of 1 to 512 octets and values of 0 to store-max-value',
    ],
  ],
  'incr does not prolong': [[cases, 'and does not prolong by counting']],
  'a hundred keys, some missing, in one round trip': [
    [cases, 'gives many at once, those that are there'],
    [overRedis, 'are asked for in one round trip, some of them missing'],
  ],
  'killed with -9, one of several or all, in the middle of writing': [
    [processes, 'lose nothing that was answered when they are killed'],
    [service, 'go on when one is killed'],
  ],
  'a file that was cut, has a flipped bit, is of another version': [
    [
      damage,
      'was cut, anywhere, is moved aside',
      'has a flipped bit gives right values or none',
      'is of another version is moved aside',
    ],
    [onDisk, 'whose file is damaged: mail flows'],
  ],
  'sums with a flipped bit': [
    [room, 'is counted anew, and said once', 'is right in the end, whatever is written meanwhile'],
  ],
  'an entry that a newer smtpe wrote': [
    [damage, 'is missing, and can be written over'],
    [overRedis, "'a newer version'"],
  ],
  'two smtpe on one directory, one is killed': [
    [
      service,
      'two services share a directory: one is killed, the other goes on, and the first comes back to the same sums',
    ],
    [damage, 'is used by others is not touched'],
  ],
  'the disk is full': [
    [damage, 'answers limit to writes, reads go on', 'has no place for a new store'],
    [onDisk, 'whose disk is full: limit for what is written'],
  ],
  'a directory that may not be written to, or others may write to': [
    [onDisk, 'a directory that can only be read is refused, by its name'],
    [damage, 'that others may write to is refused', 'that is a file is refused'],
    [service, 'a directory that is none'],
  ],
  'different keys of a stranger without end: bounded, counters survive, nobody stands still': [
    [
      room,
      'by a stranger: bounded, counters survive, and no step is long',
      'drive out no greylist',
      'makes room for a large value in several steps',
    ],
  ],
  'many entries expire at once': [
    [room, 'is swept in slices', 'is swept by one of two who have the store open'],
  ],
  'a clock that is set, forward or back': [
    [room, 'that is set forward ends', 'that is set back makes entries live longer', 'that was years ahead'],
  ],
  'Redis stalls': [
    [
      overRedis,
      'costs each call its deadline, and after five of them nothing',
      'a hundred callers at a stalled server are done soon',
    ],
    [hooks, 'that stalls: a hundred hooks at once are done soon'],
  ],
  'Redis refuses, closes in the middle, is late, answers errors, half a reply or 10 MB': [
    [
      overRedis,
      'at the same port after it was away from the start',
      'and closes: down at once',
      'does not go to the next call',
      "'LOADING'",
      "'READONLY'",
      "'OOM'",
      "'NOAUTH'",
      'NOSCRIPT to a script',
      'half a value',
      "'10 MB'",
    ],
  ],
  'Redis comes back': [
    [overRedis, 'is found at the next trial, without a call and without a restart'],
    [redis, 'is stopped under load and goes on'],
    [cluster, 'go on while Redis is killed and comes back'],
  ],
  'on_failure of each helper': [
    ['unit/helpers/ratelimit.spec.ts', 'open lets it pass', 'closed does not', 'local, which is the default'],
    ['unit/helpers/greylist.spec.ts', 'when the store has failed'],
    ['unit/helpers/callahead.spec.ts', 'when the store has failed'],
    [
      'unit/helpers/dnsbl.spec.ts',
      'counts a list without an answer with its greatest weight when it is told to',
      'needs no store',
    ],
  ],
  'Redis is away before the start, or dies later; store-required': [
    [hooks, 'that is not there at the start: it serves', 'that dies between two hooks and comes back'],
    ['unit/cli/required-stores.spec.ts', 'looks at every store on another machine'],
    [service, 'a required Redis that is not there'],
  ],
  'Sentinel lets a replica follow in mid traffic': [
    [redis, 'is followed by its replica, as Sentinel says, in mid traffic'],
  ],
  'a rate against a reference; two machines, a thousand calls at once': [
    ['property/ratelimit.spec.ts', 'any arrivals'],
    [machines, 'allow a thousand calls at once exactly the limit'],
    [cluster, 'hold one rate together, to the last one'],
  ],
  'a greylist at its times, by its networks and senders': [
    [
      'unit/helpers/greylist.spec.ts',
      'at 299 s it is early',
      'at 300 s it passes',
      'at 301 s it passes',
      'after the window it begins anew',
      'the same /24 is the same client',
      'VERP',
      'null sender',
      "'white'",
    ],
    [cluster, 'let a client pass that was asked to come back by the other'],
  ],
  'DNS lists: two of three, 127.255.255.254, NXDOMAIN, IPv6, the threshold': [
    [
      'unit/helpers/dnsbl.spec.ts',
      'two of three have the client, the third has no answer',
      'it may not be asked',
      'nobody listed',
      'asks for IPv6 by nibbles',
      'waits for nobody once the threshold is reached',
    ],
  ],
  'call-ahead: its replies, a catch-all host, one that is down, a hundred at once': [
    [
      'unit/helpers/callahead.spec.ts',
      '550 5.1.1 no such user',
      '550 5.7.1 you may not',
      '450 4.2.1 later',
      'is unsure about a host that takes everybody',
      'is unsure when no host can be reached',
      'asks once for a hundred',
    ],
  ],
  'access: its order, CRLF, a million lines, read again, a mistake': [
    ['unit/helpers/access.spec.ts', 'the ladder'],
    ['unit/modules/map.spec.ts', 'is read again in the background', 'line 7'],
    ['unit/modules/map-content.spec.ts', '\\r\\n'],
    ['load/map.spec.ts', '1_000_000'],
  ],
  'a policy that uses no store': [
    [
      service,
      'is not opened, and neither LMDB nor ioredis is loaded; SIGHUP may begin to use it',
      'on another machine is not connected to',
    ],
    [hooks, 'that it does not use: nobody connects to it'],
    ['unit/cli/start-checks.spec.ts', 'looks whether a policy uses it'],
  ],
  'hook-max-pending, and a client that leaves while a call waits': [
    [
      hooks,
      'has one call of a connection under way',
      'whose client leaves while a call waits: nothing is left of it',
    ],
    [onDisk, 'whose client leaves while it is written'],
  ],
  'hook.init uses it': [
    [hooks, 'in hook.init: it is there before the first client'],
    [service, 'Each worker runs hook.init'],
  ],
  'what a killed service has left': [
    [service, 'what a killed service has left in memory goes at the next start; what another one has stays'],
  ],
};

describe.each(Object.entries(rows))('%s', (_, shown) => {
  it.each(shown)('is shown by spec/%s', (file, ...titles) => {
    const text = readFileSync(join(specs, file), 'utf8');
    expect(titles.filter((title) => !text.includes(title))).toEqual([]);
  });
});
