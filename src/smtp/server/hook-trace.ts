// The hooks of one session as whoever follows it sees them (observe/trace). Nothing is made while nobody does.
import type { Channel } from '../../base/events.ts';
import type { Log } from '../../base/log.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { valuesText } from '../../lua-api/value-text.ts';
import type { HookName } from '../../policy/hook-table.ts';
import type { HookAnswer } from './hook-answer.ts';

const NOT_SHOWN = '***';
/** Their arguments are content, of which every piece would be a call. */
const byPieces: ReadonlySet<HookName> = new Set(['content', 'body']);

export class HookTrace {
  readonly #log: Log;
  readonly #hide: (text: string) => string;
  readonly #begins: Channel<'hook-begins'>;
  readonly #ends: Channel<'hook-ends'>;
  readonly #lines: Channel<'hook-lines'>;

  constructor(log: Log, hide: (text: string) => string) {
    this.#log = log;
    this.#hide = hide;
    this.#begins = log.bus.channel('hook-begins');
    this.#ends = log.bus.channel('hook-ends');
    this.#lines = log.bus.channel('hook-lines');
  }

  /** Somebody follows the session; the others are called only then. */
  get on(): boolean {
    return this.#begins.wanted(this.#log);
  }

  /** A hook that there is is going to be called. `secret`: a password may be in what it is given. */
  begins(hook: HookName, args: readonly LuaValue[], secret: boolean, place: string): void {
    if (byPieces.has(hook)) return;
    const shown = secret && args.length > 0 ? NOT_SHOWN : this.#hide(valuesText(args));
    this.#begins.emit({ hook, args: shown, place, secret }, this.#log);
  }

  ends(hook: HookName, answer: HookAnswer, secret: boolean, ms: number): void {
    if (byPieces.has(hook)) this.lines(hook, 1, answer, ms);
    else this.#ends.emit({ hook, result: this.#hide(resultText(answer, secret)) }, this.#log);
  }

  lines(hook: HookName, calls: number, answer: HookAnswer, ms: number): void {
    const result = answer.kind === 'silent' && !answer.drop ? '' : this.#hide(resultText(answer, false));
    this.#lines.emit({ hook, calls, result, seconds: ms / 1000 }, this.#log);
  }
}

function resultText(answer: HookAnswer, secret: boolean): string {
  switch (answer.kind) {
    case 'silent':
      return answer.drop ? 'drop' : 'nothing';
    case 'reply': {
      const { code, text } = answer.reply;
      return `${answer.drop ? 'drop, ' : ''}${secret ? `${code} ${NOT_SHOWN}` : text.trimEnd()}`;
    }
    case 'failed':
      return secret ? `failed: ${answer.reason}` : answer.message;
    case 'limit':
      return secret ? `stopped: ${answer.limit}` : answer.message;
    case 'cancelled':
      return 'cut off';
  }
}
