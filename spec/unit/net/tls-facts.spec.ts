import { describe, expect, it } from 'vitest';
import { cipherBits, cleanText } from '../../../src/net/tls-facts.ts';

describe('texts of a stranger', () => {
  it.each([
    ['mx.example', 'mx.example'],
    ['a\r\nMAIL FROM:<x>\0\x7f', 'a??MAIL FROM:<x>??'],
    ['b\xfcro', 'b\xfcro'],
    ['x'.repeat(300), 'x'.repeat(256)],
    ['', ''],
  ])('%j is kept as %j', (text, kept) => {
    expect(cleanText(text)).toBe(kept);
  });
});

describe('the bits of a cipher', () => {
  it.each([
    ['TLS_AES_256_GCM_SHA384', 256],
    ['TLS_AES_128_CCM_8_SHA256', 128],
    ['TLS_CHACHA20_POLY1305_SHA256', 256],
    ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 128],
    ['ECDHE-ECDSA-AES256-GCM-SHA384', 256],
    ['TLS_ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384', 256],
    ['TLS_NULL', undefined],
  ])('%s: %s', (name, bits) => {
    expect(cipherBits(name)).toBe(bits);
  });
});
