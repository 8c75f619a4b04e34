// Verb `info` (+info): facts about this build, then every option with its value and where it came from.
import { readFile } from 'node:fs/promises';
import { installed } from '../installed.ts';
import { formatOption, specOf } from '../options/help-text.ts';
import { type OptionName, type OptionSpec, optionNames, optionTable } from '../options/option-table.ts';
import { isOfItsOwn, type Options } from '../options/options.ts';
import { apiVersion, copyright, programName, version } from '../version.ts';

/** The packages that smtpe is made with, at the versions that its package.json pins. */
async function dependencies(): Promise<readonly (readonly [string, string])[]> {
  const manifest = JSON.parse(await readFile(installed('package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  return Object.entries(manifest.dependencies);
}

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

/** `KEY="value"` lines, then `name=value` lines with the origin as a comment. */
export async function infoText(options: Options): Promise<string> {
  const facts: [string, string][] = [
    ['_NAME', programName],
    ['_VERSION', version],
    ['_API_VERSION', apiVersion],
    ['_COPYRIGHT', copyright],
    ['_NODE', process.version],
    ['_PLATFORM', `${process.platform} ${process.arch}`],
  ];
  for (const [name, pinned] of await dependencies()) {
    facts.push([`_${name.toUpperCase().replace(/\W/g, '_')}`, pinned]);
  }
  const lines = facts.map(([key, text]) => `${key}=${quoted(text)}`);
  const shown = optionNames.filter((name) => optionTable[name].kind !== 'action');
  const written = shown.map((name: OptionName) => {
    const spec: OptionSpec = optionTable[name];
    return { line: formatOption(name, spec, options.text(name) ?? ''), origin: options.origin(name) };
  });
  for (const { name, text, origin } of options.toTexts()) {
    if (isOfItsOwn(name)) written.push({ line: formatOption(name, specOf(name), text), origin });
  }
  const width = Math.min(48, Math.max(...written.map((it) => it.line.length)));
  return [...lines, '', ...written.map((it) => `${it.line.padEnd(width)} # ${it.origin}`), ''].join('\n');
}

/** The text of +version. */
export function versionText(): string {
  return `${programName} ${version}\n${copyright}\nAPI ${apiVersion}, Node.js ${process.version}\n`;
}
