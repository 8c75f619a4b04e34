// The port of a dict: keys with texts, of everybody (`shared/`) or of one user (`priv/`), as Dovecot's lib-dict has it. Texts are octets, latin1.
//
// A dict must never do a part of the changes of a transaction, say that it is done before it is, or reject: what goes wrong is an outcome whose
// `cause` has no password in it.

export type Change =
  | { readonly kind: 'set'; readonly key: string; readonly value: string }
  | { readonly kind: 'unset'; readonly key: string }
  /** A key that is not there counts as 0. */
  | { readonly kind: 'add'; readonly key: string; readonly by: number };

export interface Failure {
  readonly kind: 'failed';
  readonly cause: string;
}
export const failure = (cause: string): Failure => ({ kind: 'failed', cause });

export type LookUpOutcome = { readonly kind: 'found'; readonly value: string | undefined } | Failure;
export type Row = readonly [key: string, value: string];
/** Rows in no promised order, with their keys in full. */
export type RowsOutcome = { readonly kind: 'rows'; readonly rows: readonly Row[] } | Failure;
export type CommitOutcome = { readonly kind: 'done' } | Failure;

/** Of whom `priv/` keys are, and when nobody waits any more. */
export interface Asking {
  readonly user: string | undefined;
  readonly signal: AbortSignal;
}

export interface Dict {
  lookUp(key: string, asking: Asking): Promise<LookUpOutcome>;
  /** All keys that begin with `prefix`, at most MOST_ROWS. */
  rows(prefix: string, asking: Asking): Promise<RowsOutcome>;
  /** All changes or none. */
  commit(changes: readonly Change[], asking: Asking): Promise<CommitOutcome>;
  close(): Promise<void>;
}

export const MOST_ROWS = 10_000;
/** Changes of one transaction. */
export const MOST_CHANGES = 1000;
/** Octets. */
export const LONGEST_KEY = 1024;
export const LONGEST_VALUE = 262_144;

const INTEGER = /^[+-]?\d{1,16}$/;
/** What a text counts as; undefined: it is no whole number that adding is exact for. */
export function numberOf(text: string): number | undefined {
  const number = INTEGER.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}

export const noNumber = (key: string): Failure =>
  failure(`${key} has a value that is no whole number up to 2^53, or would get one`);

/** DICT_ITERATE_FLAG_* of Dovecot. */
const [RECURSE, BY_KEY, BY_VALUE, NO_VALUE, EXACT_KEY] = [1, 2, 4, 8, 16];

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** What an iteration with these flags shows of the rows below a prefix. */
export function shownRows(rows: readonly Row[], prefix: string, flags: number): readonly Row[] {
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const shown = rows.filter(([key]) => {
    const rest = key.slice(prefix.length);
    return has(RECURSE) || (has(EXACT_KEY) ? rest === '' : !rest.includes('/'));
  });
  if (has(BY_VALUE)) shown.sort((a, b) => compare(a[1], b[1]) || compare(a[0], b[0]));
  else if (has(BY_KEY)) shown.sort((a, b) => compare(a[0], b[0]));
  return has(NO_VALUE) ? shown.map(([key]) => [key, ''] as const) : shown;
}
