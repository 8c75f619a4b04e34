// The look-ups of sender authentication, by the resolver of the process: within one deadline for all of a check, and not more at a time than a
// session may have pending (option dns-session-queries).
import type { Clock } from '../../base/clock.ts';
import { GivingUp } from '../../base/giving-up.ts';
import { chain, type Maybe } from '../../base/maybe.ts';
import { Asking } from '../../dns/asking.ts';
import { checkName } from '../../dns/name.ts';
import { type DnsRecord, type DnsResponse, type Resolver, rcode } from '../../dns/resolver-api.ts';
import type { DmarcLookup } from '../../mail-auth/dmarc/tree-walk.ts';
import type { Answer, SpfLookup } from '../../mail-auth/spf/lookup.ts';
import type { TxtAnswer } from '../../mail-auth/txt-lookup.ts';

const IN = 1;
const type = { A: 1, CNAME: 5, PTR: 12, MX: 15, TXT: 16, AAAA: 28 } as const;

/** Look-ups whose answers nobody waits for any more. */
const givenUp = new Error('given up');
export const lookUps = (): GivingUp => new GivingUp(givenUp);

export interface NameLimits {
  /** Of what is under way. */
  readonly until: GivingUp;
  /** For all look-ups together, from the first one on. */
  readonly timeoutMs: number;
  readonly maxPending: number;
}

type Response = DnsResponse | { readonly kind: 'failed'; readonly cause: string };

export class ResolverNames implements SpfLookup, DmarcLookup {
  readonly #clock: Clock;
  readonly #resolver: Resolver;
  readonly #limits: NameLimits;
  #deadline: number | undefined;
  #pending = 0;

  constructor(clock: Clock, resolver: Resolver, limits: NameLimits) {
    this.#clock = clock;
    this.#resolver = resolver;
    this.#limits = limits;
  }

  txt(name: string): Maybe<TxtAnswer> {
    return this.#records(name, type.TXT, ({ fields: { value } }) =>
      Buffer.isBuffer(value) ? value.toString('latin1') : undefined,
    );
  }

  addresses(name: string, family: 4 | 6): Maybe<Answer<string>> {
    return this.#records(name, family === 4 ? type.A : type.AAAA, textOf);
  }

  mx(name: string): Maybe<Answer<string>> {
    return this.#records(name, type.MX, nameOf);
  }

  ptr(name: string): Maybe<Answer<string>> {
    return this.#records(name, type.PTR, nameOf);
  }

  exists(name: string): Maybe<'yes' | 'no' | 'failed'> {
    return chain(this.#query(name, type.A), (response) => {
      if ('kind' in response) return 'failed';
      if (response.rcode === rcode.OK) return 'yes';
      if (response.rcode !== rcode.NXDOMAIN) return isAskable(response) ? 'failed' : 'no';
      // An alias of a name that does not exist is there itself.
      return response.answer.some((record) => record.type === type.CNAME) ? 'yes' : 'no';
    });
  }

  #records(
    name: string,
    wanted: number,
    value: (record: DnsRecord) => string | undefined,
  ): Maybe<Answer<string>> {
    return chain(this.#query(name, wanted), (response): Answer<string> => {
      if ('kind' in response) return response;
      const { rcode: code, answer, error } = response;
      if (code === rcode.NXDOMAIN || !isAskable(response)) return { kind: 'none' };
      if (code !== rcode.OK) return { kind: 'failed', cause: error ?? `answer code ${code}` };
      const records: string[] = [];
      for (const record of answer) {
        const text = record.type === wanted ? value(record) : undefined;
        if (text !== undefined) records.push(text);
      }
      return records.length === 0 ? { kind: 'none' } : { kind: 'records', records };
    });
  }

  #query(name: string, wanted: number): Maybe<Response> {
    const { until, timeoutMs, maxPending } = this.#limits;
    const now = this.#clock.monotonic();
    this.#deadline ??= now + timeoutMs;
    const left = Math.ceil(this.#deadline - now);
    if (left <= 0) return { kind: 'failed', cause: 'no time left' };
    if (this.#pending >= maxPending) return { kind: 'failed', cause: 'too many queries pending' };
    const response = this.#resolver.query({ name, type: wanted, class: IN }, new Asking(until, left));
    if (!(response instanceof Promise)) return response;
    this.#pending++;
    return response.then((late) => {
      this.#pending--;
      return late;
    });
  }
}

/** A name that cannot be asked for does not exist. */
function isAskable({ rcode: code, question }: DnsResponse): boolean {
  return code !== rcode.ERRNO || checkName(question.name).kind === 'name';
}

function textOf({ fields: { value } }: DnsRecord): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Without the final dot. */
function nameOf(record: DnsRecord): string | undefined {
  return textOf(record)?.replace(/\.$/, '');
}
