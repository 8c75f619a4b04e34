// Definition files for the Lua language server (LuaCATS annotations, `---@meta`): lib-lua/stubs/<module>.lua and hook.lua.
import type { ClassSpec } from '../lua-api/class-spec.ts';
import type { FunctionSpec } from '../lua-api/function-spec.ts';
import type {
  ConstantSpec,
  ConstantTableSpec,
  FieldSpec,
  ModuleSpec,
  RecordSpec,
} from '../lua-api/module-spec.ts';
import { type HookName, hookNames, hookTable } from '../policy/hook-table.ts';
import { page } from './markdown.ts';
import { parameterName } from './signature.ts';

const head = '---@meta';
// Definitions set what policies only read.
const warning = '-- Made by npm run reference. Do not edit.\n-- luacheck: ignore';

function comment(text: string): readonly string[] {
  return text.split('\n').map((line) => `---${line}`);
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ');
}

/** `separator` is `.` or `:`. */
function functionStub(owner: string, separator: string, spec: FunctionSpec): readonly string[] {
  const names = spec.params.map(parameterName);
  return [
    ...comment(spec.text),
    ...spec.params.map((param, i) => {
      const optional = param.fallback === undefined ? '' : '?';
      return `---@param ${names[i]}${optional} ${param.type} ${oneLine(param.text)}`;
    }),
    ...spec.results.map((result) => `---@return ${result.type} ${result.name} ${oneLine(result.text)}`),
    `function ${owner}${separator}${spec.name}(${names.join(', ')}) end`,
    '',
  ];
}

function fieldLines(fields: readonly Pick<FieldSpec, 'name' | 'type' | 'text'>[]): readonly string[] {
  return fields.map((field) => `---@field ${field.name} ${field.type} ${oneLine(field.text)}`);
}

function recordStub(record: RecordSpec): readonly string[] {
  return [
    ...comment(record.text),
    `---@class ${record.name}${record.parent === undefined ? '' : `: ${record.parent}`}`,
    ...fieldLines(record.fields),
    '',
  ];
}

function classStub(cls: ClassSpec, prefix: string): readonly string[] {
  return [
    ...comment(cls.text),
    `---@class ${prefix}${cls.name}`,
    ...fieldLines(cls.attributes ?? []),
    `local ${cls.name} = {}`,
    '',
    ...cls.methods.flatMap((method) => functionStub(cls.name, ':', method)),
  ];
}

function constantValue(constant: ConstantSpec): string {
  return typeof constant.value === 'number' ? String(constant.value) : '""';
}

/** Words of a table are the same everywhere: they are what may be compared with. */
function wordValue({ value }: ConstantSpec): string {
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}

function constantTableStub(owner: string, spec: ConstantTableSpec): readonly string[] {
  return [
    ...comment(spec.text),
    `---@enum ${owner}.${spec.name}`,
    `${owner}.${spec.name} = {`,
    ...spec.constants.flatMap((constant) => [
      ...comment(oneLine(constant.text)).map((line) => `  ${line}`),
      `  ${constant.name} = ${wordValue(constant)},`,
    ]),
    '}',
    '',
  ];
}

/** `owner` is what the module is called in scripts, `type` its class. */
function moduleLines(module: ModuleSpec, owner: string, type: string): readonly string[] {
  const lazy = module.lazyFields.map(({ name, type: its, text }) => ({
    name,
    type: its,
    text: text.split('\n\n', 1)[0] ?? '',
  }));
  const prefix = module.required === undefined ? '' : `${type}.`;
  return [
    ...module.records.flatMap(recordStub),
    ...module.classes.flatMap((cls) => classStub(cls, prefix)),
    ...comment(module.text),
    `---@class ${type}`,
    ...fieldLines([...module.fields, ...lazy]),
    `${module.required === undefined ? '' : 'local '}${owner} = {}`,
    '',
    ...module.constants.flatMap((constant) => [
      ...comment(constant.text),
      `${owner}.${constant.name} = ${constantValue(constant)}`,
      '',
    ]),
    ...module.tables.flatMap((spec) => constantTableStub(owner, spec)),
    ...module.functions.flatMap((spec) => functionStub(owner, module.isObject === true ? ':' : '.', spec)),
    ...module.modules.flatMap((child) =>
      moduleLines(child, `${owner}.${child.name}`, `${type}.${child.name}`),
    ),
  ];
}

/** Path in the project: `require` of the Lua language server goes by the path. */
export const stubPath = ({ name, required = name }: ModuleSpec): string =>
  `lib-lua/stubs/${required.replaceAll('.', '/')}.lua`;

export function moduleStub(module: ModuleSpec): string {
  const { name, required } = module;
  const lines = moduleLines(module, name, required ?? name);
  return required === undefined
    ? page([head, warning, '', ...lines])
    : page([`${head} ${required}`, warning, '', ...lines, `return ${name}`]);
}

/** Arguments that are no strings. */
const argumentTypes: Readonly<Record<string, string>> = {
  accepted_recipients: 'string[]',
  errno: 'integer',
  was_dropped: 'integer',
};

function hookType(name: HookName): string {
  const { args, result } = hookTable[name];
  const list = args.map((arg) => `${arg}: ${argumentTypes[arg] ?? 'string'}`).join(', ');
  return `fun(${list})${result === 'none' ? '' : ': (boolean|integer|string)?, string?'}`;
}

export function hookStub(): string {
  return page([
    head,
    warning,
    '',
    '---The hooks of the policy: functions that it defines. A hook that is missing has no effect.',
    '---@class hook',
    ...hookNames.map((name) => `---@field ${name}? ${hookType(name)} ${hookTable[name].when}`),
    'hook = {}',
  ]);
}
