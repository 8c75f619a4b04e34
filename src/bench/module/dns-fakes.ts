// `t.dns`: records by `name TYPE`, in the words of a zone file.
import { lowerAscii } from '../../base/ascii.ts';
import { nearestName } from '../../base/nearest-name.ts';
import { type DnsRecord, rcode } from '../../dns/resolver-api.ts';
import { typeKey, typeNumber } from '../../dns/type-table.ts';
import { LuaError } from '../../lua-api/function-spec.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { reverseIp } from '../../net-address/reverse-ip.ts';
import { zoneTypes } from '../ports/dns-zone.ts';
import { readRecord, type ZoneAnswer } from '../ports/zone-resolver.ts';
import { isTable, NXDOMAIN, sketch, TIMEOUT, textsOf, wrong } from './read-table.ts';

const typeNames = Object.keys(zoneTypes);

/** What would be right for the types that people write. */
const samples: Readonly<Record<string, string>> = {
  A: "'192.0.2.1'",
  AAAA: "'2001:db8::1'",
  MX: "'10 mx.example.com'",
  TXT: "'v=spf1 -all'",
  PTR: "'host.example.com'",
  CNAME: "'other.example.com'",
  SRV: "'0 5 5060 sip.example.com'",
};

export interface DnsKey {
  /** Lower case, without final dot; the root is `.`. */
  readonly name: string;
  readonly type: string;
}

/** Reads `name TYPE`; an address with PTR stands for its name in the reverse zone. */
export function readDnsKey(key: LuaValue): DnsKey {
  const [, given = '', word = ''] =
    typeof key === 'string' ? (/^\s*(\S.*?)\s+(\S+)\s*$/s.exec(key) ?? []) : [];
  if (given === '') throw wrong('t.dns', "names with a type, as ['mx.example.com A'] = '192.0.2.1'", key);
  const number = typeNumber(word);
  if (number === undefined) {
    const near = nearestName(word.toUpperCase(), typeNames);
    throw new LuaError(
      `t.dns ${sketch(key)}: there is no type ${word}; ${near === undefined ? `there are ${typeNames.join(', ')}` : `did you mean ${near}?`}`,
    );
  }
  const type = typeKey(number);
  const isAddress = type === 'PTR' && /^(?:\d+\.\d+\.\d+\.\d+|[\da-f]*:[\da-f:.]*)$/i.test(given);
  const name = lowerAscii(isAddress ? reverseIp(given, true) : given).replace(/(?<=.)\.$/s, '');
  return { name, type };
}

/** A name that is there without records of the type is an empty table. */
export function readDnsAnswer(what: string, type: string | undefined, value: LuaValue): ZoneAnswer {
  if (value === TIMEOUT) return { kind: 'code', code: rcode.TIMEDOUT };
  if (value === NXDOMAIN) return { kind: 'code', code: rcode.NXDOMAIN };
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 16)
    return { kind: 'code', code: value };
  if (type !== undefined && zoneTypes[type] === undefined && !(isTable(value) && value.size === 0))
    throw wrong(
      what,
      `{}, t.timeout, t.nxdomain or a dns.rcode: records of type ${type} cannot be written`,
      value,
    );
  const expected = `records as ${(type && samples[type]) ?? "'192.0.2.1'"}, t.timeout, t.nxdomain or a dns.rcode`;
  if (typeof value === 'boolean' || (!isTable(value) && typeof value !== 'string'))
    throw wrong(what, expected, value);
  if (type === undefined) throw wrong(what, 't.nxdomain, t.timeout or a dns.rcode', value);
  const records = textsOf(what, value, expected).map((text): DnsRecord['fields'] => {
    const fields = readRecord(type, text);
    if (fields === undefined) throw wrong(what, expected, text);
    return fields;
  });
  return { kind: 'records', records };
}
