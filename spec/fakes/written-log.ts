// The real log writer with sinks that keep what they would write: lines for people and JSON lines.
import { systemClock } from '../../src/base/clock.ts';
import { type Log, type VerboseWord, verboseWords } from '../../src/base/log.ts';
import { openEventLog } from '../../src/observe/event-log.ts';
import { formatLine } from '../../src/ops/log-line.ts';
import { createLog } from '../../src/ops/pino-log.ts';

export interface WrittenLog {
  readonly log: Log;
  /** As they go to stderr or a file, without line end. */
  readonly lines: string[];
  /** As with log-format=json, with line end. */
  readonly json: string[];
}

/** `words`: groups of option verbose that are on; all of them unless said. */
export function writtenLog(words: readonly VerboseWord[] = verboseWords): WrittenLog {
  const lines: string[] = [];
  const json: string[] = [];
  const writer = createLog({
    level: () => 'debug',
    verboseText: () => words.map((word) => `+${word}`).join(' '),
    clock: systemClock,
    pid: 4711,
    sinks: [
      {
        wantsJson: true,
        dropped: 0,
        write: (record, text) => {
          lines.push(formatLine(record, 4711));
          json.push(text);
        },
        close: () => Promise.resolve(),
      },
    ],
  });
  return { log: openEventLog(writer), lines, json };
}
