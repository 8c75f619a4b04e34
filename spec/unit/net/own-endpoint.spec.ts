import { describe, expect, it } from 'vitest';
import { isOurOwn } from '../../../src/net/own-endpoint.ts';

const interfaces = () => ({
  eth0: [{ address: '192.0.2.7' }, { address: '2001:db8::7' }],
  lo: [{ address: '127.0.0.1' }],
});

describe('isOurOwn', () => {
  it.each([
    ['0.0.0.0', '192.0.2.7', true],
    ['0.0.0.0', '127.8.9.1', true],
    ['0.0.0.0', '::1', false],
    ['0.0.0.0', '192.0.2.8', false],
    ['::', '192.0.2.7', true],
    ['::', '2001:db8::7', true],
    ['::', '::ffff:192.0.2.7', true],
    ['::', '2001:db8::8', false],
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.1', '127.0.0.2', false],
    ['127.0.0.1', '192.0.2.7', false],
    ['192.0.2.7', '192.0.2.7', true],
  ])('listening on %s: %s is ours: %s', (listening, address, ours) => {
    const endpoints = [{ address: listening, port: 25 }];
    expect(isOurOwn({ address, port: 25 }, endpoints, interfaces)).toBe(ours);
    expect(isOurOwn({ address, port: 26 }, endpoints, interfaces)).toBe(false);
  });
});
