// What one connection asks between dns.open and the end of the hook: queries in their order, answers as they come, and who waits.
import { reverseName } from '../dns/address-text.ts';
import { type DnsResponse, type Resolver, rcode } from '../dns/resolver-api.ts';
import { rcodeName, typeKey } from '../dns/type-table.ts';
import type { CallContext } from '../lua/call-context.ts';
import { LuaError, type LuaResults, type Suspension } from '../lua/function-spec.ts';
import { type LuaRecord, LuaTable } from '../lua/value.ts';
import { type Answered, answerKey, queryRecord } from './dns-records.ts';

interface Question {
  /** As the policy wrote it, with final dot. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  response: DnsResponse | undefined;
  /** Already given by a wait. */
  given: boolean;
}

interface Waiter {
  readonly all: boolean;
  readonly resolve: (results: LuaResults) => void;
}

/** Answers kept since dns.open or dns.reset: more are a policy that forgot dns.reset in a loop. */
const MAX_COLLECTED = 20_000;
/** Names shown by describe(). */
const MAX_SHOWN = 5;
const PTR = 12;
/** A reason made once: AbortController would make one with a stack trace each time. */
const FORGOTTEN = new Error('forgotten');

export class DnsContext {
  readonly #resolver: Resolver;
  readonly #context: CallContext;
  #open = false;
  #questions: Question[] = [];
  #pending = 0;
  #abort: AbortController | undefined;
  #waiters: Waiter[] = [];

  constructor(resolver: Resolver, context: CallContext) {
    this.#resolver = resolver;
    this.#context = context;
  }

  /** Queries without answer. */
  get pending(): number {
    return this.#pending;
  }

  open(): void {
    this.#open = true;
  }

  close(): void {
    this.reset();
    this.#open = false;
  }

  /** Forgets queries and answers; who waits gets an empty table. */
  reset(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    this.#questions = [];
    if (this.#pending > 0) {
      const abort = this.#abort;
      this.#abort = undefined;
      this.#pending = 0;
      abort?.abort(FORGOTTEN);
    }
    for (const waiter of waiters) waiter.resolve(this.#results());
  }

  query(cls: number, type: number, text: string): void {
    if (!this.#open) {
      this.#context.log.write('err', `dns.query without dns.open: ${typeKey(type)} ${text} is not asked`);
      return;
    }
    if (this.#questions.length >= MAX_COLLECTED) {
      throw new LuaError(`more than ${MAX_COLLECTED} answers collected; call dns.reset() between rounds`);
    }
    const question: Question = {
      name: askedName(type, text),
      type,
      class: cls,
      response: undefined,
      given: false,
    };
    this.#questions.push(question);
    const limit = this.#context.options.values['dns-session-queries'];
    if (this.#pending >= limit) {
      this.#answered(question, failure(question, `more than ${limit} queries pending (dns-session-queries)`));
      return;
    }
    // One for all queries of a round, and of many rounds as long as none is given up.
    this.#abort ??= new AbortController();
    const { signal } = this.#abort;
    const timeoutMs = this.#context.options.values['dns-max-timeout'] * 1000;
    const response = this.#resolver.query(question, { signal, timeoutMs });
    if (!(response instanceof Promise)) {
      this.#answered(question, response);
      return;
    }
    const operation = this.#context.operation(() => `${typeKey(type)} ${question.name}`);
    this.#pending++;
    void response.then((late) => {
      operation.end();
      if (signal.aborted) return;
      this.#pending--;
      this.#answered(question, late);
      this.#wake();
    });
  }

  wait(all: boolean): LuaResults | Suspension {
    if (this.#isReady(all)) return this.#results();
    return {
      kind: 'suspension',
      describe: () => this.#describe(),
      done: new Promise((resolve) => this.#waiters.push({ all, resolve })),
      cancel: () => this.reset(),
    };
  }

  /** All: nothing is pending. Any: that, or an answer that no wait has given yet. */
  #isReady(all: boolean): boolean {
    if (this.#pending === 0) return true;
    return !all && this.#questions.some((question) => question.response !== undefined && !question.given);
  }

  #wake(): void {
    const ready = this.#waiters.filter((waiter) => this.#isReady(waiter.all));
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter));
    for (const waiter of ready) waiter.resolve(this.#results());
  }

  #answered(question: Question, response: DnsResponse): void {
    question.response = response;
    const { log } = this.#context;
    const { error, rcode: code, answer } = response;
    if (error === undefined && !log.verbose('dns')) return;
    const level = code === rcode.ERRNO || code === rcode.TIMEDOUT ? 'notice' : 'info';
    log.write(
      level,
      `dns ${answerKey(question)}: ${rcodeName(code)}${error === undefined ? `, ${answer.length} records` : `: ${error}`}`,
    );
  }

  /** Every answer so far: array in the order of the queries, and by key. */
  #results(): LuaResults {
    const sequence: LuaRecord[] = [];
    const fields: Record<string, LuaRecord> = {};
    for (const question of this.#questions) {
      const { response } = question;
      if (response === undefined) continue;
      question.given = true;
      const answered: Answered = {
        name: question.name,
        class: question.class,
        type: question.type,
        response,
      };
      const record = queryRecord(answered);
      sequence.push(record);
      fields[answerKey(question)] = record;
    }
    return [new LuaTable(sequence, fields)];
  }

  #describe(): string {
    const names = this.#questions
      .filter((question) => question.response === undefined)
      .map((question) => `${typeKey(question.type)} ${question.name}`);
    const shown = names.slice(0, MAX_SHOWN).join(', ');
    return `dns.wait (${names.length} pending: ${shown}${names.length > MAX_SHOWN ? ', ...' : ''})`;
  }
}

/** The name that is asked, with final dot: a leading dot is skipped, an address asked for its PTR is turned round. */
function askedName(type: number, text: string): string {
  const reversed = type === PTR ? reverseName(text) : undefined;
  const name = reversed ?? (text.length > 1 && text.startsWith('.') ? text.slice(1) : text);
  return name.endsWith('.') ? name : `${name}.`;
}

function failure(question: Question, error: string): DnsResponse {
  return { question, rcode: rcode.ERRNO, answer: [], authority: [], extra: [], ttl: 0, error };
}
