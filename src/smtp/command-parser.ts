// A command line into verb and argument (RFC 5321 section 4.1.1 and 2.4): the verb is everything up to the first blank or tab, and is
// matched whole, without regard to case.

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

/** The part of a text between two offsets without blanks and tabs at its ends. Linear, unlike a regular expression for the right end. */
export function trimBlanks(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** The words of a text, separated by blanks and tabs. */
export function words(text: string): readonly string[] {
  return text.split(/[ \t]+/).filter((word) => word !== '');
}
