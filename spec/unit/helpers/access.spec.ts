// smtpe.access over a file: the ladder, what values say, and what an author hears.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allModules } from '../../fakes/all-modules.ts';
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
    ['address(\'"b@ob"@other.com\')', 'any', '.com'],
    ["address('')", 'null', '<>'],
    ["address('<>')", 'null', '<>'],
    ["address('al@elsewhere.net')"],
    ["address('x@' .. ('a.'):rep(500) .. 'com')"],
    ["domain('example.com')", 'domain', 'example.com'],
    ["domain('mx.example.com')", 'host', 'mx.example.com'],
    ["domain('mx2.example.com')", 'below', '.example.com'],
    ["domain('other.com')", 'any', '.com'],
    ["domain('')"],
    ["domain('10.1.2.3')", 'lab', '10.1.2.3'],
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
    expect(await run(`list:domain(('a.'):rep(21) .. 'com')`)).toEqual([]);
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

it.each([
  ['access.word.REJEKT', "there is no access.word 'REJEKT'; did you mean 'reject'?"],
  ["access.open('/nowhere')", 'map.open: /nowhere: it cannot be read: there is no such file'],
  ["access.open('/etc/passwd', 'lists')", 'keys, networks, access expected'],
  ['list:address(7)', "spec:3: bad argument #1 to 'access:address' (string expected, got number)"],
  ['access.redis()', "spec:3: bad argument #1 to 'access.redis' (string expected, got nil)"],
])('%s: %s', async (call, message) => {
  await expect(run(call)).rejects.toThrow(message);
});
