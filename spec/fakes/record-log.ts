// A log that keeps its lines, for specs that assert what was said.
import type { Level, Log, LogFields, VerboseWord } from '../../src/ops/log.ts';

export interface LogLine {
  readonly level: Level;
  readonly message: string;
  readonly fields: LogFields;
}

export class RecordLog implements Log {
  readonly lines: LogLine[];
  readonly #fields: LogFields;
  readonly #verbose: ReadonlySet<VerboseWord>;

  constructor(verbose: readonly VerboseWord[] = [], lines: LogLine[] = [], fields: LogFields = {}) {
    this.#verbose = new Set(verbose);
    this.lines = lines;
    this.#fields = fields;
  }

  write(level: Level, message: string, fields: LogFields = {}): void {
    this.lines.push({ level, message, fields: { ...this.#fields, ...fields } });
  }

  verbose(word: VerboseWord): boolean {
    return this.#verbose.has(word);
  }

  child(fields: LogFields): Log {
    return new RecordLog([...this.#verbose], this.lines, { ...this.#fields, ...fields });
  }

  /** `level message` of each line, for short comparisons. */
  get short(): readonly string[] {
    return this.lines.map((line) => `${line.level} ${line.message}`);
  }
}
