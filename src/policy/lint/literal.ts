// What can be said of an expression without running it: the value of a literal, the beginning of a text, or only its type.
import type { Expression } from './syntax.ts';

export type Literal =
  | { readonly kind: 'nil' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'number'; readonly value: number }
  /** `open`: something unknown follows. latin1. */
  | { readonly kind: 'string'; readonly text: string; readonly open: boolean }
  | { readonly kind: 'table' }
  | { readonly kind: 'function' };

const textOf = (text: unknown): string => (typeof text === 'string' ? text : '');

export function literalOf(node: Expression): Literal | undefined {
  switch (node.type) {
    case 'NilLiteral':
      return { kind: 'nil' };
    case 'BooleanLiteral':
      return { kind: 'boolean', value: node.value };
    case 'NumericLiteral':
      return { kind: 'number', value: node.value };
    case 'StringLiteral':
      return { kind: 'string', text: textOf(node.value), open: false };
    case 'TableConstructorExpression':
      return { kind: 'table' };
    case 'FunctionDeclaration':
      return { kind: 'function' };
    case 'UnaryExpression': {
      if (node.operator !== '-') return undefined;
      const inner = literalOf(node.argument);
      return inner?.kind === 'number' ? { kind: 'number', value: -inner.value } : undefined;
    }
    case 'BinaryExpression':
      return node.operator === '..' ? concatenated(node.left, node.right) : undefined;
    default:
      return undefined;
  }
}

function concatenated(left: Expression, right: Expression): Literal | undefined {
  const first = literalOf(left);
  const text =
    first?.kind === 'string' ? first.text : first?.kind === 'number' ? String(first.value) : undefined;
  if (text === undefined || (first?.kind === 'string' && first.open)) {
    return text === undefined ? undefined : { kind: 'string', text, open: true };
  }
  const second = literalOf(right);
  if (second?.kind === 'string') return { kind: 'string', text: text + second.text, open: second.open };
  return { kind: 'string', text, open: true };
}

/** As it stands in a message. */
export function shown(literal: Literal): string {
  switch (literal.kind) {
    case 'nil':
      return 'nil';
    case 'boolean':
    case 'number':
      return String(literal.value);
    case 'string':
      return `'${literal.text.replace(/[^ -~]/g, '?').slice(0, 60)}${literal.open ? '...' : ''}'`;
    default:
      return `a ${literal.kind}`;
  }
}
