// A strict reader of the text format 0.0.4 of Prometheus, our own: what it does not like is an error with the line. It also holds names to the
// rules of Prometheus: units at the end, `_total` of counters and of nothing else.
// https://prometheus.io/docs/instrumenting/exposition_formats/, https://prometheus.io/docs/practices/naming/

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

function wrong(line: string, why: string): never {
  throw new Error(`${why}: ${JSON.stringify(line)}`);
}

function readLabels(line: string, text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== '') {
    const match = /^([^=]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/.exec(rest);
    if (match === null) return wrong(line, 'labels');
    const [whole, name = '', value = ''] = match;
    if (!LABEL.test(name) || name.startsWith('__')) wrong(line, 'name of a label');
    if (Object.hasOwn(labels, name)) wrong(line, 'a label twice');
    labels[name] = value.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c));
    rest = rest.slice(whole.length);
    if (whole.endsWith(',') && rest === '') wrong(line, 'a comma behind the last label');
  }
  return labels;
}

function readValue(line: string, text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (!/^-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text)) wrong(line, 'value');
  return Number(text);
}

function readSample(line: string): Sample {
  const match = /^([^ {]+)(?:\{(.*)\})? ([^ ]+)$/.exec(line);
  if (match === null) return wrong(line, 'sample');
  const [, name = '', labels = '', value = ''] = match;
  if (!NAME.test(name)) wrong(line, 'name');
  return { name, labels: readLabels(line, labels), value: readValue(line, value) };
}

/** By name. Throws when anything is not as it must be. */
export function readExposition(text: string): ReadonlyMap<string, Family> {
  const families = new Map<string, Family>();
  if (!text.endsWith('\n')) throw new Error('no line end at the end');
  let help: { readonly name: string; readonly text: string } | undefined;
  let family: Family | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (word === 'HELP') {
      if (rest === '') wrong(line, 'no help');
      help = { name, text: rest };
    } else if (word === 'TYPE') {
      if (help?.name !== name) wrong(line, 'no HELP in front of it');
      if (!NAME.test(name) || families.has(name)) wrong(line, 'name');
      if (rest !== 'counter' && rest !== 'gauge' && rest !== 'histogram') return wrong(line, 'type');
      family = { name, type: rest, help: help?.text ?? '', samples: [] };
      families.set(name, family);
    } else if (line.startsWith('#')) wrong(line, 'comment');
    else {
      const sample = readSample(line);
      if (family === undefined) return wrong(line, 'sample without a family');
      const suffix = sample.name.startsWith(family.name) ? sample.name.slice(family.name.length) : '?';
      const suffixes = family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      if (!suffixes.includes(suffix)) wrong(line, 'sample of another family');
      family.samples.push(sample);
    }
  }
  for (const each of families.values()) checkFamily(each);
  return families;
}

const keyOf = ({ name, labels }: Sample, without?: string): string =>
  JSON.stringify([
    name,
    ...Object.entries(labels)
      .filter(([label]) => label !== without)
      .sort(),
  ]);

function checkFamily({ name, type, samples }: Family): void {
  const fail = (why: string): never => {
    throw new Error(`${name}: ${why}`);
  };
  if (samples.length === 0) fail('no sample');
  if (name.endsWith('_total') !== (type === 'counter')) fail('_total is for counters');
  if (type === 'histogram' && !/_(seconds|bytes)$/.test(name)) fail('no unit');
  if (/_(ms|milliseconds|minutes|kb|kib|mib)(_|$)/.test(name)) fail('not a base unit');
  const keys = samples.map((sample) => keyOf(sample));
  if (new Set(keys).size !== keys.length) fail('a series twice');
  for (const { value } of samples) if (type === 'counter' && value < 0) fail('a counter below 0');
  if (type === 'histogram') checkHistogram(name, samples, fail);
}

function checkHistogram(name: string, samples: readonly Sample[], fail: (why: string) => never): void {
  const groups = groupBy(samples, (sample) => keyOf({ ...sample, name }, 'le'));
  for (const group of groups.values()) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) =>
      labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le),
    );
    if (bounds.at(-1) !== Number.POSITIVE_INFINITY) fail('no +Inf');
    if (bounds.some((bound, i) => i > 0 && bound <= (bounds[i - 1] ?? 0))) fail('buckets out of order');
    if (buckets.some(({ value }, i) => i > 0 && value < (buckets[i - 1]?.value ?? 0))) fail('not cumulative');
    const count = group.filter((sample) => sample.name === `${name}_count`);
    const sum = group.filter((sample) => sample.name === `${name}_sum`);
    if (count.length !== 1 || sum.length !== 1) fail('no sum or no count');
    if (count[0]?.value !== buckets.at(-1)?.value) fail('count is not the last bucket');
  }
}

/** The value of a series; undefined when there is none. */
export function seriesValue(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const wanted = keyOf({ name, labels, value: 0 });
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
  return family?.samples.find((sample) => keyOf(sample) === wanted)?.value;
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}
