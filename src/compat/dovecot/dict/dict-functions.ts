// What lib-lua/dovecot/dict.lua is made of: the dict is named in each call, as it was to dovecot.dict. All of them wait.

import {
  type FunctionSpec,
  type LuaResults,
  luaFunction,
  type Suspension,
} from '../../../lua-api/function-spec.ts';
import { anything, bytes, integer, optionalBytes } from '../../../lua-api/params.ts';
import type { LuaValue } from '../../../lua-api/value.ts';
import { type Asking, type Change, type Dict, shownRows } from './dict.ts';
import type { Dicts } from './dicts.ts';

const name = bytes('dict', 'As dovecot.dict was given it.');
const user = optionalBytes('user', 'Of whom priv/ keys are.', undefined);

function text(value: LuaValue): string {
  return typeof value === 'string' ? value : '';
}

/** A sequence of { what, key, value }. */
function changesOf(value: LuaValue): readonly Change[] {
  if (!(value instanceof Map)) return [];
  const changes: Change[] = [];
  for (let n = 1; value.has(n); n++) {
    const one: unknown = value.get(n);
    if (!(one instanceof Map)) continue;
    const [what, key, its] = [1, 2, 3].map((place) => one.get(place) as LuaValue);
    if (what === 'unset') changes.push({ kind: 'unset', key: text(key) });
    else if (what === 'add')
      changes.push({ kind: 'add', key: text(key), by: typeof its === 'number' ? its : 0 });
    else changes.push({ kind: 'set', key: text(key), value: text(its) });
  }
  return changes;
}

/** Results are what was found and nothing, or nothing and why. */
function asking(
  dicts: Dicts,
  dict: string,
  what: string,
  whose: string | undefined,
  work: (dict: Dict, about: Asking) => Promise<LuaResults>,
): LuaResults | Suspension {
  const opened = dicts.open(dict);
  if (opened.kind === 'wrong') return [undefined, opened.why];
  const stop = new AbortController();
  return {
    kind: 'suspension',
    describe: () => `dict:${what}`,
    done: work(opened.dict, { user: whose, signal: stop.signal }),
    cancel: () => stop.abort(),
  };
}

export const dictFunctions = (dicts: Dicts): readonly FunctionSpec[] => [
  luaFunction({
    name: 'dovecot_dict_problem',
    params: [name],
    text: 'What is wrong with the name of a dict; nil when nothing is.',
    call: (_context, dict) => [dicts.problem(dict)],
  }),
  luaFunction({
    name: 'dovecot_dict_lookup',
    params: [name, bytes('key', 'Whole.'), user],
    suspends: true,
    text: 'The values in a table, nil when there is none; or nil and why not.',
    call: (_context, dict, key, whose) =>
      asking(dicts, dict, 'lookup', whose, async (its, about) => {
        const found = await its.lookUp(key, about);
        if (found.kind === 'failed') return [undefined, found.cause];
        return [found.value === undefined ? undefined : [found.value]];
      }),
  }),
  luaFunction({
    name: 'dovecot_dict_iterate',
    params: [name, bytes('prefix', 'Of the keys.'), integer('flags', 'As Dovecot has them.'), user],
    suspends: true,
    text: 'Keys, and the value of each, in two tables; or nil and why not.',
    call: (_context, dict, prefix, flags, whose) =>
      asking(dicts, dict, 'iterate', whose, async (its, about) => {
        const found = await its.rows(prefix, about);
        if (found.kind === 'failed') return [undefined, found.cause];
        const rows = shownRows(found.rows, prefix, flags);
        return [[rows.map(([key]) => key), rows.map(([, value]) => value)]];
      }),
  }),
  luaFunction({
    name: 'dovecot_dict_commit',
    params: [name, anything('changes', 'table[]', 'Each { what, key, value }.'), user],
    suspends: true,
    text: 'True; or nil and why not.',
    call: (_context, dict, changes, whose) =>
      asking(dicts, dict, 'commit', whose, async (its, about) => {
        const outcome = await its.commit(changesOf(changes), about);
        return outcome.kind === 'failed' ? [undefined, outcome.cause] : [true];
      }),
  }),
];
