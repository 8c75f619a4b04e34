// From connection to banner, and again after XCLIENT (RFC 5321 section 3.1): rate of the client, hook.accept, banner.
import { chain, type Maybe } from '../../base/maybe.ts';
import { LuaTable } from '../../lua-api/value.ts';
import type { ProxyFacts } from '../../net/proxy-facts.ts';
import { limitKey } from '../../net-address/network-list.ts';
import { askScripts, SCRIPTS, type ScriptsSaid } from './ask-scripts.ts';
import { banner } from './default-reply.ts';
import { likenessOf, refuseProxy } from './proxy-unasked.ts';
import type { SessionCore } from './session-core.ts';
import { tlsTable } from './tls-table.ts';

/** True when the client may go on; otherwise it has its 421 and the session ends. */
export function admit(core: SessionCore): Maybe<boolean> {
  const { client, deps } = core;
  const limit = core.values['rate-client'];
  // A health check of a balancer is no client.
  if (limit === 0 || client.proxy?.check === true) return true;
  const count = deps.limits.client(limitKey(client.address), limit, deps.clock.monotonic());
  if (count <= limit) return true;
  const name = client.hostKnown ? `${client.host} [${client.address}]` : `[${client.address}]`;
  const cause = `rate-client: ${count} connections in 60 s`;
  return chain(
    core.replies.refuseAndEnd('clientRate', { name, count, limit }, { code: 2, cause }),
    () => false,
  );
}

/** hook.accept and the banner. 'over': the session ends with it. */
export function welcome(core: SessionCore): Maybe<'welcome' | 'not-welcome' | 'over'> {
  const { client, idSess } = core;
  // What is there before the banner: what the client before XCLIENT did is not his.
  core.pipelining = core.input.buffered > 0;
  core.setClient({
    address: client.address,
    port: client.port,
    host: client.host,
    confirmed_host: client.hostConfirmed ? client.host : undefined,
    local_address: client.localAddress,
    local_port: client.localPort,
    is_tls: client.tls !== undefined,
    id_sess: idSess,
    is_pipelining: core.pipelining,
    authenticated: core.auth !== undefined,
    auth_user: core.auth?.user,
  });
  // The policy's instance is new: what is not there need not be taken away.
  if (core.listener.name !== '') core.setClient({ listener: core.listener.name });
  if (client.tls !== undefined) core.setClient({ tls: tlsTable(client.tls) });
  if (client.proxy !== undefined) core.setClient({ proxy: shownProxy(client.proxy) });
  return chain(askScripts(core, 'accept'), (said) =>
    said.kind === 'go' ? askPolicy(core) : welcomeOf(core, said),
  );
}

/** What the hooks of scripts leave of it. */
function welcomeOf(
  core: SessionCore,
  said: Exclude<ScriptsSaid, { kind: 'go' }>,
): Maybe<'welcome' | 'not-welcome' | 'over'> {
  switch (said.kind) {
    case 'over':
      return 'over';
    case 'answered':
      return said.code === 220 ? 'welcome' : 'not-welcome';
    case 'refuse':
      return chain(core.replies.send(said.reply, SCRIPTS), () =>
        core.ending === undefined ? 'not-welcome' : 'over',
      );
  }
}

function askPolicy(core: SessionCore): Maybe<'welcome' | 'not-welcome' | 'over'> {
  const { client, deps, idSess } = core;
  return chain(core.hooks.call('accept', [client.address, client.host]), (given) => {
    const answer = core.replies.settle(given);
    if (answer.kind === 'cancelled') return 'over';
    if (answer.kind === 'failed' || answer.kind === 'limit')
      return chain(core.replies.fail(answer), () => 'over');
    if (core.pipelining && core.values['rfc2920-pipelining-reject']) {
      if (likenessOf(core) === 'yes') return chain(refuseProxy(core), () => 'over');
      const ending = { code: 2, cause: 'talked before the banner' } as const;
      return chain(core.replies.refuseAndEnd('pipelining', undefined, ending), () => 'over');
    }
    const isRefused = answer.kind === 'reply' && answer.reply.code >= 400;
    core.report.greeted(answer.drop || isRefused ? 'hook.accept' : 'banner');
    if (answer.drop) core.replies.drop();
    const sent =
      answer.kind === 'reply'
        ? core.replies.send(answer.reply, 'hook.accept')
        : core.replies.send(banner(deps.hostName, idSess), 'banner');
    return chain(sent, (code) => {
      if (core.ending !== undefined) return 'over';
      return code < 400 ? 'welcome' : 'not-welcome';
    });
  });
}

/** client.proxy */
function shownProxy({ address, authority, local, port, uniqueId, version }: ProxyFacts): LuaTable {
  return new LuaTable([], { address, port, version, authority, unique_id: uniqueId, local });
}
