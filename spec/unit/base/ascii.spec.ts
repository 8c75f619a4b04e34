import { expect, it } from 'vitest';
import { lowerAscii, withoutEnd } from '../../../src/base/ascii.ts';

it('lowerAscii changes A to Z and no other octet', () => {
  const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
  const wanted = all.replace(/[A-Z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 32));
  expect(lowerAscii(all)).toBe(wanted);
  expect(lowerAscii('M\xc3\x9cLLER.example')).toBe('m\xc3\x9cller.example');
});

it.each([
  ['a..', '.', 'a'],
  ['..', '.', ''],
  ['a.b', '.', 'a.b'],
  ['', '.', ''],
  ['x\r\n\n\r', '\r\n', 'x'],
])('withoutEnd of %j and %j', (text, tail, wanted) => {
  expect(withoutEnd(text, tail)).toBe(wanted);
});
