// smtpe.dnsbl: what an author hears of arguments that are none.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HelperRig } from '../../fakes/helper-rig.ts';

let rig: HelperRig;
beforeAll(async () => {
  rig = await HelperRig.start();
});
afterAll(() => rig.close());

it.each([
  ["check{ ip = 'x', list = {} }", "dnsbl.check: there is no field 'list'; did you mean 'lists'?"],
  ["check{ ip = 'x', lists = {} }", 'dnsbl.check: 1 to 100 lists expected'],
  [
    "check{ ip = 'x', lists = { { zone = 'a', wieght = 1 } } }",
    "dnsbl.check: lists[1]: there is no field 'wieght'; did you mean 'weight'?",
  ],
  [
    "check{ ip = 'x', lists = { { zone = 'a', codes = { ['127.0.0.300'] = 1 } } } }",
    "dnsbl.check: lists[1]: '127.0.0.300' is no code; right would be 127.0.0.2, 127.0.0.2-11 or 127.0.0.0/24",
  ],
  ...[
    ...[
      '127.0.0.2-1',
      '127.0.0.2-300',
      '127.0.0',
      '127.0.0.0/24-5',
      '127.0.0.2/',
      '127.0.0.2/33',
      '127.0.0.0/7',
      '10.0.0.1',
    ],
    ...[
      '203.0.113.0/24',
      '127.255.255.254',
      '::1',
      '::ffff:127.0.0.2',
      '',
      ' 127.0.0.2',
      '127.0.0.2 ',
      '2-11',
      'listed',
      '*',
    ],
  ].map((code) => [
    `check{ ip = 'x', lists = { 'a', { zone = 'a', codes = { ['${code}'] = 1 } } } }`,
    `lists[2]: '${code}' is no code; right would be 127.0.0.2, 127.0.0.2-11 or 127.0.0.0/24`,
  ]),
  ...[
    "''",
    "'.'",
    "'..'",
    "'.bl.example'",
    "'bl..example'",
    "'bl example'",
    "'bl.example\\n'",
    "('a'):rep(64)",
    "('a.'):rep(95)",
    "'b\\xc3\\xa4.de'",
  ].map((zone) => [
    `check{ ip = 'x', lists = { { zone = ${zone} } } }`,
    'is no zone; right would be a domain such as zen.example',
  ]),
  ["check{ ip = 'x', lists = { 'a', nil, 'b' } }", 'dnsbl.check: lists[2] is nil, and lists[3] is not'],
  ["check{ ip = 'x', lists = { nil, 'b' } }", 'dnsbl.check: lists[1] is nil, and lists[2] is not'],
  ["check{ ip = 'x', lists = { nil } }", 'dnsbl.check: 1 to 100 lists expected, got 0'],
  ["check{ ip = 'x', lists = { zone = 'a', weight = 2 } }", 'is no place in it, put it into { } of its own'],
  [
    "check{ ip = 'x', lists = { true } }",
    'dnsbl.check: lists[1]: table with codes, name, weight, zone expected, got boolean',
  ],
  ["check{ ip = 'x', lists = { { zone = 5 } } }", 'dnsbl.check: lists[1]: string expected as zone, got 5'],
  ["check{ ip = 'x', lists = { { name = 'a' } } }", "dnsbl.check: lists[1]: the field 'zone' is missing"],
  [
    "check{ ip = 'x', lists = { { zone = 'a', codes = '127.0.0.2' } } }",
    "lists[1]: table expected as codes, got '127.0.0.2'",
  ],
  ["check{ ip = 'x', lists = { { zone = 'a', codes = {} } } }", 'lists[1]: codes has none'],
  ["check{ ip = 'x', lists = { { zone = 'a', weight = 0/0 } } }", 'lists[1]: number expected as weight'],
  [
    "check{ ip = 'x', lists = { { zone = 'a', codes = { ['127.0.0.2'] = 1/0 } } } }",
    'lists[1]: number expected for code 127.0.0.2',
  ],
  [
    "check{ ip = 'x', lists = { { zone = 'a', codes = { ['127.0.0.2'] = '5' } } } }",
    'lists[1]: number expected for code 127.0.0.2, got string',
  ],
  ["check{ ip = 5, lists = { 'a' } }", 'dnsbl.check: string expected as ip, got 5'],
  [
    "domain{ name = 'x.com', lists = { 'a', nil, 'b' } }",
    'dnsbl.domain: lists[2] is nil, and lists[3] is not',
  ],
  ["check{ ip = 'x', lists = { { zone = 'a', codes = { 5 } } } }", "lists[1]: '1' is no code"],
  [
    "check{ ip = 'x', lists = { { zone = 'a', codes = { ['127.0.0.2'] = true } } } }",
    'lists[1]: number expected for code 127.0.0.2, got boolean',
  ],
  [
    "check{ ip = 'x', lists = { 'a' }, on_failure = 'local' }",
    "'open' or 'closed' expected as on_failure, got 'local'",
  ],
  ["domain{ lists = { 'a' } }", "dnsbl.domain: the field 'name' is missing"],
])('%s', async (call, message) => {
  await expect(rig.run(`local dnsbl = require 'smtpe.dnsbl'\nlocal a = dnsbl.${call}`)).rejects.toThrow(
    message,
  );
  // Where the policy has it.
  await expect(rig.run(`local dnsbl = require 'smtpe.dnsbl'\nlocal a = dnsbl.${call}`)).rejects.toThrow(
    /^(?:error: )?spec:2: /,
  );
});
