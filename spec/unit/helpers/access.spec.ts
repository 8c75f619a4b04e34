// smtpe.access over a file: the ladder, what values say, and what an author hears.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allModules } from '../../fakes/all-modules.ts';
import { HelperRig } from '../../fakes/helper-rig.ts';
import { TestEngine } from '../../fakes/lua-engine.ts';

const directory = mkdtempSync(join(tmpdir(), 'smtpe-access-'));
const path = join(directory, 'access');
const text = `# the order of lines does not matter
.com           any
.example.com   below
example.com    domain
bob@example.com address
bob@           user
<>             null
postmaster@    REJECT not here
10.0.0.0/8     ten
10.1.0.0/16    lab
2001:db8::/32  six
mx.example.com host
xn--exmple-cua.com ascii
jo@xn--exmple-cua.com jo
.xn--exmple-cua.net far
[192.0.2.9]    literal
`;
writeFileSync(path, text.replaceAll('\n', '\r\n'));

let engine: TestEngine;
beforeAll(async () => {
  engine = await TestEngine.start({ modules: allModules() });
});
afterAll(() => {
  engine.engine.close();
  rmSync(directory, { recursive: true, force: true });
});

/** What a call gives, nil left out. */
async function run(code: string): Promise<readonly unknown[]> {
  const values = await engine.eval(
    `local access = require 'smtpe.access'\nlocal list = access.open('${path}')\nlocal a, b = ${code}\nreturn a, b`,
  );
  return values.filter((value) => value !== undefined);
}

describe('the ladder', () => {
  it.each([
    ["address('bob@example.com')", 'address', 'bob@example.com'],
    ["address('Bob@EXAMPLE.com')", 'address', 'bob@example.com'],
    ["address('al@example.com')", 'domain', 'example.com'],
    ["address('al@a.b.example.com')", 'below', '.example.com'],
    ["address('al@example.com.')", 'domain', 'example.com'],
    ["address('bob@a.example.com')", 'below', '.example.com'],
    ["address('bob@elsewhere.net')", 'user', 'bob@'],
    ["address('bob')", 'user', 'bob@'],
    ...[
      'bob@example.com.',
      '"bob"@example.com',
      '"bob"@Example.COM.',
      '"b\\\\ob"@example.com',
      'b\\\\ob@example.com',
      '"\\\\b\\\\o\\\\b"@example.com',
      '@relay.net:bob@example.com',
      '@a.net,@b.net:"BOB"@example.com.',
    ].map((writing): [string, string, string] => [`address('${writing}')`, 'address', 'bob@example.com']),
    ...['"bob"@elsewhere.net', '"b\\\\ob"@elsewhere.net', '@a.net:bob@elsewhere.net', '"bob"'].map(
      (writing): [string, string, string] => [`address('${writing}')`, 'user', 'bob@'],
    ),
    ...['"bob "@example.com', '"bob', '""', '"bob"x', '"b@ob"'].map((writing): [string, string, string] => [
      `address('${writing.includes('@example') ? writing : `${writing}@example.com`}')`,
      'domain',
      'example.com',
    ]),
    ['address(\'"b@ob"@other.com\')', 'any', '.com'],
    ["address('')", 'null', '<>'],
    ["address('<>')", 'null', '<>'],
    ["address('al@elsewhere.net')"],
    // Whatever a stranger puts in front, or calls himself: the end of his name is what it is.
    ["address('x@' .. ('a.'):rep(500) .. 'com')", 'any', '.com'],
    ["address('x@' .. ('a.'):rep(40) .. 'example.com')", 'below', '.example.com'],
    ["address(('x'):rep(600) .. '@example.com')", 'domain', 'example.com'],
    ["address(('x'):rep(600) .. '@' .. ('y'):rep(600) .. '.example.com')", 'below', '.example.com'],
    ["address('al@xn--exmple-cua.com')", 'ascii', 'xn--exmple-cua.com'],
    ["address('al@ex\\xc3\\xa4mple.com')", 'ascii', 'xn--exmple-cua.com'],
    ["address('al@EX\\xc3\\x84MPLE.com')", 'ascii', 'xn--exmple-cua.com'],
    ["address('jo@ex\\xc3\\xa4mple.com')", 'jo', 'jo@xn--exmple-cua.com'],
    ["address('al@mx.ex\\xc3\\xa4mple.com')", 'any', '.com'],
    ["domain(('a.'):rep(300) .. 'b.ex\\xc3\\xa4mple.net')", 'far', '.xn--exmple-cua.net'],
    ["domain('ex\\xffmple.com')", 'any', '.com'],
    ["address('bob@10.1.2.3')", 'user', 'bob@'],
    ["address('al@10.1.2.3')"],
    ["address('al@[10.1.2.3]')"],
    ["address('al@[IPv6:2001:db8::1]')"],
    ["address('al@2001:db8::1')"],
    ["address('al@[192.0.2.9]')", 'literal', '[192.0.2.9]'],
    ["address('bob@example.com any')", 'user', 'bob@'],
    ["address('bob@example.com\\n')", 'user', 'bob@'],
    ["address('b ob@example.com')", 'domain', 'example.com'],
    ["address('x\\0@example.com')", 'domain', 'example.com'],
    ["address('@example.com')", 'domain', 'example.com'],
    ["address('@')"],
    ["domain('10.1.2.3')"],
    ["domain('10.1.2.3.')"],
    ["domain('2001:db8::1')"],
    ["domain('::ffff:10.1.2.3')"],
    ["client('203.0.113.5', '10.1.2.3')"],
    ["client('nonsense', 'mx.example.com')", 'host', 'mx.example.com'],
    ["client('bob@', nil)"],
    ["domain('example.com')", 'domain', 'example.com'],
    ["domain('mx.example.com')", 'host', 'mx.example.com'],
    ["domain('mx2.example.com')", 'below', '.example.com'],
    ["domain('other.com')", 'any', '.com'],
    ["domain('')"],
    ["client('10.1.2.3', 'mx.example.com')", 'lab', '10.1.2.3'],
    ["client('10.2.2.3')", 'ten', '10.2.2.3'],
    ["client('192.0.2.1', 'mx.example.com')", 'host', 'mx.example.com'],
    ["client('192.0.2.1', nil)"],
    ["client('2001:db8::9', '')", 'six', '2001:db8::9'],
    ["lookup('bob@')", 'user'],
    ["lookup('bob')"],
    ["lookup('192.0.2.1')"],
  ])('%s', async (call, ...values) => {
    expect(await run(`list:${call}`)).toEqual(values);
  });

  it('of a name is 20 parents high', async () => {
    expect(await run(`list:domain(('a.'):rep(19) .. 'com')`)).toEqual(['any', '.com']);
    expect(await run(`list:domain(('a.'):rep(21) .. 'com')`)).toEqual(['any', '.com']);
  });
});

describe('what a value says', () => {
  it.each([
    ['nil', 'dunno'],
    ["'OK'", 'ok'],
    ["''", 'ok'],
    ["'ok'", 'ok'],
    ["'DUNNO'", 'dunno'],
    ["'GREYLIST'", 'greylist'],
    ["'DISCARD'", 'discard'],
    ["'REJECT'", 'reject', '550 5.7.1 access denied'],
    ["'REJECT not here '", 'reject', '550 5.7.1 not here'],
    ["'TEMPFAIL'", 'tempfail', '451 4.7.1 try again later'],
    ["'tempfail later'", 'tempfail', '451 4.7.1 later'],
    ["'554 5.7.1 go away'", 'reject', '554 5.7.1 go away'],
    ["'450 wait'", 'tempfail', '450 wait'],
    ["list:address('postmaster@x.org')", 'reject', '550 5.7.1 not here'],
  ])('%s', async (value, ...results) => {
    expect(await run(`list:action((${value}))`)).toEqual(results);
  });

  it.each(['REJEKT', '250 ok', '55 5.7.1 no', '5500 no'])(
    'is nothing that anybody understands: %j, so the client may come back, and the log says why',
    async (value) => {
      engine.log.lines.length = 0;
      expect(await run(`list:action('${value}')`)).toEqual([
        'tempfail',
        '451 4.3.5 server configuration error',
      ]);
      expect(engine.log.lines.map(({ message }) => message).join()).toContain(
        `nobody understands '${value}'`,
      );
    },
  );
});

describe('a list in the store', () => {
  let rig: HelperRig;
  beforeAll(async () => {
    rig = await HelperRig.start();
    const entries = text.split('\n').flatMap((line) => {
      const [, key = '', value = ''] = /^([^#\s]+)\s+(.*)$/.exec(line) ?? [];
      return key === '' ? [] : [`store.set('who:${key}', '${value}', 1000)`];
    });
    await rig.run(entries.join('\n'));
  });
  afterAll(() => rig.close());

  const ask = (call: string, more = ''): Promise<readonly unknown[]> =>
    rig.run(`local access = require 'smtpe.access'
      local list = access.redis('who:'${more}) local a, b, c = ${call} return a, b, c`);

  it.each([
    ["list:address('bob@example.com')", ['address', 'bob@example.com', undefined]],
    ["list:address(('x'):rep(600) .. '@example.com')", ['domain', 'example.com', undefined]],
    ["list:address('al@' .. ('a.'):rep(254) .. 'com')", ['any', '.com', undefined]],
    ["list:address('al@' .. ('\\xc3\\xa4.'):rep(100) .. 'com')", ['any', '.com', undefined]],
    ["list:address('al@10.1.2.3')", [undefined, undefined, undefined]],
    ["list:address('al@[10.1.2.3]')", [undefined, undefined, undefined]],
    ["list:client('10.1.2.3', ('\\xc3\\xa4.'):rep(100) .. 'com')", ['lab', '10.1.0.0/16', undefined]],
    ["list:client('192.0.2.1', '10.1.2.3')", [undefined, undefined, undefined]],
    ["list:lookup(('x'):rep(600))", [undefined, undefined, undefined]],
  ])('%s', async (call, values) => {
    expect(await ask(call)).toEqual(values);
  });

  it('that cannot be asked finds nothing, or says that it cannot, as the policy has it', async () => {
    rig.isDown = true;
    const calls = [
      "list:address('bob@example.com')",
      "list:client('10.1.2.3')",
      "list:domain('example.com')",
    ];
    const sorry = 'TEMPFAIL the list cannot be read, try again later';
    for (const call of calls) {
      expect(await ask(call)).toEqual([undefined, undefined, 'down']);
      expect(await ask(call, ", { on_failure = 'open' }")).toEqual([undefined, undefined, 'down']);
      expect(await ask(call, ", { on_failure = 'closed' }")).toEqual([sorry, undefined, 'down']);
    }
    expect(await ask("list:lookup('x')", ", { on_failure = 'closed' }")).toEqual([sorry, 'down', undefined]);
    expect(await ask("list:action((list:lookup('x')))", ", { on_failure = 'closed' }")).toEqual([
      ...['tempfail', '451 4.7.1 the list cannot be read, try again later', undefined],
    ]);
    expect(await ask("list:lookup('x')", ", 'local'")).toEqual([undefined, undefined, undefined]);
    expect(await ask("list:lookup('x')", ", { store = 'local', on_failure = 'closed' }")).toEqual([
      ...[undefined, undefined, undefined],
    ]);
    rig.isDown = false;
  });

  it.each([
    ['access.redis()', "bad argument #1 to 'access.redis' (string expected, got nil)"],
    [
      "access.redis(('x'):rep(257))",
      "bad argument #1 to 'access.redis' (at most 256 octets expected, got 257)",
    ],
    ["access.redis('x', 5)", 'access.redis: table with on_failure, store expected, got 5'],
    ["access.redis('x', { on_failure = 'local' })", "'open' or 'closed' expected as on_failure, got 'local'"],
    ["access.redis('x', { onfailure = 'open' })", "did you mean 'on_failure'?"],
  ])('%s: %s', async (call, message) => {
    const code = `local access = require 'smtpe.access'\n${call}`;
    await expect(rig.run(code)).rejects.toThrow(message);
    await expect(rig.run(code)).rejects.toThrow(/^(?:error: )?spec:2: /);
  });
});

it.each([
  ['access.word.REJEKT', "there is no access.word 'REJEKT'; did you mean 'reject'?"],
  ["access.open('/nowhere')", 'map.open: /nowhere: it cannot be read: there is no such file'],
  ["access.open('/etc/passwd', 'lists')", 'keys, networks, access expected'],
  ['list:address(7)', "spec:3: bad argument #1 to 'access:address' (string expected, got number)"],
])('%s: %s', async (call, message) => {
  await expect(run(call)).rejects.toThrow(message);
});
