// What is to be thought of the certificate that a next hop has shown: what is told of it, and whether it is the one that was demanded.
import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { HopTls } from '../../delivery/port/delivery.ts';
import type { TlsRequest } from './connection.ts';
import { matchesPin, tlsaProblem } from './tls-check.ts';

export interface Judgement {
  readonly facts: HopTls;
  /** Why the certificate is not what was demanded; undefined when it is, or nothing was. */
  readonly demanded: string | undefined;
}

/** A chain that goes on and on is a loop, or nobody's. */
const LONGEST_CHAIN = 20;

export function judge(socket: TLSSocket, { check, now }: TlsRequest): Judgement {
  const version = socket.getProtocol() ?? 'TLS';
  const { standardName: cipher } = socket.getCipher();
  const told = (cause: string | undefined): HopTls => ({
    version,
    cipher,
    verified: cause === undefined,
    cause,
  });
  const untrusted = socket.authorized ? undefined : String(socket.authorizationError);
  switch (check.kind) {
    case 'none':
      return { facts: told(untrusted), demanded: undefined };
    case 'authorities':
      return { facts: told(untrusted), demanded: untrusted };
    case 'pins': {
      const certificate = socket.getPeerX509Certificate();
      const pinned = certificate !== undefined && matchesPin(certificate, check.digests);
      const problem =
        pinned || (check.authorities && untrusted === undefined)
          ? undefined
          : `the certificate is not one of smtp-forward-tls-pin${check.authorities ? ` (${untrusted})` : ''}`;
      return { facts: told(problem), demanded: problem };
    }
    case 'tlsa': {
      const problem = tlsaProblem(chainOf(socket), check.records, check.names, now);
      return { facts: told(problem), demanded: problem };
    }
  }
}

/** As the other side sent it, its own first. */
function chainOf(socket: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (next?.raw !== undefined && chain.length < LONGEST_CHAIN) {
    const raw: Buffer = next.raw;
    chain.push(new X509Certificate(raw));
    next = next.issuerCertificate?.raw?.equals(raw) === true ? undefined : next.issuerCertificate;
  }
  return chain;
}
