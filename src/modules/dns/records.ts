// Answers of the resolver as the tables that dns.wait returns, and the comparison of two of their records.
import type { DnsRecord, DnsResponse } from '../../dns/resolver-api.ts';
import { rcode } from '../../dns/resolver-api.ts';
import { classKey, typeKey } from '../../dns/type-table.ts';
import type { LuaRecord, LuaValue } from '../../lua-api/value.ts';

/** What was asked and, when it is there, the answer. The name is as the policy wrote it, with final dot. */
export interface Answered {
  readonly name: string;
  readonly class: number;
  readonly type: number;
  readonly response: DnsResponse;
}

/** `IN,MX,example.com.`; a type or class without name by number, `IN,TYPE17,example.com.` (RFC 3597). */
export function answerKey(of: {
  readonly name: string;
  readonly class: number;
  readonly type: number;
}): string {
  return `${classKey(of.class)},${typeKey(of.type)},${of.name}`;
}

/** A query record: the three arrays are there only when the query succeeded and brought at least one record. */
export function queryRecord({ name, class: cls, type, response }: Answered): LuaRecord {
  const { rcode: code, answer, authority, extra, ttl, error } = response;
  if (code !== rcode.OK || answer.length + authority.length + extra.length === 0) {
    return { name, class: cls, type, rcode: code, ttl, error };
  }
  return {
    name,
    class: cls,
    type,
    rcode: code,
    ttl,
    answer: answer.map(luaRecord),
    authority: authority.map(luaRecord),
    extra: extra.map(luaRecord),
  };
}

/** Copied field by field: object spread takes ten times as long here. */
function luaRecord({ name, class: cls, type, ttl, fields }: DnsRecord): LuaRecord {
  const record: Record<string, LuaValue> = { name, class: cls, type, ttl };
  for (const field in fields) record[field] = fields[field];
  if (type === TXT || type === SPF) record.strings ??= [fields.value];
  return record;
}

const A = 1;
const NS = 2;
const CNAME = 5;
const SOA = 6;
const PTR = 12;
const MX = 15;
const TXT = 16;
const AAAA = 28;
/** TXT in another place. */
const SPF = 99;
const DNAME = 39;

/** Fields compared by type, without regard to case; other types: all fields as they are. */
const comparedFields = new Map<number, readonly string[]>([
  [A, ['value']],
  [AAAA, ['value']],
  [NS, ['value']],
  [CNAME, ['value']],
  [PTR, ['value']],
  [DNAME, ['value']],
  [MX, ['preference', 'value']],
  [SOA, ['serial']],
]);

type Table = ReadonlyMap<LuaValue, LuaValue>;

/** dns.isequal: two records with the same name, class, type and data, or the same value twice. The TTL does not count. */
export function sameRecord(a: LuaValue, b: LuaValue): boolean {
  if (a === undefined || b === undefined || a === null || b === null) return false;
  if (!isTable(a) || !isTable(b)) return a === b;
  if (!isRecord(a) || !isRecord(b)) return sameTable(a, b, new Set());
  if (a.get('type') !== b.get('type') || a.get('class') !== b.get('class')) return false;
  if (!sameText(a.get('name'), b.get('name'))) return false;
  const fields = comparedFields.get(Number(a.get('type')));
  if (fields === undefined) return sameTable(a, b, new Set(['ttl', 'name', 'strings']));
  return fields.every((field) => a.has(field) && sameText(a.get(field), b.get(field)));
}

function isTable(value: LuaValue): value is Table {
  return value instanceof Map;
}

function isRecord(table: Table): boolean {
  return (
    typeof table.get('name') === 'string' &&
    typeof table.get('type') === 'number' &&
    typeof table.get('class') === 'number'
  );
}

function sameText(a: LuaValue, b: LuaValue): boolean {
  return typeof a === 'string' && typeof b === 'string' ? a.toLowerCase() === b.toLowerCase() : a === b;
}

/** Tables reach us as copies: the same one twice has the same contents. */
function sameTable(a: Table, b: Table, leftOut: ReadonlySet<LuaValue>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) {
    if (leftOut.has(key)) continue;
    const other = b.get(key);
    const same = isTable(value) && isTable(other) ? sameTable(value, other, new Set()) : value === other;
    if (!same) return false;
  }
  return true;
}
