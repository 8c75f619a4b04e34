// Verb `help`: how the program is used, on one screen; or what there is to say about an option or a verb. All from the tables.

import { nearestName } from '../base/nearest-name.ts';
import { formatOption, helpText, optionHelp } from '../options/help-text.ts';
import { findOption } from '../options/option-set.ts';
import { type OptionName, type OptionSpec, optionNames, optionTable } from '../options/option-table.ts';
import { defaultText } from '../options/option-value.ts';
import type { Options } from '../options/options.ts';
import { programName, version } from '../version.ts';
import { exitCode } from './exit-code.ts';
import { complain, print } from './problems.ts';
import { verbs, verbTable } from './verb.ts';

/** What one needs to know to run it; the rest is for `help all`. */
const first = [
  ...(['script', 'smtp-server-address', 'smtp-server-port', 'smtp-smart-host'] as const),
  ...(['dns-servers', 'verbose'] as const),
] satisfies readonly OptionName[];

const WIDTH = 78;

/** The first sentence, or as much as fits. */
function brief(text: string, width: number): string {
  const sentence = /^.*?[.:;](?= |$)/.exec(text)?.[0].slice(0, -1) ?? text;
  return sentence.length <= width ? sentence : `${sentence.slice(0, width - 3).replace(/\s+\S*$/, '')} ...`;
}

/** One screen: usage, verbs, the options that one needs. */
export function usageText(): string {
  const optionWidth = Math.max(
    ...first.map((name) => formatOption(name, optionTable[name], defaultText(optionTable[name])).length),
  );
  const options = first.map((name) => {
    const spec: OptionSpec = optionTable[name];
    const shown = formatOption(name, spec, defaultText(spec)).padEnd(optionWidth);
    return `  ${shown}  ${brief(spec.help, WIDTH - optionWidth - 4)}`;
  });
  return [
    `${programName} ${version}: an SMTP server that runs your Lua policy at every step`,
    'usage: smtpe [VERB] [POLICY.lua] [OPTION ...]',
    ...verbs.map((verb) => `  ${verb.padEnd(9)}${verbTable[verb].text}`),
    '',
    'options: name=value, +flag, -flag, name+=value; also in /etc/smtpe.cf or file=PATH',
    ...options,
    '',
    'smtpe help all shows every option, smtpe help NAME one; doc/ has the rest.',
    '',
  ].join('\n');
}

function topicText(topic: string, options: Options): string | undefined {
  if (topic === 'all') return helpText(options);
  const verb = verbs.find((known) => known === topic);
  if (verb !== undefined) {
    const { usage, text, more } = verbTable[verb];
    return `usage: ${usage}\n  ${text[0]?.toUpperCase()}${text.slice(1)}. ${more}\n`;
  }
  const option = findOption(topic);
  return option === undefined ? undefined : `${optionHelp(option, options)}\n`;
}

/** Prints what was asked; 64 when there is nothing of that name. */
export async function help(topics: readonly string[], options: Options): Promise<number> {
  if (topics.length === 0) {
    await print(usageText());
    return exitCode.ok;
  }
  const texts: string[] = [];
  for (const topic of topics) {
    const text = topicText(topic, options);
    if (text === undefined) {
      const near = nearestName(topic, [...optionNames, ...verbs]);
      const hint = near === undefined ? 'smtpe help all shows all options' : `did you mean ${near}?`;
      await complain([`help ${JSON.stringify(topic)}: there is no option or verb of that name; ${hint}`]);
      return exitCode.usage;
    }
    texts.push(text);
  }
  await print(texts.join('\n'));
  return exitCode.ok;
}
