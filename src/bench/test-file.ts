// A test file at work: its Lua runs in globals of its own, at the level of the file first, then case by case. While a case waits for a reply, functions
// that it has given away (t.http) run in the same globals.
import { readFile } from 'node:fs/promises';
import { capabilities } from '../base/capability.ts';
import { codeOf, textOf } from '../base/errors.ts';
import type { LuaEngine } from '../lua/engine.ts';
import type {
  Factory,
  Failure,
  Results,
  Script,
  ScriptFiles,
  ScriptOwner,
  TaskLimits,
} from '../lua/script.ts';
import { latin1Of, noScriptTexts, withoutFirstLineComment } from '../lua/source.ts';
import { LuaError } from '../lua-api/function-spec.ts';
import type { LuaRef, LuaValue } from '../lua-api/value.ts';
import { OPTIONS } from '../options/options.ts';
import { packagePathOf } from '../policy/search-places.ts';
import type { Stage } from './stage.ts';
import { BENCH, type TestBench } from './test-bench.ts';

/** What a call of the test came to. */
export type TestEnd =
  | { readonly kind: 'done'; readonly value: LuaValue }
  /** `message` has file and line where Lua knows them. */
  | { readonly kind: 'failed'; readonly message: string };

/** Processor time of the file level, and of a case, milliseconds. */
const CPU = 2000;
/** A test waits by the clock that it moves itself: nothing ends it but the end of what it waits for. */
const NEVER = 2_147_483_647;
const PENDING = 1000;

const readValue = (results: Results): TestEnd => {
  try {
    return { kind: 'done', value: results.value(0) };
  } catch (error) {
    return { kind: 'failed', message: textOf(error) };
  }
};

function endOf(end: TestEnd | Failure | { readonly kind: 'undefined' | 'not-callable' }): TestEnd {
  switch (end.kind) {
    case 'done':
    case 'failed':
      return end;
    case 'error':
      return { kind: 'failed', message: end.message };
    case 'limit':
      return { kind: 'failed', message: `stopped: ${end.message}` };
    case 'cancelled':
      return { kind: 'failed', message: 'cut off' };
    default:
      return { kind: 'failed', message: 'it is no function' };
  }
}

export class TestFile {
  readonly path: string;
  readonly #stage: Stage;
  readonly #bench: TestBench;
  readonly #files: ScriptFiles;
  readonly #globals: ReturnType<LuaEngine['newSharedGlobals']>;
  readonly #factory: Factory;
  readonly #main: Script;

  private constructor(path: string, stage: Stage, bench: TestBench, factory: Factory, files: ScriptFiles) {
    this.path = path;
    this.#stage = stage;
    this.#bench = bench;
    this.#factory = factory;
    this.#files = files;
    this.#globals = stage.engine.newSharedGlobals(files);
    this.#main = stage.engine.newScript(this.#owner(), files, this.#globals);
  }

  /** Reads the file and runs its level: then the bench knows its cases. The message when that fails. */
  static async open(
    path: string,
    stage: Stage,
    bench: TestBench,
    libLuaDirectory: string,
  ): Promise<TestFile | string> {
    const { engine, options } = stage;
    let text: string;
    try {
      text = (await readFile(path)).toString('latin1');
    } catch (error) {
      return `${path}: ${codeOf(error) === 'ENOENT' ? 'there is no such file' : textOf(error)}`;
    }
    const compiled = engine.compile(withoutFirstLineComment(text), `@${latin1Of(path)}`);
    if (compiled.kind === 'failed') return compiled.message;
    const files = engine.newScriptFiles({
      packagePath: packagePathOf(path, { luaPath: options.values['lua-path'], libLuaDirectory }),
      texts: noScriptTexts,
    });
    const file = new TestFile(path, stage, bench, compiled.factory, files);
    const end = endOf(await file.#main.load(compiled.factory, readValue));
    if (end.kind === 'done') return file;
    file.close();
    return end.message;
  }

  /** Its memory was taken away: none of its functions can be called any more. */
  get isLost(): boolean {
    return this.#main.isLost;
  }

  /** Calls a function of the test, for a case. */
  async call(ref: LuaRef, args: readonly LuaValue[]): Promise<TestEnd> {
    return endOf(await this.#main.held(ref, 'case').call(args, readValue));
  }

  /** Calls a function that a case has given away, while the case waits. Rejects with its error. */
  async callBack(ref: LuaRef, args: readonly LuaValue[]): Promise<LuaValue> {
    const script = this.#stage.engine.newScript(this.#owner(), this.#files, this.#globals);
    try {
      const end = endOf(await script.held(ref, 'function of a test').call(args, readValue));
      if (end.kind === 'failed') throw new LuaError(end.message);
      return end.value;
    } finally {
      script.close(() => undefined);
    }
  }

  #owner(): ScriptOwner {
    const { options } = this.#stage;
    const limits: TaskLimits = {
      ...{ cpu: CPU, time: NEVER, pending: PENDING },
      memory: options.values['lua-max-memory'] * 1_048_576,
    };
    return {
      ...{ id: 'test', options, limits: () => limits, close: () => undefined },
      log: this.#stage.world.log,
      capabilities: capabilities(BENCH.is(this.#bench), OPTIONS.is(options)),
    };
  }

  close(): void {
    this.#main.close(() => {
      this.#globals.release();
      this.#factory.release();
      this.#files.release();
    });
  }
}
