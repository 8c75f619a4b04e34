// dns.a, aaaa, mx, ptr and txt: one question and its answer, without dns.open and dns.wait.
import { type DnsRecord, type DnsResponse, rcode } from '../../dns/resolver-api.ts';
import { typeNumber } from '../../dns/type-table.ts';
import type { CallContext } from '../../lua-api/call-context.ts';
import { type FunctionSpec, type LuaResults, luaFunction } from '../../lua-api/function-spec.ts';
import { bytes } from '../../lua-api/params.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import type { DnsContext } from './context.ts';

interface Short {
  readonly name: string;
  readonly type: string;
  readonly argument: string;
  /** The list in Lua's terms, and what one of it is. */
  readonly list: string;
  readonly each: string;
  read(record: DnsRecord): LuaValue;
}

const value = ({ fields }: DnsRecord): LuaValue => fields.value;

const shorts: readonly Short[] = [
  { name: 'a', type: 'A', argument: 'Domain name.', list: 'string[]?', each: 'IPv4 addresses', read: value },
  {
    name: 'aaaa',
    type: 'AAAA',
    argument: 'Domain name.',
    list: 'string[]?',
    each: 'IPv6 addresses',
    read: value,
  },
  {
    name: 'mx',
    type: 'MX',
    argument: 'Domain name.',
    list: 'dns_mx[]?',
    each: 'tables with `preference` and `value` (the name of a host, with a final dot; nothing but a dot: the domain takes no mail, RFC 7505), ascending by preference',
    read: ({ fields: { preference, value: host } }) => ({ preference, value: host }),
  },
  {
    name: 'ptr',
    type: 'PTR',
    argument: 'An IPv4 or IPv6 address, or a name in `in-addr.arpa` or `ip6.arpa`.',
    list: 'string[]?',
    each: 'names, with a final dot. They are what the owner of the address says: `dns.a` or `dns.aaaa` of one has to give the address',
    read: value,
  },
  {
    name: 'txt',
    type: 'TXT',
    argument: 'Domain name.',
    list: 'string[]?',
    each: 'texts, of each record all strings without anything between them, any octets',
    read: value,
  },
];

/** A definite answer is a list, also that there is nothing. */
function resultsOf(
  { answer, error, rcode: code }: DnsResponse,
  type: number,
  read: Short['read'],
): LuaResults {
  // Who says that there is no such name and sends records of it has said that there are none, as with dns.query.
  if (code === rcode.NXDOMAIN) return [[], code];
  if (code !== rcode.OK) return [undefined, code, error];
  return [answer.filter((record) => record.type === type).map(read), code];
}

export function shortFunctions(dnsOf: (context: CallContext) => DnsContext): readonly FunctionSpec[] {
  return shorts.map(({ argument, each, list, name, read, type: typeName }) => {
    const type = typeNumber(typeName) ?? 0;
    return luaFunction({
      name,
      params: [bytes('name', argument)],
      results: [
        {
          name: 'list',
          type: list,
          text: `The ${each}; empty when there are none; nil when that could not be found out.`,
        },
        { name: 'rcode', type: 'dns.rcode', text: 'One of `dns.rcode`: with a list `OK` or `NXDOMAIN`.' },
        { name: 'error', type: 'string?', text: 'Why it could not be found out, where smtpe gave up.' },
      ],
      suspends: true,
      text:
        `Asks for the ${typeName} records of a name and waits, by the rules of \`dns.query\` and \`dns.wait\`. Needs no \`dns.open\`, and leaves what ` +
        'was asked by `dns.query` alone; it counts for `dns-session-queries`. Several names at once are faster by `dns.query`. Suspends, unless the answer is in the cache.',
      examples: [
        `local list, code, cause = dns.${name}("two..dots")\nassert(list == nil and code == dns.rcode.ERRNO and cause)`,
      ],
      call: (context, asked) => {
        const abort = new AbortController();
        const response = dnsOf(context).ask(type, asked, abort.signal);
        if (!(response instanceof Promise)) return resultsOf(response, type, read);
        return {
          kind: 'suspension',
          describe: () => `dns.${name} (${asked})`,
          done: response.then((late) => resultsOf(late, type, read)),
          cancel: () => abort.abort(),
        };
      },
    });
  });
}
