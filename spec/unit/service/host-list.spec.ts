import { describe, expect, it } from 'vitest';
import { HostHealth, readHostList, sharesFiles, type Target } from '../../../src/service/host-list.ts';
import { FakeClock } from '../../fakes/clock.ts';

function targets(list: string | readonly string[], port = 3310): readonly Target[] {
  const outcome = readHostList(list, port);
  if (outcome.kind !== 'hosts') throw new Error(outcome.error);
  return outcome.targets;
}

const shown = (list: readonly Target[]) =>
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

describe('HostHealth', () => {
  it('puts what failed lately behind the others, for ten seconds', () => {
    const clock = new FakeClock();
    const health = new HostHealth(clock);
    const list = targets('a b c');
    const [first, second] = list;
    if (first === undefined || second === undefined) throw new Error('no targets');
    expect(health.order(list)).toEqual(list);
    health.failed(first);
    expect(health.order(list).map((target) => target.text)).toEqual(['b', 'c', 'a']);
    health.failed(second);
    expect(health.order(list).map((target) => target.text)).toEqual(['c', 'a', 'b']);
    health.worked(second);
    expect(health.order(list).map((target) => target.text)).toEqual(['b', 'c', 'a']);
    clock.advance(10_000);
    expect(health.order(list)).toEqual(list);
  });

  it('keeps a bounded number', () => {
    const health = new HostHealth(new FakeClock());
    for (let i = 0; i < 1500; i++) for (const target of targets(`h${i}`)) health.failed(target);
    const list = targets('h0 h1499 x');
    expect(health.order(list).map((target) => target.text)).toEqual(['h0', 'x', 'h1499']);
  });
});
