// What one connection asks between dns.open and the end of the hook: queries in their order, answers as they come, and who waits.

import type { Clock, Timer } from '../../base/clock.ts';
import { GivingUp } from '../../base/giving-up.ts';
import type { Maybe } from '../../base/maybe.ts';
import { reverseName } from '../../dns/address-text.ts';
import { Asking } from '../../dns/asking.ts';
import { type DnsResponse, type Resolver, rcode } from '../../dns/resolver-api.ts';
import { rcodeName, typeKey } from '../../dns/type-table.ts';
import type { CallContext } from '../../lua-api/call-context.ts';
import { LuaError, type LuaResults, type Suspension } from '../../lua-api/function-spec.ts';
import { type LuaRecord, LuaTable } from '../../lua-api/value.ts';
import { optionsOf } from '../../options/options.ts';
import { type Answered, answerKey, queryRecord } from './records.ts';
import { giveAnswer, tellAnswer } from './tell-answer.ts';

interface Question {
  /** As the policy wrote it, with final dot. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** When it was asked; monotonic. */
  readonly since: number;
  response: DnsResponse | undefined;
  /** Already given by a wait. */
  given: boolean;
}

interface Waiter {
  readonly all: boolean;
  readonly resolve: (results: LuaResults) => void;
  /** When it waits no longer. */
  timer: Timer | undefined;
}

/** Answers kept since dns.open or dns.reset: more are a policy that forgot dns.reset in a loop. */
const MAX_COLLECTED = 20_000;
/** Names shown by describe(). */
const MAX_SHOWN = 5;
const PTR = 12;
const IN = 1;
const FORGOTTEN = new Error('forgotten');

export class DnsContext {
  readonly #resolver: Resolver;
  readonly #clock: Clock;
  readonly #context: CallContext;
  #open = false;
  #questions: Question[] = [];
  #pending = 0;
  /** By `ask`, without answer. */
  #asked = 0;
  /** One for all queries of a round, and of many rounds as long as none is given up. */
  #until: GivingUp | undefined;
  #waiters: Waiter[] = [];

  constructor(resolver: Resolver, clock: Clock, context: CallContext) {
    this.#resolver = resolver;
    this.#clock = clock;
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
    this.#questions = [];
    if (this.#pending > 0) {
      const until = this.#until;
      this.#until = undefined;
      this.#pending = 0;
      until?.giveUp();
    }
    for (const waiter of waiters) this.#end(waiter);
  }

  query(cls: number, type: number, text: string): void {
    if (!this.#open) {
      this.#context.log.emit('dns-not-open', { type: typeKey(type), name: text });
      return;
    }
    if (this.#questions.length >= MAX_COLLECTED) {
      throw new LuaError(`more than ${MAX_COLLECTED} answers collected; call dns.reset() between rounds`);
    }
    const question: Question = {
      name: askedName(type, text),
      type,
      class: cls,
      since: this.#clock.monotonic(),
      response: undefined,
      given: false,
    };
    this.#questions.push(question);
    const limit = optionsOf(this.#context).values['dns-session-queries'];
    if (this.#pending + this.#asked >= limit) {
      this.#answered(question, failure(question, `more than ${limit} queries pending (dns-session-queries)`));
      return;
    }
    const until = (this.#until ??= new GivingUp(FORGOTTEN));
    const timeoutMs = optionsOf(this.#context).values['dns-max-timeout'] * 1000;
    const response = this.#resolver.query(question, new Asking(until, timeoutMs));
    if (!(response instanceof Promise)) {
      this.#answered(question, response);
      return;
    }
    const operation = this.#context.operation(() => `dns ${typeKey(type)} ${question.name}`, 'dns');
    this.#pending++;
    void response.then((late) => {
      operation.end();
      if (until.isGivenUp) return;
      this.#pending--;
      this.#answered(question, late);
      this.#wake();
    });
  }

  /**
   * A question of its own: `dns.wait` does not wait for it and does not give its answer, but it counts for the limit. `signal` ends it; its
   * answer is then of no use.
   */
  ask(type: number, text: string, signal: AbortSignal): Maybe<DnsResponse> {
    const question: Question = {
      name: askedName(type, text),
      type,
      class: IN,
      since: this.#clock.monotonic(),
      response: undefined,
      given: false,
    };
    const { values } = optionsOf(this.#context);
    const limit = values['dns-session-queries'];
    const problem =
      text === ''
        ? 'no name'
        : this.#pending + this.#asked >= limit
          ? `more than ${limit} queries pending (dns-session-queries)`
          : undefined;
    const response =
      problem === undefined
        ? this.#resolver.query(question, { signal, timeoutMs: values['dns-max-timeout'] * 1000 })
        : failure(question, problem);
    if (!(response instanceof Promise)) {
      this.#answered(question, response);
      return response;
    }
    const operation = this.#context.operation(() => `dns ${typeKey(type)} ${question.name}`, 'dns');
    this.#asked++;
    return response.then((late) => {
      operation.end();
      this.#asked--;
      if (!signal.aborted) this.#answered(question, late);
      return late;
    });
  }

  /** `seconds`: what has come by then; undefined: as long as the queries take. */
  wait(all: boolean, seconds?: number): LuaResults | Suspension {
    if (this.#isReady(all) || seconds === 0) return this.#results();
    const done = new Promise<LuaResults>((resolve) => {
      const waiter: Waiter = { all, resolve, timer: undefined };
      this.#waiters.push(waiter);
      if (seconds !== undefined) waiter.timer = this.#clock.after(seconds * 1000, () => this.#end(waiter));
    });
    return {
      kind: 'suspension',
      describe: () => this.#describe(),
      done,
      cancel: () => this.reset(),
    };
  }

  #end(waiter: Waiter): void {
    this.#waiters = this.#waiters.filter((each) => each !== waiter);
    waiter.timer?.cancel();
    waiter.resolve(this.#results());
  }

  /** All: nothing is pending. Any: that, or an answer that no wait has given yet. */
  #isReady(all: boolean): boolean {
    if (this.#pending === 0) return true;
    return !all && this.#questions.some((question) => question.response !== undefined && !question.given);
  }

  #wake(): void {
    for (const waiter of this.#waiters.filter(({ all }) => this.#isReady(all))) this.#end(waiter);
  }

  #answered(question: Question, response: DnsResponse): void {
    question.response = response;
    const { log } = this.#context;
    if (log.wants('dns-told')) tellAnswer(log, question, response, this.#clock.monotonic());
    if (log.wants('answer-given')) giveAnswer(log, question, response);
    const { error: cause, rcode: code, answer } = response;
    const noAnswer = code === rcode.ERRNO || code === rcode.TIMEDOUT;
    const event = cause === undefined ? 'dns-answer' : noAnswer ? 'dns-no-answer' : 'dns-fault';
    if (!log.wants(event)) return;
    const fields = { question: answerKey(question), rcode: rcodeName(code) };
    if (cause === undefined) log.emit('dns-answer', { ...fields, records: answer.length });
    else log.emit(noAnswer ? 'dns-no-answer' : 'dns-fault', { ...fields, cause });
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
