// smtpe.dnsbl: what lists say, what counts as a failure, and who is not waited for.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeDnsServer } from '../../../src/bench/ports/dns-server.ts';
import { HelperRig } from '../../fakes/helper-rig.ts';

const zone = [
  '1.2.0.192.one.bl A 60 127.0.0.2',
  '1.2.0.192.one.bl TXT 60 listed, see\x01https://one.bl/\xff',
  '1.2.0.192.two.bl A 60 127.0.0.4',
  '1.2.0.192.two.bl A 60 127.0.0.11',
  '1.2.0.192.white.bl A 60 127.0.0.3',
  '1.2.0.192.forbidden.bl A 60 127.255.255.254',
  '1.2.0.192.sold.bl A 60 203.0.113.7',
  '1.2.0.192.broken.bl FAIL 2',
  'none.bl SOA 60 ns.none.bl. root.none.bl. 1 2 3 4 60',
  '1.2.0.192.text.bl TXT 60 only a text',
  `1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.one.bl A 60 127.0.0.2`,
  'example.co.uk.dom.bl A 60 127.0.1.2',
  'xn--exmple-cua.com.dom.bl A 60 127.0.1.2',
];

let server: FakeDnsServer;
let rig: HelperRig;
beforeAll(async () => {
  server = await FakeDnsServer.start(zone);
});
afterAll(() => server.close());
beforeEach(async () => {
  rig = await HelperRig.start({
    options: { 'dns-servers': server.address, 'dns-max-timeout': '5' },
  });
  server.queries.length = 0;
  return () => rig.close();
});

/** `score: zone=code*weight(text) ...; failed`. */
async function ask(call: string): Promise<string> {
  const [text] = await rig.run(`local dnsbl = require 'smtpe.dnsbl'
    local score, listed, failed = dnsbl.${call}
    local out = {}
    for i, one in ipairs(listed) do
      out[i] = ('%s=%s*%s(%s)'):format(one.zone, one.code, one.weight, one.text)
    end
    table.sort(out)
    table.sort(failed)
    return score .. ': ' .. table.concat(out, ' ') .. '; ' .. table.concat(failed, ' ')`);
  return String(text);
}

const check = (lists: string, rest = ''): Promise<string> =>
  ask(`check{ ip = '192.0.2.1', lists = { ${lists} }${rest} }`);

describe('dnsbl.check', () => {
  it.each([
    ['a list alone', "'one.bl'", '1: one.bl=127.0.0.2*1(listed, see?https://one.bl/?); '],
    ['capitals', "'ONE.bl'", '1: ONE.bl=127.0.0.2*1(listed, see?https://one.bl/?); '],
    [
      'a list twice',
      "'two.bl', { zone = 'two.bl', weight = 3 }",
      '4: two.bl=127.0.0.4*1() two.bl=127.0.0.4*3(); ',
    ],
    ['a final dot', "'one.bl.'", '1: one.bl.=127.0.0.2*1(listed, see?https://one.bl/?); '],
    ['a weight', "{ zone = 'two.bl', weight = 2.5 }", '2.5: two.bl=127.0.0.4*2.5(); '],
    ['a name', "{ zone = 'two.bl', name = 'second' }", '1: second=127.0.0.4*1(); '],
    ['nobody listed', "'none.bl'", '0: ; '],
    ['a name without A', "'text.bl'", '0: ; '],
    [
      'several',
      "'two.bl', 'none.bl', { zone = 'white.bl', weight = -3 }",
      '-2: two.bl=127.0.0.4*1() white.bl=127.0.0.3*-3(); ',
    ],
    [
      'codes: the weightiest counts',
      "{ zone = 'two.bl', codes = { ['127.0.0.4'] = 2, ['127.0.0.10-11'] = 5 } }",
      '5: two.bl=127.0.0.11*5(); ',
    ],
    [
      'codes: a network',
      "{ zone = 'two.bl', codes = { ['127.0.0.8/29'] = 4 } }",
      '4: two.bl=127.0.0.11*4(); ',
    ],
    ['codes: none fits', "{ zone = 'two.bl', codes = { ['127.0.0.2-3'] = 5, ['127.0.1.4'] = 6 } }", '0: ; '],
    ['it may not be asked', "'forbidden.bl'", '0: ; forbidden.bl'],
    ['somebody else has its name', "'sold.bl'", '0: ; sold.bl'],
    ['it fails', "'broken.bl', 'one.bl'", '1: one.bl=127.0.0.2*1(listed, see?https://one.bl/?); broken.bl'],
  ])('%s', async (_, lists, result) => {
    expect(await check(lists)).toBe(result);
  });

  it('asks for IPv6 by nibbles, and for a mapped address as the IPv4 address it is', async () => {
    expect(await ask("check{ ip = '2001:db8::1', lists = { 'one.bl' } }")).toBe('1: one.bl=127.0.0.2*1(); ');
    expect(await ask("check{ ip = '::ffff:192.0.2.1', lists = { 'two.bl' } }")).toBe(
      '1: two.bl=127.0.0.4*1(); ',
    );
  });

  it('asks nothing for what is no address', async () => {
    expect(await ask("check{ ip = 'unknown', lists = { 'one.bl' } }")).toBe('0: ; ');
    expect(server.queries).toEqual([]);
  });

  it('waits for a list as long as it is told: two of three have the client, the third has no answer', async () => {
    server.script('1.2.0.192.silent.bl', { kind: 'drop' });
    expect(await check("'one.bl', 'two.bl', 'silent.bl'", ', timeout = 0.3')).toBe(
      '2: one.bl=127.0.0.2*1() two.bl=127.0.0.4*1(); silent.bl',
    );
  });

  it('waits for nobody once the threshold is reached, and that is no failure', async () => {
    server.script('1.2.0.192.late.bl', { kind: 'drop' });
    const before = performance.now();
    expect(await check("'two.bl', 'late.bl'", ', threshold = 1, timeout = 60')).toBe(
      '1: two.bl=127.0.0.4*1(); ',
    );
    expect(performance.now() - before).toBeLessThan(20_000);
  });

  it('counts a list without an answer with its greatest weight when it is told to', async () => {
    const lists =
      "{ zone = 'broken.bl', codes = { ['127.0.0.2'] = 3, ['127.0.0.3'] = 7 } }, { zone = 'sold.bl', weight = 2 }";
    expect(await check(lists, ", on_failure = 'closed'")).toBe('9: ; broken.bl sold.bl');
    expect(await check(lists, ", on_failure = 'open'")).toBe('0: ; broken.bl sold.bl');
  });

  it('leaves out a list that has failed ten times in a row, and asks it again when it has answered', async () => {
    for (let i = 0; i < 9; i++) expect(await check("'sold.bl'")).toBe('0: ; sold.bl');
    const [before] = await rig.run("return store.get('bl:sold.bl')");
    expect(before).toBe('9');
    server.setZone(zone.filter((line) => !line.includes('sold')));
    await rig.run("store.set('bl:sold.bl', '9', 60)");
    await rig.run("store.set('bl:none.bl', '10', 60)");
    server.queries.length = 0;
    expect(await check("'none.bl', 'two.bl'")).toBe('1: two.bl=127.0.0.4*1(); none.bl');
    expect(server.queries.some(({ name }) => name.endsWith('none.bl'))).toBe(false);
    await rig.run("store.set('bl:two.bl', '9', 60)");
    await check("'two.bl'");
    expect(await rig.run("return store.get('bl:two.bl')")).toEqual([undefined, 'missing']);
    server.setZone(zone);
  });

  it('needs no store', async () => {
    rig.isDown = true;
    expect(await check("'two.bl', 'broken.bl'")).toBe('1: two.bl=127.0.0.4*1(); broken.bl');
  });

  it('leaves the questions of the policy alone', async () => {
    const values = await rig.run(`local dnsbl = require 'smtpe.dnsbl'
      dns.open()
      dns.query('IN', 'A', '1.2.0.192.one.bl')
      local score = dnsbl.check{ ip = '192.0.2.1', lists = { 'two.bl' } }
      local answers = dns.wait(true)
      return score, answers['IN,A,1.2.0.192.one.bl.'].answer[1].value`);
    expect(values).toEqual([1, '127.0.0.2']);
  });
});

describe('dnsbl.domain', () => {
  const domain = (name: string): Promise<string> => ask(`domain{ name = ${name}, lists = { 'dom.bl' } }`);

  it.each([
    ["'www.example.co.uk'", '1: dom.bl=127.0.1.2*1(); ', ['example.co.uk.dom.bl']],
    ["'EXAMPLE.co.uk.'", '1: dom.bl=127.0.1.2*1(); ', ['example.co.uk.dom.bl']],
    ["'ex\\xc3\\xa4mple.com'", '1: dom.bl=127.0.1.2*1(); ', ['xn--exmple-cua.com.dom.bl']],
    [
      "{ 'a.example.co.uk', 'b.example.co.uk', 'good.com' }",
      '1: dom.bl=127.0.1.2*1(); ',
      ['example.co.uk.dom.bl', 'good.com.dom.bl'],
    ],
    ...["{ 'good.com', nil, 'a.example.co.uk' }", "{ nil, 'good.com', [9] = 'a.example.co.uk' }"].map(
      (names): [string, string, string[]] => [
        names,
        '1: dom.bl=127.0.1.2*1(); ',
        ['example.co.uk.dom.bl', 'good.com.dom.bl'],
      ],
    ),
    ['{}', '0: ; ', []],
    ["'192.0.2.1'", '0: ; ', []],
    ["'co.uk'", '0: ; ', []],
    ["'localhost'", '0: ; ', []],
    ["'a b.com'", '0: ; ', []],
    ["{ 'x\\0.com', ('a'):rep(64) .. '.com', ('a.'):rep(900) .. 'com', '' }", '0: ; ', []],
  ])('%s', async (name, result, asked) => {
    expect(await domain(name)).toBe(result);
    const questions = server.queries
      .filter(({ type }) => type === 1)
      .map((query) => query.name.toLowerCase());
    expect([...new Set(questions)].sort()).toEqual(asked);
  });

  it('asks 20 names of a message at most', async () => {
    await domain("(function() local t = {} for i = 1, 50 do t[i] = 'n' .. i .. '.com' end return t end)()");
    expect(new Set(server.queries.map((query) => query.name)).size).toBe(20);
  });
});
