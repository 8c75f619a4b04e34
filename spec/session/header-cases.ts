// The cases of spec/vectors/header.json as octets: what was sent, which calls were made in which hook, what the original answered.
// Used by header-vectors.spec.ts and by the checks of header-differences.ts.
import { readFileSync } from 'node:fs';

export type Value = string | number | null;

/** What a call returned, without nil at the end; or what its error says. */
export type Returned = readonly Value[] | { readonly error: string };

export interface HeaderAnswer {
  readonly returns: readonly Returned[];
  /** The message's file as hook.dot and hook.forward read it. */
  readonly atDot: string;
  readonly atForward: string;
}

export interface HeaderCase {
  readonly name: string;
  /** As on the wire, with the dot that ends it. */
  readonly message: string;
  readonly hook: string;
  readonly calls: readonly (readonly Value[])[];
  readonly original: HeaderAnswer & { readonly headers: readonly string[] };
}

interface Recorded {
  readonly name: string;
  readonly args: readonly [
    { readonly message: string; readonly hook: string; readonly ops: readonly (readonly Value[])[] },
  ];
  readonly returns: readonly [
    {
      readonly op_returns: readonly (readonly Value[])[];
      readonly headers_after: readonly string[];
      readonly spool_at_dot: string;
      readonly spool_at_forward: string;
    },
  ];
}

/** Strings of the file are UTF-8; here a character is an octet. */
const octets = (_key: string, value: unknown): unknown =>
  typeof value === 'string' ? Buffer.from(value, 'utf8').toString('latin1') : value;

const path = new URL('../vectors/header.json', import.meta.url);
const file = JSON.parse(readFileSync(path, 'utf8'), octets) as { readonly cases: readonly Recorded[] };

export const headerCases: readonly HeaderCase[] = file.cases.map(
  ({ name, args: [{ message, hook, ops }], returns: [answer] }) => ({
    name,
    message,
    hook,
    calls: ops,
    original: {
      returns: answer.op_returns,
      atDot: answer.spool_at_dot,
      atForward: answer.spool_at_forward,
      headers: answer.headers_after,
    },
  }),
);

/** The headers at the beginning of a message, each with its folding. A message without any begins with the empty line. */
export function headersOf(message: string): readonly string[] {
  if (message.startsWith('\r\n')) return [];
  const end = message.indexOf('\r\n\r\n');
  return (end < 0 ? message : message.slice(0, end)).replace(/\r\n$/, '').split(/\r\n(?![ \t])/);
}
