// From connection to banner, and again after XCLIENT (RFC 5321 section 3.1): rate of the client, hook.accept, banner.
import { chain, type Maybe } from '../message/maybe.ts';
import { limitKey } from '../net/address.ts';
import { banner } from './default-reply.ts';
import type { SessionCore } from './session-core.ts';

/** True when the client may go on; otherwise it has its 421 and the session ends. */
export function admit(core: SessionCore): Maybe<boolean> {
  const { client, deps } = core;
  const limit = core.values['rate-client'];
  if (limit === 0) return true;
  const count = deps.limits.client(limitKey(client.address), limit, deps.clock.monotonic());
  if (count <= limit) return true;
  const name = client.hostKnown ? `${client.host} [${client.address}]` : `[${client.address}]`;
  const cause = `rate-client: ${count} connections in 60 s`;
  return chain(core.refuseAndEnd('clientRate', { name, count, limit }, { code: 2, cause }), () => false);
}

/** hook.accept and the banner. 'over': the session ends with it. */
export function welcome(core: SessionCore): Maybe<'welcome' | 'not-welcome' | 'over'> {
  const { client, deps, idSess } = core;
  // What is there before the banner: what the client before XCLIENT did is not his.
  core.pipelining = core.input.buffered > 0;
  core.setClient({
    address: client.address,
    port: client.port,
    host: client.host,
    confirmed_host: client.hostConfirmed ? client.host : undefined,
    local_address: client.localAddress,
    id_sess: idSess,
    is_pipelining: core.pipelining,
    authenticated: core.auth !== undefined,
    auth_user: core.auth?.user,
  });
  return chain(core.hooks.call('accept', [client.address, client.host]), (given) => {
    const answer = core.settle(given);
    if (answer.kind === 'cancelled') return 'over';
    if (answer.kind === 'failed' || answer.kind === 'limit') return chain(core.fail(answer), () => 'over');
    if (core.pipelining && core.values['rfc2920-pipelining-reject']) {
      const ending = { code: 2, cause: 'talked before the banner' } as const;
      return chain(core.refuseAndEnd('pipelining', undefined, ending), () => 'over');
    }
    if (answer.drop) core.dropping = true;
    const sent =
      answer.kind === 'reply'
        ? core.send(answer.reply, 'hook.accept')
        : core.send(banner(deps.hostName, idSess), 'banner');
    return chain(sent, (code) => {
      if (core.ending !== undefined) return 'over';
      return code < 400 ? 'welcome' : 'not-welcome';
    });
  });
}
