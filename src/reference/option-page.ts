// doc/reference/options.md, made from the option table.
import {
  type OptionChange,
  type OptionScope,
  type OptionSpec,
  optionNames,
  optionTable,
} from '../options/option-table.ts';
import { defaultText, describeValue } from '../options/option-value.ts';
import { code, generated, page, table } from './markdown.ts';

const scopes: Readonly<Record<OptionScope, string>> = {
  start: 'start',
  process: 'start, hook.init',
  session: 'start, any hook',
};

const changes: Readonly<Record<OptionChange, string>> = { live: 'yes', restart: 'after a restart' };

function defaultOf(spec: OptionSpec): string {
  if (spec.kind === 'action') return '';
  const text = defaultText(spec);
  return text === '' ? 'empty' : code(text);
}

export function optionPage(): string {
  return page([
    generated('the option table'),
    '',
    '# Options',
    '',
    'An option is given on the command line or in the option file as `name=value`, `+name` (on) or `-name` (off); `name+=value` appends. The ' +
      'command line wins over the file. `smtpe +help` prints all of them with the values in effect, in the form of an option file. A policy reads ' +
      'options with `smtpe.getoption` and sets those marked `any hook` with `smtpe.setoption`, for its own connection, or in `hook.init` for all. ' +
      '`SIGHUP` reads the option file again and changes in service what can be changed so; the log names what changed and what needs a restart.',
    '',
    'With `smtp-listen` a listener may have values of its own: `NAME.option=value`, `+NAME.option`, `NAME.option+=value` (appended to what it has, else to ' +
      'the general value so far), for the options with `yes` under `NAME.`. They count for the connections that come to it, before the general ones.',
    '',
    '`store.NAME=URL` names a store beside the one of `store`, which `store.open(NAME)` of a policy gives.',
    '',
    ...table(
      ['option', 'default', 'value', 'can be set at', 'changes at SIGHUP', 'NAME.', ''],
      optionNames.map((name) => {
        const spec: OptionSpec = optionTable[name];
        return [
          code(name),
          defaultOf(spec),
          spec.kind === 'action' ? '' : describeValue(spec),
          scopes[spec.scope],
          spec.kind === 'action' ? '' : changes[spec.change],
          spec.perListener ? 'yes' : '',
          spec.help,
        ];
      }),
    ),
  ]);
}
