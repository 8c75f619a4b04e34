// A standard for luacheck (lib-lua/stubs/smtpe.luacheckrc): the names of the API, so that misspelt ones are found.
import type { ModuleSpec } from '../lua-api/module-spec.ts';
import { hookNames } from '../policy/hook-table.ts';
import { elsewhereModules } from '../policy/lint/elsewhere.ts';
import { page } from './markdown.ts';

/** Functions that Lua 5.1 has and its manual does not name. */
const oldNames: Readonly<Record<string, readonly string[]>> = {
  math: ['mod'],
  string: ['gfind'],
  table: ['foreach', 'foreachi', 'getn', 'setn'],
};

/** What one table of the API has, or undefined for a name without fields of its own. */
type Names = ReadonlyMap<string, Names | undefined>;

function namesOf(module: ModuleSpec): Names {
  return new Map<string, Names | undefined>([
    ...[...module.functions, ...module.constants, ...module.fields].map(
      (each) => [each.name, undefined] as const,
    ),
    ...module.tables.map((each) => [each.name, undefined] as const),
    ...module.lazyFields.map((each) => [each.name, undefined] as const),
    ...module.modules.map((each) => [each.name, namesOf(each)] as const),
  ]);
}

/** Tables whose own fields may be any: constants by name and number, and what the session fills. */
function openNames(module: ModuleSpec): ReadonlySet<string> {
  return new Set(
    [...module.fields, ...module.lazyFields, ...module.tables.filter((each) => each.reverse)].map(
      (each) => each.name,
    ),
  );
}

function fieldLines(module: ModuleSpec, indent: string): readonly string[] {
  const open = openNames(module);
  const constants = new Map(module.tables.map((each) => [each.name, each.constants]));
  const texts = new Set(
    module.constants.filter(({ value }) => typeof value !== 'number').map(({ name }) => name),
  );
  const children = new Map(module.modules.map((each) => [each.name, each]));
  return [...namesOf(module).keys()].flatMap((name) => {
    const child = children.get(name);
    if (child !== undefined)
      return [`${indent}${name} = { fields = {`, ...fieldLines(child, `${indent}   `), `${indent}}},`];
    if (open.has(name)) return [`${indent}${name} = { other_fields = true },`];
    const names = constants.get(name);
    if (names === undefined) {
      // A text has the functions of string: smtpe.host:lower().
      return [`${indent}${name} = ${texts.has(name) ? '{ other_fields = true }' : '{}'},`];
    }
    return [
      `${indent}${name} = { fields = {`,
      ...names.map((each) => `${indent}   ${each.name} = {},`),
      `${indent}}},`,
    ];
  });
}

/** `globals`: those that scripts for others may set. */
export function luacheckStandard(all: readonly ModuleSpec[], globals: readonly string[]): string {
  // What a script requires is a local of its own.
  const modules = all.filter(({ required }) => required === undefined);
  return page([
    '-- Made by npm run reference. Do not edit. Use: luacheck --config smtpe.luacheckrc policy.lua',
    'stds.smtpe = {',
    '   globals = {',
    '      hook = { fields = {',
    ...hookNames.map((name) => `         ${name} = {},`),
    '      }},',
    // A policy may keep fields of its own in them.
    ...modules
      .filter((module) => module.fields.length > 0)
      .map((module) => `      ${module.name} = { other_fields = true },`),
    '      -- Scripts for Dovecot are called by these.',
    ...globals.map((name) => `      ${name} = {},`),
    '   },',
    '   read_globals = {',
    ...modules
      .filter((module) => module.fields.length === 0)
      .flatMap((module) => [
        `      ${module.name} = { fields = {`,
        ...fieldLines(module, '         '),
        '      }},',
      ]),
    // What modules of scripts from elsewhere set when they are required.
    ...elsewhereModules.map(({ global }) => `      ${global} = { other_fields = true },`),
    // Of Lua 5.1, where luacheck follows its manual alone.
    '      gcinfo = {},',
    ...Object.entries(oldNames).map(
      ([library, names]) =>
        `      ${library} = { fields = { ${names.map((name) => `${name} = {}`).join(', ')} }},`,
    ),
    '   },',
    '}',
    '-- Policies have the libraries of both.',
    'std = "lua51+lua54+smtpe"',
    // Hooks get all their arguments, used or not.
    'unused_args = false',
    'max_line_length = false',
  ]);
}
