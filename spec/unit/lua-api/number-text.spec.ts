import { describe, expect, it } from 'vitest';
import { numberText } from '../../../src/lua-api/number-text.ts';
import { TestEngine } from '../../fakes/lua-engine.ts';

describe('numberText', () => {
  it('writes numbers as Lua does', async () => {
    const engine = await TestEngine.start();
    const numbers = [
      0,
      -1,
      1.5,
      0.1 + 0.2,
      1e-4,
      1e-5,
      123456.789,
      1e14 + 0.5,
      1e15 + 0.5,
      1e16,
      1e21,
      1e300,
      -1e-300,
    ];
    numbers.push(...Array.from({ length: 300 }, (_, i) => (i - 150.25) * 10 ** ((i % 40) - 20)));
    for (const value of [...numbers, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      if (Number.isInteger(value) && Math.abs(value) > 2 ** 53) continue;
      const literal = Number.isFinite(value) ? `tonumber('${value}')` : value > 0 ? '1/0' : '-1/0';
      expect([value, numberText(value)]).toEqual([value, (await engine.eval(`return ${literal} .. ''`))[0]]);
    }
  });
});
