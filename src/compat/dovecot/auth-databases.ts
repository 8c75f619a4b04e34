// The passdbs and userdbs of a request, a script each, asked in order: what the answer of one means for the next, and what comes of all. Must
// never write a password.
import type { Log } from '../../base/log.ts';
import type { PasswordCheck } from '../../users/password/password-check.ts';
import { verdictText } from '../../users/password/password-check.ts';
import { readStored } from '../../users/password/stored-password.ts';
import { type PassdbCode, passdbCode, type ScriptResult, userdbCode } from './auth-result.ts';
import type { AuthScript, CallOutcome } from './auth-script.ts';
import { type PassdbFields, readPassdbFields } from './passdb-fields.ts';
import { linePrefix, type RequestFacts, requestFields } from './request-fields.ts';

export type PassdbOutcome =
  | {
      readonly kind: 'ok';
      readonly user: string;
      readonly fields: ReadonlyMap<string, string>;
      readonly script: string;
    }
  | { readonly kind: 'mismatch' | 'unknown' | 'disabled' | 'expired' }
  /** `refused`: another database has said no besides. */
  | { readonly kind: 'failure'; readonly cause: string; readonly refused: boolean };

export type UserdbOutcome =
  | { readonly kind: 'ok'; readonly fields: ReadonlyMap<string, string> }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'failure'; readonly cause: string };

export interface Who {
  readonly session: string;
  readonly log: Log;
  readonly signal: AbortSignal;
}

const failure = (cause: string): PassdbOutcome => ({ kind: 'failure', cause, refused: false });

/** What the databases before have set. */
interface Present {
  readonly user: string;
  readonly extra: ReadonlyMap<string, string>;
  readonly userdb: ReadonlyMap<string, string>;
}

type Step =
  | { readonly kind: 'end'; readonly outcome: PassdbOutcome }
  /** It leaves the decision to the next one. */
  | { readonly kind: 'left'; readonly present: Present }
  /** The next one is asked; `outcome` is what it was when there is none. */
  | { readonly kind: 'next'; readonly outcome: PassdbOutcome; readonly present: Present };

export class AuthDatabases {
  readonly #scripts: readonly AuthScript[];
  readonly #passwords: PasswordCheck;

  constructor(scripts: readonly AuthScript[], passwords: PasswordCheck) {
    this.#scripts = scripts;
    this.#passwords = passwords;
  }

  /** Asks whether the password of a log-in is right. Never rejects. */
  logIn(facts: RequestFacts & { readonly password: string }, who: Who): Promise<PassdbOutcome> {
    return this.#holding(() => this.#logIn(facts, who));
  }

  /** What is known of a user. Never rejects. */
  lookUp(facts: RequestFacts, who: Who): Promise<UserdbOutcome> {
    return this.#holding(() => this.#lookUp(facts, who));
  }

  /** A reload must not end the second script while the first is being waited for. */
  async #holding<T>(work: () => Promise<T>): Promise<T> {
    const holds = this.#scripts.map((script) => script.hold());
    try {
      return await work();
    } finally {
      for (const letGo of holds) letGo();
    }
  }

  async #logIn(facts: RequestFacts & { readonly password: string }, who: Who): Promise<PassdbOutcome> {
    let present: Present = { user: facts.user, extra: facts.extra, userdb: facts.userdb };
    let failed: string | undefined;
    let said: PassdbOutcome = failure('no auth script');
    let left = false;
    for (const script of this.#scripts) {
      const step = await this.#one(script, { ...facts, ...present }, who);
      if (who.signal.aborted) return failure('the client is gone');
      left = step.kind === 'left';
      if (step.kind === 'left') {
        present = step.present;
        continue;
      }
      const { outcome } = step;
      if (step.kind === 'end' && outcome.kind === 'ok') return outcome;
      if (outcome.kind === 'failure') failed ??= outcome.cause;
      // That one does not know the user says nothing where another one does.
      if (outcome.kind !== 'failure' && !(outcome.kind === 'unknown' && said.kind === 'mismatch'))
        said = outcome;
      if (step.kind === 'end') break;
      present = step.present;
    }
    if (left) {
      failed ??= 'the last database has left the decision to the next one (PASSDB_RESULT_NEXT)';
      who.log.emit('auth-script-failed', { message: `${linePrefix({ ...facts, ...present })}${failed}` });
    }
    if (failed === undefined) return said;
    return { kind: 'failure', cause: failed, refused: said.kind !== 'failure' };
  }

  async #lookUp(facts: RequestFacts, who: Who): Promise<UserdbOutcome> {
    const scripts = this.#scripts.filter((script) => script.has('auth_userdb_lookup'));
    // That nobody can be asked says nothing of the user.
    let failed = scripts.length === 0 ? 'no auth-script has auth_userdb_lookup' : undefined;
    for (const script of scripts) {
      const prefix = linePrefix(facts);
      const about = { fields: requestFields(facts), prefix };
      const answer = await script.ask('auth_userdb_lookup', about, who);
      if (answer.kind !== 'result') {
        failed ??= told(answer, prefix, 'userdb-lua: ', who.log);
        continue;
      }
      switch (userdbCode(answer.code)) {
        case 'ok':
          return {
            kind: 'ok',
            fields: new Map(answer.fields.map(([name, value]) => [name, value === true ? '' : value])),
          };
        case 'unknown':
          break;
        case 'failure':
          who.log.emit('auth-script-failed', { message: `${prefix}userdb-lua: ${answer.text}` });
          failed ??= 'the script says INTERNAL_FAILURE';
          break;
        case undefined:
          failed ??= wrongCode('auth_userdb_lookup', answer.code, prefix, who.log);
      }
    }
    return failed === undefined ? { kind: 'unknown' } : { kind: 'failure', cause: failed };
  }

  async #one(
    script: AuthScript,
    facts: RequestFacts & { readonly password: string },
    who: Who,
  ): Promise<Step> {
    const prefix = linePrefix(facts);
    const next = (outcome: PassdbOutcome): Step => ({ kind: 'next', outcome, present: facts });
    const verifies = script.has('auth_password_verify');
    if (!verifies && !script.has('auth_passdb_lookup')) {
      who.log.emit('auth-script-failed', {
        message: `${prefix}db-lua: 'auth_passdb_lookup' is not a function`,
      });
      return next(failure(`${script.path} has no auth_passdb_lookup`));
    }
    const name = verifies ? 'auth_password_verify' : 'auth_passdb_lookup';
    const about = { fields: requestFields(facts), prefix, ...(verifies && { password: facts.password }) };
    const answer = await script.ask(name, about, who);
    if (answer.kind !== 'result') return next(failure(told(answer, prefix, 'db-lua: ', who.log)));
    const code: PassdbCode | undefined = passdbCode(answer.code);
    switch (code) {
      case 'ok':
        return this.#success(script, answer, facts, who, verifies);
      case 'next': {
        // A table with NEXT is dropped.
        const read = answer.text === '' ? { ...answer, fields: [] } : answer;
        const fields = this.#read(script, read, facts, who.log);
        const extra = new Map([...facts.extra, ...fields.extra]);
        const userdb = new Map([...facts.userdb, ...fields.userdb]);
        return { kind: 'left', present: { user: fields.user, extra, userdb } };
      }
      case 'failure':
        who.log.emit('auth-script-failed', {
          message: `${prefix}${verifies ? 'passdb-lua' : 'db-lua'}: ${answer.text}`,
        });
        return next(failure('the script says INTERNAL_FAILURE'));
      case 'mismatch':
      case 'unknown':
        return next({ kind: code });
      case 'disabled':
      case 'expired':
        return { kind: 'end', outcome: { kind: code } };
      case undefined:
        return next(failure(wrongCode(name, answer.code, prefix, who.log)));
    }
  }

  #read(script: AuthScript, result: ScriptResult, facts: RequestFacts, log: Log): PassdbFields {
    const fields = readPassdbFields(result.fields, facts);
    const prefix = linePrefix({ ...facts, user: fields.user });
    for (const warning of result.warnings)
      log.emit('auth-script-warning', { warning: `${prefix}db-lua: ${warning}` });
    for (const name of fields.useless) {
      if (script.isNew(name)) {
        log.emit('auth-script-warning', {
          warning: `${script.path}: field ${name} has no effect: smtpe is no proxy of log-ins`,
        });
      }
    }
    return fields;
  }

  async #success(
    script: AuthScript,
    answer: ScriptResult,
    facts: RequestFacts & { readonly password: string },
    who: Who,
    verified: boolean,
  ): Promise<Step> {
    const fields = this.#read(script, answer, facts, who.log);
    const prefix = linePrefix({ ...facts, user: fields.user });
    const no = (outcome: PassdbOutcome): Step => ({ kind: 'next', outcome, present: facts });
    const refuse = (level: 'err' | 'info', text: string): Step => {
      who.log.emit(level === 'err' ? 'auth-script-failed' : 'auth-script-refused', {
        message: `${prefix}${text}`,
      });
      return no({ kind: 'mismatch' });
    };
    if (fields.refusal !== undefined) return refuse(fields.refusal.level, fields.refusal.text);
    if (!verified) {
      const { nopassword, password } = fields;
      if (nopassword && password !== undefined && password !== '') {
        return refuse('info', 'nopassword given and password is not empty');
      }
      if (!nopassword) {
        // `{SCHEME}` with nothing behind it is none either.
        if (password === undefined || readStored(password).data === '')
          return refuse('info', 'No password returned (and no nopassword)');
        const verdict = await this.#passwords.verify(password, facts.password, who.signal);
        const text = verdictText(verdict);
        if (verdict.kind === 'unavailable') return no(failure(verdict.cause));
        if (text !== undefined) return refuse(verdict.kind === 'mismatch' ? 'info' : 'err', text);
      }
    }
    if (fields.asMaster)
      who.log.emit('auth-script-refused', { message: `${prefix}Master user logging in as ${fields.user}` });
    const all = new Map([...facts.extra, ...fields.extra]);
    return { kind: 'end', outcome: { kind: 'ok', user: fields.user, fields: all, script: script.path } };
  }
}

/** Tells the log of a call that did not end as it should; gives the cause. */
function told(answer: Exclude<CallOutcome, ScriptResult>, prefix: string, who: string, log: Log): string {
  switch (answer.kind) {
    case 'misshapen':
      log.emit('auth-script-failed', { message: `${prefix}${who}${answer.cause}` });
      return answer.cause;
    case 'failed':
      log.emit('auth-script-failed', {
        message: `${prefix}db-lua: ${answer.message}`,
        traceback: answer.traceback || undefined,
      });
      return answer.message;
    case 'cancelled':
      return 'cut off';
  }
}

function wrongCode(name: string, code: number, prefix: string, log: Log): string {
  const cause = `${name} returned ${code}, which is no result code`;
  log.emit('auth-script-failed', { message: `${prefix}db-lua: ${cause}` });
  return cause;
}
