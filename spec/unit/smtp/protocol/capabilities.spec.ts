import { describe, expect, it } from 'vitest';
import {
  noCapabilities,
  readCapabilities,
  recipientsAtMost,
} from '../../../../src/smtp/protocol/capabilities.ts';

const read = (text: string) => readCapabilities({ code: 250, text });

describe('readCapabilities', () => {
  it('knows keywords in any case, with what stands behind them', () => {
    const found = read(
      '250-mx.example hello\r\n250-size 1000\r\n250-8BitMime\r\n250 XCLIENT NAME  ADDR \r\n',
    );
    expect(found.get('SIZE')).toBe('1000');
    expect(found.get('8BITMIME')).toBe('');
    expect(found.get('XCLIENT')).toBe('NAME  ADDR');
    expect([found.has('PIPELINING'), found.get('PIPELINING')]).toEqual([false, undefined]);
  });

  it('does not take the name of the next hop for a keyword', () => {
    expect(read('250 SIZE\r\n').has('SIZE')).toBe(false);
    expect(read('250-SIZE\r\n250 PIPELINING\r\n').has('SIZE')).toBe(false);
    expect(noCapabilities.has('SIZE')).toBe(false);
  });

  it.each([
    ['AUTH PLAIN', 'AUTH=LOGIN', 'PLAIN LOGIN'],
    ['AUTH=LOGIN', 'AUTH', 'LOGIN'],
    ['AUTH', 'auth\tPLAIN', 'PLAIN'],
  ])('%j and %j have the arguments of both', (one, two, both) => {
    expect(read(`250-mx\r\n250-${one}\r\n250 ${two}\r\n`).get('AUTH')).toBe(both);
  });

  it('finds nothing in lines that are no keywords', () => {
    const found = read('250-mx\r\n250-\r\n250- SIZE\r\n250-=SIZE\r\n250-\xe9SIZE\r\n250\r\n');
    expect(found.has('SIZE')).toBe(false);
  });
});

describe('recipientsAtMost', () => {
  it.each([
    ['LIMITS RCPTMAX=100 MAILMAX=5', 100],
    ['limits MAILMAX=5 rcptmax=2', 2],
    ['LIMITS RCPTMAX=0', Number.POSITIVE_INFINITY],
    ['LIMITS RCPTMAX=1000000', Number.POSITIVE_INFINITY],
    ['LIMITS XRCPTMAX=1', Number.POSITIVE_INFINITY],
    ['LIMITS', Number.POSITIVE_INFINITY],
    ['SIZE', Number.POSITIVE_INFINITY],
  ])('%s: %d', (line, most) => {
    expect(recipientsAtMost(read(`250-mx\r\n250 ${line}\r\n`))).toBe(most);
  });
});
