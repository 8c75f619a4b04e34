// The parameters behind the path of MAIL and RCPT (RFC 5321 section 4.1.1.11, 4.1.2), for both sides of SMTP. Which there are, and what their
// values are, is in the table of extensions; what was not offered is refused by name, never dropped in silence, but a Lenience may let some
// through. Pure and linear.
import { isBlank, words } from './blanks.ts';
import type { Capabilities } from './capabilities.ts';
import {
  type ExtensionName,
  extension,
  extensionNames,
  type extensionTable,
  isOffered,
  type OfferFacts,
  type ParameterSpec,
  type ParameterSpecs,
  type ParameterValue,
} from './extension-table.ts';
import type { Lenience } from './lenience.ts';

type Rows = typeof extensionTable;
type Union<T> = (T extends unknown ? (each: T) => void : never) extends (all: infer All) => void
  ? All
  : never;
/** The parameters of all rows together. */
type SpecsOf<Part extends 'mail' | 'rcpt'> = Union<
  { [K in ExtensionName]: Rows[K] extends Readonly<Record<Part, infer Specs>> ? Specs : never }[ExtensionName]
>;
type ValueOf<Spec> = Spec extends { read(text: string | undefined): infer Value } ? Value : never;
/** Values by keyword; those that can be taken only. */
type ValuesOf<Specs> = {
  readonly [K in keyof Specs as Specs[K] extends { read: unknown } ? K : never]?:
    | ValueOf<Specs[K]>
    | undefined;
};

/** SIZE, BODY ... of MAIL, by keyword: checked values. A parameter that was not there is undefined. */
export type MailParameters = ValuesOf<SpecsOf<'mail'>>;
/** Likewise of RCPT. */
export type RcptParameters = ValuesOf<SpecsOf<'rcpt'>>;

export type PathVerb = 'MAIL' | 'RCPT';
export type ParametersOf<V extends PathVerb> = V extends 'MAIL' ? MailParameters : RcptParameters;

export type ParsedParameters<V extends PathVerb> =
  | { readonly kind: 'parameters'; readonly parameters: ParametersOf<V> }
  /** `malformed`: no parameter, a wrong value, or one that was there before: 501. `unknown`: 555. */
  | ParameterFault;

export interface ParameterFault {
  readonly kind: 'fault';
  readonly fault: 'malformed' | 'unknown';
  readonly word: string;
}

interface Entry {
  readonly keyword: string;
  readonly extension: ExtensionName;
  readonly spec: ParameterSpec;
}

function entriesOf(part: 'mail' | 'rcpt'): ReadonlyMap<string, Entry> {
  const entries = extensionNames.flatMap((name) => {
    const specs: ParameterSpecs = extension(name)[part] ?? {};
    return Object.entries(specs).map(([keyword, spec]): Entry => ({ keyword, extension: name, spec }));
  });
  // The order in which they are written.
  return new Map(entries.reverse().map((entry) => [entry.keyword, entry]));
}

const entries: Readonly<Record<PathVerb, ReadonlyMap<string, Entry>>> = {
  MAIL: entriesOf('mail'),
  RCPT: entriesOf('rcpt'),
};

/** No parameter, of either command. */
export const NO_PARAMETERS: MailParameters & RcptParameters = {};
const NONE = { kind: 'parameters', parameters: NO_PARAMETERS } as const;

/** keyword ["=" value], RFC 5321 section 4.1.2. */
const PARAMETER = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~]+))?$/;
/** With UTF-8 in the value, RFC 6531 section 3.3; whether it is well-formed is for those to see who take it. */
const UTF8_PARAMETER = /^([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~\x80-\xff]+))?$/;

const fault = (name: 'malformed' | 'unknown', word: string): ParameterFault => ({
  kind: 'fault',
  fault: name,
  word,
});

/** `text`: everything behind the path, with the blank in front of it. `utf8`: SMTPUTF8 was said before. */
export function parseParameters<V extends PathVerb>(
  verb: V,
  text: string,
  facts: OfferFacts,
  lenience: Lenience,
  utf8 = false,
): ParsedParameters<V> {
  if (text === '') return NONE;
  const all = words(text);
  if (all.length === 0) return NONE;
  if (!isBlank(text.charCodeAt(0)) && !lenience.noBlank) return fault('malformed', all[0] ?? '');
  const parameters: Record<string, ParameterValue> = {};
  const seen: string[] = [];
  for (const word of all) {
    const match = (utf8 ? UTF8_PARAMETER : PARAMETER).exec(word);
    if (match === null) return fault('malformed', word);
    const name = (match[1] ?? '').toUpperCase();
    const entry = entries[verb].get(name);
    const use = entry === undefined ? 'unknown' : useOf(entry, facts, lenience);
    if (entry === undefined || use === 'unknown') return fault('unknown', word);
    if (seen.includes(name)) return fault('malformed', word);
    seen.push(name);
    // What is dropped has a value, whatever it is.
    const value = use === 'dropped' ? match[2] : entry.spec.read?.(match[2]);
    if (value === undefined) return fault('malformed', word);
    const other = use === 'taken' ? otherOf(entry.spec, value) : undefined;
    if (other !== undefined && !isOffered(other, facts)) return fault('malformed', word);
    if (use === 'taken') parameters[name] = value;
  }
  // Each value is one of its keyword's reader.
  return { kind: 'parameters', parameters: parameters as ParametersOf<V> };
}

/** Whose the value is, when it is not of its parameter's own extension. */
function otherOf({ others }: ParameterSpec, value: ParameterValue): ExtensionName | undefined {
  return others === undefined ? undefined : others[String(value)];
}

function useOf(entry: Entry, facts: OfferFacts, lenience: Lenience): 'taken' | 'dropped' | 'unknown' {
  if (entry.spec.read !== undefined && isOffered(entry.extension, facts)) return 'taken';
  return entry.spec.lenience !== undefined && lenience[entry.spec.lenience] ? 'dropped' : 'unknown';
}

/**
 * The parameters as they stand behind a path, each with a blank in front; '' for none. With the capabilities of a next hop: without what it
 * does not offer and what does not go on.
 */
export function formatParameters<V extends PathVerb>(
  verb: V,
  parameters: ParametersOf<V>,
  capabilities?: Capabilities,
): string {
  let text = '';
  if (parameters === NO_PARAMETERS) return text;
  const values: Readonly<Record<string, ParameterValue | undefined>> = parameters;
  for (const { keyword, extension: name, spec } of entries[verb].values()) {
    const value = values[keyword];
    if (value === undefined) continue;
    if (capabilities !== undefined && !(spec.goesOn && capabilities.has(otherOf(spec, value) ?? name)))
      continue;
    text += value === true ? ` ${keyword}` : ` ${keyword}=${value}`;
  }
  return text;
}
