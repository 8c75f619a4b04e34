// Opens the store that a URL names. Each adapter is loaded when it is first asked for.
import type { StoreUrl } from '../options/store-url.ts';
import type { OpenOutcome, StoreParts } from './adapter.ts';

/** `name` is for log lines: `store`, or `store.NAME`. */
export async function openStore(name: string, url: StoreUrl, parts: StoreParts): Promise<OpenOutcome> {
  switch (url.kind) {
    case 'memory':
    case 'lmdb':
      return (await import('./embedded/open-embedded.ts')).openEmbedded(name, url, parts);
    case 'redis':
    case 'redis-socket':
    case 'redis-sentinel':
      return (await import('./redis/open-redis.ts')).openRedis(name, url, parts);
  }
}
