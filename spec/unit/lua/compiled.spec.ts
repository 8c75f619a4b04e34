// Values of all kinds go to Lua through one function, millions of times. The optimizing compiler of Node 20 once made code of it that read the
// length of a number and ended the process: here it gets all the reason to compile that there can be. A crash shows as a worker that is gone.

import { expect, it } from 'vitest';
import { LuaEngine } from '../../../src/lua/engine.ts';
import { TestEngine } from '../../fakes/lua-engine.ts';

const values = {
  s: 'text',
  l: 'x'.repeat(300),
  n: 1,
  f: 1.5,
  b: Buffer.from('bytes'),
  u: undefined,
  t: true,
} as const;
const mixes = ['snb', 'snbu', 'snbt', 'lnb', 'nnnsb', 'tsbn', 'sfb', 'sb', 'sn', 'nb'] as const;

it.each(mixes)('%s, over and over', async (mix) => {
  const { engine } = await TestEngine.start();
  const { api, bridge, main } = LuaEngine.coreOf(engine);
  const kinds = [...mix].map((kind) => values[kind as keyof typeof values]);
  for (let i = 0; i < 300_000; i++) {
    bridge.push(main, kinds[i % kinds.length]);
    api.lua_settop(main, 0);
  }
  for (const value of Object.values(values)) {
    bridge.push(main, value);
    expect(bridge.pull(main, -1, () => undefined)).toEqual(
      Buffer.isBuffer(value) ? value.toString('latin1') : value,
    );
    api.lua_settop(main, 0);
  }
});
