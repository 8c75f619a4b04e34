// The commands of Redis that the policy of spec/session/engine-policy uses, over a Map: for machines without a redis-server.
import { bulk, type FakeRedis, NIL, OK, startFakeRedis } from './redis-server.ts';

type Value = string | Map<string, string> | string[] | Set<string>;

const list = (items: readonly string[]): Buffer =>
  Buffer.concat([Buffer.from(`*${items.length}\r\n`), ...items.map((item) => bulk(item))]);
const integer = (value: number): string => `:${value}\r\n`;

/** What is in it by key, and for how many seconds. */
export interface RedisMemory {
  readonly redis: FakeRedis;
  readonly values: ReadonlyMap<string, Value>;
}

export async function startRedisMemory(): Promise<RedisMemory> {
  const values = new Map<string, Value>();
  const made = <V extends Value>(key: string, make: () => V): V => {
    const value = (values.get(key) as V | undefined) ?? make();
    values.set(key, value);
    return value;
  };
  const redis = await startFakeRedis(([command = '', key = '', first = '', second = '']) => {
    switch (command) {
      case 'GET': {
        const value = values.get(key);
        return typeof value === 'string' ? bulk(value) : NIL;
      }
      case 'SET':
        values.set(key, first);
        return OK;
      case 'EXPIRE':
        return integer(values.has(key) ? 1 : 0);
      case 'DEL':
        return integer(values.delete(key) ? 1 : 0);
      case 'HSET': {
        const map = made(key, () => new Map<string, string>());
        const isNew = !map.has(first);
        map.set(first, second);
        return integer(isNew ? 1 : 0);
      }
      case 'HINCRBY': {
        const map = made(key, () => new Map<string, string>());
        const sum = Number(map.get(first) ?? 0) + Number(second);
        map.set(first, String(sum));
        return integer(sum);
      }
      case 'HGETALL':
        return list([...((values.get(key) as Map<string, string> | undefined) ?? new Map())].flat());
      case 'SADD':
        made(key, () => new Set<string>()).add(first);
        return integer(1);
      case 'SISMEMBER':
        return integer((values.get(key) as Set<string> | undefined)?.has(first) === true ? 1 : 0);
      case 'LPUSH':
        return integer(made(key, () => [] as string[]).unshift(first));
      case 'LTRIM':
        return OK;
      case 'KEYS':
        return list([...values.keys()].filter((name) => name.startsWith(key.replace('*', ''))));
      default:
        return `-ERR unknown command '${command}'\r\n`;
    }
  });
  return { redis, values };
}
