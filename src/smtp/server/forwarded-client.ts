// What a next hop is told of the client, when it is told anything (options smtp-forward-xclient, smtp-forward-proxy).

import type { OnBehalf } from '../../delivery/port/delivery.ts';
import type { ForwardedClient } from '../../delivery/port/forwarded-client.ts';
import type { SessionCore } from './session-core.ts';

/** Undefined when nobody wants to know. */
export function forwardedClient({
  auth,
  client,
  extended,
  helo,
  values,
}: SessionCore): ForwardedClient | undefined {
  if (!values['smtp-forward-xclient'] && values['smtp-forward-proxy'] === 'off') return undefined;
  const { address, host, hostConfirmed, localAddress, localPort, port } = client;
  return {
    ...{ address, port, localAddress, localPort, helo },
    host: hostConfirmed ? host : undefined,
    protocol: extended ? 'ESMTP' : 'SMTP',
    login: auth?.user,
  };
}

/** Undefined: a stranger. */
export const onBehalf = ({ auth }: SessionCore): OnBehalf | undefined =>
  auth === undefined ? undefined : { kind: 'user', name: auth.user };
