// Signals from the first moment of the process: loading the program takes a few tenths of a second, in which a SIGHUP (reload right after
// start) or SIGUSR2 (log rotation at boot) would otherwise kill. They are kept until somebody knows what to do with them.
// Imports nothing, so that it is there before everything else is loaded.

const caught = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR2'] as const;
export type CaughtSignal = (typeof caught)[number];

export interface EarlySignals {
  /** From now on `listener` hears the signals, those first that came before. */
  handOver(listener: (signal: CaughtSignal) => void): void;
  /** The process is none that handles signals: what came, and what comes, does what signals do. */
  giveUp(): void;
}

/** Catches the signals that a service knows. To be called before anything else. */
export function catchSignals(): EarlySignals {
  const seen: CaughtSignal[] = [];
  let hear = (signal: CaughtSignal): unknown => seen.push(signal);
  const listeners = caught.map((signal) => ({ signal, listener: () => hear(signal) }));
  for (const { signal, listener } of listeners) process.on(signal, listener);
  return {
    handOver: (listener) => {
      hear = listener;
      for (const signal of seen.splice(0)) listener(signal);
    },
    giveUp: () => {
      for (const { signal, listener } of listeners) process.off(signal, listener);
      const [first] = seen.splice(0);
      if (first !== undefined) process.kill(process.pid, first);
    },
  };
}
