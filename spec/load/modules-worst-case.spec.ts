// The functions of md5, net, text, uri and util on a megabyte of the worst input: under a second of processor time each, and no more
// than linear (a quadratic function would need minutes).
import { describe, expect, it } from 'vitest';
import type { LuaResults } from '../../src/lua-api/function-spec.ts';
import type { ModuleSpec } from '../../src/lua-api/module-spec.ts';
import { readReceived } from '../../src/message/header/received-field.ts';
import { headerModule } from '../../src/modules/header.ts';
import { md5Module } from '../../src/modules/md5.ts';
import { netModule } from '../../src/modules/net.ts';
import { textModule } from '../../src/modules/text.ts';
import { uriModule } from '../../src/modules/uri.ts';
import { fakeCallContext } from '../fakes/call-context.ts';
import { callMethod, callModule } from '../fakes/call-module.ts';
import { utilModule } from '../fakes/util-module.ts';

const megabyte = 1_048_576;
const context = fakeCallContext();

/** `unit` over and over, a megabyte of it. */
function fill(unit: string, behind = ''): string {
  return unit.repeat(Math.ceil((megabyte - behind.length) / unit.length)) + behind;
}

function processorMilliseconds(run: () => unknown): number {
  const before = process.cpuUsage();
  run();
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1000;
}

/** The least of three runs: others use the machine too. */
function best(run: () => unknown): number {
  let least = processorMilliseconds(run);
  for (let i = 0; i < 2 && least >= 1000; i++) least = Math.min(least, processorMilliseconds(run));
  return least;
}

const a = fill('a');
const half = 'a'.repeat(megabyte / 2);
const words = 'word '.repeat(megabyte / 5);

type Case = readonly [ModuleSpec, string, string, ...(string | number)[]];
/** As much as header.addresses reads, begun with `unit` over and over. */
const list = (unit: string, behind = ''): string =>
  unit.repeat(Math.floor((262_144 - behind.length) / unit.length)) + behind;

const cases: readonly Case[] = [
  [headerModule, 'addresses', 'comments', list('()')],
  [headerModule, 'addresses', 'open comments', list('(')],
  [headerModule, 'addresses', 'folds', list('\r\n ')],
  [headerModule, 'addresses', 'words of a name', list('a ', '<a@b.example>')],
  [headerModule, 'addresses', 'quoted words', list('"\\""', '<a@b.example>')],
  [headerModule, 'addresses', 'quotes without partner', list('"a')],
  [headerModule, 'addresses', 'encoded words', list('=?utf-8?q?a?= ', '<a@b.example>')],
  [headerModule, 'addresses', 'addresses', list('a@b.example,')],
  [headerModule, 'addresses', 'groups', list('G:;,')],
  [headerModule, 'addresses', 'routes', `<${list('@a,', ':a@b.example>')}`],
  [headerModule, 'decode', 'encoded words', fill('=?utf-8?q?a?= ')],
  [headerModule, 'decode', 'beginnings of words', fill('=?')],
  [textModule, 'find', 'many stars', a, `${'*a'.repeat(megabyte / 4)}*b`],
  [textModule, 'find', 'a long segment that almost matches everywhere', a, `*${half}b*`],
  [textModule, 'find', 'a self-similar segment', fill('ab'), `*${'ab'.repeat(megabyte / 8)}b*`],
  [textModule, 'find', 'the longest segment of classes', a, `*${'?'.repeat(2048)}${'[ab]'.repeat(2047)}b*`],
  [textModule, 'find', 'the longest caseless segment', a, `*${'A'.repeat(4095)}b*`, 1],
  [
    textModule,
    'find',
    'many segments of classes',
    fill('abcdefgh'),
    `*${`${'?'.repeat(40)}*`.repeat(megabyte / 41)}z`,
  ],
  [textModule, 'find', 'many short segments', a, `${'*?b'.repeat(megabyte / 3)}*`],
  [textModule, 'find', 'many classes', fill('a'), `*${'[a-z]*'.repeat(megabyte / 6)}`],
  [textModule, 'find', 'a class without end', a, `*[${a}`],
  [textModule, 'find', 'many wide ranges', 'a', fill('[\x01-\xff]*')],
  [textModule, 'natcmp', 'digits', fill('1'), fill('1', '2')],
  [textModule, 'natcmp', 'short runs of digits', fill('1a'), fill('1a', '2')],
  [textModule, 'natcmp', 'blanks', fill(' '), fill('\t', 'x')],
  [textModule, 'split', 'quotes without partner', fill('\'a\\"'), ','],
  [textModule, 'split', 'quotes', fill('"\'"'), ','],
  [textModule, 'split', 'many items', fill('a,'), ','],
  [textModule, 'split', 'backslashes', fill('\\'), ','],
  [netModule, 'find_ip', 'dots', fill('.')],
  [netModule, 'find_ip', 'numbers', fill('1.2.3.')],
  [netModule, 'find_ip', 'zeros', fill('1.', `1.${'0'.repeat(megabyte / 2)}`)],
  [netModule, 'find_ip', 'colons', fill(':')],
  [netModule, 'find_ip', 'groups', fill('1:2:3:4:5:6:7:')],
  [netModule, 'find_ip', 'gaps', fill('1::')],
  [netModule, 'is_ipv4_in_name', 'digits', '1.1.1.1', fill('1-')],
  [netModule, 'is_ipv4_in_name', 'punctuation', '1.1.1.12', fill('-')],
  [netModule, 'is_ipv4_in_name', 'runs of punctuation', '11.11.11.12', fill(`1${'-'.repeat(200)}`)],
  [netModule, 'contains_ip', 'networks', fill('1.2.3.4,'), fill('1.')],
  [netModule, 'contains_ip', 'zeros', '0.0.0.0/8', fill('0')],
  [netModule, 'format_ip', 'blanks', fill(' ', '::1')],
  [netModule, 'is_ip_reserved', 'groups', fill('1:'), 1],
  [netModule, 'reverse_ip', 'dots', fill('.'), 1],
  [netModule, 'reverse_ip', 'groups', fill('1:'), 1],
  [netModule, 'reverse_ip', 'colons', fill(':'), 1],
  [netModule, 'has_valid_tld', 'dots', fill('.')],
  [netModule, 'index_valid_tld', 'labels', fill('a.', 'com')],
  [netModule, 'index_valid_nth_tld', 'one label', fill('a'), 3],
  [netModule, 'has_valid_nth_tld', '8-bit', fill('\xe4', '.com'), 2],
  [uriModule, 'parse', 'at signs', fill('@')],
  [uriModule, 'parse', 'mail addresses that are none', fill('"@a.b1')],
  [uriModule, 'parse', 'escaped quotes', fill('\\"@a.bc')],
  [uriModule, 'parse', 'local part', fill('a', '@example.com')],
  [uriModule, 'parse', 'host', `http://${fill('a.')}`],
  [uriModule, 'parse', 'host of hyphens', `http://a.${fill('-')}`],
  [uriModule, 'parse', 'user information', `http://${fill('@')}`],
  [uriModule, 'parse', 'encoded', `http://${fill('%41')}`],
  [uriModule, 'parse', 'blanks inside', `http://a.com/x${fill(' ')}x`],
  [uriModule, 'parse', 'line ends', `http://a.com/${fill('\r\n')}`],
  [uriModule, 'parse', 'slashes', `http:${fill('/')}`],
  [uriModule, 'parse', 'schemes', fill('http://')],
  [uriModule, 'parse', 'colons', fill(':')],
  [uriModule, 'parse', 'percent signs', fill('%')],
  [uriModule, 'encode', '8-bit', fill('\xff')],
  [uriModule, 'decode', 'percent signs', fill('%')],
  [uriModule, 'decode', 'encoded', fill('%41+')],
  [utilModule, 'date_to_time', 'open comments', fill('(')],
  [utilModule, 'date_to_time', 'comments', fill('()')],
  [
    utilModule,
    'date_to_time',
    'nested comments',
    `${'('.repeat(megabyte / 2)}${')'.repeat(megabyte / 2)}1 Jan 2020`,
  ],
  [utilModule, 'date_to_time', 'blanks', fill(' ', '1 Jan 2020 ')],
  [utilModule, 'date_to_time', 'zeros of a zone', `1 Jan 2020 00:00:00 +${fill('0', '99999')}`],
  [utilModule, 'date_to_time', 'name of a zone', `1 Jan 2020 00:00:00 ${fill('J')}`],
  [utilModule, 'date_to_time', 'fraction', `2020-01-01T00:00:00.${fill('1')}x`],
  [utilModule, 'date_to_time', 'digits', fill('1')],
];

describe('a Received header as long as any that is read', () => {
  const long = (unit: string): string => unit.repeat(Math.floor(16_384 / unit.length));
  it.each(['(', '"', '"\\', '\\"', '<', '<a', '[', '[1:', 'from ', 'a(b)', ';', ' helo', '=', '.'])(
    'of %j takes no longer than the others',
    (unit) => {
      expect(best(() => readReceived(long(unit)))).toBeLessThan(1000);
    },
  );
});

describe('a megabyte', () => {
  it.each(cases.map((each) => [`${each[0].name}.${each[1]}: ${each[2]}`, each] as const))(
    '%s',
    (_, [module, name, , ...args]) => {
      expect(best(() => callModule(module, name, context, ...args))).toBeLessThan(1000);
    },
  );

  // A network that is none is an error: so is a long one, at once.
  it.each([`${fill('0')}.0.0.0/8`, `1.2.3.4/${fill('0')}`, fill('1.')])(
    'net.contains_ip: no network %#',
    (network) => {
      const call = () =>
        expect(() => callModule(netModule, 'contains_ip', context, network, '1.2.3.4')).toThrow();
      expect(best(call)).toBeLessThan(1000);
    },
  );

  const methods = ['append', 'use_ixhash1', 'use_ixhash2', 'use_ixhash3', 'ixhash1', 'ixhash2', 'ixhash3'];
  it.each(methods)('md5_obj:%s', (name) => {
    const [object] = callModule(md5Module, 'new', context) as LuaResults;
    for (const text of [words, fill('_'), fill('\xff'), fill('\r\n')])
      expect(best(() => callMethod(object, name, context, text))).toBeLessThan(1000);
  });
});
