// What socket.dns of lib-lua/compat is made of: addresses of a name, and the name of an address.

import type { Resolver } from '../../dns/resolver-api.ts';
import { type FunctionSpec, luaFunction, type Suspension } from '../../lua-api/function-spec.ts';
import { bytes } from '../../lua-api/params.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { addressesOf } from '../../net/dial.ts';

function asking(what: string, ask: (signal: AbortSignal) => Promise<LuaValue>): Suspension {
  const stop = new AbortController();
  return {
    kind: 'suspension',
    describe: () => what,
    done: ask(stop.signal).then((value) => [value]),
    cancel: () => stop.abort(),
  };
}

export const nameFunctions = (resolver: Resolver): readonly FunctionSpec[] => [
  luaFunction({
    name: 'addresses',
    params: [bytes('host', 'A name or an address.')],
    suspends: true,
    text: 'The addresses of a name, IPv4 first; an empty table when there are none.',
    call: (_context, host) =>
      asking(`socket.dns.toip ${host}`, async (signal) => [
        ...(await addressesOf(host, resolver, { signal })),
      ]),
  }),
  luaFunction({
    name: 'name_of',
    params: [bytes('address', 'An address.')],
    suspends: true,
    text: 'The name of an address; nil when it has none.',
    call: (_context, address) =>
      asking(`socket.dns.tohostname ${address}`, (signal) => resolver.reverse(address, { signal })),
  }),
];
