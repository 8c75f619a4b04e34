// The table `Mailman` of Rumble's scripts: accounts, letters, and mail that scripts send. What each group may do is option rumble-allow's to say.
import { luaModule, type ModuleSpec } from '../../lua-api/module-spec.ts';
import { accountFunctions } from './mailman-accounts.ts';
import type { MailmanParts } from './mailman-call.ts';
import { letterFunctions } from './mailman-letters.ts';
import { sendFunctions } from './mailman-send.ts';

export function createMailmanTable(parts: MailmanParts): ModuleSpec {
  return luaModule({
    name: 'Mailman',
    text:
      'Domains, accounts and letters, as scripts for Rumble see them (doc/rumble.md): in a policy behind `require "rumble"`. There have to be accounts (`rumble-database`), and `rumble-allow` has to name what a script may do: ' +
      '`accounts`, `mail` (letters), `send`. What cannot be known, as the database cannot be read, raises.',
    functions: [...accountFunctions(parts), ...letterFunctions(parts), ...sendFunctions(parts)],
  });
}
