// When a server of the benchmark is warm, with servers that are curves: what a message costs after so many.
import { describe, expect, it } from 'vitest';
import { type Bounds, usual, warmUp } from './warm-up.ts';

/** A server whose message number n costs `cost(n)` seconds of the processor, and whose load waits as long again. `spans`: what was sent at once. */
function server(cost: (n: number) => number) {
  const spans: number[] = [];
  let sent = 0;
  const spend = (count: number): Promise<{ cpu: number; seconds: number }> => {
    let cpu = 0;
    for (let n = sent; n < sent + count; n++) cpu += cost(n);
    sent += count;
    spans.push(count);
    return Promise.resolve({ cpu, seconds: cpu * 2 });
  };
  return { spend, spans };
}

const bounds: Bounds = { ...usual, mostSeconds: 60 };

describe('a server is warm', () => {
  it('when two spans in a row agree, not before', async () => {
    // Cold for 20,000 messages, and then at once four times as fast.
    const { spend, spans } = server((n) => (n < 20_000 ? 0.0008 - n * 2e-8 : 0.0002));
    const warmed = await warmUp(spend, 20, { ...bounds, leastMessages: 20_500, leastCpu: 60 });
    expect(warmed.settled).toBe(true);
    expect(warmed.messages).toBeGreaterThan(20_000);
    expect(warmed.each).toBeCloseTo(0.0002, 5);
    expect(spans.reduce((x, y) => x + y)).toBe(warmed.messages);
  });

  it('not for a lucky pair of spans: so many messages come first', async () => {
    const { spend } = server(() => 0.0001);
    expect((await warmUp(spend, 20, bounds)).messages).toBeGreaterThanOrEqual(bounds.leastMessages);
  });

  it('by its processor time where messages are heavy', async () => {
    const { spend, spans } = server(() => 0.02);
    const warmed = await warmUp(spend, 20, bounds);
    expect(warmed.settled).toBe(true);
    expect(warmed.messages * 0.02).toBeGreaterThanOrEqual(bounds.leastCpu);
    expect(warmed.messages * 0.02).toBeLessThan(bounds.leastCpu + 2);
    // A span has as many messages as the load has sessions at least.
    expect(Math.min(...spans)).toBe(20);
  });

  it.each([
    ['seconds', { ...bounds, mostSeconds: 3 }, (n: number) => 0.001 * 0.9998 ** n],
    ['messages', { ...bounds, mostMessages: 9000 }, (n: number) => 0.001 * 0.9998 ** n],
  ])('or says that it is not, at its bound of %s', async (_, some, cost) => {
    const { spend } = server(cost);
    const warmed = await warmUp(spend, 20, some);
    expect(warmed.settled).toBe(false);
    expect(warmed.seconds).toBeLessThan(some.mostSeconds + 2 * some.span);
    expect(warmed.messages).toBeLessThan(some.mostMessages + 9000);
  });

  it('what cannot be sent is told', async () => {
    await expect(warmUp(() => Promise.reject(new Error('refused')), 20)).rejects.toThrow('refused');
  });
});
