// The policy in the manner of the original's author, whole dialogues, over a Redis of ours. With a real one: spec/real/engine-policy.spec.ts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enginePolicySpecs } from '../fakes/engine-policy.ts';
import { type RedisMemory, startRedisMemory } from '../fakes/redis-memory.ts';

let memory: RedisMemory;
beforeAll(async () => {
  memory = await startRedisMemory();
});
afterAll(() => memory.redis.close());

describe('a policy as they were written for the original', () => {
  enginePolicySpecs(() => ({
    port: memory.redis.port,
    flush: async () => (memory.values as Map<string, unknown>).clear(),
  }));

  it('has closed all its connections to Redis', async () => {
    await Promise.all(memory.redis.server.connections.map(({ closed }) => closed));
    expect(memory.redis.server.open).toBe(0);
  });
});
