// The beginning of a session: the policy's instance is made, the client's rate is looked at, its name is looked up, the banner goes out.
// Each of these delays only this client.
import type { Conversation } from './conversation.ts';
import { followed } from './followed-wait.ts';
import { openPolicy } from './open-policy.ts';
import { likenessOf, refuseProxy } from './proxy-unasked.ts';
import type { SessionCore } from './session-core.ts';

export interface OpeningSettings {
  /** Milliseconds to wait before anything else (rate-global). */
  readonly delay: number;
  /** `+test`: whose input may be there from the start. */
  readonly interactive: boolean;
}

/** Up to the banner, or to the end of the session. */
export async function openSession(
  core: SessionCore,
  conversation: Conversation,
  { delay, interactive }: OpeningSettings,
): Promise<void> {
  if (delay > 0) await pause(core, delay, false);
  if (core.isOver || !(await openPolicy(core)) || core.isOver) return;
  // Only what has to wait is waited for: a turn of promises for each step is felt by whoever comes for one message.
  const admitted = conversation.admit();
  if (!(admitted instanceof Promise ? await admitted : admitted)) return;
  if (core.values['dns-client-timeout'] > 0 && !core.client.hostKnown) await lookUpName(core);
  const wait = core.values['smtp-greet-pause'];
  // A health check of a balancer has to wait for nothing.
  if (wait > 0 && !interactive && core.client.proxy?.check !== true) {
    if (likenessOf(core) === 'perhaps') await pause(core, wait, true);
    if (!core.isOver && likenessOf(core) === 'yes') await refuseProxy(core);
    else if (!core.isOver && core.input.buffered > 0) {
      // RFC 5321 section 4.3.1: the client waits for the banner.
      const ending = { code: 2, cause: 'talked before the banner' } as const;
      await core.replies.refuseAndEnd('earlyTalker', { host: core.deps.hostName }, ending);
    }
  }
  if (core.isOver) return;
  const welcomed = conversation.welcome();
  if (welcomed instanceof Promise) await welcomed;
}

/** client.host by reverse DNS, and whether the name has that address, together within dns-client-timeout seconds. */
async function lookUpName(core: SessionCore): Promise<void> {
  const seconds = core.values['dns-client-timeout'];
  const { client, deps } = core;
  const { clock, resolver } = deps;
  const signal = core.abortSignal;
  const until = clock.monotonic() + seconds * 1000;
  const name = await followed(
    core,
    resolver.reverse(client.address, { timeoutMs: seconds * 1000, signal }),
    () => ({ for: 'dns', what: `name of ${client.address}`, outcome: (found) => found || 'none' }),
  );
  if (name === undefined || name === '') return;
  client.host = name;
  client.hostKnown = true;
  const timeoutMs = Math.max(0, until - clock.monotonic());
  client.hostConfirmed = await followed(
    core,
    resolver.confirms(name, client.address, { timeoutMs, signal }),
    () => ({
      ...{ for: 'dns', what: `addresses of ${name}` },
      outcome: (confirmed) => (confirmed ? `${client.address} is one of them` : 'not confirmed'),
    }),
  );
}

function pause(core: SessionCore, ms: number, forInput: boolean): Promise<void> {
  return followed(core, waitFor(core, ms, forInput), () => ({
    ...{ for: 'pause', what: forInput ? 'whether the client talks first' : 'a pause' },
    outcome: () => '',
  }));
}

/** Waits `ms`, or (when `forInput`) until the client has sent something that is not the beginning of a PROXY header only, or until the session ends. */
function waitFor(core: SessionCore, ms: number, forInput: boolean): Promise<void> {
  const signal = core.abortSignal;
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', done);
      core.inputArrived = undefined;
      resolve();
    };
    const timer = core.deps.clock.after(ms, done);
    signal.addEventListener('abort', done);
    if (!forInput) return;
    core.inputArrived = () => {
      if (likenessOf(core) !== 'perhaps') done();
    };
  });
}
