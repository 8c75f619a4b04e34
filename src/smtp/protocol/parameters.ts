// The parameters behind the path of MAIL and RCPT (RFC 5321 section 4.1.1.11, 4.1.2): SIZE (RFC 1870), BODY (RFC 6152) and AUTH (RFC 4954).
// What was not offered is refused by name, never dropped in silence; a Lenience may let some through. Pure and linear.
import { isBlank, words } from './blanks.ts';
import type { Lenience } from './lenience.ts';
import { isXtext } from './xtext.ts';

export interface MailParameters {
  /** SIZE, octets; more than 2^53 - 1 counts as that. */
  readonly size: number | undefined;
  readonly body: '7BIT' | '8BITMIME' | undefined;
  /** AUTH as written, `<>` or xtext. */
  readonly auth: string | undefined;
}

export interface ParameterRules {
  readonly verb: 'MAIL' | 'RCPT';
  /** AUTH was offered to this client. */
  readonly auth: boolean;
  readonly lenience: Lenience;
}

export type ParsedParameters =
  | { readonly kind: 'parameters'; readonly parameters: MailParameters }
  /** `malformed`: no parameter, a wrong value, or one that was there before: 501. `unknown`: 555. */
  | { readonly kind: 'fault'; readonly fault: 'malformed' | 'unknown'; readonly word: string };

type Reader = (value: string, into: Writable) => boolean;
type Writable = { -readonly [K in keyof MailParameters]: MailParameters[K] };

export const NO_PARAMETERS: MailParameters = { size: undefined, body: undefined, auth: undefined };
const NONE: ParsedParameters = { kind: 'parameters', parameters: NO_PARAMETERS };

/** keyword ["=" value], RFC 5321 section 4.1.2. */
const PARAMETER = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~]+))?$/;

/** Reads a value into the parameters; false: it is none for this parameter. */
const READERS: Readonly<Record<string, Reader>> = {
  SIZE: (value, into) => {
    if (!/^\d{1,20}$/.test(value)) return false;
    into.size = Math.min(Number(value), Number.MAX_SAFE_INTEGER);
    return true;
  },
  BODY: (value, into) => {
    const body = value.toUpperCase();
    if (body !== '7BIT' && body !== '8BITMIME') return false;
    into.body = body;
    return true;
  },
  AUTH: (value, into) => {
    if (value !== '<>' && !isXtext(value)) return false;
    into.auth = value;
    return true;
  },
};

/** Parameters of RFC 3461 that a lenient server drops, of each command. */
const DSN: Readonly<Record<ParameterRules['verb'], readonly string[]>> = {
  MAIL: ['RET', 'ENVID'],
  RCPT: ['NOTIFY', 'ORCPT'],
};

/** `text`: everything behind the path, with the blank in front of it. */
export function parseParameters(text: string, rules: ParameterRules): ParsedParameters {
  if (text === '') return NONE;
  const all = words(text);
  if (all.length === 0) return NONE;
  const fault = (name: 'malformed' | 'unknown', word: string): ParsedParameters => ({
    kind: 'fault',
    fault: name,
    word,
  });
  if (!isBlank(text.charCodeAt(0)) && !rules.lenience.noBlank) return fault('malformed', all[0] ?? '');
  const parameters: Writable = { ...NO_PARAMETERS };
  const seen: string[] = [];
  for (const word of all) {
    const match = PARAMETER.exec(word);
    if (match === null) return fault('malformed', word);
    const name = (match[1] ?? '').toUpperCase();
    const use = useOf(name, rules);
    if (use === 'unknown') return fault('unknown', word);
    const value = match[2];
    if (seen.includes(name) || value === undefined) return fault('malformed', word);
    seen.push(name);
    if (use !== 'dropped' && !use(value, parameters)) return fault('malformed', word);
  }
  return { kind: 'parameters', parameters };
}

function useOf(name: string, { auth, lenience, verb }: ParameterRules): 'unknown' | 'dropped' | Reader {
  if (lenience.dsn && DSN[verb].includes(name)) return 'dropped';
  if (verb !== 'MAIL' || !Object.hasOwn(READERS, name)) return 'unknown';
  if (name === 'AUTH' && !auth) return lenience.auth ? 'dropped' : 'unknown';
  return READERS[name] ?? 'unknown';
}

/** The parameters as they stand behind a path, each with a blank in front; '' for none. */
export function formatParameters({ auth, body, size }: MailParameters): string {
  const parts = [
    size === undefined ? '' : ` SIZE=${size}`,
    body === undefined ? '' : ` BODY=${body}`,
    auth === undefined ? '' : ` AUTH=${auth}`,
  ];
  return parts.join('');
}
