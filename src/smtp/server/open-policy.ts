// The policy's instance for a client: when it connects, and a fresh one when XCLIENT names another client.
import { chain, type Maybe } from '../../base/maybe.ts';
import { Hooks } from './hooks.ts';
import type { SessionCore } from './session-core.ts';
import { AUTH_COMMAND, PolicyLog } from './session-log.ts';
import { SessionWindow } from './session-window.ts';

/** True when the policy is there. Otherwise the client has its 421 and the session ends; none of its hooks was called. */
export function openPolicy(core: SessionCore): Maybe<boolean> {
  const owner = {
    session: new SessionWindow(core),
    options: core.options,
    log: new PolicyLog(core.deps.log, () => core.transaction?.id ?? core.idSess),
  };
  const policy = core.deps.policy();
  return chain(policy.open(owner), (outcome) => {
    if (outcome.kind === 'open') {
      const { clock } = core.deps;
      const secret = (): boolean => core.replies.command === AUTH_COMMAND;
      const { revision } = policy;
      core.setPolicy(new Hooks(outcome.instance, { log: core.log, clock, revision, secret }));
      return true;
    }
    const cause = 'the policy could not be loaded for this connection';
    return chain(core.replies.refuseAndEnd('internal', undefined, { code: 4, cause }), () => false);
  });
}
