// What a handshake has come to, as client.tls shows it. Texts of a certificate are a stranger's, UTF-8 as octets, and cleaned here.
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { readAltNames } from './alt-names.ts';
import { type CertificateFacts, cipherBits, cleanText, type TlsFacts } from './tls-facts.ts';

/** Names of a certificate that are kept. */
const MOST_NAMES = 100;

/** A text of Node, as octets. */
const cleaned = (text: string): string => cleanText(Buffer.from(text, 'utf8').toString('latin1'));

/** `name`: the server that was asked for. `asked`: for a certificate. `now`: milliseconds since the Epoch. */
export function readTlsFacts(
  socket: TLSSocket,
  name: string | undefined,
  implicit: boolean,
  asked: boolean,
  now: number,
): TlsFacts {
  const { name: openSslName, standardName = openSslName } = socket.getCipher() as {
    readonly name: string;
    readonly standardName?: string;
  };
  const shown = asked ? socket.getPeerX509Certificate() : undefined;
  return {
    version: socket.getProtocol() ?? 'unknown',
    cipher: standardName,
    bits: cipherBits(standardName),
    name: name === undefined ? undefined : cleanText(name),
    alpn: typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : undefined,
    resumed: socket.isSessionReused(),
    implicit,
    by: 'smtpe',
    certificate: shown && readCertificate(shown, untrustedBecause(socket, shown, now)),
  };
}

/** What OpenSSL says against the certificate; undefined when nothing. Only tls.Server has it in a property, and it cannot be used here. */
function untrustedBecause(socket: TLSSocket, shown: X509Certificate, now: number): string | undefined {
  const { _handle: handle } = socket as unknown as {
    readonly _handle?: { verifyError?(): (Error & { readonly code?: string }) | null | undefined };
  };
  if (handle?.verifyError === undefined) return 'UNSPECIFIED';
  const error = handle.verifyError();
  if (error !== undefined && error !== null) return error.code ?? error.message;
  // A session that is resumed was verified when it began.
  return Date.parse(shown.validTo) < now ? 'CERT_HAS_EXPIRED' : undefined;
}

function readCertificate(shown: X509Certificate, cause: string | undefined): CertificateFacts {
  const { dns, email } = readAltNames(shown.subjectAltName);
  const end = new Date(shown.validTo);
  return {
    result: cause === undefined ? 'verified' : 'untrusted',
    cause: cause === undefined ? undefined : cleaned(cause),
    subject: cleaned(oneLine(shown.subject)),
    commonName: cleaned(commonNameOf(shown.subject)),
    names: [...dns, ...email].slice(0, MOST_NAMES).map(cleaned),
    issuer: cleaned(oneLine(shown.issuer)),
    serial: shown.serialNumber.slice(0, 256).toLowerCase(),
    fingerprint: shown.fingerprint256.replaceAll(':', '').toLowerCase(),
    notAfter: Number.isNaN(end.getTime()) ? '' : end.toISOString().replace(/\.\d+Z$/, 'Z'),
  };
}

/** Node has a line for each part of a name. */
const oneLine = (name: string | undefined): string => (name ?? '').replaceAll('\n', ', ');

/** The last one, as the most specific; '' without one. */
function commonNameOf(subject: string | undefined): string {
  const found = (subject ?? '').split('\n').filter((line) => line.startsWith('CN='));
  return found.at(-1)?.slice(3) ?? '';
}
