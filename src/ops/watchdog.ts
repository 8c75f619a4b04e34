// Ends the process when its event loop stands still: what Lua does in one C function cannot be interrupted, and a process that
// answers nobody is worse than one that is replaced. A worker thread looks at the heartbeat; SIGKILL because nothing else gets through.
import { Worker } from 'node:worker_threads';
import type { Clock, Timer } from './clock.ts';
import { type Heartbeat, heartbeatLayout } from './heartbeat.ts';

export interface WatchdogSettings {
  readonly heartbeat: Heartbeat;
  readonly clock: Clock;
  /** Milliseconds without a turn of the event loop after which the process is killed. */
  readonly timeoutMs: number;
  /** Put before the line on stderr, e.g. `<2>` for journald. */
  readonly prefix: string;
}

/** What the worker thread runs. Plain text, as there is no file of it to load when the sources are run directly. */
const program = `
const { workerData } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const { buffer, timeoutMs, prefix, layout, pid } = workerData;
const words = new Int32Array(buffer, 0, 3);
const bytes = Buffer.from(buffer);
const interval = Math.max(20, Math.min(1000, timeoutMs / 4));
let beats = Atomics.load(words, layout.beats);
let since = performance.now();
let before = since;
setInterval(() => {
  const now = performance.now();
  const seen = Atomics.load(words, layout.beats);
  // When this thread did not run either (machine asleep, process stopped) nobody is to blame.
  if (seen !== beats || now - before > 3 * interval + timeoutMs / 2) {
    beats = seen;
    since = now;
  }
  before = now;
  if (now - since < timeoutMs) return;
  const what = Atomics.load(words, layout.what);
  const at = layout.texts + layout.textSize + what * layout.labelSize;
  const label = bytes.toString('latin1', at, at + layout.labelSize).replace(/\\0.*/s, '');
  const who = bytes.toString('latin1', layout.texts, layout.texts + Atomics.load(words, layout.who)).replace(/[^ -~]/g, '?');
  const where = what === 0 ? 'outside Lua' : 'in ' + label + (who === '' ? '' : ' of session ' + who);
  writeSync(2, prefix + 'smtpe[' + pid + ']: the event loop has stood still for ' + Math.round((now - since) / 100) / 10 +
    ' s ' + where + ': the process is killed (option watchdog-timeout)\\n');
  process.kill(pid, 'SIGKILL');
}, interval);
`;

/** The watchdog of this process. Stop it before the process ends on purpose. */
export class Watchdog {
  readonly #worker: Worker;
  readonly #timer: Timer;

  constructor(settings: WatchdogSettings) {
    const { heartbeat, timeoutMs } = settings;
    heartbeat.beat();
    const beat = (): void => {
      heartbeat.beat();
      this.#timer.restart();
    };
    this.#timer = settings.clock.after(Math.max(10, Math.min(500, timeoutMs / 8)), beat);
    this.#worker = new Worker(program, {
      eval: true,
      workerData: {
        buffer: heartbeat.buffer,
        timeoutMs,
        prefix: settings.prefix,
        layout: heartbeatLayout,
        pid: process.pid,
      },
    });
    this.#worker.unref();
  }

  async stop(): Promise<void> {
    this.#timer.cancel();
    await this.#worker.terminate();
  }
}
