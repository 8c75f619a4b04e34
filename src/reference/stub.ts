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
const warning = '-- Made by npm run reference. Do not edit.';

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

function fieldLines(fields: readonly FieldSpec[]): readonly string[] {
  return fields.map((field) => `---@field ${field.name} ${field.type} ${oneLine(field.text)}`);
}

function recordStub(record: RecordSpec): readonly string[] {
  return [...comment(record.text), `---@class ${record.name}`, ...fieldLines(record.fields), ''];
}

function classStub(cls: ClassSpec): readonly string[] {
  return [
    ...comment(cls.text),
    `---@class ${cls.name}`,
    `local ${cls.name} = {}`,
    '',
    ...cls.methods.flatMap((method) => functionStub(cls.name, ':', method)),
  ];
}

function constantValue(constant: ConstantSpec): string {
  return typeof constant.value === 'number' ? String(constant.value) : '""';
}

function constantTableStub(owner: string, spec: ConstantTableSpec): readonly string[] {
  return [
    ...comment(spec.text),
    ...(spec.reverse ? ['---@type { [string]: integer, [integer]: string }'] : []),
    `${owner}.${spec.name} = {`,
    ...spec.constants.flatMap((constant) => [
      ...comment(oneLine(constant.text)).map((line) => `  ${line}`),
      `  ${constant.name} = ${constantValue(constant)},`,
    ]),
    '}',
    '',
  ];
}

function moduleLines(module: ModuleSpec, path: string): readonly string[] {
  const lazy = module.lazyFields.map(({ name, type, text }) => ({
    name,
    type,
    text: text.split('\n\n', 1)[0] ?? '',
  }));
  return [
    ...module.records.flatMap(recordStub),
    ...module.classes.flatMap(classStub),
    ...comment(module.text),
    `---@class ${path}`,
    ...fieldLines([...module.fields, ...lazy]),
    `${path} = {}`,
    '',
    ...module.constants.flatMap((constant) => [
      ...comment(constant.text),
      `${path}.${constant.name} = ${constantValue(constant)}`,
      '',
    ]),
    ...module.tables.flatMap((spec) => constantTableStub(path, spec)),
    ...module.functions.flatMap((spec) => functionStub(path, '.', spec)),
    ...module.modules.flatMap((child) => moduleLines(child, `${path}.${child.name}`)),
  ];
}

export function moduleStub(module: ModuleSpec): string {
  return page([head, warning, '', ...moduleLines(module, module.name)]);
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
