// Runs the file level of a policy once, without a client, and looks at the hooks it has: at start, for `smtpe check`, and before a
// reload. A name in `hook` that is no hook is a mistake that would otherwise stay silent for ever.
import { HeaderList } from '../message/header-list.ts';
import type { Log } from '../ops/log.ts';
import { nearestName } from '../options/nearest-name.ts';
import type { Options } from '../options/options.ts';
import { hookNames } from './hook-table.ts';
import type { HookOutcome, Policy, PolicyInstance } from './instance.ts';
import type { SessionView } from './session-view.ts';

export type TrialOutcome =
  /** `unknown`: one text for each name in `hook` that is no hook. */
  | {
      readonly kind: 'ran';
      readonly unknown: readonly string[];
      readonly hooks: readonly string[];
      /** package.path as the file level left it; latin1. */
      readonly packagePath: string;
    }
  /** `message` says what went wrong, with file and line. */
  | { readonly kind: 'failed'; readonly message: string };

/** A session in which nothing happens. */
const emptySession: SessionView = {
  idSess: '',
  transaction: undefined,
  headers: new HeaderList(),
  write: async () => ({ kind: 'closed' }),
  mimeParts: (create) => create(),
  urisFound: (create) => create(),
};

const listHooks =
  "local names = {} for name, f in pairs(hook) do if type(name) == 'string' then names[#names + 1] = name end end " +
  "return table.concat(names, ' '), package.path";

/** What is wrong with an outcome, in words; undefined when it is a normal one. */
export function failureOf(outcome: HookOutcome): string | undefined {
  switch (outcome.kind) {
    case 'error':
      return outcome.message;
    case 'limit':
      return `stopped: ${outcome.message}`;
    case 'cancelled':
      return 'cancelled';
    case 'returned':
    case 'undefined':
      return undefined;
  }
}

interface Seen {
  readonly names: readonly string[];
  readonly packagePath: string;
}

async function lookInto(instance: PolicyInstance): Promise<Seen> {
  const outcome = await instance.run(listHooks, '=hooks');
  const [text, path] = outcome.kind === 'returned' ? outcome.values : [];
  return {
    names: typeof text === 'string' ? text.split(' ').filter((name) => name !== '') : [],
    packagePath: typeof path === 'string' ? path : '',
  };
}

function describeUnknown(name: string): string {
  const near = nearestName(name, hookNames);
  return `hook.${name} is never called: there is no such hook${near === undefined ? '' : `; did you mean hook.${near}?`}`;
}

/** `log` gets what the policy itself logs at file level, and the error when it fails. */
export async function tryPolicy(policy: Policy, options: Options, log: Log): Promise<TrialOutcome> {
  const opened = await policy.open({ session: emptySession, options: options.fork(), log });
  if (opened.kind === 'failed') {
    return { kind: 'failed', message: failureOf(opened.outcome) ?? 'the policy did not run' };
  }
  const seen = await lookInto(opened.instance);
  const names = seen.names.toSorted();
  opened.instance.close();
  const isKnown = (name: string): boolean => hookNames.some((known) => known === name);
  return {
    kind: 'ran',
    packagePath: seen.packagePath,
    hooks: names.filter(isKnown),
    unknown: names.filter((name) => !isKnown(name)).map(describeUnknown),
  };
}
