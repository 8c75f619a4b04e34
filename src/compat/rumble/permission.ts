// What scripts may do by the functions of Rumble (option rumble-allow): nothing of it unless the operator has said so.
import { splitList } from '../../base/lists.ts';
import type { CallContext } from '../../lua-api/call-context.ts';
import { LuaError } from '../../lua-api/function-spec.ts';
import { optionsOf } from '../../options/options.ts';

/** Words of option rumble-allow. */
export const permissions = ['accounts', 'mail', 'send', 'control'] as const;
export type Permission = (typeof permissions)[number];

/** Raises an error unless the operator allows it. `name` is that of the function, as scripts write it. */
export function mustAllow(context: CallContext, permission: Permission, name: string): void {
  const allowed = splitList(optionsOf(context).values['rumble-allow']);
  if (!allowed.includes(permission)) {
    throw new LuaError(`${name} is not allowed; right would be: option rumble-allow with ${permission}`);
  }
}

/** Words of the option that mean nothing. */
export function unknownPermissions(text: string): readonly string[] {
  return splitList(text).filter((word) => !permissions.some((known) => known === word));
}
