// Somebody speaks the PROXY protocol to us whom option smtp-proxy-hosts does not name: a balancer that was set up before we were. Its clients
// would all have its address, and pass whatever is looked up for addresses: it gets 421, and the operator the name of the option.
import type { Maybe } from '../../base/maybe.ts';
import { likeProxy, PROXY_BEGINNING, type ProxyLikeness } from '../../net/proxy-protocol.ts';
import type { SessionCore } from './session-core.ts';

/** Whether what the client has sent and nobody has read yet begins as a header of the PROXY protocol does. */
export function likenessOf({ input }: SessionCore): ProxyLikeness {
  return likeProxy(input.head(PROXY_BEGINNING));
}

/** 421 and the end. */
export function refuseProxy(core: SessionCore): Maybe<void> {
  const { client, deps, log, replies } = core;
  replies.answer('');
  log.emit('proxy-unasked', { client: client.peer });
  const ending = { code: 2, cause: 'speaks the PROXY protocol unasked' } as const;
  return replies.refuseAndEnd('proxyUnasked', { host: deps.hostName }, ending);
}
