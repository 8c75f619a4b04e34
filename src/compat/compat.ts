// What scripts of another kind run by, which people already have for Dovecot or for Rumble: the tables they see, the functions of theirs that
// are called, and who calls them. A layer is a folder beside this file that gives one value of this type. Policies of our own do not go
// through it: they have revisions, a trial and a check of their text, which no other kind has (policy/loader, policy/current-policy).
//
// A layer must never: know another layer; touch a Lua stack (lua/script is what it calls); share an engine with policies or with another
// layer, as what one kind defines must not be seen by another; reach the network, files, the clock or the log but by the ports that it is
// given; hold up a session for what the session has not asked of it; take a script that failed for a yes.
import type { EnvironmentShape, LuaEngine } from '../lua/engine.ts';
import type { Factory, ScriptFiles } from '../lua/script.ts';
import type { EntryTable } from '../lua-api/entry-table.ts';
import type { ModuleSpec } from '../lua-api/module-spec.ts';

/** A script that was compiled, and where it runs: an engine that has the modules and the shape of its layer. */
export interface CompatScript {
  /** As the operator named it. */
  readonly path: string;
  readonly engine: LuaEngine;
  /** Its file level. Whoever is called makes scripts of it (`engine.newScript`), one for each user, connection or worker, as the kind has it. */
  readonly factory: Factory;
  readonly files: ScriptFiles;
}

export type CompatStart =
  | { readonly kind: 'started'; readonly running: CompatRunning }
  /** `message` has file and line: the process does not start, or a reload keeps what there was. */
  | { readonly kind: 'failed'; readonly message: string };

export interface CompatRunning {
  /** Calls nothing any more and ends its scripts, which may have something to say at their end. Idempotent, never rejects. */
  close(): Promise<void>;
}

/**
 * `Ports`: what its API reaches the outside by. `World`: what happens in the process that its scripts are called for, such as a log-in to be
 * checked or mail that was put into a mailbox, and what it may do then.
 */
export interface CompatLayer<Name extends string, Ports, World> {
  /** That of its folder: `dovecot`. */
  readonly name: string;
  /** What a script finds of its own beside the modules. */
  readonly shape: EnvironmentShape;
  /** The functions that a script may define. */
  readonly entries: EntryTable<Name>;
  /** The tables of the API. */
  modules(ports: Ports): readonly ModuleSpec[];
  /** Tries the script, as its kind does at start, and has it called from now on. Never rejects. */
  start(script: CompatScript, world: World): Promise<CompatStart>;
}
