// Where a script is entered: the functions of its own that others call. A table of them is made once for each kind of script.

export interface Entry {
  /** The global table that holds the function (`hook`); undefined: the function is a global of its own. */
  readonly table: string | undefined;
  readonly name: string;
  /** For messages and limits: `hook.rcpt`. */
  readonly label: string;
}

export type EntryTable<N extends string> = Readonly<Record<N, Entry>>;

/** Entries that are fields of the global `table`, or globals when that is undefined. */
export function entryTable<N extends string>(table: string | undefined, names: readonly N[]): EntryTable<N> {
  const entry = (name: N): Entry => ({ table, name, label: table === undefined ? name : `${table}.${name}` });
  return Object.fromEntries(names.map((name) => [name, entry(name)])) as EntryTable<N>;
}
