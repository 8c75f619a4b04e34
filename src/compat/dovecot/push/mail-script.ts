import { resolve } from 'node:path';
import type { Log } from '../../../base/log.ts';
import type { LuaEngine } from '../../../lua/engine.ts';
import type { Factory, ScriptFiles } from '../../../lua/script.ts';
import { latin1Of, noScriptTexts, withoutFirstLineComment } from '../../../lua/source.ts';
import type { PolicySource } from '../../../ops/revision.ts';
import type { Options } from '../../../options/options.ts';
import { packagePathOf } from '../../../policy/search-places.ts';
import { Holds } from '../../holds.ts';
import { readScript } from '../../read-script.ts';

/** Where scripts run. */
export interface MailPlace {
  readonly engine: LuaEngine;
  readonly libLuaDirectory: string;
  /** Those of the process, with what these scripts may reach beyond policies. */
  readonly options: Options;
  readonly log: Log;
  /** Milliseconds of a clock that nobody sets. */
  readonly monotonic: () => number;
}

export type CompileOutcome =
  | { readonly kind: 'compiled'; readonly script: MailScript }
  /** `message` has file and line. */
  | { readonly kind: 'failed'; readonly message: string };

const START = "return unpack(require 'dovecot.mail')";

export class MailScript {
  /** As the option names it. */
  readonly path: string;
  readonly place: MailPlace;
  readonly factory: Factory;
  /** What it is called through. */
  readonly start: Factory;
  readonly files: ScriptFiles;
  readonly #text: string;
  readonly #holds = new Holds();

  private constructor(
    place: MailPlace,
    source: PolicySource,
    { factory, files, start }: Pick<MailScript, 'factory' | 'files' | 'start'>,
  ) {
    this.start = start;
    this.path = source.path;
    this.place = place;
    this.#text = source.text;
    this.factory = factory;
    this.files = files;
  }

  /** `given`: when another process has read it. Nothing of it runs. */
  static async compile(place: MailPlace, path: string, given?: PolicySource): Promise<CompileOutcome> {
    const source = await readScript(path, given);
    if (typeof source === 'string') return { kind: 'failed', message: `${path}: ${source}` };
    const { engine, libLuaDirectory, options } = place;
    const compiled = engine.compile(withoutFirstLineComment(source.text), `@${latin1Of(source.path)}`);
    if (compiled.kind === 'failed') return compiled;
    const start = engine.compile(START, '=dovecot');
    if (start.kind === 'failed') {
      compiled.factory.release();
      return start;
    }
    const files = engine.newScriptFiles({
      packagePath: packagePathOf(resolve(source.path), {
        luaPath: options.values['lua-path'],
        libLuaDirectory,
      }),
      texts: given ?? noScriptTexts,
    });
    return {
      kind: 'compiled',
      script: new MailScript(place, source, { factory: compiled.factory, files, start: start.factory }),
    };
  }

  /** All that it is made of, for another process and to be watched. */
  get source(): PolicySource {
    return { path: this.path, text: this.#text, ...this.files.texts() };
  }

  /** A run begins, which needs what was compiled until the hold is given up. */
  hold(): () => void {
    return this.#holds.hold();
  }

  /** No more runs are begun; those that are under way come to their end. */
  retire(): void {
    this.#holds.retire(() => {
      this.factory.release();
      this.start.release();
      this.files.release();
    });
  }
}
