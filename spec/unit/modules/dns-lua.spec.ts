// The module dns in a running policy: what Lua sees of the answers, suspension inside pcall and coroutines, the end of a hook; and every
// answer of the original program once more, through Lua.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../../src/base/clock.ts';
import { FakeDnsServer } from '../../../src/bench/ports/dns-server.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import { openResolver } from '../../../src/dns/resolver.ts';
import type { Resolver } from '../../../src/dns/resolver-api.ts';
import { createDnsModule } from '../../../src/modules/dns/dns.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import { reply, TestEngine } from '../../fakes/lua-engine.ts';
import { addedFields, addedInRecords, dnsDifferences } from './dns-differences.ts';

type Json = null | number | string | boolean | readonly Json[] | { readonly [key: string]: Json };

interface Case {
  readonly name: string;
  readonly args: readonly [readonly (readonly [cls: string, type: string, name: string])[]];
  readonly returns: readonly [{ readonly [key: string]: Json }];
}

const file = JSON.parse(readFileSync(new URL('../../vectors/dns.json', import.meta.url), 'utf8')) as {
  readonly zone: readonly string[];
  readonly cases: readonly Case[];
};

/** A table from Lua as the file writes tables: sequences as arrays, all others as objects; added fields left out. */
function plain(value: unknown, inRecords = false): Json {
  if (!(value instanceof Map)) return value as Json;
  const isSequence = inRecords && [...value.keys()].every((key) => typeof key === 'number');
  if (isSequence) return Array.from({ length: value.size }, (_, i) => plain(value.get(i + 1)));
  const isQuery = value.has('rcode');
  const added = isQuery ? addedFields : addedInRecords;
  const entries = [...value].filter(([key]) => !added.some(({ field }) => field === key));
  return Object.fromEntries(entries.map(([key, item]) => [String(key), plain(item, isQuery)]));
}

let server: FakeDnsServer;
let resolver: Resolver;
let engine: TestEngine;

beforeAll(async () => {
  server = await FakeDnsServer.start(file.zone);
  const options = createOptions();
  options.set('dns-servers', server.address, 'spec');
  resolver = await openResolver({ options, log: new RecordLog(), clock: systemClock, random: systemRandom });
  engine = await TestEngine.start({ modules: [createDnsModule(resolver, systemClock)] });
});
afterAll(async () => {
  engine.engine.close();
  resolver.close();
  await server.close();
});

describe('answers of the original, through Lua', () => {
  it.each(file.cases)('$name', async ({ name, args, returns }) => {
    const queries = args[0]
      .map(([cls, type, of]) => `dns.query(dns.class.${cls}, dns.type.${type}, '${of}')\n`)
      .join('');
    const [table] = await engine.eval(`dns.open()\n${queries}return dns.wait(1)`);
    const ours = plain(table) as Readonly<Record<string, Json>>;
    const theirs = returns[0];
    if (!dnsDifferences.some((difference) => difference.name === name)) {
      expect(ours).toEqual(theirs);
      return;
    }
    // The order of the array is the other way round.
    const count = args[0].length;
    const turned = Object.entries(theirs).map(([key, item]) => [
      /^\d+$/.test(key) ? String(count + 1 - Number(key)) : key,
      item,
    ]);
    expect(ours).toEqual(Object.fromEntries(turned));
  });
});

describe('in a policy', () => {
  it('finds the same table by index and by key', async () => {
    const check = `dns.open()
      dns.query(dns.class.IN, dns.type.A, 'gone.example.test')
      dns.query(dns.class.IN, dns.type.MX, 'MX.Example.test')
      local a = dns.wait(true)
      assert(a[2] == a['IN,MX,MX.Example.test.'] and rawequal(a[1], a['IN,A,gone.example.test.']))
      assert(#a == 2 and a[1].answer == nil and math.type(a[2].answer[1].preference) == 'integer')
      return dns.isequal(a[2].answer[1], a[2].answer[1]), dns.isequal(a[2].answer[1], a[2].answer[2]), dns.isequal()`;
    expect(await engine.eval(check)).toEqual([true, false, false]);
  });

  it('waits within pcall and within coroutines of the policy', async () => {
    const check = `local function ask(name)
        dns.open() dns.query('IN', 'A', name)
        local a = dns.wait()
        return a['IN,A,' .. name .. '.'].answer[1].value
      end
      local ok, one = pcall(ask, 'a.example.test')
      local two = coroutine.wrap(ask)('mail1.example.test')
      return ok, one, two`;
    expect(await engine.eval(check)).toEqual([true, '192.0.2.1', '192.0.2.11']);
  });

  it('names function, position and what was expected in errors', async () => {
    const [ok, text] = await engine.eval(`return pcall(dns.query, 'IN', 'MXX', 'a.test')`);
    expect(ok).toBe(false);
    expect(text).toMatch(
      /bad argument #2 to 'dns\.query' \(type name or number from 0 to 65535 expected, got string\)/,
    );
  });

  it('forgets the context when the hook ends', async () => {
    const instance = await engine.open(`
      function hook.helo() dns.open() dns.query('IN', 'A', 'a.example.test') return '250 ' .. #dns.wait() end
      function hook.noop() dns.query('IN', 'A', 'a.example.test') return '250 ' .. #dns.wait() .. tostring(dns.ispending()) end`);
    expect(await reply(instance, 'helo')).toBe('250 1');
    expect(await reply(instance, 'noop')).toBe('250 0false');
    instance.close();
  });

  it('gives up when the instance is closed in the middle of a wait', async () => {
    server.script('held.example.test', { kind: 'hold' });
    const instance = await engine.open(
      `function hook.helo() dns.open() dns.query('IN', 'A', 'held.example.test') dns.wait() end`,
    );
    const before = server.queries.length;
    const outcome = instance.call('helo', []);
    await server.seen(before + 1);
    instance.cancel();
    expect((await outcome).kind).toBe('cancelled');
    instance.close();
    server.release();
  });

  it('has the constants of the API text', async () => {
    const text = `local c, t, r = dns.class, dns.type, dns.rcode
      assert(c.IN == 1 and c.CS == 2 and c.CH == 3 and c.HS == 4)
      assert(t.A == 1 and t.AAAA == 28 and t.CNAME == 5 and t.DNAME == 39 and t.MX == 15 and t.NS == 2 and t.PTR == 12)
      assert(t.SOA == 6 and t.TXT == 16 and t.SRV == 33 and t.CAA == 257 and t.TLSA == 52 and t.HTTPS == 65 and t.SVCB == 64)
      assert(t.NAPTR == 35 and t.DS == 43 and t.DNSKEY == 48 and t.ANY == 255 and t.NULL == 10)
      assert(r.OK == 0 and r.NOERROR == 0 and r.FORMAT == 1 and r.SERVFAIL == 2 and r.NXDOMAIN == 3 and r.NOT_IMPLEMENTED == 4)
      return r.REFUSED, r.ERRNO, r.TIMEOUT, r.TIMEDOUT`;
    expect(await engine.eval(text)).toEqual([5, 16, 17, 17]);
  });
});
