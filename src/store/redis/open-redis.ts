// Opens a store on Redis or Valkey. A server that cannot be reached is waited for a moment only: a store that is down is one that may come back.
import type { Clock } from '../../base/clock.ts';
import type { OpenStore } from '../adapter.ts';
import { RedisCaller } from './caller.ts';
import { connectRedis, nameOf } from './connect.ts';
import { RedisStore } from './redis-store.ts';

/** Milliseconds for each step of making a connection. */
const CONNECT_MS = 500;

export const openRedis: OpenStore<'redis' | 'redis-socket' | 'redis-sentinel'> = async (name, url, parts) => {
  const { clock, log, options, random, resolver } = parts;
  const { values } = options;
  const server = nameOf(url);
  const caller = new RedisCaller({
    ...{ clock, random, log, name, server },
    timeoutMs: values['store-timeout'],
    connect: (signal) =>
      connectRedis(url, {
        ...{ clock, resolver, signal },
        timeoutMs: CONNECT_MS,
        passwordFile: values['store-password-file'],
        caFile: values['store-ca-file'],
      }),
  });
  const store = new RedisStore({
    caller,
    prefix: values['store-prefix'],
    maxValue: values['store-max-value'],
  });
  // The first call would pay for the connection out of its own time; a server that hangs must not hold it up for longer than that.
  await soon(caller.start(), clock);
  return { kind: 'open', store };
};

/** Resolves when `work` has, or after CONNECT_MS. */
function soon(work: Promise<void>, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(CONNECT_MS, resolve);
    void work.then(() => {
      timer.cancel();
      resolve();
    });
  });
}
