// The authentication scripts of a process (option auth-script), a passdb and userdb each: a source of log-ins, and with rcpt-userdb one of
// recipients. A reload starts the new ones beside the old, which go on with what they were asked.
import { resolve } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { Hiding } from '../../base/hiding.ts';
import { splitList } from '../../base/lists.ts';
import type { Log } from '../../base/log.ts';
import { SecretLog } from '../../base/secret-log.ts';
import type { LuaEngine } from '../../lua/engine.ts';
import type { PolicySource } from '../../ops/revision.ts';
import { listenerOptions } from '../../options/listener-options.ts';
import type { OptionValues } from '../../options/option-table.ts';
import type { Options } from '../../options/options.ts';
import { asksUserdb } from '../../users/asks-userdb.ts';
import type { AuthAnswer, AuthQuestion, AuthSource, Credentials } from '../../users/auth-source.ts';
import { PasswordCheck } from '../../users/password/password-check.ts';
import type { RecipientAnswer, RecipientQuestion, RecipientSource } from '../../users/recipient-source.ts';
import { AuthDatabases, type PassdbOutcome } from './auth-databases.ts';
import { AuthScript, type ScriptPlace } from './auth-script.ts';
import { maildirOf } from './mail-location.ts';
import type { RequestFacts } from './request-fields.ts';
import { mayBeAsked, normalised } from './user-name.ts';

export interface AuthScriptsParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly libLuaDirectory: string;
  /** An engine for these scripts alone; made when there is the first of them. */
  readonly createEngine: (passwords: PasswordCheck, options: Options) => Promise<LuaEngine>;
}

/** Scripts that have been started and are not asked yet. */
export interface Prepared {
  readonly kind: 'prepared';
  /** Functions of each, by its path. */
  readonly found: readonly { readonly path: string; readonly functions: readonly string[] }[];
  /** What nobody will ever hear of at a log-in. */
  readonly warnings: readonly string[];
  /** They are asked from now on. */
  take(): void;
  giveUp(): void;
}

export type PrepareOutcome = Prepared | { readonly kind: 'failed'; readonly message: string };

/** `key=value` words. */
export function readScriptSettings(text: string): Readonly<Record<string, string>> {
  const pairs = splitList(text).map((word) => {
    const at = word.indexOf('=');
    return at < 0 ? ([word, ''] as const) : ([word.slice(0, at), word.slice(at + 1)] as const);
  });
  return Object.fromEntries(pairs);
}

const scriptsOf = (values: OptionValues): readonly string[] => splitList(values['auth-script']);

/** Those that a connection with these options asks, in its order. */
function chosen(scripts: readonly AuthScript[], values: OptionValues): readonly AuthScript[] {
  return scriptsOf(values).flatMap((path) => scripts.find((script) => script.path === path) ?? []);
}

const nobody: ReadonlyMap<string, string> = new Map();

/** Scripts that have been started, with what they were started by. */
interface Revision {
  readonly scripts: readonly AuthScript[];
  readonly place: ScriptPlace;
  readonly settings: Readonly<Record<string, string>>;
}

/** The scripts of a revision that a connection asks. */
interface Asked {
  readonly of: Revision | undefined;
  /** Option auth-script. */
  readonly paths: string;
  readonly databases: AuthDatabases;
}

export class AuthScripts implements AuthSource {
  readonly name = 'auth-script';
  readonly #parts: AuthScriptsParts;
  /** For whoever else checks passwords in this process. */
  readonly passwords: PasswordCheck;
  #engine: LuaEngine | undefined;
  #revision: Revision | undefined;
  /** Those that were asked last: a log-in need not read the option again. */
  #last: Asked | undefined;
  /** Scripts that are being started anew. */
  #mending: Promise<void> | undefined;
  readonly recipients: RecipientSource;

  constructor(parts: AuthScriptsParts) {
    this.#parts = parts;
    this.passwords = new PasswordCheck(parts.clock);
    this.recipients = {
      name: 'rcpt-userdb',
      isOn: (values) => values['rcpt-userdb'],
      look: (question) => this.#look(question),
    };
  }

  isOn(values: OptionValues): boolean {
    return values['auth-script'] !== '';
  }

  /** Starts the scripts that `options` name; `sources`, when another process has read them. Nobody is asked before `take`. */
  async prepare(options: Options, sources?: readonly PolicySource[]): Promise<PrepareOutcome> {
    const listeners = [options, ...listenerOptions(options).map((one) => one.options)];
    const paths = [...new Set(listeners.flatMap(({ values }) => scriptsOf(values)))];
    const { log, libLuaDirectory } = this.#parts;
    const scripts: AuthScript[] = [];
    const giveUp = (): void => {
      for (const script of scripts) script.retire();
    };
    const asking = listeners.find(({ values }) => values['rcpt-userdb'] && scriptsOf(values).length === 0);
    if (asking !== undefined)
      return { kind: 'failed', message: 'rcpt-userdb: there is no auth-script to ask' };
    if (paths.length === 0) return this.#prepared(undefined, giveUp);
    // Their author is the operator: they may ask this machine.
    const its = options.fork();
    its.set('http-allow-reserved', '0.0.0.0/0 ::/0', 'auth-script');
    this.#engine ??= await this.#parts.createEngine(this.passwords, its);
    const place: ScriptPlace = { engine: this.#engine, libLuaDirectory, options: its, log };
    const settings = readScriptSettings(options.values['auth-script-settings']);
    for (const path of paths) {
      const started = await AuthScript.start(
        place,
        path,
        settings,
        sources?.find((source) => source.path === path),
      );
      if (started.kind === 'failed') {
        giveUp();
        return started;
      }
      scripts.push(started.script);
    }
    const silent = listeners.find(
      ({ values }) =>
        values['rcpt-userdb'] && !chosen(scripts, values).some((script) => script.has('auth_userdb_lookup')),
    );
    if (silent !== undefined) {
      giveUp();
      const asked = scriptsOf(silent.values).join(' ');
      return { kind: 'failed', message: `rcpt-userdb: no function auth_userdb_lookup in ${asked}` };
    }
    return this.#prepared({ scripts, place, settings }, giveUp);
  }

  #prepared(revision: Revision | undefined, giveUp: () => void): Prepared {
    const scripts = revision?.scripts ?? [];
    return {
      kind: 'prepared',
      found: scripts.map(({ path, functions }) => ({ path, functions })),
      warnings: scripts
        .filter((script) => !script.has('auth_password_verify') && !script.has('auth_passdb_lookup'))
        .map(
          ({ path }) =>
            `${path}: neither auth_password_verify nor auth_passdb_lookup is a function: every log-in that comes to it fails for now`,
        ),
      take: () => {
        const before = this.#revision;
        this.#revision = revision;
        this.#last = undefined;
        for (const script of before?.scripts ?? []) script.retire();
      },
      giveUp,
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

  async verify(credentials: Credentials, question: AuthQuestion): Promise<AuthAnswer> {
    const user = normalised(credentials.user);
    if (!mayBeAsked(user, question.values['auth-username-chars'])) return { kind: 'unknown' };
    // Acting for somebody else is for master users, of which no script tells.
    if (credentials.authorize !== '') return { kind: 'refused', why: 'mismatch' };
    const databases = await this.#databases(question.values);
    const { session, signal } = question;
    const hiding = new Hiding().add(credentials.user, credentials.password);
    const log = new SecretLog(question.log, () => hiding);
    const facts: RequestFacts & { readonly password: string } = {
      original: credentials.user,
      user,
      password: credentials.password,
      session,
      mechanism: question.mechanism,
      remoteAddress: question.address,
      remotePort: question.port,
      realRemoteAddress: question.realAddress,
      localAddress: question.localAddress,
      localPort: question.localPort,
      serverName: question.serverName,
      tls: question.secure,
      extra: nobody,
      userdb: nobody,
    };
    const answer = answerOf(await databases.logIn(facts, { session, log, signal }));
    return answer.kind === 'unavailable' ? { ...answer, cause: hiding.in(answer.cause) } : answer;
  }

  /** Names of all users, as each script lists them, in no order. All scripts have to be able to. */
  async users(signal: AbortSignal): Promise<readonly string[] | { readonly problem: string }> {
    const users = new Set<string>();
    const scripts = this.#revision?.scripts ?? [];
    const holds = scripts.map((script) => script.hold());
    try {
      for (const script of scripts) {
        const list = await script.iterate({ session: '', log: this.#parts.log, signal });
        if (list.kind === 'failed') return { problem: list.message };
        for (const user of list.users) users.add(user);
      }
      return [...users];
    } finally {
      for (const letGo of holds) letGo();
    }
  }

  close(): void {
    for (const script of this.#revision?.scripts ?? []) script.retire();
    this.#revision = undefined;
    this.#last = undefined;
    this.passwords.close();
    this.#engine?.close();
  }

  async #databases(values: OptionValues): Promise<AuthDatabases> {
    const spent = this.#revision?.scripts.some((script) => script.spent) === true;
    if (spent)
      this.#mending ??= this.#mend().finally(() => {
        this.#mending = undefined;
      });
    await this.#mending;
    const paths = values['auth-script'];
    if (this.#last === undefined || this.#last.of !== this.#revision || this.#last.paths !== paths) {
      const scripts = chosen(this.#revision?.scripts ?? [], values);
      const databases = new AuthDatabases(scripts, this.passwords);
      this.#last = { of: this.#revision, paths, databases };
    }
    return this.#last.databases;
  }

  /** Starts those anew that were stopped for their memory. */
  async #mend(): Promise<void> {
    const present = this.#revision;
    if (present === undefined) return;
    const scripts: AuthScript[] = [];
    for (const script of present.scripts) {
      if (!script.spent) {
        scripts.push(script);
        continue;
      }
      const started = await AuthScript.start(present.place, script.path, present.settings, script.source);
      if (started.kind === 'failed') {
        this.#parts.log.emit('auth-script-failed', { message: `auth-script: ${started.message}` });
        scripts.push(script);
      } else {
        script.retire();
        scripts.push(started.script);
      }
    }
    // A reload may have come in between: then these are nobody's.
    if (this.#revision === present) this.#revision = { ...present, scripts };
    else for (const script of scripts) script.retire();
  }

  async #look(question: RecipientQuestion): Promise<RecipientAnswer> {
    const { address, log, session, signal, values } = question;
    if (!asksUserdb(question)) return { kind: 'foreign' };
    const user = normalised(address);
    if (!mayBeAsked(user, values['auth-username-chars'])) return { kind: 'unknown' };
    const databases = await this.#databases(values);
    const facts: RequestFacts = {
      ...{ original: address, user, password: undefined, mechanism: undefined, session },
      ...{ remoteAddress: question.client, remotePort: 0, realRemoteAddress: question.client },
      ...{ localAddress: undefined, localPort: undefined, serverName: undefined, tls: false },
      ...{ extra: nobody, userdb: nobody },
    };
    const outcome = await databases.lookUp(facts, { session, log, signal });
    switch (outcome.kind) {
      case 'ok':
        return { kind: 'known', maildir: maildirOf(outcome.fields), fields: outcome.fields };
      case 'unknown':
        return { kind: 'unknown' };
      case 'failure':
        return { kind: 'unavailable', cause: outcome.cause };
    }
  }
}

/** What SMTP makes of it. */
function answerOf(outcome: PassdbOutcome): AuthAnswer {
  switch (outcome.kind) {
    case 'ok': {
      const { fields, user } = outcome;
      if (fields.has('nologin')) return { kind: 'refused', why: 'disabled', reason: fields.get('reason') };
      return { kind: 'accepted', user, fields: Object.fromEntries(fields) };
    }
    case 'mismatch':
    case 'disabled':
      return { kind: 'refused', why: outcome.kind };
    case 'expired':
      return { kind: 'refused', why: 'expired', reason: 'Password expired' };
    case 'unknown':
      return { kind: 'unknown' };
    case 'failure':
      return { kind: 'unavailable', cause: outcome.cause, refused: outcome.refused };
  }
}
