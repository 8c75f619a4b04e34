// The parameters behind the path of MAIL and RCPT (RFC 5321 section 4.1.1.11): SIZE (RFC 1870), BODY (RFC 6152) and AUTH (RFC 4954) are
// understood in upper and lower case, others are left to the policy unless option smtp-strict-commands is on.
import { words } from '../command-parser.ts';
import type { ErrorName } from '../reply-table.ts';

export interface MailParameters {
  /** SIZE, bytes; undefined when not given (or, leniently, no number). */
  readonly size: number | undefined;
  readonly body: '7BIT' | '8BITMIME' | undefined;
  /** AUTH as written, `<>` or xtext. */
  readonly auth: string | undefined;
}

export type ParsedParameters =
  | { readonly kind: 'parameters'; readonly parameters: MailParameters }
  | { readonly kind: 'error'; readonly error: ErrorName; readonly word: string };

export const NO_PARAMETERS: MailParameters = { size: undefined, body: undefined, auth: undefined };
const NONE: ParsedParameters = { kind: 'parameters', parameters: NO_PARAMETERS };

/** `known`: the names that are understood here; only strictness needs it to be complete. */
export function parseParameters(text: string, known: readonly string[], strict: boolean): ParsedParameters {
  if (text === '') return NONE;
  let { size, body, auth }: { -readonly [K in keyof MailParameters]: MailParameters[K] } = NO_PARAMETERS;
  for (const word of words(text)) {
    const equals = word.indexOf('=');
    const name = (equals < 0 ? word : word.slice(0, equals)).toUpperCase();
    const value = equals < 0 ? '' : word.slice(equals + 1);
    if (strict && !known.includes(name)) return { kind: 'error', error: 'unknownParameter', word };
    const understood = known.includes(name) && value !== '';
    if (understood && name === 'SIZE' && /^\d{1,20}$/.test(value)) size = Number(value);
    else if (understood && name === 'BODY' && isBody(value))
      body = value.toUpperCase() as MailParameters['body'];
    else if (understood && name === 'AUTH') auth = value;
    else if (strict) return { kind: 'error', error: 'badParameter', word };
  }
  return { kind: 'parameters', parameters: { size, body, auth } };
}

function isBody(value: string): boolean {
  const upper = value.toUpperCase();
  return upper === '7BIT' || upper === '8BITMIME';
}
