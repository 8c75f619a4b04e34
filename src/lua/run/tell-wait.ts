// What a run of Lua waits for, told to whoever follows its session. A wait is told once when it begins, and then once when it is over.
import type { Log } from '../../base/log.ts';
import type { LuaResults } from '../../lua-api/function-spec.ts';
import { type LuaValue, luaTypeName } from '../../lua-api/value.ts';
import { valueText } from '../../lua-api/value-text.ts';
import { type Wait, waitText } from './pending.ts';

export type WaitAnswer =
  | { readonly kind: 'results'; readonly results: LuaResults }
  /** The function raises an error. */
  | { readonly kind: 'error'; readonly message: string }
  /** Nobody waits for it any more. */
  | { readonly kind: 'cut' };

/** Functions whose texts are shown: what others give may be a secret, or a large content. */
const SHOWN = /^(?:dns|store|smtp|spf|dkim|dmarc|arc)\./;
const LONGEST = 60;

/** `place` as Positions has it: `file:line: ` or ''. */
export function tellWait(log: Log, wait: Wait, place: string): void {
  wait.told = true;
  // How long something has lasted by now is for whoever looks later.
  log.emit('hook-waits', { function: wait.name, what: waitText(wait), place: place.replace(/: $/, '') });
}

export function tellAnswer(log: Log, wait: Wait, answer: WaitAnswer): void {
  wait.told = false;
  log.emit('hook-goes-on', { function: wait.name, outcome: outcomeText(wait.name, answer) });
}

function outcomeText(name: string, answer: WaitAnswer): string {
  switch (answer.kind) {
    case 'results':
      return answer.results.every((value) => luaTypeName(value) === 'table')
        ? ''
        : answer.results.map((value) => shown(value, SHOWN.test(name))).join(', ');
    case 'error':
      return `error: ${answer.message}`;
    case 'cut':
      return 'cut off';
  }
}

function shown(value: LuaValue, texts: boolean): string {
  if (luaTypeName(value) !== 'string' || texts) return valueText(value, LONGEST);
  return 'a string';
}
