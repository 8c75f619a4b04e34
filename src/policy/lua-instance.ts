// A policy at work for one connection: what its hooks are called, and what became of a call in the words of the session. Every way a hook
// can fail is logged here, once, with hook, place and cause.

import { type Capabilities, capabilities } from '../base/capability.ts';
import type { Log } from '../base/log.ts';
import { chain } from '../base/maybe.ts';
import type { LuaEngine } from '../lua/engine.ts';
import type {
  Factory,
  Failure,
  RowEnd,
  Script,
  ScriptFiles,
  ScriptOwner,
  TaskLimits,
} from '../lua/script.ts';
import { entryTable } from '../lua-api/entry-table.ts';
import type { LuaRecord, LuaValue, SliceBatch } from '../lua-api/value.ts';
import { OPTIONS, type Options } from '../options/options.ts';
import type { HookLimits } from './hook-limits.ts';
import { readAll, readHook, readNothing, readRow } from './hook-result.ts';
import { type HookName, hookNames } from './hook-table.ts';
import type { HookOutcome, HookWait, PolicyInstance, RowOutcome } from './instance.ts';
import { REVISION, type RevisionView } from './revision-view.ts';
import { SESSION, type SessionView } from './session-view.ts';

const entries = entryTable('hook', hookNames);

/** Lines in one run of Lua; more would save nothing. */
const MOST_LINES = 64;

/** Rows grow while they run through, and shrink to what was done when one stopped. */
function adapt(batch: SliceBatch, done: number): void {
  batch.limit = done < batch.count ? Math.max(1, done) : Math.min(MOST_LINES, batch.limit * 2);
}

/** Like InstanceOwner, but hook.init and the start-up check have no session. */
export interface LuaOwner {
  readonly session: SessionView | undefined;
  readonly options: Options;
  readonly log: Log;
  /** See InstanceOwner. */
  readonly beside?: PolicyInstance;
}

/** What all instances of a revision of a policy share. */
export interface InstanceRevision {
  readonly hookLimits: HookLimits;
  readonly scripts: ScriptFiles;
  readonly verifies: boolean;
  readonly view: RevisionView;
  /** An instance of it is closed. */
  readonly instanceClosed: () => void;
}

export class LuaInstance implements PolicyInstance, ScriptOwner {
  readonly #owner: LuaOwner;
  readonly #revision: InstanceRevision;
  readonly #script: Script;

  constructor(engine: LuaEngine, owner: LuaOwner, revision: InstanceRevision) {
    this.#owner = owner;
    this.#revision = revision;
    const { beside } = owner;
    const scripts = revision.scripts;
    this.#script =
      beside instanceof LuaInstance
        ? engine.newScriptBeside(this, scripts, beside.#script)
        : engine.newScript(this, scripts);
  }

  get id(): string {
    return this.#owner.session?.idSess ?? '';
  }

  get options(): Options {
    return this.#owner.options;
  }

  get log(): Log {
    return this.#owner.log;
  }

  get capabilities(): Capabilities {
    const { session, options } = this.#owner;
    return capabilities(SESSION.is(session), OPTIONS.is(options), REVISION.is(this.#revision.view));
  }

  limits(label: string): TaskLimits {
    return this.#revision.hookLimits.of(this.#owner.options.values, label);
  }

  /** Runs the file level of a compiled policy. */
  load(factory: Factory): HookOutcome | Promise<HookOutcome> {
    return chain(this.#script.load(factory, readNothing), (end) => this.#outcome('script', end));
  }

  get resumedMs(): number {
    return this.#script.resumedMs;
  }

  get verifies(): boolean {
    return this.#revision.verifies;
  }

  has(hook: HookName): boolean {
    return this.#script.has(entries[hook]);
  }

  placeOf(hook: HookName): string {
    return this.#script.placeOf(entries[hook]);
  }

  call(hook: HookName, args: readonly LuaValue[]): HookOutcome | Promise<HookOutcome> {
    const entry = entries[hook];
    const end = this.#script.call(entry, args, readHook);
    if (end instanceof Promise) return end.then((later) => this.#outcome(entry.label, later));
    return this.#outcome(entry.label, end);
  }

  callEach(hook: HookName, batch: SliceBatch): RowOutcome | Promise<RowOutcome> {
    const entry = entries[hook];
    const end = this.#script.callEach(entry, batch, readRow);
    if (end instanceof Promise) return end.then((later) => this.#rowOutcome(entry.label, batch, later));
    return this.#rowOutcome(entry.label, batch, end);
  }

  #rowOutcome(what: string, batch: SliceBatch, { done, last }: RowEnd<HookOutcome>): RowOutcome {
    if (batch.count > 1) adapt(batch, done);
    return { done, outcome: this.#outcome(what, last) };
  }

  run(source: string, chunkName: string): HookOutcome | Promise<HookOutcome> {
    return chain(this.#script.run(source, chunkName, readAll), (end) => this.#outcome(chunkName, end));
  }

  problemOf(source: string, chunkName: string): string | undefined {
    return this.#script.problemOf(source, chunkName);
  }

  waits(): readonly HookWait[] {
    return this.#script.waitsFor;
  }

  #outcome(what: string, end: HookOutcome | Failure): HookOutcome {
    if (end.kind === 'error') {
      const { message, traceback } = end;
      this.#owner.log.emit('hook-error', { hook: what, message, traceback });
    } else if (end.kind === 'limit') {
      const { limit, message } = end;
      const traceback = 'traceback' in end && end.traceback !== '' ? end.traceback : undefined;
      this.#owner.log.emit('hook-limit', { hook: what, message, limit, traceback });
      return { kind: 'limit', limit, message };
    }
    return end;
  }

  setClient(fields: LuaRecord): void {
    this.#script.setFields(fields);
  }

  forget(module: string, field: string): void {
    this.#script.forget(module, field);
  }

  cancel(): void {
    this.#script.cancel();
  }

  close(): void {
    this.#script.close(this.#revision.instanceClosed);
  }
}
