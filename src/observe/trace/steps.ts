// What whoever keeps a session is told of it, step by step (subscribe.ts), and those steps put aside: a tape costs next to nothing while the session goes on,
// and gives its steps to a recorder when it turns out that somebody wants them. Plain data.
//
// Nothing secret is on it: what is about AUTH is hidden before it is put aside, as the recorder hides it.
import type { Clock } from '../../base/clock.ts';
import { codesOnly, cutText, type Recorder } from './recorder.ts';

type StepName =
  | 'connect'
  | 'tls'
  | 'xclient'
  | 'clientSays'
  | 'content'
  | 'serverSays'
  | 'written'
  | 'hookBegins'
  | 'hookEnds'
  | 'hookLines'
  | 'hookWaits'
  | 'hookGoesOn'
  | 'waits'
  | 'goesOn'
  | 'dns'
  | 'service'
  | 'header'
  | 'store'
  | 'nextHop'
  | 'message'
  | 'end'
  | 'piece'
  | 'answer';

export type SessionSteps = Pick<Recorder, StepName>;

/** Its name, when it was (monotonic milliseconds), and what it is told with. */
export type TapeStep = {
  [N in StepName]: readonly [N, number, ...Parameters<SessionSteps[N]>];
}[StepName];

/** What a step takes besides its texts, roughly: octets. */
const PER_STEP = 100;
/** Texts up to it are not looked at more closely. */
const SHORT = 4096;

type Told<N extends StepName> = Parameters<SessionSteps[N]>[0];

const isAuth = (line: string): boolean => line === 'AUTH ...';

/** With long texts cut, as the recorder does it: nothing keeps what nobody will see. */
function cut<T extends object>(fields: T): T {
  return Object.values(fields).some(isLong) ? cutAll(fields) : fields;
}

const isLong = (value: unknown): boolean => typeof value === 'string' && value.length > SHORT;

function cutAll<T extends object>(fields: T): T {
  const long = Object.entries(fields).filter(
    (field): field is [string, string] => typeof field[1] === 'string' && field[1].length > SHORT,
  );
  return { ...fields, ...Object.fromEntries(long.map(([name, text]) => [name, cutText(text)])) };
}

export interface TapeBounds {
  /** Octets of its steps; what is more is not kept, nor anything behind it. */
  readonly octets: number;
  /** Octets of the content of messages. */
  readonly content: number;
}

export class Tape implements SessionSteps {
  #steps: TapeStep[] = [];
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #bounds: TapeBounds;
  readonly #grows: (octets: number) => void;
  #weight = 0;
  #content = 0;
  #omitted = 0;
  #isFull = false;
  #auth = false;

  /** `grows`: told of what it takes more, in octets. */
  constructor(
    clock: Pick<Clock, 'monotonic'>,
    bounds: TapeBounds,
    grows: (octets: number) => void = () => undefined,
  ) {
    this.#clock = clock;
    this.#bounds = bounds;
    this.#grows = grows;
  }

  /** The command in hand is AUTH. */
  protected get inAuth(): boolean {
    return this.#auth;
  }

  /** Octets that it takes, roughly. */
  get weight(): number {
    return this.#weight + this.#content;
  }

  /** Octets that were not kept. */
  get omitted(): number {
    return this.#omitted;
  }

  /** What it has kept, which is not on it any more: whoever still has the tape has none of that. */
  take(): readonly TapeStep[] {
    const steps = this.#steps;
    this.#steps = [];
    return steps;
  }

  /** Nothing more is kept, nor told of: whoever had it has given it up. */
  leave(): void {
    this.#isFull = true;
  }

  /** Octets for which there is none. */
  protected omit(octets: number): void {
    this.#omitted += octets;
  }

  /** One for which there is room. */
  protected keep(step: TapeStep): void {
    this.#steps.push(step);
  }

  connect(fields: Told<'connect'>): void {
    const { client, listener, port } = fields;
    const told = listener === undefined ? { client, port } : { client, port, listener };
    this.#put(['connect', this.#now, told], 64);
  }

  tls(fields: Told<'tls'>): void {
    this.#put(['tls', this.#now, { ...fields }], 256);
  }

  xclient(fields: Told<'xclient'>): void {
    this.#put(['xclient', this.#now, { ...fields }], 256);
  }

  clientSays({ line }: Told<'clientSays'>): void {
    this.#auth = isAuth(line);
    this.#put(['clientSays', this.#now, { line }], line.length);
  }

  content(fields: Told<'content'>): void {
    const { end, head, octets } = fields;
    this.#put(['content', this.#now, { octets, head, end }], head.length);
  }

  serverSays(reply: Told<'serverSays'>): void {
    const shown = this.#auth ? codesOnly(reply) : reply;
    this.#put(['serverSays', this.#now, shown], shown.length);
  }

  written({ text }: Told<'written'>): void {
    const { text: shown } = cut({ text });
    this.#put(['written', this.#now, { text: shown }], shown.length);
  }

  hookBegins(fields: Told<'hookBegins'>): void {
    const { hook, place, script, secret } = fields;
    const args = cutText(fields.args);
    // No spread: it is told for every hook of every session.
    const told = script === undefined ? { hook, args, place, secret } : { hook, script, args, place, secret };
    this.#put(['hookBegins', this.#now, told], fields.args.length + place.length);
  }

  hookEnds(fields: Told<'hookEnds'>): void {
    const { hook, script } = fields;
    const result = cutText(fields.result);
    const told = script === undefined ? { hook, result } : { hook, script, result };
    this.#put(['hookEnds', this.#now, told], fields.result.length);
  }

  hookLines(fields: Told<'hookLines'>): void {
    this.#put(['hookLines', this.#now, { ...cut(fields) }], fields.result.length);
  }

  hookWaits(fields: Told<'hookWaits'>): void {
    const kept = { ...cut(fields) };
    this.#put(['hookWaits', this.#now, kept], kept.what.length + kept.place.length);
  }

  hookGoesOn(fields: Told<'hookGoesOn'>): void {
    const kept = { ...cut(fields) };
    this.#put(['hookGoesOn', this.#now, kept], kept.outcome.length);
  }

  waits(fields: Told<'waits'>): void {
    this.#put(['waits', this.#now, { ...fields }], fields.what.length);
  }

  goesOn(fields: Told<'goesOn'>): void {
    this.#put(['goesOn', this.#now, { ...fields }], fields.outcome.length);
  }

  dns(fields: Told<'dns'>): void {
    this.#put(['dns', this.#now, { ...fields }], fields.question.length + fields.outcome.length);
  }

  service(fields: Told<'service'>): void {
    const kept = { ...cut(fields) };
    this.#put(['service', this.#now, kept], kept.host.length + kept.outcome.length);
  }

  header(fields: Told<'header'>): void {
    const kept = { ...cut(fields) };
    this.#put(['header', this.#now, kept], kept.change.length);
  }

  store(fields: Told<'store'>): void {
    this.#put(['store', this.#now, { ...fields }], fields.store.length);
  }

  nextHop(...told: Parameters<SessionSteps['nextHop']>): void {
    const [way, peer, line] = told;
    const { line: kept } = cut({ line });
    this.#put(['nextHop', this.#now, way, peer, kept], peer.length + kept.length);
  }

  message({ cause, code, transaction }: Told<'message'>): void {
    this.#put(
      ['message', this.#now, { cause, code, transaction } as Told<'message'>],
      cause.length + transaction.length,
    );
  }

  end({ end }: Told<'end'>): void {
    this.#put(['end', this.#now, { end } as Told<'end'>], end.length);
  }

  piece({ octets }: Told<'piece'>): void {
    const kept = this.#isFull ? '' : octets.slice(0, this.#bounds.content - this.#content);
    if (kept !== '') {
      this.#content += kept.length;
      this.keep(['piece', this.#now, { octets: kept }]);
      this.#grows(kept.length);
    }
    if (kept.length < octets.length) this.omit(octets.length - kept.length);
  }

  /** Nothing else depends on it: one that does not fit is left out alone. */
  answer(fields: Told<'answer'>): void {
    if (this.#auth) return;
    const weight = fields.key.length + fields.answer.length;
    if (this.#weight + weight + PER_STEP > this.#bounds.octets) this.omit(weight);
    else this.#put(['answer', this.#now, { ...fields }], weight);
  }

  get #now(): number {
    return this.#clock.monotonic();
  }

  #put(step: TapeStep, weight: number): void {
    const all = weight + PER_STEP;
    this.#isFull = this.#isFull || this.#weight + all > this.#bounds.octets;
    if (this.#isFull) {
      this.omit(all);
      return;
    }
    this.#weight += all;
    this.keep(step);
    this.#grows(all);
  }
}

/** Tells the steps of a tape to whoever keeps a session. `passes`: told of the time of each before it. */
export function playSteps(
  steps: readonly TapeStep[],
  to: SessionSteps,
  passes: (monotonic: number) => void,
): void {
  for (const [name, at, ...told] of steps) {
    passes(at);
    const method: (...told: never[]) => void = to[name];
    Reflect.apply(method, to, told);
  }
}
