// The scripts of a process that option load-script names, in their order. A reload starts the new ones beside the old, in fresh environments; the
// old ones end when their calls have.
import { resolve } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { splitList } from '../../base/lists.ts';
import type { Log } from '../../base/log.ts';
import type { LuaEngine } from '../../lua/engine.ts';
import type { PolicySource } from '../../ops/revision.ts';
import type { Options } from '../../options/options.ts';
import { type LoadPlace, LoadScript } from './load-script.ts';
import { unknownPermissions } from './permission.ts';
import { Registration } from './registration.ts';
import type { DoorParts, ServiceDoor } from './service-door.ts';
import { ServiceDoors } from './service-doors.ts';
import { SmtpHooks } from './smtp-hooks.ts';

export interface LoadScriptsParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Ids of connections of services. */
  readonly nextId: () => string;
  readonly libLuaDirectory: string;
  /** An engine for these scripts alone; made when there is the first of them. */
  readonly createEngine: (options: Options) => Promise<LuaEngine>;
}

/** Scripts that have been started and are not asked yet. */
export interface PreparedLoad {
  readonly kind: 'prepared';
  /** What each has asked for, by its path. */
  readonly found: readonly { readonly path: string; readonly functions: readonly string[] }[];
  readonly warnings: readonly string[];
  /** They are asked from now on. */
  take(): void;
  giveUp(): void;
}

export type PrepareLoad = PreparedLoad | { readonly kind: 'failed'; readonly message: string };

/** Scripts that have been started, with what they asked for. */
interface Revision {
  readonly scripts: readonly LoadScript[];
  readonly registration: Registration;
}

export class LoadScripts {
  readonly #parts: LoadScriptsParts;
  #engine: LuaEngine | undefined;
  #revision: Revision | undefined;
  /** For SMTP sessions. */
  readonly hooks: SmtpHooks;

  #doors: ServiceDoors | undefined;
  /** What is being started anew. */
  #mending: Revision | undefined;

  constructor(parts: LoadScriptsParts) {
    this.#parts = parts;
    this.hooks = new SmtpHooks(parts.clock, () => this.#revision?.registration);
  }

  /** From now on services that scripts create are served: to be called before `prepare`, by who serves. */
  openDoors(parts: Omit<DoorParts, 'log' | 'clock'>): void {
    const { clock, log } = this.#parts;
    this.#doors = new ServiceDoors({ ...parts, clock, log });
  }

  /**
   * Runs the scripts that `options` name; `sources`, when another process has read them. Nobody is asked before `take`. `isFirst`: scripts are
   * told that they are the first to ask for hooks and services.
   */
  async prepare(
    options: Options,
    sources?: readonly PolicySource[],
    isFirst = sources === undefined,
  ): Promise<PrepareLoad> {
    const paths = splitList(options.values['load-script']);
    const [unknown] = unknownPermissions(options.values['rumble-allow']);
    if (unknown !== undefined) {
      const message = `rumble-allow: ${unknown} is no word of it; right would be: accounts, mail, send, control`;
      return { kind: 'failed', message };
    }
    if (paths.length === 0) return this.#prepared(undefined);
    const { clock, libLuaDirectory, log, nextId } = this.#parts;
    // Their author is the operator: they may ask this machine.
    const its = options.fork();
    its.set('http-allow-reserved', '0.0.0.0/0 ::/0', 'load-script');
    this.#engine ??= await this.#parts.createEngine(its);
    const onSpent = (): void => void this.#mend(options);
    const place: LoadPlace = { engine: this.#engine, libLuaDirectory, options: its, log, onSpent };
    const registration = new Registration({
      ...{ clock, log, nextId, isFirst, options: its, doors: this.#doors },
    });
    const revision = { registration, scripts: [] as LoadScript[] };
    for (const path of paths) {
      const registrar = registration.of(path, () => started);
      let started: LoadScript | undefined;
      const start = await LoadScript.start(
        place,
        path,
        registrar,
        sources?.find((source) => source.path === path),
      );
      if (start.kind === 'failed') {
        registration.giveUp();
        retire(revision);
        return { kind: 'failed', message: `load-script: ${start.message}` };
      }
      started = start.script;
      revision.scripts.push(started);
    }
    return this.#prepared(revision);
  }

  /** Starts the present scripts anew, when one was stopped for its memory. */
  async #mend(options: Options): Promise<void> {
    const present = this.#revision;
    if (present === undefined || this.#mending === present) return;
    this.#mending = present;
    const prepared = await this.prepare(options, this.sources, false);
    if (prepared.kind === 'failed') {
      this.#parts.log.emit('load-script-warning', { warning: `not started anew: ${prepared.message}` });
    } else if (this.#revision === present) prepared.take();
    else prepared.giveUp();
  }

  #prepared(revision: Revision | undefined): PreparedLoad {
    return {
      kind: 'prepared',
      found:
        revision?.scripts.map(({ path }) => ({ path, functions: revision.registration.namesOf(path) })) ?? [],
      warnings: [],
      take: () => {
        const before = this.#revision;
        this.#revision = revision;
        if (revision === undefined) this.#doors?.keep(new Set());
        else revision.registration.serve();
        if (before !== undefined) {
          // What is served goes on to its end; who waits has been handed over, or is let go.
          void before.registration.end();
          retire(before);
        }
      },
      giveUp: () => {
        revision?.registration.giveUp();
        if (revision !== undefined) retire(revision);
      },
    };
  }

  /** What the present scripts are made of. */
  get sources(): readonly PolicySource[] {
    return this.#revision?.scripts.map(({ source }) => source) ?? [];
  }

  /** The files of the present scripts, to be watched. */
  get files(): readonly { readonly path: string; readonly text: string | undefined }[] {
    return this.sources.flatMap(({ path, text, files }) => [{ path: resolve(path), text }, ...files]);
  }

  /** The port of a service, by its name. */
  door(name: string): ServiceDoor | undefined {
    return this.#doors?.find(name);
  }

  /** Paths of the present scripts. */
  get paths(): readonly string[] {
    return this.#revision?.scripts.map(({ path }) => path) ?? [];
  }

  /** No new connections of services; those that are served may finish within `graceSeconds`, then they are cut off. */
  async stop(graceSeconds: number): Promise<void> {
    this.#doors?.keep(new Set());
    const registration = this.#revision?.registration;
    if (registration === undefined) return;
    const ended = registration.end();
    const timer = this.#parts.clock.after(graceSeconds * 1000, () => registration.cut());
    if (graceSeconds === 0) registration.cut();
    await ended;
    timer.cancel();
  }

  close(): void {
    this.#doors?.keep(new Set());
    if (this.#revision !== undefined) retire(this.#revision);
    this.#revision = undefined;
    this.#engine?.close();
  }
}

function retire({ scripts }: Revision): void {
  for (const script of scripts) script.retire();
}
