// How a row of the event table is written: what a fact is called, the log line that it makes, its fields, and when it happens.
import type { Level, VerboseWord } from '../log.ts';

interface FieldBase {
  /** What it says, for the reference. */
  readonly meaning: string;
  /** `octets`, `s` ...; absent: a mere number or text. */
  readonly unit?: string;
  /** It may be absent. */
  readonly optional?: true;
  /** The log line shows it once more although it is in the text. */
  readonly twice?: true;
}

/** A field that is no list. */
export type ValueSpec =
  /** Octets from outside may be in it as they are: whoever shows it encodes them. */
  | (FieldBase & { readonly type: 'text' })
  /** A text that may end with a line end, which the log line leaves out. */
  | (FieldBase & { readonly type: 'lines' })
  | (FieldBase & { readonly type: 'number' })
  | (FieldBase & { readonly type: 'flag' });

export type FieldSpec =
  | ValueSpec
  /**
   * Several of a kind: an array of objects in JSON. In a line for people the fields of one row stand behind those of the other; the first
   * field of a row is in every row, and begins it. A list is the last field of its event, and rows have no name of its other fields.
   */
  | (FieldBase & { readonly type: 'list'; readonly row: Readonly<Record<string, ValueSpec>> });

export interface EventSpec {
  /** Severity of its log line; `none`: it makes none. */
  readonly level: Level | 'none';
  /** The log line in front of its fields. `{name}` stands for a field, which is not shown once more; '' when there is no line. */
  readonly text: string;
  /** Its line is written only while one of these words of option `verbose` is on. */
  readonly verbose?: readonly VerboseWord[];
  /** When it happens. */
  readonly when: string;
  /** In the order of the log line. */
  readonly fields: Readonly<Record<string, FieldSpec>>;
}

type ValueOf<F extends FieldSpec> = F extends { readonly row: infer R extends Rows }
  ? readonly RowOf<R>[]
  : PlainOf<F>;
type PlainOf<F extends FieldSpec> = F['type'] extends 'number'
  ? number
  : F['type'] extends 'flag'
    ? boolean
    : string;
type Rows = Readonly<Record<string, ValueSpec>>;

type OptionalNames<F> = { [K in keyof F]: F[K] extends { readonly optional: true } ? K : never }[keyof F];

type RowOf<F extends Rows> = {
  readonly [K in Exclude<keyof F, OptionalNames<F>>]: PlainOf<F[K]>;
} & {
  readonly [K in OptionalNames<F>]?: PlainOf<F[K]> | undefined;
};

/** What an event of this row carries. */
export type FieldsOf<S extends EventSpec> = {
  readonly [K in Exclude<keyof S['fields'], OptionalNames<S['fields']>>]: ValueOf<S['fields'][K]>;
} & {
  readonly [K in OptionalNames<S['fields']>]?: ValueOf<S['fields'][K]> | undefined;
};
