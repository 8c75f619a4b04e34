// What the tables know about one name, as plain text for a terminal: a function, module, table of constants, record, field, hook, event, metric or
// error. Options and verbs are the business of who asks (cli/doc).
import type { EventSpec } from '../base/event-table/event-spec.ts';
import { eventNames, eventTable } from '../base/event-table/event-table.ts';
import type { ClassSpec } from '../lua-api/class-spec.ts';
import type { FunctionSpec } from '../lua-api/function-spec.ts';
import type { ConstantTableSpec, FieldSpec, ModuleSpec, RecordSpec } from '../lua-api/module-spec.ts';
import type { MetricSpec } from '../observe/metric/metric-spec.ts';
import { metricNames, metricTable } from '../observe/metric/metric-table.ts';
import { codesInWords, hookNames, hookTable, type ReplyCodes } from '../policy/hook-table.ts';
import { type ErrorName, type ErrorSpec, errorNumber, errorTable } from '../smtp/server/reply-table.ts';
import { lineText } from './event-page.ts';
import { pagePath } from './module-page.ts';
import { parameterName, signature } from './signature.ts';

const WIDTH = 90;

/** What there is to say about a name; several texts where it stands for several things. */
export type Pages = ReadonlyMap<string, readonly string[]>;

/** Paragraphs of Markdown in lines, indented; code blocks as they are. */
function wrapped(text: string, indent = ''): readonly string[] {
  let inCode = false;
  return text.split('\n').flatMap((paragraph) => {
    if (paragraph.startsWith('```')) inCode = !inCode;
    if (inCode || paragraph.startsWith('```')) return [indent + paragraph];
    const lines: string[] = [];
    let line = indent;
    for (const word of paragraph.split(' ')) {
      if (line !== indent && line.length + 1 + word.length > WIDTH) {
        lines.push(line);
        line = indent;
      }
      line += line === indent ? word : ` ${word}`;
    }
    return [...lines, line];
  });
}

/** `name  type  text`, the text in lines behind it. */
function rows(
  items: readonly { readonly name: string; readonly type: string; readonly text: string }[],
): readonly string[] {
  const names = Math.min(24, Math.max(0, ...items.map(({ name }) => name.length)));
  return items.flatMap(({ name, type, text }) => [
    ...(names + type.length + 4 <= WIDTH
      ? [`  ${name.padEnd(names)}  ${type}`.trimEnd()]
      : [`  ${name}`, ...wrapped(type, '    ')]),
    ...(text === '' ? [] : wrapped(text, '      ')),
  ]);
}

const block = (title: string, lines: readonly string[]): readonly string[] =>
  lines.length === 0 ? [] : ['', title, ...lines];

function functionText(name: string, spec: FunctionSpec, page: string): string {
  return [
    signature(name, spec),
    '',
    ...wrapped(spec.text),
    ...(spec.suspends ? ['Suspends the hook; other connections go on meanwhile.'] : []),
    ...block(
      'arguments',
      rows(
        spec.params.map((param) => ({
          name: parameterName(param),
          type: param.type + (param.fallback === undefined ? '' : ` (left out: ${param.fallback})`),
          text: param.text,
        })),
      ),
    ),
    ...block('results', rows(spec.results)),
    ...spec.examples.flatMap((example) => block('example', example.trimEnd().split('\n').map(indented))),
    '',
    page,
  ].join('\n');
}

const indented = (line: string): string => (line === '' ? '' : `  ${line}`);

const fieldText = (name: string, { text, type }: FieldSpec, page: string): string =>
  [`${name}: ${type}`, '', ...wrapped(text), '', page].join('\n');

function constantsText(name: string, spec: ConstantTableSpec, page: string): string {
  const names = spec.constants.map((constant) => constant.name).join(' ');
  return [`${name}: constants`, '', ...wrapped(spec.text), '', ...wrapped(names, '  '), '', page].join('\n');
}

const recordText = ({ fields, name, parent, text }: RecordSpec, page: string): string =>
  [
    `${name}: table`,
    '',
    ...wrapped(parent === undefined ? text : `${text} It has the fields of ${parent} too.`),
    ...block('fields', rows(fields)),
    '',
    page,
  ].join('\n');

function classText(spec: ClassSpec, page: string): string {
  const methods = spec.methods.map((method) => `  ${signature(`object:${method.name}`, method)}`);
  return [
    `${spec.name}: object`,
    '',
    ...wrapped(spec.text),
    ...block('fields', rows(spec.attributes ?? [])),
    ...block('methods', methods),
    '',
    page,
  ].join('\n');
}

function moduleText(path: string, spec: ModuleSpec, page: string): string {
  const brief = (text: string): string => /^.*?\.(?= |$)/s.exec(text.replaceAll('\n', ' '))?.[0] ?? text;
  return [
    `${path}: module`,
    '',
    ...wrapped(spec.text),
    ...block(
      'functions',
      spec.functions.flatMap((one) => [
        `  ${signature(`${path}.${one.name}`, one)}`,
        ...wrapped(brief(one.text), '      '),
      ]),
    ),
    ...block('fields', rows([...spec.fields, ...spec.lazyFields])),
    ...block(
      'tables',
      spec.tables.map(({ name }) => `  ${path}.${name}`),
    ),
    ...block(
      'modules',
      spec.modules.map(({ name }) => `  ${path}.${name}`),
    ),
    '',
    page,
  ].join('\n');
}

function hookText(name: (typeof hookNames)[number]): string {
  const { args, result, when } = hookTable[name];
  const codes: ReplyCodes = hookTable[name].codes;
  const returns =
    result === 'none' ? 'Its results are not looked at.' : '[drop,] reply: nothing for the default reply.';
  const kept = result === 'content' ? ' The reply is kept for the end of the message.' : '';
  return [
    `hook.${name}(${args.join(', ')})`,
    '',
    ...wrapped(`Called for: ${when}. Returns: ${returns}${kept}`),
    ...(codes === 'none' ? [] : wrapped(`Codes that fit: ${codesInWords[codes]}.`)),
    '',
    'doc/hooks.md',
  ].join('\n');
}

/** All hooks, a line each. */
function hooksText(): string {
  const all = hookNames.map((name) => ({
    name: `hook.${name}(${hookTable[name].args.join(', ')})`,
    type: '',
    text: hookTable[name].when,
  }));
  return [
    'hook: table of functions that the policy defines',
    ...block('hooks', rows(all)),
    '',
    'doc/hooks.md',
  ].join('\n');
}

function eventText(name: string, spec: EventSpec): string {
  const fields = Object.entries(spec.fields).map(([field, one]) => ({
    name: field,
    type: one.type,
    text: one.meaning,
  }));
  return [
    `${name}: event${spec.level === 'none' ? '' : `, ${spec.level}`}`,
    '',
    ...wrapped(spec.when),
    ...(spec.level === 'none' ? [] : ['', `  ${lineText(spec).replaceAll('`', '')}`]),
    ...block('fields', rows(fields)),
    '',
    'doc/reference/events.md',
  ].join('\n');
}

function metricText(name: string, spec: MetricSpec): string {
  const labels = Object.entries(spec.labels ?? {}).map(
    ([label, values]) =>
      `  ${label}: ${typeof values === 'string' ? `one for each ${values}` : values.join(' ')}`,
  );
  return [
    `${name}: metric, ${spec.kind}`,
    '',
    ...wrapped(spec.help),
    ...block('labels', labels),
    '',
    'doc/reference/metrics.md',
  ].join('\n');
}

/** An error of smtpe itself, as a sender may ask about it. */
export function errorText(name: ErrorName): string {
  const spec: ErrorSpec = errorTable[name];
  const whose =
    spec.code < 500 ? 'The client may try again later.' : 'For good: trying again changes nothing.';
  return [
    `${errorNumber(name)} ${name}`,
    '',
    `  ${spec.code} ${spec.status} ${spec.text.replace(/\{(\w+)\}/g, '<$1>')}`,
    '',
    ...wrapped(`When: ${spec.when}.`),
    ...wrapped(`${whose} The log line "refused" has cause=${name}, the client and the command.`),
    '',
    'doc/reference/errors.md',
  ].join('\n');
}

export const errorNames = Object.keys(errorTable) as readonly ErrorName[];

/** Everything by its name in lower case: `header.find`, `dns.type`, `client.address`, `hook.rcpt`, `rcpt`, `smtp-refused`. */
export function terminalPages(modules: readonly ModuleSpec[]): Pages {
  const pages = new Map<string, string[]>();
  const put = (name: string, text: string): void => {
    const key = name.toLowerCase();
    pages.set(key, [...(pages.get(key) ?? []), text]);
  };
  const takeModule = (spec: ModuleSpec, path: string, page: string): void => {
    put(path, moduleText(path, spec, page));
    for (const one of spec.functions) {
      const name = `${path}${spec.isObject === true ? ':' : '.'}${one.name}`;
      put(`${path}.${one.name}`, functionText(name, one, page));
    }
    for (const one of [...spec.fields, ...spec.lazyFields])
      put(`${path}.${one.name}`, fieldText(`${path}.${one.name}`, one, page));
    for (const one of spec.tables)
      put(`${path}.${one.name}`, constantsText(`${path}.${one.name}`, one, page));
    for (const one of spec.records) put(one.name, recordText(one, page));
    for (const one of spec.classes) {
      put(one.name, classText(one, page));
      for (const method of one.methods)
        put(`${one.name}.${method.name}`, functionText(`${one.name}:${method.name}`, method, page));
    }
    for (const one of spec.modules) takeModule(one, `${path}.${one.name}`, page);
  };
  for (const spec of modules) {
    takeModule(spec, spec.name, pagePath(spec));
    if (spec.required !== undefined) takeModule(spec, spec.required, pagePath(spec));
  }
  put('hook', hooksText());
  for (const name of hookNames) {
    put(`hook.${name}`, hookText(name));
    put(name, hookText(name));
  }
  for (const name of eventNames) put(name, eventText(name, eventTable[name]));
  for (const name of metricNames) put(name, metricText(name, metricTable[name]));
  for (const name of errorNames) {
    put(name, errorText(name));
    put(errorNumber(name), errorText(name));
  }
  return pages;
}
