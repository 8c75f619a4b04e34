// Results of hooks that can be seen to be wrong without running them: [drop_flag,] reply is what a hook returns (doc/hooks.md), everything
// else is a failed hook at run time. Only what is plain from literals is said.
import { codesInWords, fitsHook, type HookName, hookNames, hookTable } from '../hook-table.ts';
import { type Literal, literalOf, shown } from './literal.ts';
import type { Mistake } from './mistake.ts';
import type { HookFunction } from './names.ts';
import { type Expression, type FunctionNode, placeOf, type Statement } from './syntax.ts';

/** The return statements of a function, without those of functions in it. */
function returnsOf(body: readonly Statement[]): readonly Extract<Statement, { type: 'ReturnStatement' }>[] {
  return body.flatMap((node) => {
    switch (node.type) {
      case 'ReturnStatement':
        return [node];
      case 'IfStatement':
        return node.clauses.flatMap((clause) => returnsOf(clause.body));
      case 'WhileStatement':
      case 'RepeatStatement':
      case 'DoStatement':
      case 'ForNumericStatement':
      case 'ForGenericStatement':
        return returnsOf(node.body);
      default:
        return [];
    }
  });
}

const RIGHT = "return '550 5.7.1 no', or with the drop flag in front: return true, '550 5.7.1 no'";

/** What is wrong with a literal in the place of the reply, or undefined. */
function wrongReply(name: HookName, literal: Literal): string | undefined {
  switch (literal.kind) {
    case 'nil':
      return undefined;
    case 'boolean':
      return `a reply is a text: ${RIGHT}`;
    case 'table':
    case 'function':
      return `the reply itself, as a text: ${RIGHT}`;
    case 'number':
      return wrongCode(name, literal.value);
    case 'string': {
      // Too little of it is known.
      if (literal.open && literal.text.length < 4) return undefined;
      const code = /^([2-5]\d\d)(?:[ -]|$)/.exec(literal.text)?.[1];
      return code === undefined
        ? `a reply begins with a code from 200 to 599 and a blank: ${RIGHT}`
        : wrongCode(name, Number(code));
    }
  }
}

function wrongCode(name: HookName, code: number): string | undefined {
  if (!Number.isInteger(code) || code < 200 || code > 599) return `a code from 200 to 599: ${RIGHT}`;
  // hook.reply is judged by the reply it replaces.
  if (hookTable[name].codes === 'replacement' || fitsHook(name, code)) return undefined;
  return `codes that fit hook.${name}: ${codesInWords[hookTable[name].codes]}`;
}

function wrongResults(name: HookName, values: readonly Expression[]): string | undefined {
  const literals = values.map(literalOf);
  const [first, second] = literals;
  const isText = (literal: Literal | undefined): boolean =>
    literal?.kind === 'string' || literal?.kind === 'number';
  if (
    values.length > 2 &&
    literals.slice(2).some((literal) => literal !== undefined && literal.kind !== 'nil')
  ) {
    return `at most two results: ${RIGHT}`;
  }
  if (values.length === 1)
    return firstOf(values[0], (one) => (one.kind === 'boolean' ? undefined : wrongReply(name, one)));
  if (isText(first) && second?.kind === 'boolean') {
    return "the drop flag comes first: return true, '550 5.7.1 no' (as written it is a failed hook)";
  }
  if (isText(first)) {
    return "the first of two results is the drop flag; code and text are one string: return '550 5.7.1 no'";
  }
  if (first?.kind === 'table' || first?.kind === 'function')
    return `the first of two results is the drop flag: ${RIGHT}`;
  return firstOf(values[1], (one) => wrongReply(name, one));
}

/** What `judge` says of the first of the literals that an expression may come to that it has something to say about. */
function firstOf(
  node: Expression | undefined,
  judge: (literal: Literal) => string | undefined,
): string | undefined {
  if (node === undefined) return undefined;
  for (const one of outcomesOf(node)) {
    const literal = literalOf(one);
    const wrong = literal === undefined ? undefined : judge(literal);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** `a and '550 no' or 'ok'` comes to either text; what is false on the left of an `and` is no reply. */
function outcomesOf(node: Expression): readonly Expression[] {
  if (node.type !== 'LogicalExpression') return [node];
  const right = outcomesOf(node.right);
  return node.operator === 'and' ? right : [...outcomesOf(node.left), ...right];
}

/** Mistakes in what a hook returns. */
function hookReturnMistakes({
  name,
  body,
}: {
  readonly name: string;
  readonly body: FunctionNode;
}): readonly Mistake[] {
  const hook = hookNames.find((known) => known === name);
  if (hook === undefined || hookTable[hook].result === 'none') return [];
  return returnsOf(body.body).flatMap((node) => {
    if (node.arguments.length === 0) return [];
    const right = wrongResults(hook, node.arguments);
    if (right === undefined) return [];
    const returned = node.arguments.map((value) =>
      outcomesOf(value)
        .map(literalOf)
        .map((literal) => (literal === undefined ? '...' : shown(literal)))
        .join(' or '),
    );
    return [
      { ...placeOf(node), text: `hook.${hook} returns ${returned.join(', ')}; right would be: ${right}` },
    ];
  });
}

/** For each function once, though several hooks may share it. */
export function allHookReturnMistakes(hooks: readonly HookFunction[]): readonly Mistake[] {
  const seen = new Set<FunctionNode>();
  return hooks.flatMap((hook) => {
    if (seen.has(hook.body)) return [];
    seen.add(hook.body);
    return hookReturnMistakes(hook);
  });
}
