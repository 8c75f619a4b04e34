// What a script finds in a request: every field of its object, as a text. Pure.

/** What is known of a log-in, or of a look-up. All latin1. */
export interface RequestFacts {
  /** As the client wrote it. */
  readonly original: string;
  /** As it is looked for: normalised, or changed by a database before. */
  readonly user: string;
  /** Undefined in look-ups. */
  readonly password: string | undefined;
  readonly mechanism: string | undefined;
  /** Empty: not known. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** That of the connection itself, before XCLIENT. */
  readonly realRemoteAddress: string;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  /** The name that the client has asked for by TLS. */
  readonly serverName: string | undefined;
  readonly tls: boolean;
  readonly session: string;
  /** What the databases before this one have set. */
  readonly extra: ReadonlyMap<string, string>;
  readonly userdb: ReadonlyMap<string, string>;
}

export type RequestFields = Readonly<Record<string, string | Readonly<Record<string, string>> | undefined>>;

const LOOPBACK = /^(?:127\.|::1$)/;

interface Parts {
  readonly name: string;
  readonly domain: string | undefined;
}

/** Before the first `@`, and behind it. */
function parts(user: string): Parts {
  const at = user.indexOf('@');
  return at < 0 ? { name: user, domain: undefined } : { name: user.slice(0, at), domain: user.slice(at + 1) };
}

/** `TLS` with encryption, `secured` on this machine, else empty. */
function secured({ tls, realRemoteAddress }: RequestFacts): string {
  if (tls) return 'TLS';
  return LOOPBACK.test(realRemoteAddress) ? 'secured' : '';
}

export function requestFields(facts: RequestFacts): RequestFields {
  const { user, original, localAddress, remoteAddress, realRemoteAddress } = facts;
  const { name: username, domain } = parts(user);
  const { name: origUsername, domain: origDomain } = parts(original);
  const remote = remoteAddress === '' ? undefined : remoteAddress;
  const real = realRemoteAddress === '' ? undefined : realRemoteAddress;
  const lport = String(facts.localPort ?? 0);
  const rport = String(facts.remotePort);
  return {
    ...{ user, username, domain },
    domain_first: domain?.split('@', 1)[0],
    domain_last: domain?.slice(domain.lastIndexOf('@') + 1),
    ...{ orig_user: original, orig_username: origUsername, orig_domain: origDomain },
    ...{ original_user: original, original_username: origUsername, original_domain: origDomain },
    ...{ auth_user: original, auth_username: origUsername, auth_domain: origDomain },
    ...{ password: facts.password, service: 'smtp', protocol: 'smtp' },
    ...{ mech: facts.mechanism, mechanism: facts.mechanism },
    ...{ rip: remote, remote_ip: remote, real_rip: real, real_remote_ip: real },
    ...{ lip: localAddress, local_ip: localAddress, real_lip: localAddress, real_local_ip: localAddress },
    ...{ lport, local_port: lport, real_lport: lport, real_local_port: lport },
    ...{ rport, remote_port: rport, real_rport: rport, real_remote_port: rport },
    ...{ local_name: facts.serverName, secured: secured(facts), cert: '', session: facts.session, pid: '0' },
    passdb: Object.fromEntries(facts.extra),
    userdb: Object.fromEntries(facts.userdb),
  };
}

/** In front of log lines about it. */
export function linePrefix({ user, remoteAddress, session }: RequestFacts): string {
  const address = remoteAddress === '' ? '' : `,${remoteAddress}`;
  return `lua(${user}${address},<${session}>): `;
}
