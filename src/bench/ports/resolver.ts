// A resolver that knows the addresses of a few names and asks nobody; for whole zones, over the wire, see dns-server.ts.
import { type DnsQuestion, type DnsResponse, type Resolver, rcode } from '../../dns/resolver-api.ts';

/** Knows these names only; `asked` has the names of all questions in order. */
export class FakeResolver implements Resolver {
  readonly asked: string[] = [];
  readonly #names: Readonly<Record<string, readonly string[]>>;
  constructor(names: Readonly<Record<string, readonly string[]>> = {}) {
    this.#names = names;
  }
  /** Every name exists, and has no record of any type. */
  query(question: DnsQuestion): DnsResponse {
    this.asked.push(question.name);
    return {
      question,
      rcode: rcode.OK,
      answer: [],
      authority: [],
      extra: [],
      ttl: 0,
      error: undefined,
    };
  }
  reverse(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
  confirms(): Promise<boolean> {
    return Promise.resolve(false);
  }
  addresses(host: string): Promise<readonly string[]> {
    this.asked.push(host);
    return Promise.resolve(this.#names[host] ?? []);
  }
  close(): void {}
}
