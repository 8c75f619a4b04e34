// Lua module `smtpe`: facts about the engine, and its options (doc/reference/smtpe.md).

import { nearestName } from '../base/nearest-name.ts';
import type { CallContext } from '../lua-api/call-context.ts';
import { LuaError, luaFunction } from '../lua-api/function-spec.ts';
import { luaModule, type ModuleSpec } from '../lua-api/module-spec.ts';
import { bytes, bytesOrFlag, optionalBytes } from '../lua-api/params.ts';
import { findOption } from '../options/option-set.ts';
import { optionNames, optionTable } from '../options/option-table.ts';
import { type Options, optionsOf } from '../options/options.ts';
import { sessionOf } from '../policy/session-view.ts';
import { apiVersion, copyright, version } from '../version.ts';

/** Options are text in the process and bytes (UTF-8) in Lua. */
const toLua = (text: string): Buffer => Buffer.from(text, 'utf8');
const fromLua = (byteString: string): string => Buffer.from(byteString, 'latin1').toString('utf8');

/** A name from the policy as it may be shown in an error. */
const shown = (text: string): string => JSON.stringify(text.slice(0, 80));

function unknown(name: string): LuaError {
  const near = nearestName(name, optionNames);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return new LuaError(`smtpe.setoption: there is no option ${shown(name)}${hint}`);
}

/** The text of an option as it was set; a flag is `+` or `-`, also when it was set as `1` or `0`. */
function optionText(options: Options, name: string): string | undefined {
  const text = options.text(name);
  const known = text === undefined ? undefined : findOption(name);
  const value = known === undefined ? undefined : options.values[known];
  return typeof value === 'boolean' ? (value ? '+' : '-') : text;
}

function setOption(context: CallContext, name: string, value: string): readonly [] {
  if (name.includes('.')) {
    throw new LuaError(
      `smtpe.setoption: ${shown(name)}: what a listener has of its own is set in the option file; hook.accept can set options for its connection`,
    );
  }
  const known = findOption(name);
  if (known === undefined) throw unknown(name);
  const { scope } = optionTable[known];
  if (scope === 'start') {
    throw new LuaError(`smtpe.setoption: ${known} is read before the policy; set it in the option file`);
  }
  if (scope === 'process' && sessionOf(context) !== undefined) {
    throw new LuaError(
      `smtpe.setoption: ${known} is for the whole server; set it in hook.init or in the option file`,
    );
  }
  const outcome = optionsOf(context).set(known, fromLua(value), 'smtpe.setoption');
  if (outcome.kind === 'invalid') {
    throw new LuaError(`smtpe.setoption: ${known}: expected ${outcome.expected}, got ${shown(value)}`);
  }
  return [];
}

/** The module; `host` is our own host name (option host-name, else the machine's). */
export function smtpeModule(host: string): ModuleSpec {
  return luaModule({
    name: 'smtpe',
    text: 'The engine: what it is, and its options.',
    constants: [
      { name: 'bin_version', value: version, text: 'Version of this program.' },
      {
        name: 'api_version',
        value: apiVersion,
        text: 'Version of the API that policies are written against.',
      },
      { name: 'copyright', value: copyright, text: 'Whose it is.' },
      {
        name: 'host',
        value: toLua(host),
        text: 'Our host name: option `host-name`, else the name of the machine.',
      },
    ],
    functions: [
      luaFunction({
        name: 'getoption',
        params: [optionalBytes('option_name', 'The name, in upper or lower case.', undefined)],
        results: [
          {
            name: 'value',
            type: 'string|nil',
            text: 'The text of the option as it was set, e.g. `300`; always `+` or `-` for a flag; it may be empty; nil for an unknown name.',
          },
        ],
        text: 'Gives the value of an option as this connection sees it. `help`, `info` and `version` have none (nil). Does not suspend.',
        examples: [
          "assert(smtpe.getoption('smtp-command-timeout') == '300')\nassert(smtpe.getoption('SMTP-Command-Timeout') == '300')\nassert(smtpe.getoption('no-such-option') == nil)",
        ],
        call: (context, name) => {
          const text = name === undefined ? undefined : optionText(optionsOf(context), fromLua(name));
          return text === undefined ? [undefined] : [toLua(text)];
        },
      }),
      luaFunction({
        name: 'setoption',
        params: [
          bytes('option_name', 'The name, in upper or lower case.'),
          bytesOrFlag(
            'value',
            'The value, for a flag also true or false; a text that begins with `;` is appended to the present one.',
          ),
        ],
        text:
          'Changes an option: in a hook for this connection only and until it ends, in `hook.init` for the server until the next reload, which begins from option file and command line. It acts when the ' +
          'option is next used. Raises an error for an unknown name, for a value that is not right, for an option that is read ' +
          'before the policy (`daemon`, `log-format` ...), and in a connection for one that is for the whole server ' +
          '(`smtp-server-port`, `rate-global` ...). Does not suspend.',
        examples: [
          "smtpe.setoption('smtp-max-size', 1000)\nassert(smtpe.getoption('smtp-max-size') == '1000')\nsmtpe.setoption('smtp-strict-commands', true)\nassert(smtpe.getoption('smtp-strict-commands') == '+')\nassert(not pcall(smtpe.setoption, 'no-such-option', '1'))",
        ],
        call: setOption,
      }),
    ],
  });
}
