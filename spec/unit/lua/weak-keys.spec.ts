// Weak tables: values are let go, keys are held, whatever __mode says, because tables that lead to one another by weak keys would stop
// everybody while memory is collected.
import { beforeAll, expect, it } from 'vitest';
import { withoutWeakKeys } from '../../../src/lua/state/weak-keys.ts';
import { TestEngine } from '../../fakes/lua-engine.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await TestEngine.start();
});

it.each([
  ['k', 'kept'],
  ['v', 'gone'],
  ['kv', 'gone'],
  ['', 'kept'],
])('with __mode "%s" what nobody else refers to is %s', async (mode, expected) => {
  const instance = await engine.open(`t = setmetatable({}, { __mode = "${mode}" }) t[{}] = {}`);
  engine.engine.collect();
  expect(await instance.run('return next(t) and "kept" or "gone"', '=spec')).toMatchObject({
    values: [expected],
  });
  instance.close();
});

it('are as this Lua has them when its code is another', () => {
  const other = Uint8Array.of(0, 97, 115, 109);
  expect(withoutWeakKeys(other)).toBe(other);
  const twice = Uint8Array.of(0x41, 0xeb, 0x00, 0x10, 0, 0, 0x41, 0xeb, 0x00, 0x10, 0, 0);
  expect(withoutWeakKeys(twice)).toBe(twice);
  expect(engine.log.lines).toEqual([]);
});
