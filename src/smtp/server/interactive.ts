// `+test`: a line that is no SMTP command runs as Lua in the session's environment; what it returns is printed.

import { chain, type Maybe } from '../../base/maybe.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { luaTypeName } from '../../lua-api/value.ts';
import type { SessionCore } from './session-core.ts';

/** One value as print would show it; tables and functions by their type. */
function show(value: LuaValue): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return String(value);
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  return luaTypeName(value);
}

export function runLua(core: SessionCore, source: string): Maybe<void> {
  if (source.trim() === '') return;
  return chain(core.hooks.run(source), (outcome) => {
    switch (outcome.kind) {
      case 'returned':
        if (outcome.values.length > 0) core.output.add(`${outcome.values.map(show).join('\t')}\n`);
        return;
      case 'error':
      case 'limit':
        core.output.add(`error: ${outcome.message}\n`);
        return;
      case 'undefined':
      case 'cancelled':
        return;
    }
  });
}
