// Every answer of the original program for dns (spec/vectors/dns.json), given by ours from the same zone, or listed in dns-differences.ts.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeDnsServer } from '../../../src/bench/ports/dns-server.ts';
import { type Answers, type DnsRig, dnsRig, type QueryRecord } from '../../fakes/dns-rig.ts';
import { addedFields, addedInRecords, dnsDifferences } from './dns-differences.ts';

interface Case {
  readonly name: string;
  readonly args: readonly [readonly (readonly [cls: string, type: string, name: string])[]];
  readonly returns: readonly [Readonly<Record<string, unknown>>];
  readonly ispending_before: boolean;
  readonly ispending_after: boolean;
}

const file = JSON.parse(readFileSync(new URL('../../vectors/dns.json', import.meta.url), 'utf8')) as {
  readonly zone: readonly string[];
  readonly cases: readonly Case[];
};

/** Buffers as text, and the fields that only ours have left out. */
function comparable(record: QueryRecord): unknown {
  const fields = Object.entries(record).filter(([name, value]) => {
    return value !== undefined && !addedFields.some(({ field }) => field === name);
  });
  return JSON.parse(
    JSON.stringify(Object.fromEntries(fields), (key, value: unknown) => {
      if (addedInRecords.some(({ field }) => field === key)) return undefined;
      const buffer = value as { readonly type?: unknown; readonly data?: unknown } | null;
      return buffer?.type === 'Buffer' ? Buffer.from(buffer.data as number[]).toString('latin1') : value;
    }),
  );
}

/** The table as the file writes it: indices and keys together. */
function table({ list, byKey }: Answers): Record<string, unknown> {
  const all = Object.fromEntries(Object.entries(byKey).map(([key, record]) => [key, comparable(record)]));
  for (const [i, record] of list.entries()) all[String(i + 1)] = comparable(record);
  return all;
}

const isIndex = (key: string): boolean => /^\d+$/.test(key);

function split(whole: Readonly<Record<string, unknown>>) {
  const keys = Object.entries(whole).filter(([key]) => !isIndex(key));
  const indices = Object.keys(whole)
    .filter(isIndex)
    .sort((a, b) => Number(a) - Number(b));
  return { keyed: Object.fromEntries(keys), listed: indices.map((index) => whole[index]) };
}

describe('answers of the original', () => {
  let server: FakeDnsServer;
  let rig: DnsRig;
  beforeAll(async () => {
    server = await FakeDnsServer.start(file.zone);
    // Without a cache every query is pending first, as it was there.
    rig = await dnsRig(server, { options: { 'dns-cache-size': '0' } });
  });
  afterAll(async () => {
    rig.close();
    await server.close();
  });

  it('has 30 cases, and the list of differences names only such', () => {
    expect(file.cases.length).toBe(30);
    const names = new Set(file.cases.map((one) => one.name));
    expect(dnsDifferences.filter((difference) => !names.has(difference.name))).toEqual([]);
  });

  it.each(file.cases)('$name', async ({ name, args, returns, ispending_before, ispending_after }) => {
    const dns = rig.another();
    dns.start('open');
    for (const [cls, type, of] of args[0]) dns.start('query', cls, type, of);
    expect(await dns.call('ispending')).toBe(ispending_before);
    const ours = split(table(await dns.wait(1)));
    expect(await dns.call('ispending')).toBe(ispending_after);
    const theirs = split(returns[0]);
    expect(ours.keyed).toEqual(theirs.keyed);
    if (dnsDifferences.some((difference) => difference.name === name)) {
      expect(ours.listed).not.toEqual(theirs.listed);
      expect(ours.listed).toEqual([...theirs.listed].reverse());
    } else {
      expect(ours.listed).toEqual(theirs.listed);
    }
  });

  it('gives the added fields as documented', async () => {
    const { list } = await rig.another().ask(['A', 'a.example.test']);
    expect(list[0]?.ttl).toBe(300);
    expect(addedFields.map(({ field }) => field)).toEqual(['ttl']);
    expect(addedInRecords.map(({ field }) => field)).toEqual(['strings']);
  });
});
