// Options that a policy sets by smtpe.setoption with names or values that are none: at run time that is an error, in a hook that may rarely run.
import { OptionSet } from '../../options/option-set.ts';
import { literalOf } from './literal.ts';
import type { Mistake } from './mistake.ts';
import type { Call } from './names.ts';
import type { Expression } from './syntax.ts';

/** A literal as smtpe.setoption takes it; undefined when it is none, or only the beginning is known. */
function textOf(node: Expression | undefined): string | undefined {
  const literal = node === undefined ? undefined : literalOf(node);
  switch (literal?.kind) {
    case 'string':
      return literal.open ? undefined : literal.text;
    case 'number':
      return String(literal.value);
    case 'boolean':
      return literal.value ? '+' : '-';
    default:
      return undefined;
  }
}

/** Calls of smtpe.setoption that cannot go well. `own`: paths that the policy sets or tests itself. */
export function wrongOptionCalls(calls: readonly Call[], own: ReadonlySet<string>): readonly Mistake[] {
  if (own.has('smtpe') || own.has('smtpe.setoption')) return [];
  return calls.flatMap(({ path, at, args }) => {
    if (path.join('.') !== 'smtpe.setoption') return [];
    const name = textOf(args[0]);
    if (name === undefined) return [];
    const value = textOf(args[1]);
    const outcome = OptionSet.defaults().set(name, value ?? '', 'lint');
    if (outcome.kind === 'unknown') {
      const near = outcome.suggestion === undefined ? '' : `; did you mean ${outcome.suggestion}?`;
      return [{ ...at, text: `there is no option ${JSON.stringify(name)}${near}` }];
    }
    if (outcome.kind === 'set' || value === undefined) return [];
    return [{ ...at, text: `option ${name}=${value}: expected ${outcome.expected}` }];
  });
}
