// The results of an Authentication-Results header as a policy sees them.
import type { LuaRecord } from '../../lua-api/value.ts';
import type { ParsedResult } from '../../mail-auth/auth-results/parse.ts';

export const resultsToLua = (results: readonly ParsedResult[]): readonly LuaRecord[] =>
  results.map(({ method, result, reason, properties }) => ({
    method,
    result,
    reason,
    properties: Object.fromEntries(properties),
  }));
