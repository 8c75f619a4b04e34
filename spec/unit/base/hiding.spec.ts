// A password that others have put into base64 is found there, wherever it stands in their text: bodies of web services are in recordings so.
import { expect, it } from 'vitest';
import { Hiding } from '../../../src/base/hiding.ts';

const passwords = ['open', 'sesame', 'p\xe4ss>>??w\xf6rd', 'x'.repeat(60)];

it.each(passwords)('%j inside of base64', (password) => {
  const hiding = new Hiding().add('joe', password);
  for (const before of ['', '{', '{"', '{"p', 'abcd', 'abcde']) {
    for (const behind of ['', '"', '"}', '"}\n', 'abcd']) {
      const text = Buffer.from(before + password + behind, 'latin1');
      for (const form of ['base64', 'base64url'] as const) {
        const shown = hiding.in(`{"octets":"${text.toString(form)}"}`);
        expect(shown).toContain('***');
        // What is left beside the stars is of at most one octet of it on each side.
        const left = shown.slice('{"octets":"'.length, -2).replaceAll('*', '').replaceAll('=', '').length;
        expect(left).toBeLessThanOrEqual(Math.ceil(((before.length + behind.length + 2) * 8) / 6) + 2);
      }
    }
  }
});

it('other base64 stays as it is', () => {
  const hiding = new Hiding().add('joe', 'sesame').add('joe', 'abc');
  const text = Buffer.from('{"answer":"open, simsim"}').toString('base64');
  expect(hiding.in(text)).toBe(text);
});
