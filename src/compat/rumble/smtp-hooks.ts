// The hooks of scripts, as SMTP sessions ask them: the functions of a place one after the other, in the order in which they were set, until one
// ends it; otherwise the verdict of the last one counts.
import { basename } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { End, Results } from '../../lua/script.ts';
import type { LuaRecord } from '../../lua-api/value.ts';
import { valueText } from '../../lua-api/value-text.ts';
import type { HookWait } from '../../policy/instance.ts';
import type {
  RunningScript,
  ScriptHooks,
  ScriptPlace,
  ScriptQuestion,
  ScriptVerdict,
} from '../../smtp/server/script-hooks.ts';
import type { LoadScript, RunningCall } from './load-script.ts';
import { Mutex } from './mutex.ts';
import type { HookRow, Registration } from './registration.ts';
import { ScriptSession } from './session-class.ts';

/** What a function has said. `other`: a number that is no verdict. */
type Said =
  | { readonly kind: 'okay' | 'failure' | 'answered' }
  | { readonly kind: 'number'; readonly value: number };

const OKAY = { kind: 'okay' } as const;
const FAILURE = { kind: 'failure' } as const;
const ANSWERED = { kind: 'answered' } as const;
const CANCELLED = { kind: 'cancelled' } as const;

/** Rumble's three verdicts as numbers. */
const numbers: Readonly<Record<number, Said>> = { 1: OKAY, 2: FAILURE, 3: ANSWERED };

function readVerdict(results: Results): Said {
  switch (results.type(0)) {
    case 'boolean':
      return results.isTrue(0) ? OKAY : FAILURE;
    case 'number': {
      const value = results.number(0);
      return numbers[value] ?? { kind: 'number', value };
    }
    case 'string': {
      const word = results.text(0);
      return word === 'failure' ? FAILURE : word === 'ignore' ? ANSWERED : OKAY;
    }
    default:
      return OKAY;
  }
}

const isRefusal = (code: number): boolean => Number.isInteger(code) && code >= 400 && code <= 599;

/** Verbs come from clients. */
const LONGEST_VERB = 20;

/** As limits and the log know it. */
const labelOf = ({ place, verb }: ScriptQuestion): string =>
  place === 'command' ? `command ${verb.slice(0, LONGEST_VERB)}` : `hook.${place}`;

function fieldsOf({ dialogue, facts }: ScriptQuestion): LuaRecord {
  const { helo, port, recipients, sender } = facts;
  return {
    ...{ protocol: dialogue.address.includes(':') ? 'IPv6' : 'IPv4', address: dialogue.address },
    ...{ service: 'smtp', port, helo, sender, recipients },
  };
}

const NOT_SHOWN = '***';
/** As whoever follows a session or looks after the service knows it. */
const hookOf = ({ place, verb }: ScriptQuestion): string =>
  place === 'command' ? `command ${verb.slice(0, LONGEST_VERB)}` : place;

/** For whoever looks what sessions wait for. */
function running(
  hook: string,
  { secret }: ScriptQuestion,
  { waits }: RunningCall,
  since: number,
): RunningScript {
  const shown = (): readonly HookWait[] =>
    secret ? waits().map((wait) => ({ ...wait, what: wait.function })) : waits();
  return { hook, since, waits: shown };
}

/** Tells whoever follows the session that a function of a script is called, and what it has returned. */
function tellings(
  script: string,
  question: ScriptQuestion,
): { readonly name: string; begins(call: RunningCall): void; ends(end: End<Said>): void } {
  const { hide, line, log, secret } = question;
  const hook = hookOf(question);
  let isTold = false;
  return {
    name: `${script}: ${hook}`,
    begins: ({ place }) => {
      if (!log.wants('hook-begins')) return;
      isTold = true;
      const args = line === undefined ? '' : secret ? NOT_SHOWN : hide(valueText(line));
      log.emit('hook-begins', { hook, script, args, place: place(), secret });
    },
    ends: (end) => {
      if (isTold) log.emit('hook-ends', { hook, script, result: hide(endText(end, secret)) });
    },
  };
}

/** Of what has failed: a script may say in its error what the client has said. */
function placeOnly(message: string): string {
  const [place = ''] = /^[^\n]{1,500}?\.lua:\d+: /.exec(message) ?? [];
  return `${place}an error, which is not shown because a password may be in it`;
}

function endText(end: End<Said>, secret: boolean): string {
  switch (end.kind) {
    case 'okay':
      return 'nothing against it';
    case 'failure':
      return 'ends the session';
    case 'answered':
      return 'has answered itself';
    case 'number':
      return String(end.value);
    case 'error':
      return secret ? placeOnly(end.message) : end.message;
    case 'limit':
      return secret ? `stopped: ${end.limit}` : `stopped: ${end.message}`;
    default:
      return 'cut off';
  }
}

export class SmtpHooks implements ScriptHooks {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #present: () => Registration | undefined;
  readonly #mutex = new Mutex();

  /** `present`: what the scripts that are served at this moment have asked for. */
  constructor(clock: Pick<Clock, 'monotonic'>, present: () => Registration | undefined) {
    this.#clock = clock;
    this.#present = present;
  }

  has(place: ScriptPlace, verb: string): boolean {
    return (this.#present()?.at(place, verb).length ?? 0) > 0;
  }

  async call(question: ScriptQuestion): Promise<ScriptVerdict> {
    const rows = this.#present()?.at(question.place, question.verb) ?? [];
    // What has begun with these scripts ends with them, whatever is reloaded while one of them waits.
    const holds = rows.map((row) => row.script()?.hold());
    try {
      return await this.#askAll(rows, question);
    } finally {
      for (const letGo of holds) letGo?.();
    }
  }

  async #askAll(rows: readonly HookRow[], question: ScriptQuestion): Promise<ScriptVerdict> {
    let last: ScriptVerdict = OKAY;
    for (const row of rows) {
      last = await this.#ask(row, question);
      switch (last.kind) {
        case 'okay':
        case 'code':
          continue;
        case 'failed':
          if (question.tolerates && last.limit === undefined) {
            last = OKAY;
            continue;
          }
          return last;
        default:
          return last;
      }
    }
    return last;
  }

  async #ask(row: HookRow, question: ScriptQuestion): Promise<ScriptVerdict> {
    const script = row.script();
    if (script === undefined) return OKAY;
    const label = labelOf(question);
    const { dialogue, line, log, session, signal } = question;
    const told = tellings(basename(script.path), question);
    const end = await script.call(
      {
        begins: (call) => {
          told.begins(call);
          question.runs(running(told.name, question, call, this.#clock.monotonic()));
        },
        ...{ label, func: row.func, session: new ScriptSession(dialogue, this.#mutex) },
        ...{ fields: fieldsOf(question), line, id: session, log, signal },
      },
      readVerdict,
    );
    question.runs(undefined);
    told.ends(end);
    switch (end.kind) {
      case 'okay':
      case 'failure':
      case 'answered':
        return end;
      case 'number':
        return this.#code(end.value, script, label, question);
      case 'error':
      case 'limit': {
        const { traceback } = end;
        const message = question.secret && end.kind === 'error' ? placeOnly(end.message) : end.message;
        const failed = { script: script.path, what: label, message };
        log.emit('load-script-failed', traceback === '' ? failed : { ...failed, traceback });
        const limit = end.kind === 'limit' ? end.limit : undefined;
        return { kind: 'failed', message: `${label}: ${message}`, limit };
      }
      default:
        return signal.aborted
          ? CANCELLED
          : { kind: 'failed', message: `${label}: ${end.kind}`, limit: undefined };
    }
  }

  #code(code: number, script: LoadScript, label: string, { log }: ScriptQuestion): ScriptVerdict {
    if (isRefusal(code)) return { kind: 'code', code };
    log.emit('load-script-warning', {
      warning: `${script.path}: ${label} returned ${code}, which is no verdict; right would be: nothing, true, false, "ignore", or a code from 400 to 599`,
    });
    return OKAY;
  }
}
