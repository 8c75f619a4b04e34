// The text of +help: a complete option file with the values in effect, each with its description. Reading it back gives the same values.
import { quoteValue } from './option-file.ts';
import { type OptionName, type OptionSpec, optionNames, optionTable } from './option-table.ts';
import { defaultText, describeValue } from './option-value.ts';
import { isOfItsOwn, type Options, PLUGIN } from './options.ts';
import { pluginSetting } from './plugin-setting.ts';

const WIDTH = 98;

/** Text in lines of at most `width` characters, where words allow. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines;
}

/** An option as it stands in an option file. */
export function formatOption(name: string, spec: OptionSpec, text: string): string {
  return spec.kind === 'flag' && (text === '+' || text === '-') ? text + name : `${name}=${quoteValue(text)}`;
}

/** What the comment above an option says: its help, and the values it takes where that is not plain. */
function describe(spec: OptionSpec): string {
  return spec.kind === 'integer' || spec.kind === 'word'
    ? `${spec.help} (${describeValue(spec)})`
    : spec.help;
}

/** The row of `listener.option`, or of `store.NAME` or `plugin-NAME`. */
export const specOf = (name: string): OptionSpec =>
  name.startsWith('store.')
    ? optionTable.store
    : name.toLowerCase().startsWith(PLUGIN)
      ? pluginSetting
      : optionTable[name.slice(name.indexOf('.') + 1) as OptionName];

/** One option as `help all` has it, without the line end. */
export function optionHelp(name: OptionName, options: Options): string {
  return section(name, options).join('\n');
}

function section(name: OptionName, options: Options): readonly string[] {
  const spec: OptionSpec = optionTable[name];
  const lines = wrap(describe(spec), WIDTH).map((line) => `# ${line}`);
  if (spec.kind === 'action') return [...lines, `#-${name} or +${name}`];
  const text = options.text(name) ?? '';
  const written = formatOption(name, spec, text);
  // It would have no effect in an option file.
  if (name === 'file') return [...lines, `#${written}`];
  const unchanged = text === defaultText(spec);
  return [...lines, ...(unchanged ? [] : [`#${formatOption(name, spec, defaultText(spec))}`]), written];
}

/** All options in the order of the table; ends with a line end. */
export function helpText(options: Options): string {
  const own = options.toTexts().filter(({ name }) => isOfItsOwn(name));
  const sections = optionNames.map((name) => section(name, options));
  if (own.length > 0) {
    const lines = own.map(({ name, text }) => formatOption(name, specOf(name), text));
    sections.push(['# What listeners of smtp-listen have of their own, and other stores.', ...lines]);
  }
  return sections.map((lines) => `${lines.join('\n')}\n`).join('\n');
}
