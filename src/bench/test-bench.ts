// What the functions of `smtpe.test` work on: the test file that is read, or the case that is played. It says what is wrong in the words of the author:
// where in the test, what was expected, what was there instead.
import type { ScriptPaths } from '../app.ts';
import { Capability } from '../base/capability.ts';
import { LuaError } from '../lua-api/function-spec.ts';
import type { LuaRef } from '../lua-api/value.ts';
import type { TraceEntry } from '../observe/trace/entry.ts';
import type { Options } from '../options/options.ts';
import { replyText } from '../smtp/protocol/reply.ts';
import type { Dialogue } from './dialogue.ts';
import type { Place } from './fake-table.ts';
import { Fakes } from './fakes.ts';
import type { MissingFake } from './record.ts';
import { shown } from './shown.ts';
import type { World } from './world.ts';

export interface TestCase {
  readonly name: string;
  readonly run: LuaRef;
  readonly place: Place;
}

/** Why a case has failed. */
export interface CaseFailure {
  /** Where in the test; undefined when it is not known. */
  readonly place: Place | undefined;
  readonly text: string;
  /** What happened since the client last said something. */
  readonly trail: readonly TraceEntry[];
  readonly missing: readonly MissingFake[];
}

/** The case that is played. */
export interface Played {
  readonly world: World;
  newSession(): Dialogue;
  /** Moves the clock of the world on and lets happen what is due, in order. Milliseconds. */
  forward(ms: number): Promise<void>;
  /** What the policy waits for, in words; undefined: for nothing. */
  waitsFor(): string | undefined;
}

/** More would be a mistake. */
const MOST_CASES = 10_000;

export class TestBench {
  /** Of the file, for each of its cases. */
  readonly fakes = new Fakes();
  readonly cases: TestCase[] = [];
  /** Done to the world of each case before it begins. */
  readonly preparations: ((world: World) => void)[] = [];
  /** Whose options `smtpe.setoption` of a test changes. */
  readonly options: Options;
  /** Where the test stands. */
  readonly directory: string;
  /** The policy, when the test itself says which files that are. */
  policy: ScriptPaths | undefined;
  played: Played | undefined;
  failure: CaseFailure | undefined;
  readonly #placeOf: () => Place | undefined;

  /** `placeOf`: the line of the test that runs. */
  constructor(options: Options, directory: string, placeOf: () => Place | undefined) {
    this.options = options;
    this.directory = directory;
    this.#placeOf = placeOf;
  }

  get place(): Place {
    return this.#placeOf() ?? { file: '?', line: 0 };
  }

  /** Where fakes go that are made now. */
  get fakesNow(): Fakes {
    return this.played?.world.fakes ?? this.fakes;
  }

  /** In the world of this case, or of all cases of the file. */
  prepare(act: (world: World) => void): void {
    if (this.played === undefined) this.preparations.push(act);
    else act(this.played.world);
  }

  add(name: string, run: LuaRef): void {
    if (this.played !== undefined) throw new LuaError('t.case within a case: cases stand side by side');
    if (this.cases.length >= MOST_CASES) throw new LuaError(`more than ${MOST_CASES} cases in a file`);
    const other = this.cases.find((one) => one.name === name);
    if (other !== undefined)
      throw new LuaError(`there is a case ${JSON.stringify(shown(name))} in line ${other.place.line}`);
    this.cases.push({ name, run, place: this.place });
  }

  /** The case, for what makes sense in one only. */
  inCase(what: string): Played {
    if (this.played === undefined)
      throw new LuaError(`${what} works within a case only: t.case('...', function(s) ... end)`);
    return this.played;
  }

  /** Ends the case: it has failed. */
  fail(text: string): never {
    this.note(text);
    throw new LuaError(text);
  }

  /** The case has failed; the first reason counts. */
  note(text: string, place: Place | undefined = this.#placeOf()): void {
    const record = this.played?.world.record;
    this.failure ??= {
      ...{ place, text },
      trail: record?.sinceLastCommand ?? [],
      missing: [...(record?.missingFakes ?? [])],
    };
  }

  /** The error that has ended the case, with where Lua has it: for an expectation, too, which may have been called by a function of the test. */
  noteAt(text: string, place: Place): void {
    if (this.failure?.text === text) this.failure = { ...this.failure, place };
    else this.note(text, place);
  }

  /** Fails the case when something was asked for that nobody has said anything about: what follows from that is no wonder. */
  mustHaveFakes(): void {
    const missing = this.played?.world.record.missingFakes ?? [];
    if (missing.length > 0) this.fail(missingText(missing));
  }

  /** What there is of a reply, in words. */
  gotText(session: Dialogue): string {
    if (session.reply !== undefined) return `got ${shown(replyText(session.reply)).replaceAll('\\n', ' / ')}`;
    if (session.isClosed) return 'the connection was closed without a reply';
    const waits = this.played?.waitsFor();
    const next = this.played?.world.clock.nextIn;
    const due =
      next === undefined
        ? ''
        : `; time stands still, the next thing is due in ${seconds(next)}: t.clock:forward('${seconds(next).replace(' ', '')}')`;
    return waits === undefined ? `no reply came${due}` : `no reply came: ${waits}, which nothing ends${due}`;
  }
}

export const seconds = (ms: number): string => `${Number((ms / 1000).toFixed(3))} s`;

export function missingText(missing: readonly MissingFake[]): string {
  return `no fake answers ${missing.map(({ what }) => what).join(', ')}`;
}

/** The bench of a test that runs. */
export const BENCH = new Capability<TestBench>('bench');
