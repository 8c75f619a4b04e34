// The tables of Rumble's scripts, in the order of doc/rumble.md: globals of scripts of option load-script, and what `require 'rumble'` gives to a
// policy. THE one list: a table that is put here (`Mailman`) is in every environment, in the reference and in the stubs.
//
// How one is added: its ModuleSpec is made by a function of a file in this room (or below), by lua-api alone, over ports that are fields of
// RumbleParts; a row here. A function asks `mustAllow` (permission.ts) before it does what option rumble-allow is about, and `optionsOf(context)`
// for options. It must never keep anything of a script but by a slot of its context (lua-api/call-context.ts).
import type { Resolver } from '../../dns/resolver-api.ts';
import type { FunctionSpec } from '../../lua-api/function-spec.ts';
import { luaFunction } from '../../lua-api/function-spec.ts';
import type { ModuleSpec } from '../../lua-api/module-spec.ts';
import { bytes } from '../../lua-api/params.ts';
import type { System } from '../../ops/system.ts';
import { createFileTable } from './file-table.ts';
import type { MailmanParts } from './mailman-call.ts';
import { letterPieces } from './mailman-letters.ts';
import { createMailmanTable } from './mailman-table.ts';
import { createNetworkTable } from './network-table.ts';
import { createRumbleTable, sourceOf } from './rumble-table.ts';
import type { ServerView } from './server-view.ts';
import { stringFunctions } from './string-functions.ts';

/** What the tables reach the outside by. */
export interface RumbleParts {
  readonly resolver: Pick<Resolver, 'query' | 'addresses'>;
  readonly system: Pick<System, 'disk'>;
  readonly mailman: MailmanParts;
  /** What `Rumble` tells of the server, and does to it. */
  readonly server: ServerView;
}

export function rumbleTables(parts: RumbleParts): readonly ModuleSpec[] {
  const { mailman, resolver, server, system } = parts;
  return [
    createFileTable(system.disk),
    createNetworkTable(resolver),
    createRumbleTable(server),
    createMailmanTable(mailman),
  ];
}

/** What lib-lua/rumble is made of and no script sees. */
export function rumbleFunctions(
  tables: readonly ModuleSpec[],
  mailman: MailmanParts,
): readonly FunctionSpec[] {
  return [
    ...stringFunctions,
    ...letterPieces(mailman),
    luaFunction({
      name: 'rumble_tables',
      params: [],
      text: 'The names of the tables.',
      call: () => [tables.map(({ name }) => name)],
    }),
    luaFunction({
      name: 'rumble_print',
      params: [bytes('text', 'A line.')],
      text: 'Writes a line to the log.',
      call: (context, text) => {
        context.log.write('info', text, sourceOf(context));
        return [];
      },
    }),
  ];
}
