// One run of a mail or push script: globals of its own from script_init to script_deinit, for one user and what happens in his mail by one
// operation. It says what went wrong, and goes on where Dovecot does: an error in a function ends that function. Who is stopped by a limit
// is not called again.
//
// Must never be asked for two things at once, or run longer than hook-time-limit for each of them.
import { capabilities } from '../../../base/capability.ts';
import type { Log } from '../../../base/log.ts';
import type { End, Failure, Results, Script, ScriptOwner, TaskLimits } from '../../../lua/script.ts';
import type { LuaRecord, LuaRef, LuaValue } from '../../../lua-api/value.ts';
import { OPTIONS } from '../../../options/options.ts';
import { HookLimits } from '../../../policy/hook-limits.ts';
import { MAIL_ACCESS, type MailAccess } from './mail-access.ts';
import type { MailScript } from './mail-script.ts';

/** Whose mail it is, as scripts see it. */
export interface MailPerson {
  readonly access: MailAccess;
  /** Fields of mail_user. */
  readonly fields: LuaRecord & { readonly username: string };
  readonly settings: Readonly<Record<string, string>>;
  /** For the watchdog. */
  readonly session: string;
  readonly log: Log;
  /** Nobody waits for his mail any more. */
  readonly giveUp: () => void;
}

/** What went wrong; `isOver`: the script is not called any more. */
export interface RunProblem {
  readonly message: string;
  readonly traceback: string | undefined;
  readonly isOver: boolean;
}

/** The functions of lib-lua/dovecot/mail.lua, in its order. */
const helperNames = [
  'begin',
  'finish',
  'defined',
  'setUser',
  'withUser',
  'beginTxn',
  'notify',
  'endTxn',
] as const;
type Helper = (typeof helperNames)[number];

interface Held {
  readonly kind: 'held';
  readonly refs: Readonly<Record<Helper, LuaRef>>;
}
const readHelpers = (results: Results): Held => ({
  kind: 'held',
  refs: Object.fromEntries(helperNames.map((name, at) => [name, results.hold(at)])) as Record<Helper, LuaRef>,
});

interface Said {
  readonly kind: 'said';
  /** nil, and what is no text: undefined. */
  readonly text: string | undefined;
}
const readSaid = (results: Results): Said => ({
  kind: 'said',
  text: results.type(0) === 'string' ? results.text(0) : undefined,
});

interface Names {
  readonly kind: 'names';
  readonly names: ReadonlySet<string>;
}
const readNames = (results: Results): Names => {
  const value = results.value(0);
  return { kind: 'names', names: new Set(value instanceof Map ? [...value.values()].map(String) : []) };
};
const loaded = { kind: 'loaded' } as const;

type Unread = Failure | { readonly kind: 'undefined' | 'not-callable' };

/** `call`: as Dovecot names it in front of an error. */
function problemOf(failure: Unread, call: string): RunProblem {
  switch (failure.kind) {
    case 'error':
      return { message: `${call} failed: ${failure.message}`, traceback: failure.traceback, isOver: false };
    case 'limit':
      return {
        message: `${call} was stopped: ${failure.message}`,
        traceback: failure.traceback,
        isOver: true,
      };
    default:
      return { message: `${call} was cut off`, traceback: undefined, isOver: true };
  }
}

export class MailRun {
  readonly #script: MailScript;
  readonly #letGo: () => void;
  readonly #person: MailPerson;
  readonly #limits = new HookLimits();
  readonly #lua: Script;
  #held: Held | undefined;
  #names: ReadonlySet<string> = new Set();
  /** Of what it is asked for: monotonic milliseconds. */
  #until = 0;
  /** script_init has been called. */
  #isBegun = false;
  #over = false;
  #closed = false;

  constructor(script: MailScript, person: MailPerson) {
    this.#script = script;
    this.#person = person;
    this.#letGo = script.hold();
    const { engine, options } = script.place;
    const owner: ScriptOwner = {
      id: person.session,
      options,
      log: person.log,
      capabilities: capabilities(OPTIONS.is(options), MAIL_ACCESS.is(person.access)),
      limits: (label) => this.#limitsOf(label),
      close: () => this.close(),
    };
    this.#lua = engine.newScript(owner, script.files);
  }

  get path(): string {
    return this.#script.path;
  }

  /** Time begins anew: for the next thing that it is asked for. */
  renew(): void {
    const { monotonic, options } = this.#script.place;
    this.#until = monotonic() + options.values['hook-time-limit'] * 1000;
  }

  /** Nothing of it is called any more. */
  get isOver(): boolean {
    return this.#over || this.#closed;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  get functions(): readonly string[] {
    return [...this.#names];
  }

  /** Runs the file and script_init. Where something is wrong, it is over; script_deinit is called when script_init was, as Dovecot does. */
  async start(): Promise<RunProblem | undefined> {
    this.renew();
    const problem = await this.#start();
    if (problem === undefined) return undefined;
    if (this.#isBegun && !problem.isOver) await this.#plain('finish', [], 'script_deinit()');
    this.#over = true;
    return { ...problem, isOver: true };
  }

  async #start(): Promise<RunProblem | undefined> {
    const { path, factory, start } = this.#script;
    const { fields, settings } = this.#person;
    const helpers = await this.#lua.load(start, readHelpers);
    if (helpers.kind !== 'held') return problemOf(helpers, `lua_load(${path})`);
    this.#held = helpers;
    const prefix = `rcpt ${fields.username}: lua: `;
    const user = await this.#call('setUser', [fields, prefix, path], readSaid);
    if (user.kind !== 'said') return problemOf(user, 'mail_user');
    const file = await this.#lua.load(factory, () => loaded);
    if (file.kind !== 'loaded') return problemOf(file, `lua_pcall(${path})`);
    this.#isBegun = true;
    const init = await this.#call('begin', [settings], readSaid);
    if (init.kind !== 'said') return problemOf(init, 'lua_pcall(script_init, 0, 1)');
    if (init.text !== undefined) return { message: init.text, traceback: undefined, isOver: false };
    const found = await this.#call('defined', [], readNames);
    if (found.kind !== 'names') return problemOf(found, 'script');
    this.#names = found.names;
    return undefined;
  }

  /** Calls mail_user_created, mail_user_deinit_pre or mail_user_deinit: what is wrong, or what it has refused with. */
  async withUser(name: string): Promise<RunProblem | undefined> {
    if (this.isOver || !this.has(name)) return undefined;
    const said = await this.#call('withUser', [name], readSaid);
    if (said.kind !== 'said') return this.#failed(problemOf(said, `lua_pcall(${name}, 1, 2)`));
    return said.text === undefined ? undefined : { message: said.text, traceback: undefined, isOver: false };
  }

  /** dovecot_lua_notify_begin_txn, whose result is kept for what follows. */
  beginTransaction(): Promise<RunProblem | undefined> {
    return this.#plain('beginTxn', [], 'lua_pcall(dovecot_lua_notify_begin_txn, 1, 1)');
  }

  /** A handler, by the full name of its function. */
  notify(name: string, event: LuaRecord): Promise<RunProblem | undefined> {
    return this.#plain('notify', [name, event], `lua_pcall(${name}, 2, 0)`);
  }

  endTransaction(success: boolean): Promise<RunProblem | undefined> {
    return this.#plain('endTxn', [success], 'lua_pcall(dovecot_lua_notify_end_txn, 2, 0)');
  }

  /** script_deinit, and the end. */
  async finish(): Promise<RunProblem | undefined> {
    const problem = await this.#plain('finish', [], 'script_deinit()');
    this.close();
    return problem;
  }

  /** Cuts off what still runs. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#lua.close(this.#letGo);
  }

  async #plain(helper: Helper, args: readonly LuaValue[], call: string): Promise<RunProblem | undefined> {
    if (this.isOver) return undefined;
    const said = await this.#call(helper, args, readSaid);
    return said.kind === 'said' ? undefined : this.#failed(problemOf(said, call));
  }

  #failed(problem: RunProblem): RunProblem {
    if (problem.isOver) this.#over = true;
    return problem;
  }

  #call<T>(helper: Helper, args: readonly LuaValue[], read: (results: Results) => T): Promise<End<T>> {
    const ref = this.#held?.refs[helper];
    if (ref === undefined || this.#closed) return Promise.resolve({ kind: 'cancelled' } as const);
    return Promise.resolve(this.#lua.held(ref, helper).call(args, read));
  }

  /** All calls for one thing have the time of one. */
  #limitsOf(label: string): TaskLimits {
    const { monotonic, options } = this.#script.place;
    const limits = this.#limits.of(options.values, label);
    return { ...limits, time: Math.max(1, Math.min(limits.time, this.#until - monotonic())) };
  }
}
