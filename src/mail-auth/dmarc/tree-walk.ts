// Where the DMARC records of a name stand (RFC 9989 4.10): at the name itself and, at most seven times, above it. Each name is asked once for a
// message, whoever wants to know.
import { chain, firstOf, type Maybe } from '../../base/maybe.ts';
import type { TxtAnswer, TxtLookup } from '../txt-lookup.ts';
import { type DmarcRecord, selectDmarcRecord } from './record.ts';

/** What DMARC asks of DNS. */
export interface DmarcLookup extends TxtLookup {
  /** `no` is an answer that there is no such name, nor an alias of it (NXDOMAIN, RFC 8020). */
  exists(name: string): Maybe<'yes' | 'no' | 'failed'>;
}

export interface Standing {
  readonly domain: string;
  readonly record: DmarcRecord;
}

export interface Walk {
  /** From the name upward. */
  readonly records: readonly Standing[];
  /** The organisational domain; undefined when a look-up failed that could have changed it. */
  readonly organisation: string | undefined;
}

type AtName = DmarcRecord | 'none' | 'failed';

const mostLabels = 8;

export class TreeWalk {
  readonly #lookup: DmarcLookup;
  readonly #known = new Map<string, Maybe<AtName>>();

  constructor(lookup: DmarcLookup) {
    this.#lookup = lookup;
  }

  at(domain: string): Maybe<AtName> {
    let found = this.#known.get(domain);
    if (found === undefined) {
      found = this.#ask(domain);
      this.#known.set(domain, found);
    }
    return found;
  }

  from(start: string): Maybe<Walk> {
    const records: Standing[] = [];
    let hasFailed = false;
    const last = firstOf(names(start), (domain) =>
      chain(this.at(domain), (record) => {
        if (record === 'failed') hasFailed = true;
        if (typeof record === 'string') return undefined;
        records.push({ domain, record });
        return record.psd === 'u' ? undefined : record;
      }),
    );
    return chain(last, () => ({
      records,
      organisation: hasFailed ? undefined : organisationOf(start, records),
    }));
  }

  #ask(domain: string): Maybe<AtName> {
    try {
      const answer = this.#lookup.txt(`_dmarc.${domain}`);
      return answer instanceof Promise ? answer.then(readAnswer).catch(() => 'failed') : readAnswer(answer);
    } catch {
      return 'failed';
    }
  }
}

function readAnswer(answer: TxtAnswer): AtName {
  switch (answer.kind) {
    case 'failed':
      return 'failed';
    case 'none':
      return 'none';
    case 'records':
      return selectDmarcRecord(answer.records) ?? 'none';
  }
}

/** The names that are asked. */
function names(start: string): string[] {
  const labels = start.split('.');
  const asked = [start];
  for (let rest = Math.min(labels.length - 1, mostLabels - 1); rest > 0; rest--)
    asked.push(labels.slice(-rest).join('.'));
  return asked;
}

/** 4.10.2. `records` are in the order of the walk; none: the name itself. */
function organisationOf(start: string, records: readonly Standing[]): string {
  const last = records.at(-1);
  if (last === undefined) return start;
  const { domain, record } = last;
  if (record.psd !== 'y' || domain === start) return domain;
  const below = start.slice(0, start.length - domain.length - 1);
  return start.slice(below.lastIndexOf('.') + 1);
}
