// header.received and header.authresults: which headers, in what order, and which results can be trusted.
import { beforeEach, describe, expect, it } from 'vitest';
import type { LuaRecord, LuaValue } from '../../../src/lua-api/value.ts';
import { HeaderList } from '../../../src/message/header/header-list.ts';
import { headerModule } from '../../../src/modules/header.ts';
import { fakeCallContext } from '../../fakes/call-context.ts';
import { callModule } from '../../fakes/call-module.ts';

let headers: HeaderList;
beforeEach(() => {
  headers = new HeaderList();
});

function call(name: string, trusted: string, ...values: readonly LuaValue[]): readonly LuaRecord[] {
  const context = fakeCallContext({
    idSess: 'session',
    client: {
      ...{ address: '192.0.2.1', rightsAddress: '192.0.2.1', host: undefined, isConfirmed: false },
      ...{ helo: '', user: undefined, tls: undefined },
    },
    transaction: undefined,
    headers,
    write: async () => ({ kind: 'written' }),
    observe: (_key, create) => create(),
  });
  context.options.set('authres-trusted-hosts', trusted, 'spec');
  return (callModule(headerModule, name, context, ...values) as readonly [readonly LuaRecord[]])[0];
}

it('header.received has an entry for each, the newest first, and an end', () => {
  headers.receive('Received: from a ([192.0.2.1]) by b for <c@d.example>');
  headers.receive('Received : rubbish');
  for (let i = 0; i < 200; i++) headers.receive(`Received: by ${i}`);
  const list = call('received', '');
  expect(list).toHaveLength(100);
  expect(list[0]).toMatchObject({ from: 'a', ip: '192.0.2.1', by: 'b', for_: 'c@d.example' });
  expect(Object.values(list[1] ?? {}).every((field) => field === undefined)).toBe(true);
  expect(list[2]).toMatchObject({ by: '0' });
});

describe('header.authresults', () => {
  const ids = (list: readonly LuaRecord[]): unknown => list.map(({ id, trusted }) => [id, trusted]);
  beforeEach(() => {
    headers.receive('Authentication-Results: MX.example.; spf=fail');
    headers.receive('Authentication-Results: other.example; spf=pass');
    headers.receive('Authentication-Results: mx.example; cannot be read');
    headers.insert('Authentication-Results: mx.example; spf=pass', 1);
  });

  it.each<readonly [string, readonly LuaValue[], unknown]>([
    [
      '',
      [],
      [
        ['mx.example', true],
        ['MX.example.', false],
        ['other.example', false],
      ],
    ],
    ['', ['mx.example'], [['mx.example', true]]],
    ['', ['other.example'], []],
    [
      '192.0.2.0/24',
      ['Mx.Example.'],
      [
        ['mx.example', true],
        ['MX.example.', true],
      ],
    ],
    ['192.0.2.0/24', ['other.example'], [['other.example', true]]],
    ['198.51.100.0/24', ['mx.example'], [['mx.example', true]]],
  ])('trusted hosts %j, asked for %j', (trusted, args, list) => {
    expect(ids(call('authresults', trusted, ...args))).toEqual(list);
  });

  it('those of strangers hide none of ours, however many there are', () => {
    headers = new HeaderList();
    for (let i = 0; i < 300; i++) headers.receive('Authentication-Results: mx.example; spf=pass');
    headers.add('Authentication-Results: mx.example; spf=fail');
    expect(call('authresults', '', 'mx.example')).toMatchObject([
      { trusted: true, results: [{ result: 'fail' }] },
    ]);
    for (let i = 0; i < 150; i++) headers.add('Authentication-Results: mx.example; spf=none');
    expect(call('authresults', '', 'mx.example')).toHaveLength(100);
    expect(call('authresults', '')).toHaveLength(100);
  });

  it('gives what auth.parse gives', () => {
    expect(call('authresults', '', 'mx.example')[0]).toMatchObject({
      results: [{ method: 'spf', result: 'pass', properties: {} }],
    });
  });
});
