// What a reload has come to, for whoever has ordered it.

export type ReloadOutcome =
  | {
      readonly kind: 'reloaded';
      /** Options with a new value, as in an option file. */
      readonly changed: readonly string[];
      /** Options with a new value that only a restart can take. */
      readonly needRestart: readonly string[];
      /** Processes that stand still: they do what was asked for when they come to themselves. */
      readonly silent: readonly number[];
    }
  /** The old options and the old policy stay. One line for each thing that is wrong, with file and line where it has them. */
  | { readonly kind: 'kept'; readonly problems: readonly string[] };
