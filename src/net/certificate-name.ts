// Whose certificate it is: the names in subjectAltName only. Node also takes a common name when a certificate has no other, which
// RFC 9525 section 6.3 forbids. Pure.
import { checkServerIdentity, type PeerCertificate } from 'node:tls';

/** For option `checkServerIdentity` of tls.connect: an error that says why the certificate is not `host`'s, or undefined. */
export function checkCertificateName(host: string, certificate: PeerCertificate): Error | undefined {
  if (certificate.subjectaltname === undefined || certificate.subjectaltname === '') {
    return new Error(
      `the certificate has no subjectAltName, so no name that counts (RFC 9525); it should name ${host}`,
    );
  }
  return checkServerIdentity(host, certificate);
}
