// What a request is made of, for its object in lib-lua/dovecot/request.lua. Pure.
import type { LuaValue } from '../../lua-api/value.ts';

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

/** In the order of lib-lua/dovecot/request.lua. */
export type RequestFields = readonly LuaValue[];

const LOOPBACK = /^(?:127\.|::1$)/;

/** `TLS` with encryption, `secured` on this machine, else empty. */
function secured({ tls, realRemoteAddress }: RequestFacts): string {
  if (tls) return 'TLS';
  return LOOPBACK.test(realRemoteAddress) ? 'secured' : '';
}

const textOrNothing = (text: string): string | undefined => (text === '' ? undefined : text);
const tableOrNothing = (fields: ReadonlyMap<string, string>): LuaValue =>
  fields.size === 0 ? undefined : fields;

/** Only what others are not made of: a log-in costs by how many values cross to Lua. Names, and what follows, are made there when a script asks. */
export function requestFields(facts: RequestFacts): RequestFields {
  return [
    facts.user,
    facts.original,
    facts.password,
    facts.mechanism,
    textOrNothing(facts.remoteAddress),
    textOrNothing(facts.realRemoteAddress),
    String(facts.remotePort),
    facts.localAddress,
    String(facts.localPort ?? 0),
    facts.serverName,
    secured(facts),
    facts.session,
    tableOrNothing(facts.extra),
    tableOrNothing(facts.userdb),
  ];
}

/** In front of log lines about it. */
export function linePrefix({ user, remoteAddress, session }: RequestFacts): string {
  const address = remoteAddress === '' ? '' : `,${remoteAddress}`;
  return `lua(${user}${address},<${session}>): `;
}
