// Ends the process when its event loop stands still: what Lua does in one C function cannot be interrupted, and a process that
// answers nobody is worse than one that is replaced. A worker thread looks at the heartbeat; SIGKILL because nothing else gets through.
import { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '../base/clock.ts';
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
const { write } = require('node:fs');
const { buffer, timeoutMs, prefix, layout, pid } = workerData;
const words = new Int32Array(buffer, 0, 3);
const bytes = Buffer.from(buffer);
const interval = Math.max(20, Math.min(1000, timeoutMs / 4));
let beats = Atomics.load(words, layout.beats);
let stood = 0;
let before = performance.now();
const timer = setInterval(() => {
  const now = performance.now();
  const seen = Atomics.load(words, layout.beats);
  // Only time in which this thread ran counts: when it did not either (machine asleep, process stopped) nobody is to blame.
  stood = seen === beats ? stood + Math.min(now - before, 1.5 * interval) : 0;
  beats = seen;
  before = now;
  if (stood < timeoutMs) return;
  clearInterval(timer);
  const what = Atomics.load(words, layout.what);
  const at = layout.texts + layout.textSize + what * layout.labelSize;
  const label = bytes.toString('latin1', at, at + layout.labelSize).replace(/\\0.*/s, '');
  const who = bytes.toString('latin1', layout.texts, layout.texts + Atomics.load(words, layout.who)).replace(/[^ -~]/g, '?');
  const where = what === 0 ? 'outside Lua' : 'in ' + label + (who === '' ? '' : ' of session ' + who);
  const text = prefix + 'smtpe[' + pid + ']: the event loop has stood still for ' + Math.round(stood / 100) / 10 +
    ' s ' + where + ': the process is killed (option watchdog-timeout)\\n';
  // Whoever reads stderr may stand still too.
  const kill = () => process.kill(pid, 'SIGKILL');
  setTimeout(kill, 1000);
  write(2, text, kill);
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
