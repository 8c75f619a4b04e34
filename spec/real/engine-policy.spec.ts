// The policy of spec/session/engine-policy with a real redis-server.
import { afterAll, beforeAll } from 'vitest';
import { enginePolicySpecs } from '../fakes/engine-policy.ts';
import { describeWith } from './needs.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

describeWith(['redis-server'], 'a policy as they were written for the original, with redis-server', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  enginePolicySpecs(() => ({
    port: redis.port,
    flush: async () => {
      await redis.say('FLUSHALL');
    },
  }));
});
