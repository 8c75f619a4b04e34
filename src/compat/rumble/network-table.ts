// The table `network` of Rumble's scripts: addresses and mail exchangers, asked of the resolver of smtpe.
import { isIPv4, isIPv6 } from 'node:net';
import type { DnsResponse, Resolver } from '../../dns/resolver-api.ts';
import type { CallContext } from '../../lua-api/call-context.ts';
import { type FunctionSpec, luaFunction, type Suspension } from '../../lua-api/function-spec.ts';
import { luaModule, type ModuleSpec } from '../../lua-api/module-spec.ts';
import { bytes } from '../../lua-api/params.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { RUMBLE } from './caller.ts';

const MX = 15;
const IN = 1;
/** Of an address that stands in for exchangers. */
const IMPLICIT = 10;

type Asking = Pick<Resolver, 'query' | 'addresses'>;

const trimmed = (name: string): string => name.toLowerCase().replace(/(?<=.)\.$/, '');

/** The first IPv4 address. */
async function ipv4Of(host: string, resolver: Asking, signal: AbortSignal): Promise<string | undefined> {
  if (isIPv4(host)) return host;
  if (host === '' || isIPv6(host)) return undefined;
  return (await resolver.addresses(host, { signal })).find((address) => isIPv4(address));
}

function recordsOf(response: DnsResponse): readonly { preference: number; host: string }[] {
  return response.answer
    .filter(({ type }) => type === MX)
    .map(({ fields }) => ({
      preference: Number(fields.preference),
      host: trimmed(String(fields.value)),
    }))
    .sort((a, b) => a.preference - b.preference);
}

/** RFC 5321 section 5.1: without exchangers the address of the domain is one; RFC 7505: `.` says that there is none. */
async function exchangersOf(domain: string, resolver: Asking, signal: AbortSignal): Promise<LuaValue> {
  if (domain === '' || isIPv4(domain) || isIPv6(domain)) return [];
  const response = await resolver.query({ name: domain, type: MX, class: IN }, { signal });
  const found = recordsOf(response);
  if (found.length > 0) return found;
  const address = await ipv4Of(domain, resolver, signal);
  return address === undefined ? [] : [{ preference: IMPLICIT, host: address }];
}

/** A look-up changes nothing, and may take long: the call of a client that has left does not wait for it. */
function asking(
  context: CallContext,
  what: string,
  ask: (signal: AbortSignal) => Promise<LuaValue>,
): Suspension {
  const stop = new AbortController();
  const client = RUMBLE.of(context)?.client;
  const left = (): void => client?.cut();
  client?.gone.addEventListener('abort', left, { once: true });
  // In another turn: a call is not cut off while it runs.
  if (client?.gone.aborted === true) setImmediate(left);
  return {
    kind: 'suspension',
    describe: () => what,
    done: ask(stop.signal)
      .then((value) => [value])
      .finally(() => client?.gone.removeEventListener('abort', left)),
    cancel: () => stop.abort(),
  };
}

const functions = (resolver: Asking): readonly FunctionSpec[] => [
  luaFunction({
    name: 'getHostByName',
    params: [bytes('host', 'A name, or an IPv4 address, which gives itself.')],
    results: [{ name: 'address', type: 'string?', text: 'the first IPv4 address; nil when there is none' }],
    suspends: true,
    text: 'The address of a host (hosts file, `dns-servers`), waited for at most `dns-max-timeout`.',
    examples: ["assert(network.getHostByName('192.0.2.7') == '192.0.2.7')"],
    call: (context, host) =>
      asking(context, `network.getHostByName ${host}`, (signal) => ipv4Of(host, resolver, signal)),
  }),
  luaFunction({
    name: 'getMX',
    params: [bytes('domain', 'Its name.')],
    results: [
      {
        name: 'exchangers',
        type: '{ preference: integer, host: string }[]',
        text: 'each `{ preference = integer, host = string }`, the preferred ones first, hosts in lower case without final dot; empty when there is nothing',
      },
    ],
    suspends: true,
    text:
      'The mail exchangers of a domain. A domain that has an address only is its own, with preference 10 and its IPv4 address as host; one that takes ' +
      'no mail (RFC 7505) gives one entry with preference 0 and host `.`.',
    call: (context, domain) =>
      asking(context, `network.getMX ${domain}`, (signal) => exchangersOf(domain, resolver, signal)),
  }),
];

export function createNetworkTable(resolver: Asking): ModuleSpec {
  return luaModule({
    name: 'network',
    text: 'Name servers, as scripts for Rumble ask them (doc/rumble.md): in a policy behind `require "rumble"`.',
    functions: functions(resolver),
  });
}
