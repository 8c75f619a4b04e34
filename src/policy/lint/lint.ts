// Looks at the text of a policy and of its modules for mistakes that show only when a line runs, and then cost a client its session, or
// let mail in: names that nobody gives a value, results that a hook must not return, arguments that the API does not take. For `smtpe
// check`, start and reload alike. Must not run anything, and says nothing where it cannot be sure.

import { nearestName } from '../../base/nearest-name.ts';
import type { ModuleSpec } from '../../lua-api/module-spec.ts';
import { hookNames } from '../hook-table.ts';
import { apiOf, unknownApiNames, wrongApiCalls } from './api-calls.ts';
import { ApiTypes } from './api-types.ts';
import { globalsFromElsewhere } from './elsewhere.ts';
import { unknownFields } from './field-reads.ts';
import { allHookReturnMistakes } from './hook-returns.ts';
import { unknownLibraryNames } from './lua-library.ts';
import type { Mistake } from './mistake.ts';
import { type Names, namesIn } from './names.ts';
import { wrongOptionCalls } from './option-calls.ts';
import { type Chunk, parsePolicy } from './syntax.ts';

export interface LintFile {
  /** As messages name it. */
  readonly name: string;
  /** latin1. */
  readonly text: string;
  /** False: what it sets counts, what is wrong with it is somebody else's business. Default: true. */
  readonly told?: boolean;
}

export interface LintParts {
  /** The script first, then its modules. */
  readonly files: readonly LintFile[];
  /** The Lua API. */
  readonly modules: readonly ModuleSpec[];
  /** Globals that were there when the file level had run; undefined when they cannot be known (the environment was changed). */
  readonly globals: ReadonlySet<string> | undefined;
}

export interface Findings {
  /** `FILE:LINE:COLUMN: what is wrong; what would be right`, in the order of files and lines. */
  readonly mistakes: readonly string[];
  /** What is no mistake for sure: locals that nobody uses. */
  readonly warnings: readonly string[];
  /** What makes smtpe see no hook at all. */
  readonly hidden: readonly string[];
  /** `FILE:LINE:COLUMN` at which a field of `hook` is given a value first. */
  readonly hookPlaces: ReadonlyMap<string, string>;
}

const HIDDEN =
  "'local hook' hides the table of hooks: smtpe calls none of what is put into it; leave out 'local'";

export const noFindings: Findings = {
  mistakes: [],
  warnings: [],
  hidden: [],
  hookPlaces: new Map(),
};

/** More text than any policy has; looking at it would keep others waiting. Bytes. */
const MOST_TEXT = 524_288;

interface Looked {
  readonly file: LintFile;
  readonly names: Names;
  readonly chunk: Chunk;
}

/** Globals that are read and never given a value. Only the first use of each is told. */
function undefinedGlobals(
  { names }: Looked,
  known: ReadonlySet<string>,
  own: ReadonlyMap<string, string>,
): readonly Mistake[] {
  const seen = new Set<string>();
  return names.reads.flatMap(({ path, at }) => {
    const [name = ''] = path;
    if (known.has(name) || own.has(name) || names.tested.has(name) || seen.has(name)) return [];
    seen.add(name);
    const near = nearestName(name, [...own.keys(), ...known]);
    const where = near === undefined ? undefined : own.get(near);
    const hint =
      near === undefined ? '' : `; did you mean '${near}'${where === undefined ? '' : ` (${where})`}?`;
    return [{ ...at, text: `there is no variable '${name}'${hint}` }];
  });
}

const methodHooks = ({ methodHooks: found }: Names): readonly Mistake[] =>
  found.map(({ at, path }) => ({
    ...at,
    text: `hook:${path[0]} has what it is called with in 'self', and its first argument in none of its names; right would be: function hook.${path[0]}`,
  }));

/** Globals that are called as hooks are, in a policy that has none. */
const lostHooks = ({ writes }: Names): readonly Mistake[] =>
  writes.flatMap(({ at, path }) =>
    path.length === 1 && hookNames.some((name) => name === path[0])
      ? [{ ...at, text: `smtpe never calls '${path[0]}'; right would be: function hook.${path[0]}` }]
      : [],
  );

function inOrder(file: LintFile, found: readonly Mistake[]): readonly string[] {
  return [...found]
    .sort((a, b) => a.line - b.line || a.column - b.column)
    .map(({ line, column, text }) => `${file.name}:${line}:${column}: ${text}`);
}

export function lintPolicy({ files, modules, globals }: LintParts): Findings {
  if (files.reduce((sum, { text }) => sum + text.length, 0) > MOST_TEXT) return noFindings;
  const looked: Looked[] = files.flatMap((file) => {
    const chunk = parsePolicy(file.text);
    return chunk === undefined ? [] : [{ file, chunk, names: namesIn(chunk) }];
  });
  // What any file sets is there for all of them.
  const written = new Map<string, string>();
  const own = new Set<string>();
  const set = new Set<string>();
  for (const { file, names } of looked) {
    for (const { path, at } of names.writes) {
      const name = path.join('.');
      own.add(name);
      set.add(name);
      if (path.length === 1 && !written.has(name)) written.set(name, `${file.name} line ${at.line}`);
    }
    for (const name of names.tested) if (name.includes('.')) own.add(name);
  }
  const elsewhere = globalsFromElsewhere(files);
  const api = apiOf([...modules, ...elsewhere]);
  const types = new ApiTypes(modules);
  // A module that is loaded when it is first named is no global before.
  const known = globals && new Set([...globals, ...[...modules, ...elsewhere].map(({ name }) => name)]);
  const complete = looked.length === files.length && !looked.some(({ names }) => names.openGlobals);
  const setsHook = looked.some(
    ({ names }) => names.hidesHook !== undefined || names.writes.some(({ path }) => path[0] === 'hook'),
  );
  const mistakes: string[] = [];
  const warnings: string[] = [];
  const hidden: string[] = [];
  const hookPlaces = new Map<string, string>();
  for (const { file, names } of looked)
    for (const { at, path } of names.hookFields) {
      const [name = ''] = path;
      if (!hookPlaces.has(name)) hookPlaces.set(name, `${file.name}:${at.line}:${at.column}`);
    }
  for (const one of looked) {
    const { names, file } = one;
    if (file.told === false) continue;
    if (names.hidesHook !== undefined) {
      hidden.push(...inOrder(file, [{ ...names.hidesHook, text: HIDDEN }]));
    }
    mistakes.push(
      ...inOrder(file, [
        ...(known === undefined || !complete ? [] : undefinedGlobals(one, known, written)),
        ...allHookReturnMistakes(names.hooks),
        ...unknownApiNames(names.reads, api, own),
        ...wrongApiCalls(names.calls, api, own),
        ...wrongOptionCalls(names.calls, own),
        ...unknownFields(one.chunk, types, set),
        ...methodHooks(names),
      ]),
    );
    warnings.push(
      ...inOrder(file, [
        ...names.unused.map(({ path, at }) => ({ ...at, text: `nobody uses the local '${path[0]}'` })),
        ...(complete ? unknownLibraryNames(names.reads, own) : []),
        ...(setsHook ? [] : lostHooks(names)),
      ]),
    );
  }
  return { mistakes, warnings, hidden, hookPlaces };
}
