// The zones of the suites of sender authentication (RFC 7208's, and ours): records by name, names that do not answer. Aliases are followed.
import type { Answer } from '../../src/mail-auth/spf/lookup.ts';

export interface ZoneRow {
  readonly type: 'A' | 'AAAA' | 'CNAME' | 'MX' | 'PTR' | 'TXT';
  readonly value?: string;
  readonly preference?: number;
  readonly strings?: readonly string[];
}

export type SuiteZone = Readonly<
  Record<string, { readonly records: readonly ZoneRow[]; readonly othersTimeOut?: boolean }>
>;

export interface ZoneFaults {
  readonly doesNotAnswer?: readonly string[];
  readonly serverFailure?: readonly string[];
}

export type Found =
  | { readonly kind: 'records'; readonly records: readonly ZoneRow[]; readonly aliases: readonly string[] }
  | { readonly kind: 'none'; readonly exists: boolean }
  | { readonly kind: 'failed'; readonly cause: 'timed out' | 'SERVFAIL' };

export class SuiteRecords {
  /** `TYPE name` of each question. */
  readonly asked: string[] = [];
  readonly #zone = new Map<string, SuiteZone[string]>();
  readonly #silent: ReadonlySet<string>;
  readonly #broken: ReadonlySet<string>;

  constructor(zone: SuiteZone, { doesNotAnswer = [], serverFailure = [] }: ZoneFaults = {}) {
    for (const [name, entry] of Object.entries(zone)) this.#zone.set(plain(name), entry);
    this.#silent = new Set(doesNotAnswer.map(plain));
    this.#broken = new Set(serverFailure.map(plain));
  }

  find(name: string, type: ZoneRow['type']): Found {
    this.asked.push(`${type} ${name}`);
    const aliases: string[] = [];
    let at = plain(name);
    for (let hops = 0; hops < 10; hops++) {
      if (this.#silent.has(at)) return { kind: 'failed', cause: 'timed out' };
      if (this.#broken.has(at)) return { kind: 'failed', cause: 'SERVFAIL' };
      const entry = this.#zone.get(at);
      if (entry === undefined) return { kind: 'none', exists: aliases.length > 0 };
      const records = entry.records.filter((record) => record.type === type);
      if (records.length > 0) return { kind: 'records', records, aliases };
      const alias = entry.records.find((record) => record.type === 'CNAME')?.value;
      if (alias === undefined)
        return entry.othersTimeOut === true
          ? { kind: 'failed', cause: 'timed out' }
          : { kind: 'none', exists: true };
      aliases.push(at);
      at = plain(alias);
    }
    return { kind: 'failed', cause: 'SERVFAIL' };
  }

  txt(name: string): Answer<string> {
    return this.#values(name, 'TXT', ({ strings = [] }) => strings.join(''));
  }

  addresses(name: string, family: 4 | 6): Answer<string> {
    return this.#values(name, family === 4 ? 'A' : 'AAAA', ({ value = '' }) => value);
  }

  mx(name: string): Answer<string> {
    return this.#values(name, 'MX', ({ value = '' }) => value);
  }

  ptr(name: string): Answer<string> {
    return this.#values(name, 'PTR', ({ value = '' }) => plain(value));
  }

  exists(name: string): 'yes' | 'no' | 'failed' {
    const found = this.find(name, 'A');
    if (found.kind === 'failed') return 'failed';
    return found.kind === 'records' || found.exists ? 'yes' : 'no';
  }

  #values(name: string, type: ZoneRow['type'], value: (record: ZoneRow) => string): Answer<string> {
    const found = this.find(name, type);
    return found.kind === 'records' ? { kind: 'records', records: found.records.map(value) } : found;
  }
}

const plain = (name: string): string => name.toLowerCase().replace(/\.$/, '');
