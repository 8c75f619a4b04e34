import { expect, it } from 'vitest';
import { Capability, capabilities } from '../../../src/base/capability.ts';

const NAME = new Capability<string>('name');
const OTHER = new Capability<string>('name');

it('gives what the holder has, by the key and not by its name', () => {
  const holder = { capabilities: capabilities(NAME.is('a'), OTHER.is(undefined)) };
  expect(NAME.of(holder)).toBe('a');
  expect(NAME.in(holder)).toBe('a');
  expect(OTHER.of(holder)).toBeUndefined();
});

it('says which one is missing', () => {
  expect(() => OTHER.in({ capabilities: capabilities(NAME.is('a')) })).toThrow('the caller has no name');
});
