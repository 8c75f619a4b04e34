// A set of option values with where each came from. Reading is a property access; changing one is checked by the table.
import { Capability, type Capable } from '../base/capability.ts';
import type { OptionName, OptionValues } from './option-table.ts';

export type SetOutcome =
  | { readonly kind: 'set' }
  /** `suggestion` is the nearest known name, if any is near. */
  | { readonly kind: 'unknown'; readonly suggestion: string | undefined }
  /** `expected` says what would be right, e.g. `an integer from 1 to 86400`. */
  | { readonly kind: 'invalid'; readonly expected: string };

/** The options that are not at their default, as text with their origin; plain data for another process. */
export type OptionTexts = readonly {
  /** Of an option, or `listener.option`, or `plugin-NAME`. */
  readonly name: string;
  readonly text: string;
  readonly origin: string;
}[];

/** Settings for Dovecot's scripts, which they have by any name: `plugin-NAME`. */
export const PLUGIN = 'plugin-';

/** Whether a name is no row of the option table by itself: `listener.option`, `store.NAME`, `plugin-NAME`. */
export const isOfItsOwn = (name: string): boolean =>
  name.includes('.') || name.toLowerCase().startsWith(PLUGIN);

export interface Options {
  /** Typed values, e.g. `options.values['smtp-max-size']`. */
  readonly values: OptionValues;
  /** The text form as smtpe.getoption gives it (`+`, `-`, `300`, ``); names without regard to case; undefined when unknown. Of `listener.option` what was set for it. */
  text(name: string): string | undefined;
  /** Where the value came from: `default`, `command line`, `/etc/smtpe/smtpe.cf:12`, `smtpe.setoption`. */
  origin(name: OptionName): string;
  /**
   * What the listener of that name has of its own: names of options without the listener's. Of `store` the other stores: their names and URLs; of
   * `plugin-` the settings: names without that.
   */
  ofListener(listener: string): OptionTexts;
  /** Changes this set. A text that begins with `;` is appended to the present one (smtpe.setoption, `name+=value`). */
  set(name: string, text: string, origin: string): SetOutcome;
  /** What was set, to make the same set in another process. */
  toTexts(): OptionTexts;
  /** Takes all values of another set; sets that were forked from this one keep theirs. */
  adopt(from: Options): void;
  /** A set that starts with these values; changing it leaves this one alone. Cheap until it is changed. */
  fork(): Options;
}

/** The options that count for whoever calls: those of a connection in its hooks, those of the process in hook.init. */
export const OPTIONS = new Capability<Options>('options');

export const optionsOf = (caller: Capable): Options => OPTIONS.in(caller);
