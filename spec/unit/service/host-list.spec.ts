import { describe, expect, it } from 'vitest';
import type { ServiceTarget } from '../../../src/net-address/host-list.ts';
import { readHostList, sharesFiles } from '../../../src/service/host-list.ts';

function targets(list: string | readonly string[], port = 3310): readonly ServiceTarget[] {
  const outcome = readHostList(list, port);
  if (outcome.kind !== 'hosts') throw new Error(outcome.error);
  return outcome.targets;
}

const shown = (list: readonly ServiceTarget[]) =>
  list.map((target) => (target.kind === 'unix' ? target.path : `${target.host} ${target.port}`));

describe('readHostList', () => {
  it('takes every form, in a string or an array', () => {
    const forms = [
      '/run/clamd.sock',
      '10.0.0.1',
      '10.0.0.1:99',
      '[2001:db8::1]:99',
      '[2001:db8::1]',
      '2001:db8::1',
      'scan.example.com',
      'scan:99',
    ];
    const expected = [
      '/run/clamd.sock',
      '10.0.0.1 3310',
      '10.0.0.1 99',
      '2001:db8::1 99',
      '2001:db8::1 3310',
      '2001:db8::1 3310',
      'scan.example.com 3310',
      'scan 99',
    ];
    expect(shown(targets(forms))).toEqual(expected);
    expect(shown(targets(forms.join(' ; ')))).toEqual(expected);
    expect(shown(targets(forms.join(',')))).toEqual(expected);
    expect(targets(forms).map((target) => target.text)).toEqual(forms);
  });

  it.each([
    ['', 'empty'],
    [' ;, ', 'empty'],
    ['10.0.0.1:0', '10.0.0.1:0'],
    ['10.0.0.1:65536', '10.0.0.1:65536'],
    ['10.0.0.1:x', '10.0.0.1:x'],
    ['[10.0.0.1', '[10.0.0.1'],
    ['good.example http://x/', 'http://x/'],
    ['a\r\nb:c:d', 'b:c:d'],
  ])('refuses %j and says what is wrong', (list, named) => {
    const outcome = readHostList(list, 783);
    expect(outcome.kind).toBe('invalid');
    if (outcome.kind === 'invalid') expect(outcome.error).toContain(named);
  });

  it('refuses NUL in a path', () => {
    expect(readHostList(['/run/a\0b'], 783).kind).toBe('invalid');
  });
});

describe('sharesFiles', () => {
  it.each([
    ['/run/clamd.sock', true],
    ['127.0.0.1', true],
    ['127.9.9.9:3310', true],
    ['0.0.0.0', true],
    ['::1', true],
    ['[::1]:3310', true],
    ['::', true],
    ['localhost', false],
    ['10.0.0.1', false],
    ['2001:db8::1', false],
  ])('%s: %s', (text, expected) => {
    expect(targets([text]).map(sharesFiles)).toEqual([expected]);
  });
});
