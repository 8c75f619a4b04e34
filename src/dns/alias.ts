// Which records of an answer belong to the question, and where its aliases lead (CNAME: RFC 1034 section 3.6.2, DNAME: RFC 6672).
// Pure. Records of other owners, and of other types than asked for (aliases excepted), are no answer
// and are dropped: whoever runs the zone must not put a TXT record where a policy looks for an address.
import type { DnsRecord } from './resolver-api.ts';

export interface AliasChain {
  /** The records of the question's name and of the names it is an alias of, in the order received. */
  readonly records: readonly DnsRecord[];
  /** The name at the end of the aliases, with final dot, in lower case. */
  readonly end: string;
  /** True when the answer has a record that was asked for at `end`, or the aliases themselves were asked for. */
  readonly complete: boolean;
  /** The aliases lead back to themselves, or to no valid name. */
  readonly broken: boolean;
}

const CNAME = 5;
const DNAME = 39;
const ANY = 255;

/** `name` with final dot; `type` of the question. */
export function followAliases(name: string, type: number, answer: readonly DnsRecord[]): AliasChain {
  if (isDirect(name, type, answer))
    return { records: answer, end: name, complete: answer.length > 0, broken: false };
  const owners = byOwner(answer);
  const chain = new Set<string>();
  const made: DnsRecord[] = [];
  const asksAlias = type === CNAME || type === ANY;
  let end = name.toLowerCase();
  for (;;) {
    chain.add(end);
    const records = owners.get(end) ?? [];
    if (asksAlias || records.some((record) => record.type === type)) break;
    let alias = records.find((record) => record.type === CNAME);
    if (alias === undefined) {
      const dname = treeAlias(end, owners);
      if (dname === undefined) break;
      alias = aliasOf(end, dname);
      made.push(alias);
    }
    const target = String(alias.fields.value).toLowerCase();
    if (chain.has(target) || target.length > 254 || target === '.') {
      return { records: answer, end, complete: false, broken: true };
    }
    end = target;
  }
  const kept = answer.filter((record) => belongs(record, chain) && isAsked(record.type, type));
  const complete = (owners.get(end) ?? []).some((record) => record.type === type || type === ANY);
  return { records: [...kept, ...made], end, complete, broken: false };
}

/** Most answers: records of the type and name asked for, and nothing else. */
function isDirect(name: string, type: number, answer: readonly DnsRecord[]): boolean {
  if (type === CNAME || type === ANY) return false;
  return answer.every((record) => record.type === type && record.name === name);
}

/** What a question of this type may be answered with. */
function isAsked(type: number, asked: number): boolean {
  return type === asked || asked === ANY || type === CNAME || type === DNAME;
}

/** A record of one of these names, or the DNAME above one. */
function belongs(record: DnsRecord, chain: ReadonlySet<string>): boolean {
  const owner = record.name.toLowerCase();
  if (chain.has(owner)) return true;
  return record.type === DNAME && [...chain].some((name) => owner === '.' || name.endsWith(`.${owner}`));
}

function byOwner(records: readonly DnsRecord[]): ReadonlyMap<string, readonly DnsRecord[]> {
  const owners = new Map<string, DnsRecord[]>();
  for (const record of records) {
    const owner = record.name.toLowerCase();
    const known = owners.get(owner);
    if (known === undefined) owners.set(owner, [record]);
    else known.push(record);
  }
  return owners;
}

/** The DNAME record above `name`, the nearest first. */
function treeAlias(name: string, owners: ReadonlyMap<string, readonly DnsRecord[]>): DnsRecord | undefined {
  // A dot in an escaped label is none of these.
  if (name.includes('\\')) return undefined;
  for (let dot = name.indexOf('.'); dot >= 0 && dot < name.length - 1; dot = name.indexOf('.', dot + 1)) {
    const dname = owners.get(name.slice(dot + 1))?.find((record) => record.type === DNAME);
    if (dname !== undefined) return dname;
  }
  return undefined;
}

/** The CNAME that a DNAME makes of `name` (RFC 6672 section 3.1), for servers that leave it out. */
function aliasOf(name: string, dname: DnsRecord): DnsRecord {
  const tree = String(dname.fields.value);
  const target = name.slice(0, -dname.name.length) + (tree === '.' ? '' : tree);
  return { name, type: CNAME, class: dname.class, ttl: dname.ttl, fields: { value: target } };
}
