// How a hook is stopped that must not go on: a JavaScript exception that goes through all Lua frames, so that no pcall, error
// handler, coroutine or to-be-closed variable of the policy can catch it. The thread it ran on is given up afterwards.

export type KillReason = 'cpu' | 'memory' | 'pending';

export class HookKilled extends Error {
  override readonly name = 'HookKilled';
  readonly reason: KillReason;
  /** `file:line: ` of the Lua code that was running; '' when unknown. */
  readonly position: string;
  readonly traceback: string;
  constructor(reason: KillReason, message: string, position: string, traceback: string) {
    super(message);
    this.reason = reason;
    this.position = position;
    this.traceback = traceback;
  }
}

/** Thrown by an implementation of an API function to stop the hook that called it. */
export class LimitReached extends Error {
  override readonly name = 'LimitReached';
  readonly reason: KillReason;
  constructor(reason: KillReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
