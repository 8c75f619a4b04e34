// client.tls: how a connection is encrypted, as policies see it.
import type { LuaRecord } from '../../lua-api/value.ts';
import type { TlsFacts } from '../../net/tls-facts.ts';

export function tlsTable({ certificate, ...info }: TlsFacts): LuaRecord {
  if (certificate === undefined) return { ...info };
  const { commonName, notAfter, ...shown } = certificate;
  return { ...info, certificate: { ...shown, common_name: commonName, not_after: notAfter } };
}
