// A command line into verb and argument (RFC 5321 section 4.1.1 and 2.4): the verb is everything up to the first blank or tab, and is
// matched whole, without regard to case.
import { trimBlanks } from '../protocol/blanks.ts';

export interface CommandLine {
  /** The whole line without its line end, latin1. */
  readonly input: string;
  /** Upper case; '' for an empty line or one that begins with a blank. */
  readonly verb: string;
  /** What follows the verb, without the blanks around it. */
  readonly argument: string;
}

export type ParsedLine =
  | { readonly kind: 'command'; readonly line: CommandLine }
  /** NUL or a CR that ends no line: no command has those. */
  | { readonly kind: 'bad-character' };

const BAD_CHARACTER: ParsedLine = { kind: 'bad-character' };

export function parseCommand(input: string): ParsedLine {
  if (input.includes('\0') || input.includes('\r')) return BAD_CHARACTER;
  let end = 0;
  while (end < input.length && input[end] !== ' ' && input[end] !== '\t') end++;
  const verb = input.slice(0, end).toUpperCase();
  const argument = trimBlanks(input, end, input.length);
  return { kind: 'command', line: { input, verb, argument } };
}
