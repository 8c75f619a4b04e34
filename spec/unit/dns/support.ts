// Resolvers for the specs of dns/: options by name, a log that keeps its lines, name servers on loopback.

import { type Clock, systemClock, systemRandom } from '../../../src/base/clock.ts';
import type { FakeDnsServer } from '../../../src/bench/ports/dns-server.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import { openResolver } from '../../../src/dns/resolver.ts';
import type { DnsResponse, Resolver } from '../../../src/dns/resolver-api.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import type { Options } from '../../../src/options/options.ts';

export const A = 1;
export const NS = 2;
export const CNAME = 5;
export const SOA = 6;
export const PTR = 12;
export const MX = 15;
export const TXT = 16;
export const AAAA = 28;

export interface TestResolver extends Resolver {
  readonly log: RecordLog;
  readonly options: Options;
  /** A query of class IN. */
  ask(name: string, type?: number, timeoutMs?: number): Promise<DnsResponse>;
}

export interface ResolverSettings {
  readonly clock?: Clock;
  readonly options?: Readonly<Record<string, string>>;
  readonly resolvConf?: string;
  readonly hosts?: string;
  readonly random?: (limit: number) => number;
}

export async function testResolver(
  servers: FakeDnsServer | readonly FakeDnsServer[] | string,
  {
    clock = systemClock,
    options: settings = {},
    resolvConf,
    hosts = '/nonexistent',
    random = systemRandom,
  }: ResolverSettings = {},
): Promise<TestResolver> {
  const options = createOptions();
  const list =
    typeof servers === 'string'
      ? servers
      : [servers]
          .flat()
          .map((server) => server.address)
          .join(' ');
  for (const [name, text] of Object.entries({ 'dns-servers': list, ...settings })) {
    const outcome = options.set(name, text, 'spec');
    if (outcome.kind !== 'set') throw new Error(`option ${name}=${text}: ${outcome.kind}`);
  }
  const log = new RecordLog(['dns']);
  const parts = { options, log, clock, random, hosts, ...(resolvConf === undefined ? {} : { resolvConf }) };
  const resolver = await openResolver(parts);
  return {
    log,
    options,
    query: (question, wanted) => resolver.query(question, wanted),
    reverse: (address, wanted) => resolver.reverse(address, wanted),
    confirms: (host, address, wanted) => resolver.confirms(host, address, wanted),
    addresses: (host, wanted) => resolver.addresses(host, wanted),
    close: () => resolver.close(),
    ask: async (name, type = A, timeoutMs) =>
      resolver.query({ name, type, class: 1 }, timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

/** The values of the answer's records, in order; octets as latin1. */
export function values(response: DnsResponse): readonly (string | undefined)[] {
  return response.answer.map((record) => {
    const { value } = record.fields;
    return Buffer.isBuffer(value) ? value.toString('latin1') : value?.toString();
  });
}
