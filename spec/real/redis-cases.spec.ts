// The table of cases of stores against a real Redis, and a real Valkey where there is one.
import { systemClock } from '../../src/base/clock.ts';
import { openRedisStore } from '../fakes/redis-store.ts';
import { type Adapter, closedCase, storeCases } from '../unit/store/cases.ts';
import { describeWith } from './needs.ts';
import { type RedisProgram, startRedis } from './redis-server.ts';

const adapter = (program: RedisProgram): Adapter => ({
  async open(options) {
    const server = await startRedis('', { program });
    // A machine under load may need longer for an answer than is usual.
    const open = async () =>
      (await openRedisStore(server.url, systemClock, { ...options, 'store-timeout': '10000' })).store;
    const [store, other] = [await open(), await open()];
    return {
      ...{ store, other },
      advance: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      close: async () => {
        await store.close();
        await other.close();
        await server.stop();
      },
    };
  },
});

const programs: readonly RedisProgram[] = ['redis-server', 'valkey-server'];
for (const program of programs)
  describeWith([program], program, () => {
    storeCases(`over ${program}`, adapter(program));
    closedCase(`a store over ${program}`, adapter(program));
  });
