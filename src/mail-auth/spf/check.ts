// SPF (RFC 7208): may this address send mail for this domain? Evaluates the record of the domain and what it refers to. Nothing that a stranger
// published makes it throw or reject, and the look-ups that a check may cost are counted (4.6.4): 10 terms, 2 that find nothing, 10 names of
// an MX or of an address, and not more than 111 questions whatever is counted wrongly.
import { chain, firstOf, type Maybe } from '../../base/maybe.ts';
import { Turns } from '../turns.ts';
import { type Address, dottedAddress, readAddress, reverseOf, sameNetwork, shownAddress } from './address.ts';
import { type Identity, identityOf } from './identity.ts';
import type { Answer, SpfLookup } from './lookup.ts';
import {
  expandName,
  expandText,
  type MacroString,
  type MacroValues,
  needsValidatedName,
  readExplanation,
} from './macros.ts';
import { type Directive, type DualBits, parseRecord, type SpfRecord, selectRecord } from './record.ts';
import type { SpfResult, SpfResultWord } from './result.ts';

export interface SpfQuestion {
  /** Of the client, in any spelling. */
  readonly ip: string;
  /** Argument of EHLO or HELO; '' when there is none. */
  readonly helo: string;
  /** Of the transaction; '' is the null sender, and HELO is checked. */
  readonly sender: string;
}

export interface SpfSetup {
  readonly lookup: SpfLookup;
  /** Our name, for explanations (macro r). */
  readonly receiver: string;
  /** Seconds since the Epoch (macro t). */
  readonly now: number;
}

export const spfLimits = { terms: 10, voids: 2, names: 10, queries: 111, explanation: 512 } as const;

/** At once where every answer is at hand. */
export function checkSpf(question: SpfQuestion, setup: SpfSetup): Maybe<SpfResult> {
  const identity = identityOf(question.sender, question.helo);
  const { scope, domain = '' } = identity;
  const nothing = { domain, scope, mechanism: undefined, explanation: undefined, cause: undefined };
  const address = readAddress(question.ip);
  if (address === undefined)
    return { ...nothing, result: 'permerror', cause: 'not an IP address', lookups: 0, voids: 0 };
  if (identity.domain === undefined) return { ...nothing, result: 'none', lookups: 0, voids: 0 };
  const check = new SpfCheck(setup, identity, address);
  return chain(check.domain(domain), ({ result, mechanism, cause, explainedBy }) =>
    chain(explainedBy === undefined ? undefined : check.explain(explainedBy), (explanation): SpfResult => {
      const { lookups, voids } = check;
      return { domain, scope, result, mechanism, explanation, cause, lookups, voids };
    }),
  );
}

/** The exp= of a record, and the domain of it. */
interface ExplainedBy {
  readonly spec: MacroString;
  readonly domain: string;
}

interface Ending {
  readonly result: SpfResultWord;
  readonly mechanism?: string;
  readonly cause?: string;
  readonly explainedBy?: ExplainedBy;
}

/** Whether a mechanism matches; an ending when that cannot be said, which is the end of all. */
type Matching = boolean | Ending;

const temperror = (cause: string): Ending => ({ result: 'temperror', cause });
const permerror = (cause: string): Ending => ({ result: 'permerror', cause });

class SpfCheck {
  readonly #setup: SpfSetup;
  readonly #identity: Identity;
  readonly #address: Address;
  #queries = 0;
  readonly #turns = new Turns();
  /** Terms that looked up. */
  lookups = 0;
  voids = 0;
  /** Names of the client's address, and which of them have that address, once asked. */
  #names: Maybe<Answer<string>> | undefined;
  readonly #validated = new Map<string, boolean>();

  constructor(setup: SpfSetup, identity: Identity, address: Address) {
    this.#setup = setup;
    this.#identity = identity;
    this.#address = address;
  }

  /** check_host() for a domain, the first one or one that a record refers to. */
  domain(domain: string): Maybe<Ending> {
    return chain(
      this.#ask(() => this.#setup.lookup.txt(domain)),
      (answer) => this.#published(answer, domain),
    );
  }

  #published(answer: Answer<string>, domain: string): Maybe<Ending> {
    if (answer.kind === 'failed') return temperror(`TXT ${domain}: ${answer.cause}`);
    const text = answer.kind === 'none' ? undefined : selectRecord(answer.records);
    if (text === undefined) return { result: 'none' };
    const record = typeof text === 'string' ? parseRecord(text) : text;
    if (record.kind === 'mistake') return permerror(`${domain}: ${record.cause}`);
    return this.#evaluate(record, domain);
  }

  #evaluate(record: SpfRecord, domain: string): Maybe<Ending> {
    const ending = firstOf(record.directives, (directive) =>
      chain(this.#matches(directive, domain), (matching) => endingOf(matching, directive, record, domain)),
    );
    return chain(ending, (found) => found ?? this.#redirected(record, domain));
  }

  #redirected({ redirect }: SpfRecord, domain: string): Maybe<Ending> {
    if (redirect === undefined) return { result: 'neutral', mechanism: 'default' };
    if (++this.lookups > spfLimits.terms) return tooManyTerms;
    const ending = chain(this.#name(redirect, domain), (target) =>
      isName(target) ? this.domain(target) : undefined,
    );
    return chain(ending, (found) =>
      found === undefined || found.result === 'none'
        ? permerror('redirect= to a domain without SPF record')
        : found,
    );
  }

  #matches({ mechanism }: Directive, domain: string): Maybe<Matching> {
    switch (mechanism.kind) {
      case 'all':
        return true;
      case 'ip':
        return sameNetwork(this.#address, mechanism.network.address, mechanism.network.bits);
    }
    if (++this.lookups > spfLimits.terms) return tooManyTerms;
    switch (mechanism.kind) {
      case 'include':
        return this.#include(mechanism.domain, domain);
      case 'exists':
        return this.#exists(mechanism.domain, domain);
      case 'a':
        return this.#hostMatches(mechanism.domain, mechanism.bits, domain);
      case 'mx':
        return this.#exchangerMatches(mechanism.domain, mechanism.bits, domain);
      case 'ptr':
        return this.#nameMatches(mechanism.domain, domain);
    }
  }

  /** RFC 7208 5.2, the table. */
  #include(spec: MacroString, domain: string): Maybe<Matching> {
    return chain(
      this.#name(spec, domain),
      (target): Maybe<Matching> =>
        isName(target)
          ? chain(this.domain(target), (ending) => this.#included(ending, target))
          : permerror('include: of a name that is none'),
    );
  }

  #included(ending: Ending, target: string): Matching {
    switch (ending.result) {
      case 'pass':
        return true;
      case 'fail':
      case 'softfail':
      case 'neutral':
        return false;
      case 'none':
        return permerror(`include: of a domain without SPF record, ${target}`);
      case 'temperror':
      case 'permerror':
        return ending;
    }
  }

  #exists(spec: MacroString, domain: string): Maybe<Matching> {
    return this.#withName(spec, domain, (target) =>
      chain(
        this.#ask(() => this.#setup.lookup.addresses(target, 4)),
        (answer) => this.#counted(answer, 'A', target) ?? answer.kind === 'records',
      ),
    );
  }

  #hostMatches(spec: MacroString | undefined, bits: DualBits, domain: string): Maybe<Matching> {
    return this.#withName(spec, domain, (target) =>
      chain(
        this.#addressesOf(target),
        (answer) => this.#counted(answer, 'address of', target) ?? this.#holds(answer, bits),
      ),
    );
  }

  #exchangerMatches(spec: MacroString | undefined, bits: DualBits, domain: string): Maybe<Matching> {
    return this.#withName(spec, domain, (target) =>
      chain(
        this.#ask(() => this.#setup.lookup.mx(target)),
        (answer) => this.#exchangersMatch(answer, bits, target),
      ),
    );
  }

  #exchangersMatch(answer: Answer<string>, bits: DualBits, target: string): Maybe<Matching> {
    const ending = this.#counted(answer, 'MX', target);
    if (ending !== undefined || answer.kind !== 'records') return ending ?? false;
    if (answer.records.length > spfLimits.names)
      return permerror(`more than ${spfLimits.names} MX records at ${shown(target)}`);
    const matching = firstOf(answer.records, (host): Maybe<Matching | undefined> => {
      if (!isName(host)) return undefined;
      return chain(this.#addressesOf(host), (addresses): Matching | undefined => {
        if (addresses.kind === 'failed') return temperror(`address of ${shown(host)}: ${addresses.cause}`);
        return this.#holds(addresses, bits) ? true : undefined;
      });
    });
    return chain(matching, (found) => found ?? false);
  }

  /** What is found of a term's name, which is the domain's own where it says none; one that is no name matches nothing. */
  #withName(
    spec: MacroString | undefined,
    domain: string,
    find: (target: string) => Maybe<Matching>,
  ): Maybe<Matching> {
    return chain(spec === undefined ? domain : this.#name(spec, domain), (target) =>
      isName(target) ? find(target) : false,
    );
  }

  /** RFC 7208 5.5: what cannot be looked up here does not match, and is no error. */
  async #nameMatches(spec: MacroString | undefined, domain: string): Promise<Matching> {
    const target = (spec === undefined ? domain : await this.#name(spec, domain)).toLowerCase();
    const answer = await this.#namesOfClient();
    const ending = answer.kind === 'none' ? this.#counted(answer, 'PTR', '') : undefined;
    if (ending !== undefined) return ending;
    for (const name of clientNames(answer))
      if (isUnder(name, target) && (await this.#isValidated(name))) return true;
    return false;
  }

  /** An ending when the look-up of a term failed, or was one too many that found nothing. */
  #counted(answer: Answer<string>, what: string, target: string): Ending | undefined {
    if (answer.kind === 'failed') return temperror(`${what} ${shown(target)}: ${answer.cause}`);
    if (answer.kind === 'none' && ++this.voids > spfLimits.voids)
      return permerror(`more than ${spfLimits.voids} look-ups that found nothing`);
    return undefined;
  }

  #addressesOf(host: string): Maybe<Answer<string>> {
    return this.#ask(() => this.#setup.lookup.addresses(host, this.#address.family));
  }

  #holds(answer: Answer<string>, bits: DualBits): boolean {
    if (answer.kind !== 'records') return false;
    const { family } = this.#address;
    return answer.records.some((text) => {
      const address = readAddress(text);
      return address !== undefined && sameNetwork(address, this.#address, family === 4 ? bits.ip4 : bits.ip6);
    });
  }

  #namesOfClient(): Maybe<Answer<string>> {
    this.#names ??= this.#ask(() => this.#setup.lookup.ptr(reverseOf(this.#address)));
    return this.#names;
  }

  async #isValidated(name: string): Promise<boolean> {
    const known = this.#validated.get(name);
    if (known !== undefined) return known;
    const isValid = isName(name) && this.#holds(await this.#addressesOf(name), { ip4: 32, ip6: 128 });
    this.#validated.set(name, isValid);
    return isValid;
  }

  /** Macro p (RFC 7208 7.3): the domain itself, a name below it, any other, in this order. */
  async #validatedName(domain: string): Promise<string> {
    const names = clientNames(await this.#namesOfClient());
    const rank = (name: string): number => (name === domain ? 0 : isUnder(name, domain) ? 1 : 2);
    for (const name of [...names].sort((a, b) => rank(a) - rank(b)))
      if (await this.#isValidated(name)) return name;
    return 'unknown';
  }

  #name(spec: MacroString, domain: string): Maybe<string> {
    return chain(this.#values(spec, domain), (values) => expandName(spec, values));
  }

  #values(spec: MacroString, domain: string): Maybe<MacroValues> {
    if (!needsValidatedName(spec)) return this.#macros(domain, 'unknown');
    return this.#validatedName(domain).then((validated) => this.#macros(domain, validated));
  }

  #macros(domain: string, validated: string): MacroValues {
    const { sender, localPart, domain: senderDomain = '', helo } = this.#identity;
    const { receiver, now } = this.#setup;
    const values: Readonly<Record<string, () => string>> = {
      s: () => sender,
      l: () => localPart,
      o: () => senderDomain,
      d: () => domain,
      i: () => dottedAddress(this.#address),
      p: () => validated,
      v: () => (this.#address.family === 4 ? 'in-addr' : 'ip6'),
      h: () => helo,
      c: () => shownAddress(this.#address),
      r: () => receiver,
      t: () => String(Math.trunc(now)),
    };
    return (letter) => values[letter]?.() ?? '';
  }

  /** RFC 7208 6.2: whatever is wrong with it, there is no explanation then. */
  explain({ spec, domain }: ExplainedBy): Maybe<string | undefined> {
    return chain(this.#name(spec, domain), (target): Maybe<string | undefined> => {
      if (!isName(target)) return undefined;
      return chain(
        this.#ask(() => this.#setup.lookup.txt(target)),
        (answer) => this.#explanation(answer, domain),
      );
    });
  }

  #explanation(answer: Answer<string>, domain: string): Maybe<string | undefined> {
    if (answer.kind !== 'records' || answer.records.length !== 1) return undefined;
    const text = readExplanation(answer.records[0] ?? '');
    if (text === undefined) return undefined;
    return chain(this.#values(text, domain), (values) =>
      // What macros bring in of a sender may be any octets.
      expandText(text, values, spfLimits.explanation).replace(/[^ -~]/g, '?'),
    );
  }

  /** A look-up that throws has failed; one beyond all bounds is not made. */
  #ask(look: () => Maybe<Answer<string>>): Maybe<Answer<string>> {
    if (++this.#queries > spfLimits.queries) return { kind: 'failed', cause: 'too many look-ups' };
    let answer: Maybe<Answer<string>>;
    try {
      answer = look();
    } catch {
      return lookUpFailed;
    }
    if (!(answer instanceof Promise)) return this.#read(answer);
    return answer.then(
      (late) => this.#read(late),
      () => lookUpFailed,
    );
  }

  #read(answer: Answer<string>): Maybe<Answer<string>> {
    if (answer.kind !== 'records') return answer;
    const read: Answer<string> = answer.records.length === 0 ? { kind: 'none' } : answer;
    // With all of it in the cache nothing else would give the loop back, and a check may read some megabytes.
    const turn = this.#turns.done(workOf(answer.records));
    return turn === undefined ? read : turn.then(() => read);
  }
}

const lookUpFailed: Answer<string> = { kind: 'failed', cause: 'the look-up failed' };

/** Undefined when the directive does not match. */
function endingOf(
  matching: Matching,
  { result, text: mechanism }: Directive,
  record: SpfRecord,
  domain: string,
): Ending | undefined {
  if (matching === false) return undefined;
  if (matching !== true) return { ...matching, mechanism };
  const spec = result === 'fail' ? record.explanation : undefined;
  return spec === undefined ? { result, mechanism } : { result, mechanism, explainedBy: { spec, domain } };
}

/** Octets that are hashed as fast as the records are taken apart. */
function workOf(records: readonly string[]): number {
  let work = 0;
  for (const record of records) work += 50 * (record.length + 1);
  return work;
}

const tooManyTerms = permerror(`more than ${spfLimits.terms} terms that look up`);

/** Labels of 1 to 63 octets, of any octets: names may be more than hosts'. */
function isName(name: string): boolean {
  return (
    name !== '' && name.length <= 253 && name.split('.').every((label) => label !== '' && label.length < 64)
  );
}

const isUnder = (name: string, domain: string): boolean => name === domain || name.endsWith(`.${domain}`);

/** The first of them, lower case. */
function clientNames(answer: Answer<string>): string[] {
  return answer.kind === 'records'
    ? answer.records.slice(0, spfLimits.names).map((name) => name.toLowerCase())
    : [];
}

const shown = (name: string): string => name.replace(/[^!-~]/g, '?');
