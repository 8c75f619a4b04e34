import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readUrl } from '../../../src/uri/read-url.ts';

it('reads octets above ASCII the thousandth time as the first', () => {
  for (let i = 0; i < 20_000; i++)
    if (readUrl('http://\xfc.example/')?.hostname !== 'xn--tda.example') expect.unreachable(`time ${i}`);
  expect(readUrl('http://[::1')).toBeUndefined();
});

it('nobody asks URL.canParse', () => {
  const source = join(import.meta.dirname, '../../../src');
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const asks = files.filter((name) => readFileSync(join(source, name), 'utf8').includes('URL.canParse('));
  expect(asks).toEqual([]);
});
