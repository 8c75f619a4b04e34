// What policies remember across connections, workers and machines. Rows of option-table.ts. `store.NAME` is read by option-set.ts in the
// form of `store`.
import { atStart, flag, integer, type OptionSpec, text, untilRestart } from './option-spec.ts';

const fixed = <S extends OptionSpec>(spec: S): S => untilRestart(atStart(spec));

export const storeOptions = {
  store: fixed(
    text(
      'memory',
      'store',
      'Where the module store keeps what policies remember: memory (for all workers, gone at the end), lmdb:/var/lib/smtpe/store (on this disk), ' +
        'redis://host:6379/0, rediss://host:6379/0, redis+unix:/run/redis/redis.sock or redis+sentinel://host:26379,host:26379/master (Redis or Valkey, for several machines). ' +
        'Others beside it are store.NAME=URL, for store.open(NAME). Nothing is opened before a policy uses it.',
    ),
  ),
  'store-prefix': fixed(
    text('smtpe:', 'user-name', 'What all keys begin with in Redis, where others may have theirs.'),
  ),
  'store-timeout': fixed(
    integer(100, 1, 60_000, 'ms', 'The longest that a call of the store may wait for Redis.'),
  ),
  'store-max-memory': fixed(
    integer(
      67_108_864,
      1_048_576,
      1_099_511_627_776,
      'bytes',
      'The most that the store on this machine may hold, keys and values with what keeping them costs. When it is full, what expires soonest makes room.',
    ),
  ),
  'store-max-entries': fixed(
    integer(
      200_000,
      100,
      1_000_000_000,
      'entries',
      'The most entries of the store on this machine. When it is full, what expires soonest makes room.',
    ),
  ),
  'store-max-value': fixed(
    integer(
      65_536,
      1,
      16_777_216,
      'bytes',
      'The longest value of the store; a longer one is refused with `limit`.',
    ),
  ),
  'store-required': fixed(
    flag(
      false,
      'Do not start, and say at /readyz that we are not ready, while a store on another machine that the policy uses cannot be reached.',
    ),
  ),
  'store-password-file': fixed(
    text('', 'path', 'File with the password for Redis in its first line. Readable for nobody else.'),
  ),
  'store-ca-file': fixed(
    text(
      '',
      'path',
      'PEM file of the authorities that the certificate of a rediss:// server must come from, instead of the usual ones.',
    ),
  ),
} as const satisfies Record<string, OptionSpec>;
