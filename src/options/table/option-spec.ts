// What an option may be: the kinds of the entries of option-table.ts and the functions that write them down. Checking a value against
// its spec is in option-value.ts.

/** What a text must look like; the tests are in text-forms.ts. */
export type TextForm =
  | 'any'
  | 'path'
  | 'account'
  | 'addresses'
  | 'listeners'
  | 'certificates'
  | 'servers'
  | 'networks'
  | 'next-hops'
  | 'host-name'
  | 'user-name'
  | 'pins'
  | 'certificate'
  | 'verbose'
  | 'store'
  | 'syslog-address'
  | 'admin-place'
  | 'recording';

/**
 * Who can still change an option: `start` only the option file and the command line; `process` hook.init as well; `session` every
 * hook, for its own connection.
 */
export type OptionScope = 'start' | 'process' | 'session';

/**
 * What a reload (SIGHUP) does with a new value in the option file: `live` takes it for new connections and messages; `restart` says that
 * it needs a restart.
 */
export type OptionChange = 'live' | 'restart';

interface OptionBase {
  readonly help: string;
  readonly scope: OptionScope;
  readonly change: OptionChange;
  /** A listener of smtp-listen may have a value of its own (`NAME.option=value`): whoever reads it asks the options of the listener. */
  readonly perListener: boolean;
}
export interface FlagOption extends OptionBase {
  readonly kind: 'flag';
  readonly default: boolean;
}
export interface IntegerOption extends OptionBase {
  readonly kind: 'integer';
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly unit: string;
}
export interface TextOption extends OptionBase {
  readonly kind: 'text';
  readonly default: string;
  /** What the text must look like; checked when it is set. */
  readonly form: TextForm;
}
/** One of a set of words. */
export interface WordOption extends OptionBase {
  readonly kind: 'word';
  readonly default: string;
  readonly words: readonly string[];
}
/** Prints something and ends (help, info, version). */
export interface ActionOption extends OptionBase {
  readonly kind: 'action';
}
export type OptionSpec = FlagOption | IntegerOption | TextOption | WordOption | ActionOption;

// What these make can be changed by every hook, by a reload and for a listener; `atStart` and `inProcess` narrow the first, and with it the
// third, which `forListener` gives back and `forAll` takes away; `untilRestart` narrows the second.
export const flag = (value: boolean, help: string): FlagOption => ({
  kind: 'flag',
  default: value,
  help,
  scope: 'session',
  change: 'live',
  perListener: true,
});
export const text = (value: string, form: TextForm, help: string): TextOption => ({
  kind: 'text',
  default: value,
  form,
  help,
  scope: 'session',
  change: 'live',
  perListener: true,
});
export const word = <const W extends readonly string[]>(
  value: W[number],
  words: W,
  help: string,
): WordOption & { readonly words: W } => ({
  kind: 'word',
  default: value,
  words,
  help,
  scope: 'session',
  change: 'live',
  perListener: true,
});
export const integer = (
  value: number,
  min: number,
  max: number,
  unit: string,
  help: string,
): IntegerOption => ({
  kind: 'integer',
  default: value,
  min,
  max,
  unit,
  help,
  scope: 'session',
  change: 'live',
  perListener: true,
});
export const action = (help: string): ActionOption => ({
  kind: 'action',
  help,
  scope: 'start',
  change: 'restart',
  perListener: false,
});
export const seconds = (value: number, help: string, min = 1): IntegerOption =>
  integer(value, min, 86_400, 's', help);

export const atStart = <S extends OptionSpec>(spec: S): S => ({
  ...spec,
  scope: 'start',
  perListener: false,
});
export const inProcess = <S extends OptionSpec>(spec: S): S => ({
  ...spec,
  scope: 'process',
  perListener: false,
});
export const untilRestart = <S extends OptionSpec>(spec: S): S => ({ ...spec, change: 'restart' });
/** Around the others. */
export const forListener = <S extends OptionSpec>(spec: S): S => ({ ...spec, perListener: true });
/** Every hook may set it, but a listener has none of its own. */
export const forAll = <S extends OptionSpec>(spec: S): S => ({ ...spec, perListener: false });
