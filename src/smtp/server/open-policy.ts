// The policy's instance for a client: when it connects, and a fresh one when XCLIENT names another client. A policy of several files has an
// instance of each.
import { chain, type Maybe } from '../../base/maybe.ts';
import { SecretLog } from '../../base/secret-log.ts';
import type { InstanceOwner, Policy, PolicyInstance } from '../../policy/instance.ts';
import { HookChain } from './hook-chain.ts';
import { Hooks, type PolicyHooks } from './hooks.ts';
import type { SessionCore } from './session-core.ts';
import { AUTH_COMMAND, PolicyLog } from './session-log.ts';
import { SessionWindow } from './session-window.ts';

/** True when the policy is there. Otherwise the client has its 421 and the session ends; none of its hooks was called. */
export function openPolicy(core: SessionCore): Maybe<boolean> {
  const owner = {
    session: new SessionWindow(core),
    options: core.options,
    log: new SecretLog(
      new PolicyLog(core.deps.log, () => core.transaction?.id ?? core.idSess),
      () => core.hiding,
      () => core.replies.command === AUTH_COMMAND,
    ),
  };
  const policy = core.deps.policy();
  return chain(policy.open(owner), (outcome) => {
    const { instance } = outcome.kind === 'open' ? outcome : { instance: undefined };
    const opened =
      instance === undefined || policy.more === undefined
        ? instance && hooksOf(core, policy, instance)
        : openMore(core, policy.more, owner, [{ policy, instance }]);
    return chain(opened, (hooks) => {
      if (hooks === undefined) return refuse(core);
      core.setPolicy(hooks);
      return true;
    });
  });
}

function refuse(core: SessionCore): Maybe<boolean> {
  const cause = 'the policy could not be loaded for this connection';
  return chain(core.replies.refuseAndEnd('internal', undefined, { code: 4, cause }), () => false);
}

function hooksOf(core: SessionCore, policy: Policy, instance: PolicyInstance, file?: string): Hooks {
  const { clock } = core.deps;
  const secret = (): boolean => core.replies.command === AUTH_COMMAND;
  const hide = (text: string): string => core.hide(text);
  const { revision } = policy;
  return new Hooks(instance, {
    log: core.log,
    clock,
    revision,
    secret,
    hide,
    ...(file !== undefined && { file }),
  });
}

interface Opened {
  readonly policy: Policy;
  readonly instance: PolicyInstance;
}

/** The files behind the first one, one after the other; undefined when the file level of one failed: then none is left open. */
function openMore(
  core: SessionCore,
  more: readonly Policy[],
  owner: InstanceOwner,
  before: readonly [Opened, ...(readonly Opened[])],
): Maybe<PolicyHooks | undefined> {
  const [first, ...others] = before;
  const policy = more[others.length];
  if (policy === undefined) {
    const file = (one: Opened): Hooks => hooksOf(core, one.policy, one.instance, one.policy.path);
    return new HookChain([file(first), ...others.map(file)], () => core.values['hook-error'] === 'default');
  }
  return chain(policy.open({ ...owner, beside: first.instance }), (outcome) => {
    if (outcome.kind === 'open')
      return openMore(core, more, owner, [first, ...others, { policy, instance: outcome.instance }]);
    for (const { instance } of before) instance.close();
    return undefined;
  });
}
