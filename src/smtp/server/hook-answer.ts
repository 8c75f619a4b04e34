// What the outcome of a hook means to the session: an answer, or a failed hook. A result that is half understood is a failed hook, never a
// yes: refusals fail closed. The log line says what was returned and what would be right.
import { codesInWords, fitsHook, type HookName, hookTable } from '../../policy/hook-table.ts';
import type { HookOutcome, LimitName, ResultSketch } from '../../policy/instance.ts';
import type { Reply } from '../protocol/reply.ts';
import { MAX_REPLY, parseReply } from '../protocol/reply-text.ts';

export type HookAnswer =
  /** No hook, or no reply from it: the default applies. */
  | { readonly kind: 'silent'; readonly drop: boolean }
  | { readonly kind: 'reply'; readonly reply: Reply; readonly drop: boolean }
  /** A Lua error, a result that is no [drop,] reply or does not fit its place, or a reply that is too long. Logged. */
  | {
      readonly kind: 'failed';
      readonly reason: 'error' | 'result' | 'too-long';
      readonly message: string;
    }
  | { readonly kind: 'limit'; readonly limit: LimitName; readonly message: string }
  /** The session is being ended from outside. */
  | { readonly kind: 'cancelled' };

export const SILENT: HookAnswer = { kind: 'silent', drop: false };
const SILENT_DROP: HookAnswer = { kind: 'silent', drop: true };
const CANCELLED: HookAnswer = { kind: 'cancelled' };

const LIMIT_WORDS: Readonly<Record<LimitName, string>> = {
  cpu: 'cpu_limit',
  'wall-clock': 'time_limit',
  memory: 'memory',
  pending: 'pending',
};

/** An answer in one word, for whoever counts. */
export function resultWord(answer: HookAnswer): string {
  switch (answer.kind) {
    case 'silent':
      return answer.drop ? 'drop' : 'none';
    case 'reply':
      return answer.drop ? 'drop' : `reply${Math.floor(answer.reply.code / 100)}`;
    case 'failed':
      return 'error';
    case 'limit':
      return LIMIT_WORDS[answer.limit];
    case 'cancelled':
      return 'cancelled';
  }
}

/** What is to be reported of a failed or useless result. */
export interface Complaint {
  readonly message: string;
  /** It has no effect; otherwise the hook has failed. */
  readonly useless: boolean;
}

export interface Circumstances {
  /** The code of the reply that hook.reply is asked about. */
  readonly sent?: number;
  /** A password may be in what the hook returned: it must not be shown. */
  readonly secret: boolean;
}

export interface Judged {
  readonly answer: HookAnswer;
  /** When there is something to be said. */
  readonly complaint?: Complaint;
}

const silent: Judged = { answer: SILENT };
const silentDrop: Judged = { answer: SILENT_DROP };
const cancelled: Judged = { answer: CANCELLED };

const SHOWN = 100;

const quoted = (text: string): string =>
  JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text);

function show({ type, text }: ResultSketch, secret: boolean): string {
  if (text === undefined) return type === 'nil' ? 'nil' : `a ${type}`;
  if (type !== 'string') return secret && type === 'number' ? 'a number' : text;
  return secret ? `a string of ${text.length} bytes` : quoted(text);
}

const EXAMPLE = "return '550 5.7.1 no', or with the drop flag in front: return true, '550 5.7.1 no'";
const NOTHING = 'nothing at all for the default reply';

/** What would have been right, for results of a wrong shape. */
function adviceFor(results: readonly ResultSketch[], count: number): string {
  const types = results.map(({ type }) => type);
  const [first, second] = types;
  const isText = (type: string | undefined): boolean => type === 'string' || type === 'number';
  if (count === 2 && isText(first) && second === 'boolean')
    return "the drop flag comes first: return true, '550 5.7.1 no'";
  if (count === 2 && isText(first) && isText(second))
    return "code and text are one string: return '550 5.7.1 no'; the result in front of it is the drop flag, true or false";
  if (types.includes('table')) return "the reply itself, not in a table: return '550 5.7.1 no'";
  return count > 2
    ? `at most two results: ${EXAMPLE}; ${NOTHING}`
    : `a reply is a string: ${EXAMPLE}; ${NOTHING}`;
}

function failed(name: HookName, returned: string, right: string): Judged {
  const message = `hook.${name} returned ${returned}, which is no answer; right would be: ${right}`;
  return {
    answer: { kind: 'failed', reason: 'result', message },
    complaint: { message, useless: false },
  };
}

/** What an outcome means. Pure: the caller writes the complaint. */
export function judge(name: HookName, outcome: HookOutcome, at: Circumstances): Judged {
  switch (outcome.kind) {
    case 'undefined':
      return silent;
    case 'returned':
      if (hookTable[name].result === 'none') return useless(name, outcome.reply, at);
      if (outcome.reply === undefined) return outcome.drop ? silentDrop : silent;
      return judgeReply(name, outcome.reply, outcome.drop, at);
    case 'misshapen': {
      const { count, results } = outcome;
      if (hookTable[name].result === 'none') return silent;
      const more = count > results.length ? `, ... (${count} results)` : '';
      const returned = results.map((result) => show(result, at.secret)).join(', ') + more;
      return failed(name, returned, adviceFor(results, count));
    }
    case 'not-callable': {
      const what = outcome.what === 'hook' ? `hook.${name}` : 'the table hook';
      const kind = outcome.type === 'nil' ? 'nil' : `a ${outcome.type}`;
      const wanted = outcome.what === 'hook' ? 'a function, or nil for none' : 'a table of functions';
      const message = `${what} is ${kind}; right would be: ${wanted}`;
      return {
        answer: { kind: 'failed', reason: 'result', message: `hook.${name}: ${message}` },
        complaint: { message, useless: false },
      };
    }
    case 'error':
      return { answer: { kind: 'failed', reason: 'error', message: `hook.${name}: ${outcome.message}` } };
    case 'limit':
      return {
        answer: { kind: 'limit', limit: outcome.limit, message: `hook.${name}: ${outcome.message}` },
      };
    case 'cancelled':
      return cancelled;
  }
}

function judgeReply(name: HookName, text: string, drop: boolean, at: Circumstances): Judged {
  const parsed = parseReply(text);
  const shown = at.secret ? `a string of ${text.length} bytes` : quoted(text);
  switch (parsed.kind) {
    case 'reply': {
      const { reply } = parsed;
      if (fitsHook(name, reply.code, at.sent)) return { answer: { kind: 'reply', reply, drop } };
      const place = at.sent === undefined ? '' : ` in place of a ${at.sent}`;
      return failed(
        name,
        shown,
        `a reply with a code that fits${place}: ${codesInWords[hookTable[name].codes]}`,
      );
    }
    case 'wrong':
      return failed(name, `${shown}, a reply that ${parsed.why}`, `${EXAMPLE}; ${NOTHING}`);
    case 'too-long': {
      const message = `hook.${name} gave a reply of ${text.length} bytes; at most ${MAX_REPLY} can be sent`;
      return {
        answer: {
          kind: 'failed',
          reason: 'too-long',
          message: `hook.${name}: reply of ${text.length} bytes`,
        },
        complaint: { message, useless: false },
      };
    }
  }
}

/** A hook whose results are not looked at: a reply from it is a mistake all the same. */
function useless(name: HookName, reply: string | undefined, at: Circumstances): Judged {
  if (reply === undefined || at.secret || parseReply(reply).kind !== 'reply') return silent;
  const message = `hook.${name} returned ${quoted(reply)}, which has no effect: nobody waits for a reply there`;
  return { answer: SILENT, complaint: { message, useless: true } };
}
