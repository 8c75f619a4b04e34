// How much a hook may use, by the options of its connection. Made once for all connections of a policy: they have the same options but for
// those that change some.
import type { TaskLimits } from '../lua/script.ts';
import type { OptionValues } from '../options/option-table.ts';

export class HookLimits {
  #limits: Limits | undefined;
  /** The options that the limits were read from. */
  #values: OptionValues | undefined;

  /** Of a run of `what`, e.g. `hook.rcpt`. */
  of(values: OptionValues, what: string): TaskLimits {
    if (this.#values !== values || this.#limits === undefined) {
      this.#values = values;
      this.#limits = limitsFrom(values);
    }
    return what === 'hook.close' || what === 'hook.error' ? this.#limits.atEnd : this.#limits.usual;
  }
}

interface Limits {
  readonly usual: TaskLimits;
  /** For the hooks of a connection that is over: nobody's place is to be held for long. */
  readonly atEnd: TaskLimits;
}

function limitsFrom(values: OptionValues): Limits {
  const usual = {
    cpu: values['hook-cpu-limit'],
    time: values['hook-time-limit'] * 1000,
    pending: values['hook-max-pending'],
    memory: values['lua-max-memory'] * 1_048_576,
  };
  return { usual, atEnd: { ...usual, time: Math.min(usual.time, values['hook-close-limit'] * 1000) } };
}
