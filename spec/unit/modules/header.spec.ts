// header.add, insert and modify take what is one header, and nothing that would become two, or end the headers: the errors and their texts.
import { beforeEach, describe, expect, it, test } from 'vitest';
import { LuaError } from '../../../src/lua-api/function-spec.ts';
import { LuaFunction, type LuaValue } from '../../../src/lua-api/value.ts';
import { HeaderList } from '../../../src/message/header/header-list.ts';
import { headerModule } from '../../../src/modules/header.ts';
import { type FakeCallContext, fakeCallContext } from '../../fakes/call-context.ts';
import { callModule } from '../../fakes/call-module.ts';

let headers: HeaderList;
let context: FakeCallContext;

beforeEach(() => {
  headers = new HeaderList();
  headers.receive('Subject: hello');
  headers.receive('To: b@example.net');
  context = fakeCallContext({
    idSess: 'session',
    client: {
      address: '192.0.2.1',
      rightsAddress: '192.0.2.1',
      host: undefined,
      isConfirmed: false,
      helo: '',
      user: undefined,
      tls: undefined,
    },
    transaction: undefined,
    headers,
    write: async () => ({ kind: 'written' }),
    observe: (_key, create) => create(),
  });
});

const call = (name: string, ...values: readonly LuaValue[]) =>
  callModule(headerModule, name, context, ...values);

/** The text of the error; the headers must be as they were. */
function refused(name: string, ...values: readonly LuaValue[]): string {
  try {
    call(name, ...values);
  } catch (error) {
    expect(headers.all).toEqual(['Subject: hello', 'To: b@example.net']);
    expect(headers.edited).toBe(false);
    if (error instanceof LuaError) return error.message;
    throw error;
  }
  throw new Error(`${name} took ${JSON.stringify(values)}: ${JSON.stringify(headers.all)}`);
}

/** Makes the call and gives the headers afterwards. */
function taken(name: string, ...values: readonly LuaValue[]): readonly string[] {
  call(name, ...values);
  return headers.all;
}

/** The ways to put a value into the headers, and what the error calls it. */
const ways: readonly (readonly [string, string, (value: string) => readonly LuaValue[]])[] = [
  ['add', 'a header line', (value) => [`X-New: ${value}`]],
  ['insert', 'a header line', (value) => [`X-New: ${value}`, 1]],
  ['modify', 'a header value', (value) => ['Subject', 1, value]],
  ['modify', 'a header value', (value) => ['Subject', 0, value]],
  ['modify', 'a header value', (value) => ['X-None', 1, value]],
];

describe.each(ways)('header.%s of %s', (name, what, values) => {
  const stray = `${what} must not contain CR, LF or NUL, except CRLF and a blank as folding`;
  it.each([
    ['another header behind CRLF', 'x\r\nBcc: c@example.org'],
    ['another header behind LF', 'x\nBcc: c@example.org'],
    ['another header behind CR', 'x\rBcc: c@example.org'],
    ['a body behind an empty line', 'x\r\n\r\n<html>'],
    ['a body behind an empty line of LF', 'x\n\n<html>'],
    ['two line ends at the end', 'x\r\n\r\n'],
    ['two LF at the end', 'x\n\n'],
    ['CR at the end', 'x\r'],
    ['CR before a fold', 'x\r\r\n y'],
    ['CR instead of a fold', 'x\r y'],
    ['CR behind a fold', 'x\r\n \ry'],
    ['LF CR', 'x\n\r y'],
    ['NUL', 'x\0y'],
    ['NUL at the end', 'x\0'],
    ['NUL behind a fold', 'x\r\n \0'],
    ['a good fold and then another header', 'x\r\n y\r\nBcc: c@example.org'],
  ])('refuses %s', (_case, value) => {
    expect(refused(name, ...values(value))).toBe(stray);
  });

  const empty = `${what} must not contain an empty folded line`;
  it.each([
    ['a fold and nothing', 'x\r\n '],
    ['a fold, a tab and nothing', 'x\r\n\t'],
    ['a fold and only blanks', 'x\r\n \t  '],
    ['a fold and nothing with a line end', 'x\r\n \r\n'],
    ['an LF fold and nothing', 'x\n '],
    ['an empty fold between two', 'x\r\n \r\n y'],
    ['many empty folds', `x${'\r\n '.repeat(1000)}y\r\n\t`],
  ])('refuses %s', (_case, value) => {
    expect(refused(name, ...values(value))).toBe(empty);
  });
});

describe('folding', () => {
  test('CRLF and a blank or a tab stays, LF becomes CRLF', () => {
    expect(taken('add', 'X-New: a\r\n b\r\n\tc').at(-1)).toBe('X-New: a\r\n b\r\n\tc');
    expect(taken('add', 'X-New: a\n b').at(-1)).toBe('X-New: a\r\n b');
    expect(taken('modify', 'Subject', 1, 'a\n\tb')[0]).toBe('Subject: a\r\n\tb');
  });

  test('one line end behind a line or a value is dropped', () => {
    expect(taken('add', 'X-One: a\r\n').at(-1)).toBe('X-One: a');
    expect(taken('insert', 'X-Two: b\n', 1)[0]).toBe('X-Two: b');
    expect(taken('modify', 'To', 1, 'c\r\n').at(-2)).toBe('To: c');
    expect(headers.toBuffer().toString('latin1')).toBe('X-Two: b\r\nSubject: hello\r\nTo: c\r\nX-One: a\r\n');
  });

  test('octets above 127 stay as they are', () => {
    expect(taken('add', 'X-New: \xff\xe9\x80').at(-1)).toBe('X-New: \xff\xe9\x80');
  });
});

describe('names', () => {
  it.each([
    '',
    ':',
    ': x',
    ' : x',
    'no colon',
    'X New: x',
    '\tX: y',
    'X-\xe9: y',
    'X\x7f: y',
    'X-New\r\n : y',
  ])('add and insert refuse the line %j', (line) => {
    const text = `a header line must be "Name: value", got ${JSON.stringify(line)}`;
    expect(refused('add', line)).toBe(text);
    expect(refused('insert', line, 2)).toBe(text);
  });

  it.each(['', 'X-New:', 'X New', ' X', 'X\r\nBcc', 'X\nBcc', 'X\r', 'X\0', 'X\r\n ', 'X-\xe9'])(
    'modify refuses the name %j',
    (name) => {
      const text = `${JSON.stringify(name)} is not a header name (printable ASCII without blank and colon)`;
      expect(refused('modify', name, 1, 'x')).toBe(text);
    },
  );

  test('a long line or name is named by its beginning', () => {
    const beginning = 'x'.repeat(60);
    expect(refused('add', 'x'.repeat(5000))).toBe(`a header line must be "Name: value", got "${beginning}"`);
    expect(refused('modify', `${'x'.repeat(5000)}:`, 1, 'y')).toContain(`"${beginning}" is not`);
  });

  test('blanks may stand before the colon of a line, and the name is found with them', () => {
    expect(taken('add', 'X-Old \t: y').at(-1)).toBe('X-Old \t: y');
    expect(call('find', 'x-old \t', 1)).toEqual([3, 'y']);
  });
});

test('nil does nothing', () => {
  for (const [name, ...values] of [
    ['add', undefined],
    ['insert', undefined, 1],
    ['delete', undefined, 1],
    ['modify', undefined, 1, 'x'],
    ['modify', 'Subject', 1, undefined],
    ['modify', 'Subject', -1, 'x'],
  ] as const)
    expect(call(name, ...values)).toEqual([]);
  expect(call('find', undefined, 1)).toEqual([undefined, undefined]);
  expect(headers.edited).toBe(false);
});

test('without a client there are no headers to change, and none to find', () => {
  const alone = fakeCallContext();
  expect(() => callModule(headerModule, 'add', alone, 'X: y')).toThrow(
    'headers exist only while a client is served',
  );
  expect(callModule(headerModule, 'find', alone, 'X')).toEqual([undefined, undefined]);
});

// What would take minutes if a pattern looked at every run of blanks from each of its places.
test.each([
  ['a name of blanks', () => refused('add', `x${' '.repeat(1e6)}y: z`)],
  ['a name of tabs', () => refused('insert', `${'x\t'.repeat(5e5)}: z`, 1)],
  ['folds', () => taken('modify', 'Subject', 1, `a${'\r\n b'.repeat(250_000)}`)],
  ['blanks behind a fold', () => taken('add', `X: a\r\n${' '.repeat(1e6)}b`)],
  ['blanks before a fold', () => taken('add', `X: ${' '.repeat(1e6)}\r\n b`)],
  ['line ends', () => refused('modify', 'Subject', 1, '\r\n'.repeat(500_000))],
  ['CR', () => refused('modify', 'Subject', 1, '\r'.repeat(1e6))],
])('1 MB of %s takes linear time', (_what, run) => {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(1000);
});

describe('what a policy adds is bounded', () => {
  const limits = (edits: string, bytes: string): void => {
    context.options.set('limit-header-edits', edits, 'test');
    context.options.set('limit-header-edit-bytes', bytes, 'test');
  };

  it('in number, deleted ones included', () => {
    limits('3', '1000');
    call('add', 'X: 1');
    call('insert', 'X: 1', 1);
    call('delete', 'X', 1);
    call('modify', 'X', 1, '2');
    for (const [name, ...values] of [
      ['add', 'X: 1'],
      ['insert', 'X: 1', 1],
      ['modify', 'X', 1, '2'],
    ] as const) {
      expect(() => call(name, ...values)).toThrow(
        'more than 3 headers added or modified (limit-header-edits)',
      );
    }
    expect(headers.all).toEqual(['Subject: hello', 'To: b@example.net', 'X: 2']);
    headers.clear();
    call('add', 'X: 1');
  });

  it('in bytes', () => {
    limits('1000', '2000');
    call('add', `X: ${'y'.repeat(1500)}`);
    expect(() => call('add', `X: ${'y'.repeat(1500)}`)).toThrow(
      'more than 2000 bytes of headers added or modified (limit-header-edit-bytes)',
    );
    expect(() => call('modify', 'X', 1, 'y'.repeat(1500))).toThrow('limit-header-edit-bytes');
    call('add', 'X: y');
    expect(headers.length).toBe(4);
  });
});

describe('what is read of the whole list', () => {
  const iterate = (): LuaValue[][] => {
    const [next] = call('all') as readonly LuaValue[];
    if (!(next instanceof LuaFunction)) throw new Error('no iterator');
    const rows: LuaValue[][] = [];
    for (;;) {
      const row = next.spec.call(context, []) as readonly LuaValue[];
      if (row.length === 0) return rows;
      rows.push([...row]);
    }
  };

  it('header.all gives every header in order, as it is written', () => {
    headers.receive('X Y : odd');
    headers.receive('no colon');
    headers.receive('Folded: a\r\n\tb');
    call('insert', 'First: 1', 1);
    expect(iterate()).toEqual([
      [1, 'First', '1'],
      [2, 'Subject', 'hello'],
      [3, 'To', 'b@example.net'],
      [4, 'X Y', 'odd'],
      [5, undefined, 'no colon'],
      [6, 'Folded', 'a\r\n\tb'],
    ]);
  });

  it('header.all looks at the list as it is at each step', () => {
    const [next] = call('all') as readonly LuaValue[];
    if (!(next instanceof LuaFunction)) throw new Error('no iterator');
    expect(next.spec.call(context, [])).toEqual([1, 'Subject', 'hello']);
    call('delete_all', 'subject');
    expect(next.spec.call(context, [])).toEqual([]);
  });

  it('header.count and header.delete_all go by names as header.find does', () => {
    for (const line of ['X-A: 1', 'x-a : two', 'X-A (c): 3', 'X-AB: 4', 'X-A: Two again'])
      headers.receive(line);
    expect([call('count', 'X-a'), call('count', 'none'), call('count')]).toEqual([[4], [0], [7]]);
    expect(call('delete_all', 'x-a', 'TWO')).toEqual([2]);
    // Octets are not letters: no half of one is another.
    call('add', 'X-C: \xe3\x89\x81');
    expect(call('delete_all', 'x-c', '\xc3\x89')).toEqual([0]);
    expect(call('delete_all', 'x-c', '\xe3\x89')).toEqual([1]);
    expect(headers.all.slice(2)).toEqual(['X-A: 1', 'X-A (c): 3', 'X-AB: 4']);
    expect(call('delete_all', 'X-A')).toEqual([2]);
    expect(call('delete_all', 'X-A')).toEqual([0]);
  });

  it('header.find decodes when it is asked to', () => {
    headers.receive('X-A: =?utf-8?q?=C3?=\r\n =?utf-8?q?=BC?=');
    expect(call('find', 'x-a', 1)).toEqual([3, '=?utf-8?q?=C3?=\r\n =?utf-8?q?=BC?=']);
    expect(call('find', 'x-a', 1, true)).toEqual([3, Buffer.from('\u00fc')]);
    expect(call('find', 'x-a', 2, true)).toEqual([undefined, undefined]);
  });

  it.each([
    ['plain', 'plain'],
    ['=?utf-8?q?a_b?=', 'a b'],
    ['=?iso-8859-1?q?=FCber?= =?utf-8?b?w7w=?=', '\u00fcber\u00fc'],
    ['=?utf-8?b?w7w?=\r\n =?utf-8?b?w7w=?=', '\u00fc\u00fc'],
    ['=?utf-8?q?=C3?= =?utf-8?q?=BC?=', '\u00fc'],
    ['=?utf-8?q?=FF?=', '\u00ff'],
    ['=?no-such?q?a=FF?=', 'a\u00ff'],
    ['a =?utf-8?q?b?= c', 'a b c'],
    ['=?utf-8?q?a=0D=0ASubject:_x?=', 'a  Subject: x'],
    ['a\r\n\tb\0c', 'a\tb c'],
    ['\xc3\xbc', '\u00fc'],
    ['=?utf-8?q?unfinished', 'unfinished'],
    ['=?utf-8?q?unfinished?', 'unfinished'],
    ['=?utf-8?q?a?=\r\n\t \r\n =?utf-8?b?Yg?=', 'ab'],
    ['=?utf-8?q?a?=b=?utf-8?q?c?=', 'abc'],
    ['=?utf-8?q?=C3?= =?utf-8?b?vA==?=', '\u00fc'],
    ['=?utf-8?q?=F0=9F=98?= =?utf-8?q?=80?=', '\ud83d\ude00'],
    ['=?utf-8?b?w7w===?=', '\u00fc'],
    ['=?utf-8?b?w 7*w=?=', '\u00fc'],
    ['=?utf-8?b?*?=', ''],
    ['=?utf-8*de?q?x?=', 'x'],
    ['=?utf-8?q?a b?c?=', 'a b?c'],
    ['=?utf-8?q?=3?= =?utf-8?q?=ZZ?=', '=3=ZZ'],
    ['=?utf-8?x?a?=', '=?utf-8?x?a?='],
    ['=?=?utf-8?q?a?=', '=?a'],
    // Once and no more.
    ['=?utf-8?q?=3D=3Futf-8=3Fq=3Fb=3F=3D?=', '=?utf-8?q?b?='],
    ['=?utf-16?b?AGEAYg==?= =?iso-2022-jp?b?GyRCJCIbKEI=?=', 'ab\u3042'],
    ['\xfc =?utf-8?q?x?= \xc3\xbc', '\u00fc x \u00fc'],
    // A stray octet spoils nothing around it.
    ['\xc3\xbc \xfc \xe2\x82\xac \xff', '\u00fc \u00fc \u20ac \u00ff'],
    ['=?utf-8?q?=E2=82=AC=FF=EF=BF=BD=F0=9F=98=80=ED=A0=80?=', '\u20ac\u00ff\ufffd\ud83d\ude00\u00ed\u00a0 '],
    ['\xc3\xbc\xef\xbf\xbd', '\u00fc\ufffd'],
    // What ends a line for some is a blank.
    ['=?utf-8?q?a=C2=85b=E2=80=A8c=E2=80=A9d?= \xc2\x85', 'a b c d  '],
    ['=?x?q?a=80b?=', 'a b'],
    ['x\r\n', 'x  '],
    // Only the first 65536 octets, and no half character.
    [`${'x'.repeat(65_535)}\xc3\xbc`, 'x'.repeat(65_535)],
    [`\xc3\xbc${'x'.repeat(70_000)}`, `\u00fc${'x'.repeat(65_534)}`],
    ['', ''],
  ])('header.decode of %j', (value, text) => {
    const [decoded] = call('decode', value) as readonly LuaValue[];
    expect(Buffer.isBuffer(decoded) && decoded.toString('utf8')).toBe(text.replaceAll('\t', ' '));
  });
});
