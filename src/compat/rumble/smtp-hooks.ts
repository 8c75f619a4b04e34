// The hooks of scripts, as SMTP sessions ask them: the functions of a place one after the other, in the order in which they were set, until one
// ends it; otherwise the verdict of the last one counts.
import type { Results } from '../../lua/script.ts';
import type { LuaRecord } from '../../lua-api/value.ts';
import type {
  ScriptHooks,
  ScriptPlace,
  ScriptQuestion,
  ScriptVerdict,
} from '../../smtp/server/script-hooks.ts';
import type { LoadScript } from './load-script.ts';
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

export class SmtpHooks implements ScriptHooks {
  readonly #present: () => Registration | undefined;
  readonly #mutex = new Mutex();

  /** `present`: what the scripts that are served at this moment have asked for. */
  constructor(present: () => Registration | undefined) {
    this.#present = present;
  }

  has(place: ScriptPlace, verb: string): boolean {
    return (this.#present()?.at(place, verb).length ?? 0) > 0;
  }

  async call(question: ScriptQuestion): Promise<ScriptVerdict> {
    const rows = this.#present()?.at(question.place, question.verb) ?? [];
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
    const end = await script.call(
      {
        ...{ label, func: row.func, session: new ScriptSession(dialogue, this.#mutex) },
        ...{ fields: fieldsOf(question), line, id: session, log, signal },
      },
      readVerdict,
    );
    switch (end.kind) {
      case 'okay':
      case 'failure':
      case 'answered':
        return end;
      case 'number':
        return this.#code(end.value, script, label, question);
      case 'error':
      case 'limit': {
        const { message, traceback } = end;
        const told = { script: script.path, what: label, message };
        log.emit('load-script-failed', traceback === '' ? told : { ...told, traceback });
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
