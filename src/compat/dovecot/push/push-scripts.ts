// The mail and push scripts of a process (options mail-lua-script, push-script): told what happens in mailboxes once who waited has his answer. A
// reload starts the new ones beside the old, which go on with what they were told.
//
// Must never change what became of a message, but that mail_user_created may refuse one before it is there; make who delivers wait for a web
// server; let a script that loops, hoards or waits hold up another user's.
import { resolve } from 'node:path';
import { type Clock, pause } from '../../../base/clock.ts';
import { splitList } from '../../../base/lists.ts';
import type { Log } from '../../../base/log.ts';
import type { LuaEngine } from '../../../lua/engine.ts';
import type { MailOccasion, MailWatch, OpenedMail } from '../../../mailbox/mail-watch.ts';
import type { MailUser, MailUserIdentity, MailUsers } from '../../../mailbox/port/mail-user.ts';
import type { MailboxTransaction } from '../../../mailbox/port/mailbox-event.ts';
import type { PolicySource } from '../../../ops/revision.ts';
import type { Options } from '../../../options/options.ts';
import { eventRecord } from './event-table.ts';
import { type KeptMail, MailMemory } from './kept-mail.ts';
import type { MailAccess } from './mail-access.ts';
import { personFields, pluginSettings } from './mail-person.ts';
import { type MailPerson, MailRun } from './mail-run.ts';
import type { MailPlace, MailScript } from './mail-script.ts';
import { PushQueue } from './push-queue.ts';
import { type Happened, PushTelling } from './push-telling.ts';
import { tryScript } from './try-script.ts';

export interface PushScriptsParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly libLuaDirectory: string;
  readonly users: MailUsers['user'];
  /** An engine for these scripts alone; made when there is the first of them. */
  readonly createEngine: (options: Options) => Promise<LuaEngine>;
}

/** Scripts that have been tried and are told nothing yet. */
export interface PreparedPush {
  readonly kind: 'prepared';
  /** Functions of each, by its path. */
  readonly found: readonly { readonly path: string; readonly functions: readonly string[] }[];
  readonly warnings: readonly string[];
  /** They are told from now on. */
  take(): void;
  giveUp(): void;
}

/** One set of scripts and settings. */
interface Revision {
  readonly mail: MailScript | undefined;
  readonly push: readonly MailScript[];
  readonly settings: Readonly<Record<string, string>>;
  readonly withUser: boolean;
}

const scriptsOf = ({ mail, push }: Revision): readonly MailScript[] =>
  mail === undefined ? push : [mail, ...push];

export class PushScripts implements MailWatch {
  readonly #parts: PushScriptsParts;
  readonly #queue: PushQueue;
  readonly #memory = new MailMemory();
  #limits = { running: 8, waiting: 1000 };
  #engine: LuaEngine | undefined;
  #revision: Revision | undefined;

  constructor(parts: PushScriptsParts) {
    this.#parts = parts;
    this.#queue = new PushQueue(() => this.#limits);
  }

  /** Compiles and tries the scripts that `options` name; `sources`, when another process has read them. */
  async prepare(
    options: Options,
    sources?: readonly PolicySource[],
  ): Promise<PreparedPush | { readonly kind: 'failed'; readonly message: string }> {
    const { values } = options;
    const push = splitList(values['push-script']);
    const mail = splitList(values['mail-lua-script']);
    const limits = { running: values['push-max-running'], waiting: values['push-max-waiting'] };
    if (mail.length > 1) {
      return {
        kind: 'failed',
        message: 'mail-lua-script: right would be one script; several are for push-script',
      };
    }
    if (push.length + mail.length === 0) return this.#prepared(undefined, limits, [], []);
    // Their author is the operator: they may ask this machine.
    const its = options.fork();
    its.set('http-allow-reserved', '0.0.0.0/0 ::/0', 'push-script');
    this.#engine ??= await this.#parts.createEngine(its);
    const { clock, libLuaDirectory, log } = this.#parts;
    const engine = this.#engine;
    const place: MailPlace = {
      engine,
      libLuaDirectory,
      log,
      options: its,
      monotonic: () => clock.monotonic(),
    };
    const settings = pluginSettings(options);
    const scripts: MailScript[] = [];
    const found: { path: string; functions: readonly string[] }[] = [];
    const warnings: string[] = [];
    for (const [option, path] of [
      ...mail.map((one) => ['mail-lua-script', one] as const),
      ...push.map((one) => ['push-script', one] as const),
    ]) {
      const tried = await tryScript(place, path, {
        given: sources?.find((source) => source.path === path),
        person: this.#person(nobody, { session: '', log, signal: new AbortController().signal }, settings),
        isTold: option === 'push-script' || push.length === 0,
        option,
      });
      if (tried.kind === 'failed') {
        for (const script of scripts) script.retire();
        return tried;
      }
      scripts.push(tried.script);
      found.push({ path, functions: tried.functions });
      warnings.push(...tried.warnings);
    }
    const revision: Revision = {
      mail: mail.length === 0 ? undefined : scripts[0],
      push: scripts.slice(mail.length),
      settings,
      withUser: values['push-event-user'],
    };
    return this.#prepared(revision, limits, found, warnings);
  }

  #prepared(
    revision: Revision | undefined,
    limits: { readonly running: number; readonly waiting: number },
    found: PreparedPush['found'],
    warnings: readonly string[],
  ): PreparedPush {
    return {
      ...{ kind: 'prepared', found, warnings },
      take: () => {
        const before = this.#revision;
        this.#revision = revision;
        this.#limits = limits;
        if (before !== undefined) for (const script of scriptsOf(before)) script.retire();
      },
      giveUp: () => {
        if (revision !== undefined) for (const script of scriptsOf(revision)) script.retire();
      },
    };
  }

  /** What the present scripts are made of. */
  get sources(): readonly PolicySource[] {
    return this.#revision === undefined ? [] : scriptsOf(this.#revision).map(({ source }) => source);
  }

  /** The files of the present scripts, to be watched. */
  get files(): readonly { readonly path: string; readonly text: string | undefined }[] {
    return this.sources.flatMap(({ path, text, files }) => [{ path: resolve(path), text }, ...files]);
  }

  open(identity: MailUserIdentity, occasion: MailOccasion): undefined | OpenedMail | Promise<OpenedMail> {
    const revision = this.#revision;
    if (revision === undefined) return undefined;
    const person = this.#person(identity, occasion, revision.settings);
    if (revision.mail === undefined) return this.#opened(revision, person, undefined);
    return this.#created(revision, revision.mail, person, occasion.signal);
  }

  /** Asks mail_user_created. */
  async #created(
    revision: Revision,
    script: MailScript,
    person: MailPerson,
    signal: AbortSignal,
  ): Promise<OpenedMail> {
    const run = new MailRun(script, person);
    const giveUp = (): void => run.close();
    signal.addEventListener('abort', giveUp, { once: true });
    const problem = signal.aborted
      ? { message: 'given up', traceback: undefined, isOver: true }
      : ((await run.start()) ?? (await run.withUser('mail_user_created')));
    // A script that has refused ends as any other; with the time that is left, as somebody waits.
    const late = problem === undefined ? undefined : await run.finish();
    signal.removeEventListener('abort', giveUp);
    if (problem === undefined) return this.#opened(revision, person, run);
    const { username } = person.fields;
    const cause = `mail_user_created(user) failed: ${problem.message}`;
    person.log.emit('push-script-failed', {
      message: `rcpt ${username}: Failed to initialize user: ${cause}`,
      traceback: problem.traceback,
      script: script.path,
    });
    if (late !== undefined)
      person.log.emit('push-script-failed', {
        message: `rcpt ${username}: lua: ${late.message}`,
        traceback: late.traceback,
        script: script.path,
      });
    return { kind: 'refused', cause };
  }

  #opened(revision: Revision, person: MailPerson, run: MailRun | undefined): OpenedMail {
    const happened: Happened[] = [];
    const kept = this.#memory.open();
    const note = (transaction: MailboxTransaction, success: boolean): void => {
      happened.push({ transaction: kept.take(transaction), success });
      if (success) for (const event of transaction.events) this.#noted(person, event);
    };
    const holds = revision.push.map((script) => script.hold());
    return {
      kind: 'open',
      listener: {
        committed: (transaction) => note(transaction, true),
        rolledBack: (transaction) => note(transaction, false),
      },
      close: () => this.#queued(revision, person, run, happened, kept, holds),
    };
  }

  #noted(person: MailPerson, event: MailboxTransaction['events'][number]): void {
    if (!person.log.wants('mailbox-event')) return;
    const { name, mailbox, ...more } = eventRecord(event);
    const texts = Object.entries(more).map(([key, value]) => [
      key,
      Array.isArray(value) ? value.join(' ') : value,
    ]);
    person.log.emit('mailbox-event', {
      ...{ event: String(name), user: person.fields.username, mailbox: String(mailbox) },
      ...Object.fromEntries(texts),
    });
  }

  #queued(
    revision: Revision,
    person: MailPerson,
    run: MailRun | undefined,
    happened: readonly Happened[],
    kept: KeptMail,
    holds: readonly (() => void)[],
  ): void {
    const end = (): void => {
      kept.release();
      for (const letGo of holds) letGo();
      run?.close();
      person.giveUp();
    };
    if (happened.length === 0 && run === undefined) {
      end();
      return;
    }
    const { username } = person.fields;
    const taken = this.#queue.add(username, (signal) =>
      this.#tell(revision, person, run, happened, signal).finally(end),
    );
    if (taken) return;
    end();
    const events = happened.reduce((sum, { transaction }) => sum + transaction.events.length, 0);
    const cause = `${this.#queue.waiting} are waiting already (push-max-waiting)`;
    person.log.emit('push-dropped', { user: username, events, cause });
  }

  async #tell(
    { push, withUser }: Revision,
    person: MailPerson,
    mail: MailRun | undefined,
    happened: readonly Happened[],
    signal: AbortSignal,
  ): Promise<void> {
    const telling = new PushTelling(person.fields.username, person.access, person.log, withUser);
    const runs = happened.length === 0 ? [] : push.map((script) => new MailRun(script, person));
    const stop = (): void => {
      for (const run of [...runs, ...(mail === undefined ? [] : [mail])]) run.close();
    };
    signal.addEventListener('abort', stop, { once: true });
    try {
      if (signal.aborted) stop();
      for (const run of runs) telling.failed(run, await run.start());
      const told = push.length === 0 && mail !== undefined ? [mail] : runs;
      for (const one of happened) for (const run of told) await telling.tell(run, one);
      for (const run of runs) {
        run.renew();
        telling.failed(run, await run.finish());
      }
      if (mail === undefined) return;
      mail.renew();
      telling.failed(mail, await mail.withUser('mail_user_deinit_pre'));
      telling.failed(mail, await mail.withUser('mail_user_deinit'));
      telling.failed(mail, await mail.finish());
    } finally {
      signal.removeEventListener('abort', stop);
      stop();
    }
  }

  #person(
    identity: MailUserIdentity,
    { log, session, userFields }: MailOccasion,
    settings: Readonly<Record<string, string>>,
  ): MailPerson {
    const { clock, users } = this.#parts;
    const { fields, variables } = personFields(identity, session, clock.now(), userFields);
    return {
      ...{ fields, settings, session, log },
      ...accessTo({ settings, userFields, variables }, (signal) => users(identity, { signal })),
    };
  }

  /** How many are told, or wait to be. */
  get pending(): number {
    return this.#queue.running + this.#queue.waiting;
  }

  /** Waits for those that are told or wait, up to so many milliseconds; the others are given up, and the log says how many. */
  async drain(milliseconds: number): Promise<void> {
    const { clock, log } = this.#parts;
    if (this.pending > 0 && milliseconds > 0) {
      const idle = new AbortController();
      const late = pause(milliseconds, clock, idle.signal);
      await Promise.race([this.#queue.whenIdle(), late]);
      idle.abort();
    }
    const left = this.#queue.stop();
    if (left > 0) log.emit('push-given-up', { notifications: left });
  }

  close(): void {
    const left = this.#queue.stop();
    if (left > 0) this.#parts.log.emit('push-given-up', { notifications: left });
    if (this.#revision !== undefined) for (const script of scriptsOf(this.#revision)) script.retire();
    this.#revision = undefined;
    this.#engine?.close();
  }
}

/** Made when a script asks for it: most look at the message that they are told of, and at nothing else. */
function accessTo(
  {
    settings,
    userFields,
    variables,
  }: Pick<MailPerson, 'settings'> & Pick<MailAccess, 'variables'> & Pick<MailOccasion, 'userFields'>,
  makeUser: (signal: AbortSignal) => MailUser,
): Pick<MailPerson, 'access' | 'giveUp'> {
  let made: { readonly stop: AbortController; readonly user: MailUser } | undefined;
  let isOver = false;
  const make = (): NonNullable<typeof made> => {
    const stop = new AbortController();
    if (isOver) stop.abort();
    return { stop, user: makeUser(stop.signal) };
  };
  return {
    giveUp: () => {
      isOver = true;
      made?.stop.abort();
    },
    access: {
      variables,
      get user() {
        made ??= make();
        return made.user;
      },
      plugin: (name) =>
        Object.hasOwn(settings, name)
          ? settings[name]
          : (settingOf(settings, name.toLowerCase()) ?? userFields?.get(name)),
    },
  };
}

/** Whatever letters its name is written in; `name` is in lower case. */
function settingOf(settings: Readonly<Record<string, string>>, name: string): string | undefined {
  let last: string | undefined;
  for (const its in settings) if (its.toLowerCase() === name) last = settings[its];
  return last;
}

/** For the trial at the start. */
const nobody: MailUserIdentity = { name: 'nobody', path: '/nonexistent' };
