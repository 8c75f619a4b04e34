// The reference page of a Lua module (doc/reference/<name>.md), made from its table, and the list of all of them.
import type { ClassSpec } from '../lua-api/class-spec.ts';
import type { FunctionSpec } from '../lua-api/function-spec.ts';
import type { ConstantTableSpec, FieldSpec, ModuleSpec, RecordSpec } from '../lua-api/module-spec.ts';
import type { LuaValue } from '../lua-api/value.ts';
import { code, generated, luaBlock, page, table } from './markdown.ts';
import { parameterName, signature } from './signature.ts';

function functionPart(name: string, spec: FunctionSpec): readonly string[] {
  return [
    `### ${name}`,
    '',
    '```',
    signature(name, spec),
    '```',
    '',
    spec.text,
    '',
    ...table(
      ['argument', 'type', 'if left out or nil', ''],
      spec.params.map((param) => [
        code(parameterName(param)),
        code(param.type),
        param.fallback === undefined ? 'error' : code(param.fallback),
        param.text,
      ]),
    ),
    ...table(
      ['result', 'type', ''],
      spec.results.map((result) => [code(result.name), code(result.type), result.text]),
    ),
    spec.suspends ? '**Suspends** the hook; others go on meanwhile.' : '',
    '',
    ...spec.examples.flatMap(luaBlock),
  ];
}

function fieldTable(
  fields: readonly Pick<FieldSpec, 'name' | 'type' | 'text'>[],
  prefix: string,
): readonly string[] {
  return table(
    ['field', 'type', ''],
    fields.map((field) => [code(prefix + field.name), code(field.type), field.text]),
  );
}

function recordPart(record: RecordSpec): readonly string[] {
  const more = record.parent === undefined ? '' : ` It has the fields of ${code(record.parent)} too.`;
  return [`### ${record.name}`, '', record.text + more, '', ...fieldTable(record.fields, '')];
}

/** Numbers and texts as Lua writes them; bits also in hexadecimal. */
function valueText(value: LuaValue): string {
  if (typeof value === 'number') return value > 9 ? `${value} (0x${value.toString(16)})` : String(value);
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function constantPart(prefix: string, spec: ConstantTableSpec): readonly string[] {
  return [
    `### ${prefix}${spec.name}`,
    '',
    spec.text,
    '',
    spec.reverse
      ? `The table also has the names by number, e.g. ${code(`${prefix}${spec.name}[n]`)}; where two names have the same number, the first of them.`
      : '',
    spec.isClosed === true ? 'A name that is not in the table raises an error.' : '',
    '',
    ...table(
      ['name', 'value', ''],
      spec.constants.map((constant) => [code(constant.name), valueText(constant.value), constant.text]),
    ),
  ];
}

function classPart(cls: ClassSpec): readonly string[] {
  return [
    `## ${cls.name}`,
    '',
    cls.text,
    '',
    ...fieldTable(cls.attributes ?? [], 'object.'),
    ...cls.methods.flatMap((method) => functionPart(`${cls.name}:${method.name}`, method)),
  ];
}

function heading(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`## ${title}`, '', ...lines];
}

/** Under a heading of the level above. */
const deeper = (lines: readonly string[]): readonly string[] =>
  lines.map((line) => (/^#+ /.test(line) ? `#${line}` : line));

function moduleParts(module: ModuleSpec, path: string): readonly string[] {
  return [
    ...heading('Fields', [
      ...fieldTable(module.fields, `${path}.`),
      ...module.lazyFields.flatMap((field) => [
        `### ${path}.${field.name}`,
        '',
        `Type: ${code(field.type)}`,
        '',
        field.text,
        '',
      ]),
    ]),
    ...heading(
      'Functions',
      module.functions.flatMap((spec) =>
        functionPart(`${path}${module.isObject === true ? ':' : '.'}${spec.name}`, spec),
      ),
    ),
    ...module.classes.flatMap(classPart),
    ...heading('Tables', module.records.flatMap(recordPart)),
    ...heading('Constants', [
      ...table(
        ['name', 'value', ''],
        // Texts (our host name, the version) depend on the installation.
        module.constants.map((constant) => [
          code(`${path}.${constant.name}`),
          typeof constant.value === 'number' ? valueText(constant.value) : 'a string',
          constant.text,
        ]),
      ),
      ...module.tables.flatMap((spec) => constantPart(`${path}.`, spec)),
    ]),
    ...module.modules.flatMap((child) => [
      `## ${path}.${child.name}`,
      '',
      child.text,
      '',
      ...deeper(moduleParts(child, `${path}.${child.name}`)),
    ]),
  ];
}

/** What people call it: a global table, or what `require` takes. */
const titleOf = ({ name, required = name }: ModuleSpec): string => required;

/** Path in the project. */
export const pagePath = (module: ModuleSpec): string => `doc/reference/${titleOf(module)}.md`;

export function modulePage(module: ModuleSpec): string {
  return page([
    generated(`the table of module ${titleOf(module)}`),
    '',
    `# ${titleOf(module)}`,
    '',
    module.text,
    '',
    ...moduleParts(module, module.name),
  ]);
}

/** The first sentence of a text, on one line. */
function firstSentence(text: string): string {
  const line = text.split('\n\n', 1)[0]?.replace(/\s+/g, ' ') ?? '';
  return /^.*?[.:](?= |$)/.exec(line)?.[0].replace(/:$/, '.') ?? line;
}

/** doc/reference/README.md. */
export function indexPage(modules: readonly ModuleSpec[]): string {
  return page([
    generated('the module tables'),
    '',
    '# Reference',
    '',
    'What a policy can call. Every example on these pages is run by a test.',
    '',
    ...table(
      ['module', ''],
      modules.map((module) => [`[${titleOf(module)}](${titleOf(module)}.md)`, firstSentence(module.text)]),
    ),
    'Also here: [all options](options.md), [ESMTP extensions](extensions.md), [errors](errors.md), [events and log lines](events.md), [metrics](metrics.md), [what smtp-lenient lets through](lenient.md).',
    'The hooks are in [hooks.md](../hooks.md); SPF, DKIM, DMARC and ARC together, with policies to copy, in [sender-checks.md](../sender-checks.md); limits, greylisting, DNS lists, access lists and call-ahead, modules in Lua, in [helpers.md](../helpers.md).',
    '',
    'For all functions:',
    '',
    '- Texts are octets: any value from 0 to 255, NUL too, in and out. Only ASCII letters have a case.',
    '- A number serves as a string and a numeric string as a number, as in Lua. Flags are booleans or numbers, of which 0 is false.',
    '- A wrong argument raises an error that names function, position, and what was expected and given.',
    '- A function that suspends lets other connections go on while it waits. It may be called in any hook, in coroutines and inside `pcall`.',
    '',
    'For editors: `lib-lua/stubs` has definitions for the Lua language server (add the directory to `workspace.library`, and `lib-lua` with it, whose helpers say above each function what it does) and a standard for ' +
      'luacheck, `smtpe.luacheckrc` (`luacheck --config smtpe.luacheckrc policy.lua`).',
  ]);
}
