// What a hook is waiting for, in words, for the log line when it is cut off.
import type { Suspension } from './function-spec.ts';

export interface Wait {
  /** undefined: the policy only let others run (coroutine.yield at top level). */
  readonly suspension: Suspension | undefined;
  /** Full name of the function that suspended. */
  readonly name: string;
  /** clock.monotonic() when it did. */
  readonly since: number;
}

export function pendingText(wait: Wait, now: number): string {
  const what = wait.suspension?.describe() ?? wait.name;
  return `pending: ${what}, for ${((now - wait.since) / 1000).toFixed(3)} s`;
}
