// One session as entries: what its events are made into, in their order, with times, and with nothing in it that is secret. It knows the session
// by its events only, so that it serves a session of a live server and one of the bench alike. Entries do not depend on how the octets of the
// client were split; only their times do.
import type { Clock } from '../../base/clock.ts';
import type { EventFields } from '../../base/events.ts';
import type { TimeFor, TraceEntry, TraceFact } from './entry.ts';
import { Stopwatch, tenths } from './stopwatch.ts';
import { sessionTimes, timeFor } from './time-for.ts';

const NOT_SHOWN = '***';
/** Octets of one text. */
const LONGEST = 32 * 1024;
/** What says how much was cut. */
const MARK = 32;
/** What stands for AUTH and what follows it where a command is told. */
const AUTH = /^AUTH \.\.\.$/;

interface RunningHook {
  readonly secret: boolean;
  readonly since: number;
  waited: number;
}

interface Waiting {
  readonly for: TimeFor;
  readonly function: string;
  readonly since: number;
}

export interface RecorderParts {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly push: (entry: TraceEntry) => void;
  /** The line of the policy that ran last, `file:line`, where somebody watches that. */
  readonly lineOf?: () => string | undefined;
}

export class Recorder {
  readonly session: string;
  readonly client: string;
  readonly #clock: RecorderParts['clock'];
  readonly #push: RecorderParts['push'];
  readonly #lineOf: RecorderParts['lineOf'];
  readonly #watch: Stopwatch;
  /** Nobody but the client is waited for. */
  #clientsTurn = false;
  #hook: RunningHook | undefined;
  #hookWait: Waiting | undefined;
  #ownWait: Waiting | undefined;
  /** The command in hand is AUTH. */
  #auth = false;
  /** Nothing is known yet of what the hook at work does, which may be AUTH. */
  #blind = false;
  /** Nor of the command in hand. */
  #unsure = false;
  #lines: { readonly hook: string; calls: number; ms: number; result: string } | undefined;

  constructor({ clock, lineOf, push }: RecorderParts, session: string, client: string) {
    this.session = session;
    this.client = client;
    this.#clock = clock;
    this.#push = push;
    this.#lineOf = lineOf;
    this.#watch = new Stopwatch(clock.monotonic());
  }

  /** Milliseconds since it began, or was joined. */
  get now(): number {
    return this.#watch.at(this.#clock.monotonic());
  }

  connect({ client, listener, port }: EventFields<'link-connect'>): void {
    this.#add({ kind: 'connect', client, port, ...(listener !== undefined && { listener }) });
  }

  /** The session was there before. */
  join(): void {
    this.#blind = true;
    this.#unsure = true;
    this.#add({ kind: 'joined', client: this.client });
  }

  tls({ cipher, name, version }: EventFields<'link-tls'>): void {
    this.#add({ kind: 'tls', version, cipher, ...(name !== undefined && { name }) });
  }

  xclient({ client, host }: EventFields<'link-xclient'>): void {
    this.#add({ kind: 'xclient', client, host });
  }

  clientSays({ line }: EventFields<'protocol-client'>): void {
    this.#auth = AUTH.test(line);
    this.#add({ kind: 'client', line: this.#auth ? `AUTH ${NOT_SHOWN}` : line });
    this.#blind = this.#blind && this.#auth;
    this.#unsure = false;
    this.#clientsTurn = false;
  }

  content({ end, head, octets }: EventFields<'content-came'>): void {
    this.#add({ kind: 'content', octets, head, end });
    this.#clientsTurn = end === 'discarded';
  }

  serverSays(reply: string): void {
    this.#add({ kind: 'server', reply: this.#auth || this.#unsure ? codesOnly(reply) : reply.trimEnd() });
    this.#clientsTurn = true;
  }

  written({ text }: EventFields<'client-written'>): void {
    this.#add({ kind: 'written', text: this.#hidden ? NOT_SHOWN : text.trimEnd() });
  }

  hookBegins({ args, hook, place, script, secret }: EventFields<'hook-begins'>): void {
    this.#add({ kind: 'hook', hook, ...(script !== undefined && { script }), args, place });
    this.#blind = false;
    this.#hook = { secret, since: this.#clock.monotonic(), waited: 0 };
  }

  hookEnds({ hook, result, script }: EventFields<'hook-ends'>): void {
    const running = this.#hook;
    const now = this.#clock.monotonic();
    const ms = running === undefined ? 0 : tenths(now - running.since);
    const shown = this.#blind ? NOT_SHOWN : result;
    const waited = tenths(running?.waited ?? 0);
    const whose = script === undefined ? {} : { script };
    this.#add({ kind: 'hook-end', hook, ...whose, result: shown, ms, waited, ...this.#line });
    this.#hook = undefined;
    this.#hookWait = undefined;
    this.#blind = false;
  }

  hookLines({ calls, hook, result, seconds }: EventFields<'hook-lines'>): void {
    const ms = seconds * 1000;
    this.#watch.step(this.#clock.monotonic(), this.#time, ms);
    if (this.#lines?.hook !== hook) this.#tellLines();
    this.#lines ??= { hook, calls: 0, ms: 0, result: '' };
    this.#lines.calls += calls;
    this.#lines.ms += ms;
    if (result !== '') this.#lines.result = result;
  }

  hookWaits({ function: name, place, what }: EventFields<'hook-waits'>): void {
    const time = timeFor(name);
    this.#add({
      ...{ kind: 'wait', for: time, what: this.#hidden ? name : what },
      ...{ place, inHook: true },
    });
    this.#hookWait = { for: time, function: name, since: this.#clock.monotonic() };
  }

  hookGoesOn({ function: name, outcome }: EventFields<'hook-goes-on'>): void {
    const ms = this.#since(this.#hookWait);
    if (this.#hook !== undefined) this.#hook.waited += ms;
    const shown = this.#hidden && outcome !== '' ? NOT_SHOWN : outcome;
    this.#add({ kind: 'wait-end', for: timeFor(name), outcome: shown, ms: tenths(ms), inHook: true });
    this.#hookWait = undefined;
  }

  waits({ for: word, what }: EventFields<'session-waits'>): void {
    const time = sessionTimes[word] ?? 'engine';
    this.#add({ kind: 'wait', for: time, what, place: '', inHook: false });
    this.#ownWait = { for: time, function: '', since: this.#clock.monotonic() };
  }

  goesOn({ for: word, outcome }: EventFields<'session-goes-on'>): void {
    const ms = tenths(this.#since(this.#ownWait));
    this.#add({ kind: 'wait-end', for: sessionTimes[word] ?? 'engine', outcome, ms, inHook: false });
    this.#ownWait = undefined;
  }

  dns({ outcome, question, seconds }: EventFields<'dns-told'>): void {
    const shown = this.#hidden ? { question: NOT_SHOWN, outcome: NOT_SHOWN } : { question, outcome };
    this.#add({ kind: 'dns', ...shown, ms: tenths(seconds * 1000), ...this.#line });
  }

  service({ host, outcome, seconds, service }: EventFields<'service-told'>): void {
    const shown = this.#hidden ? NOT_SHOWN : outcome;
    this.#add({ kind: 'service', service, host, outcome: shown, ms: tenths(seconds * 1000), ...this.#line });
  }

  header({ change, function: call }: EventFields<'header-changed'>): void {
    this.#add({ kind: 'header', call, change: this.#hidden ? NOT_SHOWN : change, ...this.#line });
  }

  store({ op, result, seconds, store }: EventFields<'store-asked'>): void {
    // It is told as a wait.
    if (this.#hookWait !== undefined) return;
    this.#add({ kind: 'store', call: `${store}.${op}`, result, ms: tenths(seconds * 1000), ...this.#line });
  }

  piece({ octets }: EventFields<'content-piece'>): void {
    this.#put({ kind: 'piece', octets });
  }

  answer({ answer, key, of }: EventFields<'answer-given'>): void {
    if (!this.#hidden) this.#put({ kind: 'answer', of, key, answer });
  }

  nextHop(way: 'connects' | 'sent' | 'said' | 'fails', peer: string, line: string): void {
    this.#add({ kind: 'next-hop', way, peer, line });
  }

  message({ cause, code, transaction }: EventFields<'tx-commit'>): void {
    this.#step();
    this.#add({ kind: 'message', transaction, code, cause, ...this.#watch.lap() });
  }

  end({ end }: Pick<EventFields<'link-disconnect'>, 'end'>): void {
    this.#step();
    // A hook that has failed says why: of AUTH that is nobody's business.
    const shown =
      this.#auth || this.#unsure ? end.replace(/^(hook\.\w+|command \S+): .*$/s, `$1: ${NOT_SHOWN}`) : end;
    this.#add({ kind: 'end', cause: shown, ...this.#watch.whole() });
  }

  get #line(): { readonly line?: string } {
    const line = this.#lineOf?.();
    return line === undefined ? {} : { line };
  }

  /** Nothing may be shown of what the hook at work does. */
  get #hidden(): boolean {
    return this.#blind || this.#hook?.secret === true || (this.#hook === undefined && this.#unsure);
  }

  #since(wait: Waiting | undefined): number {
    return wait === undefined ? 0 : this.#clock.monotonic() - wait.since;
  }

  /** What the session is doing since its last entry. */
  get #time(): TimeFor {
    const wait = this.#hookWait ?? this.#ownWait;
    if (wait !== undefined) return wait.for;
    if (this.#hook !== undefined) return 'policy';
    return this.#clientsTurn ? 'client' : 'engine';
  }

  #step(): void {
    this.#watch.step(this.#clock.monotonic(), this.#time);
  }

  #add(fact: TraceFact): void {
    // Where batches of lines end depends on how the content came: their sum stands behind all that was waited for meanwhile.
    const within =
      fact.kind === 'dns' || fact.kind === 'service' || fact.kind === 'store' || fact.kind === 'header';
    if (!within && fact.kind !== 'wait' && fact.kind !== 'wait-end') this.#tellLines();
    this.#step();
    this.#put(fact);
  }

  #tellLines(): void {
    const lines = this.#lines;
    if (lines === undefined) return;
    this.#lines = undefined;
    this.#put({ kind: 'hook-lines', ...lines, ms: tenths(lines.ms) });
  }

  #put(fact: TraceFact): void {
    const at = this.#watch.at(this.#clock.monotonic());
    // The fact is nobody else's. An object that begins with a spread takes Node 20 much longer.
    this.#push(Object.assign(bounded(fact), { session: this.session, at }));
  }
}

/** A text that one entry may have: a policy may write megabytes to its client. What was cut before stays as it is. */
export const cutText = (text: string): string =>
  text.length <= LONGEST + MARK
    ? text
    : // No part of the long one, which would keep it.
      `${Buffer.from(text.slice(0, LONGEST), 'latin1').toString('latin1')}...(+${text.length - LONGEST})`;

const isLong = (value: unknown): boolean => typeof value === 'string' && value.length > LONGEST;

/** Texts are cut, and one entry is always kept whole. Whoever records has a bound of his own. */
function bounded(fact: TraceFact): TraceFact {
  if (fact.kind === 'piece' || fact.kind === 'answer' || !Object.values(fact).some(isLong)) return fact;
  const shown = Object.entries(fact).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === 'string' ? cutText(value) : value,
  ]);
  return Object.fromEntries(shown) as TraceFact;
}

/** Code and enhanced code of a reply to AUTH: a policy may have put anything behind them. */
export function codesOnly(reply: string): string {
  const codes = /^\d{3}(?:[ -]\d\.\d{1,3}\.\d{1,3}(?= |\r|$))?/.exec(reply)?.[0] ?? '';
  return reply.trimEnd() === codes ? codes : `${codes} ${NOT_SHOWN}`;
}
