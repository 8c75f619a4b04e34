// Runs the file level of a policy once, without a client, and looks at the hooks it has: at start, for `smtpe check`, and before a
// reload. A name in `hook` that is no hook is a mistake that would otherwise stay silent for ever.

import type { Log } from '../base/log.ts';
import { nearestName } from '../base/nearest-name.ts';
import { HeaderList } from '../message/header/header-list.ts';
import type { Options } from '../options/options.ts';
import { hookNames } from './hook-table.ts';
import type { HookOutcome, Policy, PolicyInstance } from './instance.ts';
import type { SessionView } from './session-view.ts';

export interface HookProblem {
  /** Field of `hook`. */
  readonly name: string;
  /** What is wrong and what would be right. */
  readonly text: string;
}

export type TrialOutcome =
  /** `unknown`: each name in `hook` that is no hook. */
  | {
      readonly kind: 'ran';
      readonly unknown: readonly HookProblem[];
      /** Each hook that is no function. */
      readonly wrong: readonly HookProblem[];
      readonly hooks: readonly string[];
      /** package.path as the file level left it; latin1. */
      readonly packagePath: string;
      /** Globals that are there now; latin1. */
      readonly globals: ReadonlySet<string>;
    }
  /** `message` says what went wrong, with file and line. */
  | { readonly kind: 'failed'; readonly message: string };

/** A session in which nothing happens. */
const emptySession: SessionView = {
  idSess: '',
  client: {
    address: '',
    rightsAddress: '',
    host: undefined,
    isConfirmed: false,
    helo: '',
    user: undefined,
    tls: undefined,
  },
  transaction: undefined,
  headers: new HeaderList(),
  write: async () => ({ kind: 'closed' }),
  observe: (_key, create) => create(),
};

/** Each entry of `hook` as `name TAB type`, a line each; what can be called counts as a function, false as nothing. */
const listHooks = `
if type(hook) ~= 'table' then return '\\t' .. type(hook) end
local lines = {}
for name, f in pairs(hook) do
  local metatable = type(f) == 'table' and getmetatable(f)
  local callable = type(metatable) == 'table' and metatable.__call
  if f then lines[#lines + 1] = tostring(name) .. '\\t' .. (callable and 'function' or type(f)) end
end
local globals = {}
for name in pairs(_G) do if type(name) == 'string' then globals[#globals + 1] = name end end
return table.concat(lines, '\\n'), package.path, table.concat(globals, '\\n')`;

/** What is wrong with an outcome, in words; undefined when it is a normal one. */
export function failureOf(outcome: HookOutcome): string | undefined {
  switch (outcome.kind) {
    case 'error':
      return outcome.message;
    case 'limit':
      return `stopped: ${outcome.message}`;
    case 'not-callable':
      return `it is a ${outcome.type}, no function`;
    case 'misshapen':
    case 'cancelled':
      return 'cancelled';
    case 'returned':
    case 'undefined':
      return undefined;
  }
}

interface Entry {
  readonly name: string;
  /** Lua type. */
  readonly type: string;
}

interface Seen {
  readonly entries: readonly Entry[];
  readonly packagePath: string;
  readonly globals: ReadonlySet<string>;
}

/** What the policy has put into `hook`; the type of `hook` itself when that is no table. */
async function lookInto(instance: PolicyInstance): Promise<Seen | string> {
  const outcome = await instance.run(listHooks, '=hooks');
  const [text, path, globals] = outcome.kind === 'returned' ? outcome.values : [];
  if (typeof text !== 'string')
    return `table whose contents cannot be listed${'message' in outcome ? ` (${outcome.message})` : ''}`;
  if (text.startsWith('\t')) return text.slice(1);
  const entries = text.split('\n').flatMap((line) => {
    const [name = '', type = ''] = line.split('\t');
    return line === '' ? [] : [{ name, type }];
  });
  return {
    entries,
    packagePath: typeof path === 'string' ? path : '',
    globals: new Set(typeof globals === 'string' ? globals.split('\n') : []),
  };
}

export const isHook = (name: string): boolean => hookNames.some((known) => known === name);

/** What is wrong with a name in `hook`. */
export function unknownHook(name: string): string {
  const near = nearestName(name, hookNames);
  return `hook.${name} is never called: there is no such hook${near === undefined ? '' : `; did you mean hook.${near}?`}`;
}

const describeWrong = ({ name, type }: Entry): string =>
  `hook.${name} is a ${type}; right would be: a function, or nil for no such hook`;

/** `log` gets what the policy itself logs at file level, and the error when it fails. */
export async function tryPolicy(policy: Policy, options: Options, log: Log): Promise<TrialOutcome> {
  const opened = await policy.open({ session: emptySession, options: options.fork(), log });
  if (opened.kind === 'failed') {
    return { kind: 'failed', message: failureOf(opened.outcome) ?? 'the policy did not run' };
  }
  const found = await lookInto(opened.instance);
  opened.instance.close();
  if (typeof found === 'string') {
    const kind = found === 'nil' ? 'nil' : `a ${found}`;
    return { kind: 'failed', message: `hook is ${kind}; right would be: a table of functions` };
  }
  const entries = found.entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const isKnown = ({ name }: Entry): boolean => isHook(name);
  const known = entries.filter(isKnown);
  return {
    kind: 'ran',
    packagePath: found.packagePath,
    globals: found.globals,
    hooks: known.map(({ name }) => name),
    unknown: entries
      .filter((entry) => !isKnown(entry))
      .map(({ name }) => ({ name, text: unknownHook(name) })),
    wrong: known
      .filter(({ type }) => type !== 'function')
      .map((entry) => ({ name: entry.name, text: describeWrong(entry) })),
  };
}
