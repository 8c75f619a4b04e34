// Arrays that the store is given: with a hole they are refused, as what stands behind it would read as not there, or as within its limit.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HelperRig } from '../../fakes/helper-rig.ts';

let rig: HelperRig;
beforeAll(async () => {
  rig = await HelperRig.start();
});
afterAll(() => rig.close());

const limit = (name: string): string => `{ key = '${name}', limit = 1, per = 60 }`;

it.each([
  ["store.get{ 'a', nil, 'b' }", "#1 to 'store.get' (array without holes ([2] is nil, [3] is not) expected"],
  ["store.get{ nil, 'b' }", "#1 to 'store.get' (array without holes ([1] is nil, [2] is not) expected"],
  ["store.get{ 'a', [0] = 'b' }", "'store.get' (array without holes ([2] is nil, [0] is no place in it)"],
  ["store.open('local').get{ 'a', nil, 'b' }", 'array without holes ([2] is nil, [3] is not) expected'],
  [`store.rates{ ${limit('a')}, nil, ${limit('b')} }`, "'store.rates' (array without holes ([2] is nil"],
  [`store.rates{ nil, ${limit('b')} }`, "'store.rates' (array without holes ([1] is nil, [2] is not)"],
])('%s raises an error', async (call, message) => {
  await expect(rig.run(`local a = ${call}`)).rejects.toThrow(message);
});

it.each([
  ["local t = store.get{ n = 2, 'a', 'b' } return t.a, t.b", ['1', undefined]],
  ['local t = store.get{ nil } return next(t)', [undefined]],
  [`local ok, states = store.rates{ n = 1, ${limit('r')} } return ok, #states`, [true, 1]],
])('%s', async (code, results) => {
  expect(await rig.run(`store.set('a', '1', 60) ${code}`)).toEqual(results);
});
