// The sources of log-ins (users/auth-source) as a session asks them. What they say is kept for hook.auth and decides with it
// (commands/auth). Without sources it costs nothing.
import type { Maybe } from '../../base/maybe.ts';
import { type AuthVerdict, askSources } from '../../users/auth-chain.ts';
import type { Credentials } from '../../users/auth-source.ts';
import type { SessionCore } from './session-core.ts';

/** Somebody besides hook.auth can say who is who. */
export function hasAuthSource({ deps, values }: SessionCore): boolean {
  return deps.authSources?.some((source) => source.isOn(values)) ?? false;
}

/** undefined when nobody is asked, and when the session is over. */
export function verifyLogin(
  credentials: Credentials,
  mechanism: string,
  core: SessionCore,
): Maybe<AuthVerdict | undefined> {
  const { authSources } = core.deps;
  if (authSources === undefined || !hasAuthSource(core)) return undefined;
  const { abortSignal, client, idSess, log, values } = core;
  const { localAddress, localPort, peer, port, rightsAddress, tls } = client;
  const about = {
    address: rightsAddress,
    port,
    localAddress,
    localPort,
    session: idSess,
    secure: tls !== undefined,
    ...{ mechanism, realAddress: peer, serverName: tls?.name, log },
  };
  return askSources(authSources, credentials, { ...about, values, signal: abortSignal }, (source, cause) =>
    log.emit('link-auth-unavailable', { source, cause, client: client.address }),
  );
}

/** For whoever follows the session. */
export function verdictText(verdict: AuthVerdict | undefined): string {
  switch (verdict?.kind) {
    case undefined:
      return 'nobody was asked';
    case 'accepted':
      return `${verdict.source}: accepted`;
    case 'refused':
      return `${verdict.source}: ${verdict.why}`;
    case 'unknown':
      return 'nobody';
    case 'unavailable':
      return `${verdict.source}: cannot be asked: ${verdict.cause}`;
  }
}
