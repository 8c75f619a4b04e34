import { describe, expect, it } from 'vitest';
import { createOptions, OptionSet } from '../../../src/options/option-set.ts';
import { optionNames, optionTable } from '../../../src/options/option-table.ts';
import { readValue } from '../../../src/options/option-value.ts';

describe('OptionSet', () => {
  it('starts with the defaults of the table, which are themselves valid', () => {
    const options = OptionSet.defaults();
    expect(options.values['smtp-command-timeout']).toBe(300);
    expect(options.text('smtp-command-timeout')).toBe('300');
    expect(options.text('smtp-xclient')).toBe('+');
    expect(options.origin('smtp-xclient')).toBe('default');
    for (const name of optionNames) {
      const text = options.text(name);
      if (text !== undefined)
        expect(readValue(optionTable[name], text), name).toMatchObject({ kind: 'value' });
    }
  });

  it('keeps the text as it was given, finds names in any case and knows the origin', () => {
    const options = OptionSet.defaults();
    expect(options.set('SMTP-Max-Size', '10k', 'command line')).toEqual({ kind: 'set' });
    expect(options.values['smtp-max-size']).toBe(10_240);
    expect(options.text('smtp-MAX-size')).toBe('10k');
    expect(options.origin('smtp-max-size')).toBe('command line');
  });

  it.each([
    ['smtp-server-port', '2525', 2525],
    ['smtp-server-port', '0x10', 16],
    ['smtp-server-port', '+25', 25],
    ['smtp-server-port', '-', 0],
    ['smtp-max-size', '5M', 5_242_880],
    ['smtp-max-size', '1g', 1_073_741_824],
    ['daemon', '1', true],
    ['daemon', '0', false],
    ['daemon', '+', true],
    ['smtp-xclient', '-', false],
    ['smtp-bare-newline', 'REJECT', 'reject'],
    ['smtp-smart-host', 'mx1.example.com:26;[2001:db8::1]:25 maildir:var/Mail 192.0.2.1', undefined],
    ['verbose', '+smtp -info debug=2', undefined],
    ['syslog-address', 'udp:[::1]:5514', undefined],
  ] as const)('takes %s=%s', (name, text, value) => {
    const options = OptionSet.defaults();
    expect(options.set(name, text, 'test')).toEqual({ kind: 'set' });
    expect(options.values[name]).toBe(value ?? text);
  });

  it.each([
    ['smtp-server-port', '65536', /from 0 to 65535/],
    ['smtp-server-port', '25x', /integer/],
    ['smtp-server-port', '025', /without leading zeros/],
    ['smtp-server-port', '', /integer/],
    ['smtp-server-port', '+', /integer/],
    ['smtp-server-port', '1k', /integer/],
    ['smtp-command-timeout', '-', /from 1 to/],
    ['smtp-command-timeout', '-5', /from 1 to/],
    ['smtp-max-size', '5x', /k, m and g/],
    ['daemon', 'yes', /\+ or -/],
    ['smtp-default-at-dot', '354', /one of 250, 451, 550/],
    ['smtp-smart-host', 'mx.example.com:99999', /"mx.example.com:99999" is none/],
    ['smtp-smart-host', 'maildir:', /directory behind maildir:/],
    ['smtp-smart-host', '-', /host:port/],
    ['smtp-server-address', '127.0.0.1 localhost', /"localhost" is none/],
    ['smtp-xclient-hosts', '10.0.0.0/33', /networks/],
    ['dns-servers', 'ns.example.com', /addresses/],
    ['syslog-address', 'udp:', /udp:host:port/],
    ['syslog-address', '/dev/log', /unix:PATH/],
    ['verbose', 'smtp', /\+smtp, -smtp or smtp=0\|1/],
    ['verbose', '+smpt', /perhaps smtp instead of smpt/],
    ['host-name', 'a b', /host name/],
    ['spool-dir', '/tmp\0', /NUL/],
  ] as const)('refuses %s=%s and says what is right', (name, text, expected) => {
    const options = OptionSet.defaults();
    const before = options.text(name);
    expect(options.set(name, text, 'test')).toEqual({
      kind: 'invalid',
      expected: expect.stringMatching(expected),
    });
    expect(options.text(name)).toBe(before);
  });

  it('names the nearest option for an unknown one', () => {
    const options = OptionSet.defaults();
    expect(options.set('smtp-max-sise', '1', 'test')).toEqual({
      kind: 'unknown',
      suggestion: 'smtp-max-size',
    });
    expect(options.set('smtp-port', '1', 'test')).toEqual({
      kind: 'unknown',
      suggestion: 'smtp-server-port',
    });
    expect(options.set('colour', '1', 'test')).toEqual({ kind: 'unknown', suggestion: undefined });
  });

  it('appends a text with a leading semicolon, without the semicolon to an empty one', () => {
    const options = OptionSet.defaults();
    options.set('smtp-smart-host', ';a.example', 'test');
    expect(options.text('smtp-smart-host')).toBe('a.example');
    options.set('smtp-smart-host', ';b.example', 'test');
    expect(options.values['smtp-smart-host']).toBe('a.example;b.example');
    expect(options.set('smtp-max-size', ';1', 'test').kind).toBe('invalid');
  });

  it('does not show the options that only print something', () => {
    expect(OptionSet.defaults().text('help')).toBeUndefined();
    expect(OptionSet.defaults().text('no-such')).toBeUndefined();
  });

  it('forks: neither side sees the changes of the other', () => {
    const process = createOptions({ 'smtp-max-size': '1000' });
    const connection = process.fork();
    connection.set('smtp-max-size', '2000', 'smtpe.setoption');
    process.set('rate-client', '7', 'hook.init');
    expect(process.values['smtp-max-size']).toBe(1000);
    expect(process.origin('smtp-max-size')).toBe('createOptions');
    expect(connection.values['smtp-max-size']).toBe(2000);
    expect(connection.values['rate-client']).toBe(0);
    expect(connection.fork().values['smtp-max-size']).toBe(2000);
  });

  it('createOptions refuses what set refuses', () => {
    expect(() => createOptions({ 'smtp-max-size': 'x' })).toThrow(/smtp-max-size=x/);
  });
});
