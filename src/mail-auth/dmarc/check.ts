// DMARC (RFC 9989): has the author's domain said what is to become of a message that neither SPF nor a signature vouches for? Nothing that a
// stranger published makes it throw or reject. It says temperror only when a look-up failed that could have changed the verdict.
import { chain, firstOf, type Maybe } from '../../base/maybe.ts';
import { domainInAscii } from '../../net-address/idn.ts';
import type { Author } from '../author.ts';
import type { DmarcRecord } from './record.ts';
import type { DmarcPolicy, DmarcResult } from './result.ts';
import { type DmarcLookup, type Standing, TreeWalk, type Walk } from './tree-walk.ts';

export interface DmarcQuestion {
  readonly author: Author;
  /** The domain that SPF passed for. */
  readonly spfPass: string | undefined;
  /** d= of the signatures that passed. */
  readonly dkimPass: readonly string[];
  /** The domain that SPF could not tell about for now (temperror). */
  readonly spfUnsure?: string | undefined;
  /** d= of signatures whose key could not be asked for now (temperror). */
  readonly dkimUnsure?: readonly string[];
}

/** Domains that are walked up from for alignment; more signatures of different domains than that align only by name. */
const mostWalks = 10;

type Verdict = Pick<DmarcResult, 'result' | 'cause'> & Partial<DmarcResult>;

/** At once where every answer is at hand. */
export function checkDmarc(question: DmarcQuestion, lookup: DmarcLookup): Maybe<DmarcResult> {
  return chain(judge(question, lookup), (verdict) => ({ ...nothing, ...verdict }));
}

const nothing: Omit<DmarcResult, 'result' | 'cause'> = {
  policy: 'none',
  published: undefined,
  domain: undefined,
  organisation: undefined,
  policyDomain: undefined,
  spf: undefined,
  dkim: undefined,
  record: undefined,
  testing: false,
};

function judge(question: DmarcQuestion, lookup: DmarcLookup): Maybe<Verdict> {
  const { author } = question;
  if (author.kind !== 'author') {
    const cause = author.kind === 'several_authors' ? 'several_authors' : 'no_author';
    return { result: 'permerror', cause };
  }
  const { domain } = author;
  const walk = new TreeWalk(lookup);
  return chain(walk.at(domain), (own): Maybe<Verdict> => {
    if (own === 'failed') return { result: 'temperror', cause: 'dns', domain };
    return chain(walk.from(domain), (walked) => judgeAuthor({ ...question, domain, walk, walked }, lookup));
  });
}

/** Who stands for the author. */
interface Aligned {
  readonly spf?: string | undefined;
  readonly dkim?: string | undefined;
}

const isOne = ({ spf, dkim }: Aligned): boolean => spf !== undefined || dkim !== undefined;

/** The author's domain, and what stands at it and above it. */
interface AuthorQuestion extends DmarcQuestion {
  readonly domain: string;
  readonly walk: TreeWalk;
  readonly walked: Walk;
}

function judgeAuthor(
  { spfPass, dkimPass, spfUnsure, dkimUnsure = [], domain, walk, walked }: AuthorQuestion,
  lookup: DmarcLookup,
): Maybe<Verdict> {
  const { records, organisation } = walked;
  const found = policyAt(domain, records, organisation);
  if (found === 'unknown') return { result: 'temperror', cause: 'dns', domain, organisation };
  if (found?.record.isValid !== true) return { result: 'none', cause: 'no_record', domain, organisation };

  const { record } = found;
  const alignment = new Alignment(walk, domain, organisation);
  const alignedOf = (spf: string | undefined, dkim: readonly string[]): Maybe<Aligned> =>
    chain(alignment.of(spf === undefined ? [] : [spf], record.isSpfStrict), (sender) =>
      chain(alignment.of(dkim, record.isDkimStrict), (signer) => ({ spf: sender, dkim: signer })),
    );
  const aligned = chain(alignedOf(spfPass, dkimPass), (sure) =>
    chain(isOne(sure) ? {} : alignedOf(spfUnsure, dkimUnsure), (unsure) => ({
      ...sure,
      mayBeAligned: isOne(unsure),
    })),
  );
  return chain(aligned, ({ spf, dkim, mayBeAligned }): Maybe<Verdict> => {
    const facts = {
      domain,
      organisation,
      policyDomain: found.domain,
      spf,
      dkim,
      record: record.text,
      testing: record.testing,
    };
    const isAligned = isOne({ spf, dkim });
    if (!isAligned && (mayBeAligned || alignment.isUnsure))
      return { result: 'temperror', cause: 'dns', ...facts };
    return chain(policyFor(domain, found, lookup), (published): Verdict => {
      if (isAligned)
        return { result: 'pass', cause: 'ok', published: published ?? record.subdomains, ...facts };
      if (published === undefined) return { result: 'temperror', cause: 'dns', ...facts };
      return { result: 'fail', cause: 'not_aligned', policy: published, published, ...facts };
    });
  });
}

/** The record whose policy counts (4.10.1): the author domain's, the organisational domain's, that of the public suffix above it. */
function policyAt(
  domain: string,
  records: readonly Standing[],
  organisation: string | undefined,
): Standing | 'unknown' | undefined {
  const own = records.find((standing) => standing.domain === domain);
  if (own !== undefined) return own;
  if (organisation === undefined) return 'unknown';
  return (
    records.find((standing) => standing.domain === organisation) ??
    records.find(({ record }) => record.psd === 'y')
  );
}

/** Undefined when it hangs on whether the name exists, and that could not be found. */
function policyFor(
  domain: string,
  { domain: at, record }: Standing,
  lookup: DmarcLookup,
): Maybe<DmarcPolicy | undefined> {
  if (at === domain) return weakened(record.own, record);
  if (record.missing === record.subdomains) return weakened(record.subdomains, record);
  return chain(existence(domain, lookup), (exists) =>
    exists === 'failed' ? undefined : weakened(exists === 'yes' ? record.subdomains : record.missing, record),
  );
}

/** A look-up that throws has failed. */
function existence(domain: string, lookup: DmarcLookup): Maybe<'yes' | 'no' | 'failed'> {
  try {
    const exists = lookup.exists(domain);
    return exists instanceof Promise ? exists.catch(() => 'failed') : exists;
  } catch {
    return 'failed';
  }
}

/** t=y: one step weaker. */
function weakened(policy: DmarcPolicy, { testing }: DmarcRecord): DmarcPolicy {
  if (!testing) return policy;
  return policy === 'reject' ? 'quarantine' : 'none';
}

/** Which domains stand for the author's (4.4, 4.10.2). */
class Alignment {
  readonly #walk: TreeWalk;
  readonly #author: string;
  readonly #organisation: string | undefined;
  #walks = 0;
  /** A look-up failed that could have made one more domain stand for it. */
  isUnsure = false;

  constructor(walk: TreeWalk, author: string, organisation: string | undefined) {
    this.#walk = walk;
    this.#author = author;
    this.#organisation = organisation;
  }

  /** The first of them that is aligned; the author domain itself before others. */
  of(domains: readonly string[], isStrict: boolean): Maybe<string | undefined> {
    const names = [...new Set(domains.map(plain))];
    if (names.includes(this.#author)) return this.#author;
    if (isStrict) return undefined;
    return firstOf(names, (name) =>
      chain(this.#isRelated(name), (isRelated) => (isRelated ? name : undefined)),
    );
  }

  #isRelated(name: string): Maybe<boolean> {
    const organisation = this.#organisation;
    if (organisation === undefined) {
      // Whatever the organisational domain is, names of different top-level domains have none in common.
      if (top(name) === top(this.#author)) this.isUnsure = true;
      return false;
    }
    // The organisational domain of a name is the name itself, or above it.
    if (name !== organisation && !name.endsWith(`.${organisation}`)) return false;
    if (++this.#walks > mostWalks) return false;
    return chain(this.#walk.from(name), (walked) => {
      if (walked.organisation === undefined) this.isUnsure = true;
      return walked.organisation === organisation;
    });
  }
}

/** As the author's domain is: in A-labels and lower case. */
const plain = (name: string): string => {
  const bare = name.replace(/\.$/, '');
  return domainInAscii(bare) ?? bare.toLowerCase();
};
const top = (name: string): string => name.slice(name.lastIndexOf('.') + 1);
