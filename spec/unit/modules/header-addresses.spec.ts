// header.addresses: what the grammar finds (spec/unit/text/address-list) as a policy gets it.
import { describe, expect, it } from 'vitest';
import type { LuaRecord, LuaValue } from '../../../src/lua-api/value.ts';
import { headerModule } from '../../../src/modules/header.ts';
import { fakeCallContext } from '../../fakes/call-context.ts';
import { callModule } from '../../fakes/call-module.ts';

const context = fakeCallContext();

const call = (...values: readonly LuaValue[]): readonly LuaValue[] =>
  callModule(headerModule, 'addresses', context, ...values) as readonly LuaValue[];

const asText = (value: LuaValue): LuaValue => (Buffer.isBuffer(value) ? value.toString('utf8') : value);

/** The list, names as text, without what is not there. */
function listOf(value: string): unknown {
  const [list] = call(value) as readonly [readonly LuaRecord[]];
  return list.map((record) =>
    Object.fromEntries(
      Object.entries(record)
        .filter(([, field]) => field !== undefined)
        .map(([name, field]) => [name, asText(field)]),
    ),
  );
}

describe('header.addresses', () => {
  it.each<readonly [string, Record<string, string>]>([
    ['A@B.Example', { address: 'A@b.example', local: 'A', domain: 'b.example' }],
    ['"a"@b.example', { address: 'a@b.example', local: 'a', domain: 'b.example' }],
    ['"a b"@b.example', { address: '"a b"@b.example', local: 'a b', domain: 'b.example' }],
    ['"a".b@c.example', { address: 'a.b@c.example', local: 'a.b', domain: 'c.example' }],
    ['"a\\"@\\\\"@c.example', { address: '"a\\"@\\\\"@c.example', local: 'a"@\\', domain: 'c.example' }],
    ['""@c.example', { address: '""@c.example', local: '', domain: 'c.example' }],
    ['".a"@c.example', { address: '".a"@c.example', local: '.a', domain: 'c.example' }],
    ['.a@C.example.', { address: '".a"@c.example', local: '.a', domain: 'c.example' }],
    ['x@[IPv6:2001:DB8::1]', { address: 'x@[IPv6:2001:DB8::1]', local: 'x', domain: '[IPv6:2001:DB8::1]' }],
    [
      'G =?utf-8?b?w7w=?=: =?iso-8859-1?q?a_=FC?= =?utf-8?b?w7w=?= <a@b.example>;',
      { address: 'a@b.example', local: 'a', domain: 'b.example', name: 'a \u00fc\u00fc', group: 'G \u00fc' },
    ],
    [
      '"=?utf-8?q?c=40d=2Eexample?=" <a@b.example>',
      { address: 'a@b.example', local: 'a', domain: 'b.example', name: 'c@d.example' },
    ],
    [
      '=?utf-8?q?x=0D=0ABcc=3A_y?= <a@b.example>',
      { address: 'a@b.example', local: 'a', domain: 'b.example', name: 'x  Bcc: y' },
    ],
  ])('%j', (value, mailbox) => {
    expect(listOf(value)).toEqual([mailbox]);
  });

  it('keeps octets beyond ASCII as they came', () => {
    expect(listOf('\xc3\xbc@\xc3\x84b.example')).toEqual([
      { address: '\xc3\xbc@\xc3\x84b.example', local: '\xc3\xbc', domain: '\xc3\x84b.example' },
    ]);
  });

  it('nothing is an empty list', () => {
    expect([call(), call(''), call('undisclosed-recipients:;')]).toEqual([[[]], [[]], [[]]]);
  });

  it('what is none gives nil and where it ends', () => {
    expect(call('a@b.example <c@d.example>')).toEqual([
      undefined,
      'no list of addresses: expected a comma or the end behind 12 octets',
    ]);
  });

  // What other readers make of these: several addresses, one that none of the others finds, or one that looks like another.
  it.each([
    '"alice@x.example <b@y.example>"',
    'alice@x.example <b@y.example>',
    'alice@x.example)<b@y.example>',
    'alice@x.example\0<b@y.example>',
    'a@b.example <c@d.example> e@f.example',
    '<a@b.example><c@d.example>',
    '<<a@b.example>>',
    '<a@b.example',
    'a@b.example>',
    'a@b@c.example',
    '<a@b@c.example>',
    '"a"b@c.example',
    '"a\\@c.example',
    'a\\@b@c.example',
    'Doe, John <a@b.example>',
    'a@b.example; c@d.example',
    'a@b.example:c@d.example',
    'G: a@b.example, c@d.example',
    'To: a@b.example',
    'mailto:a@b.example',
    '<mailto:a@b.example>',
    'x <a@b.example> y',
    '((((a@b.example',
    'a@b.example (c',
    '@x.example,@y.example:a@b.example',
    'a@[192.0.2.1].example',
    'a@[ 192.0.2.1 ]',
    '=?utf-8?q?a=40b=2Eexample?=',
    '<=?utf-8?q?a=40b=2Eexample?=>',
    '=?utf-8?b?YUBiLmV4YW1wbGUsIGM=?=@d.example',
    '=?utf-8?q?<x@y.example>?= <a@b.example>',
    '=?utf-8?q?"?= <a@b.example>',
    // Domains that are none.
    "'a@b.example'",
    'a@b.example?subject=x',
    'a@b.example/c.example',
    'a@b%c.example',
    'a@-b.example',
    `a@${'b'.repeat(64)}.example`,
    // Octets beyond ASCII: no UTF-8, not seen, or those that IDNA makes others of.
    'a\xe9@b.example',
    'a@b\xe9.example',
    '\xe2\x80\xaea@b.example',
    'a\xc2\xa0@b.example',
    'a\xe2\x80\x8b@b.example',
    '"a\xc2\x85"@b.example',
    'a@b.example\xe2\x80\x8b',
    'a@b.example\xc2\xa0',
    'a@b.example\xc2\x85',
    'a@b\xe3\x80\x82example',
    'a@\xef\xbd\x82.example',
    'a@b\xc2\xad.example',
    '"a\x01"@b.example',
  ])('no guess: %j', (value) => {
    const [list, error] = call(value);
    expect(list).toBeUndefined();
    expect(error).toMatch(/^no list of addresses: ./);
  });

  it('says which address is none', () => {
    expect(call('a@b.example, c@d/e.example')[1]).toBe(
      'no list of addresses: the domain of address 2 is no domain name',
    );
    expect(call('a@b.example, c\xe9@d.example')[1]).toBe(
      'no list of addresses: the local part of address 2 is no UTF-8, or not all of it can be seen',
    );
  });

  it('joiners that scripts need may stand in a local part', () => {
    expect(listOf('\xd9\x87\xe2\x80\x8c\xd9\x87@b.example')).toMatchObject([{ domain: 'b.example' }]);
  });

  it('has its limits', () => {
    expect((call('a@b,'.repeat(5000))[0] as LuaRecord[]).length).toBe(5000);
    expect(call('a@b,'.repeat(5001))).toEqual([undefined, 'more than 5000 addresses']);
    expect(call(' '.repeat(262_145))).toEqual([undefined, 'more than 262144 octets']);
  });
});
