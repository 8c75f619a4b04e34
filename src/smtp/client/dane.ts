// The TLSA records of a next hop (RFC 7672 section 2): asked for when smtp-forward-tls is dane or dane-only, and used only when the answer is
// authenticated by a resolver that we may believe (dns/resolver-api). Never rejects.
import { type Resolver, rcode } from '../../dns/resolver-api.ts';
import { isUsable, type Tlsa } from './tls-check.ts';

export type DaneOutcome =
  /** `base`: the name that they stand at, asked for as server name. `records` are usable; none: TLS without a check. */
  | { readonly kind: 'records'; readonly base: string; readonly records: readonly Tlsa[] }
  /** Nothing that is secured. */
  | { readonly kind: 'none' }
  /** The host must not be used. */
  | { readonly kind: 'failed'; readonly cause: string };

type Asked = Pick<Resolver, 'query'>;

const A = 1;
const CNAME = 5;
const TLSA = 52;
const MAX_RECORDS = 64;

export async function findTlsa(
  dns: Asked,
  host: string,
  port: number,
  limits: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<DaneOutcome> {
  const name = host.replace(/\.$/, '').toLowerCase();
  // Section 2.2.2: an alias that is secured all the way leads to the name whose records come first.
  const address = await dns.query({ name, type: A, class: 1 }, limits);
  const end = address.answer.filter(({ type }) => type === CNAME).at(-1)?.fields.value;
  const expanded = typeof end === 'string' ? end.replace(/\.$/, '').toLowerCase() : name;
  const bases = address.authenticated === true && expanded !== name ? [expanded, name] : [name];
  for (const base of bases) {
    const question = { name: `_${port}._tcp.${base}`, type: TLSA, class: 1 };
    const response = await dns.query(question, limits);
    if (response.rcode !== rcode.OK && response.rcode !== rcode.NXDOMAIN)
      return {
        kind: 'failed',
        cause: `TLSA of ${question.name}: ${response.error ?? `rcode ${response.rcode}`}`,
      };
    const records = response.answer.filter(({ type }) => type === TLSA).slice(0, MAX_RECORDS);
    if (response.authenticated !== true || records.length === 0) continue;
    return { kind: 'records', base, records: records.map(({ fields }) => tlsaOf(fields)).filter(isUsable) };
  }
  return { kind: 'none' };
}

function tlsaOf(fields: Readonly<Record<string, unknown>>): Tlsa {
  const { matching, selector, usage, value } = fields;
  return {
    ...{ usage: Number(usage), selector: Number(selector), matching: Number(matching) },
    value: String(value).toLowerCase(),
  };
}
