import { expect, it } from 'vitest';
import { parseRecord } from '../../../src/mail-auth/spf/record.ts';

it('what is kept of records of strangers is as much as honest ones have', () => {
  const honest = `v=spf1${' ip4:192.0.2.0/24'.repeat(25)} include:a.example -all`;
  expect(parseRecord(honest)).toBe(parseRecord(honest));
  const crowded = `v=spf1${' a'.repeat(250)}`;
  expect(parseRecord(crowded)).not.toBe(parseRecord(crowded));
  expect(parseRecord(crowded)).toEqual(parseRecord(crowded));
});
