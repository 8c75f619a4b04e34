// The real log writer with sinks that keep what they would write: lines for people and JSON lines.
import { systemClock } from '../../src/ops/clock.ts';
import { type VerboseWord, verboseWords } from '../../src/ops/log.ts';
import { formatLine } from '../../src/ops/log-line.ts';
import { createLog, type RootLog } from '../../src/ops/pino-log.ts';

export interface WrittenLog {
  readonly log: RootLog;
  /** As they go to stderr or a file, without line end. */
  readonly lines: string[];
  /** As with log-format=json, with line end. */
  readonly json: string[];
}

/** `words`: groups of option verbose that are on; all of them unless said. */
export function writtenLog(words: readonly VerboseWord[] = verboseWords): WrittenLog {
  const lines: string[] = [];
  const json: string[] = [];
  const log = createLog({
    level: () => 'debug',
    verboseText: () => words.map((word) => `+${word}`).join(' '),
    clock: systemClock,
    pid: 4711,
    sinks: [
      {
        wantsJson: true,
        write: (record, text) => {
          lines.push(formatLine(record, 4711));
          json.push(text);
        },
        close: () => Promise.resolve(),
      },
    ],
  });
  return { log, lines, json };
}
