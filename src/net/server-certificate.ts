// A certificate of ours with its key: what is in the files that smtp-tls names, whether both belong together, and what will be wrong with it
// soon. RFC 5280, RFC 7468 (PEM), RFC 9525 (names are those of subjectAltName).
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { textOf } from '../base/errors.ts';
import type { CertificatePlace } from '../options/certificate-list.ts';
import { readAltNames } from './alt-names.ts';
import type { TlsFile } from './tls-material.ts';

export interface ServerCertificate {
  readonly place: CertificatePlace;
  /** Lower case; a wildcard is `*.example.com`. */
  readonly names: readonly string[];
  /** `rsa`, `ec`, ...: a context has one of each. */
  readonly keyType: string;
  /** PEM */
  readonly chain: string;
  readonly key: string;
  /** Milliseconds since the Epoch. */
  readonly notAfter: number;
  /** Every user of the machine may read the key. */
  readonly isOpen: boolean;
}

export type CertificateOutcome =
  | { readonly kind: 'certificate'; readonly certificate: ServerCertificate }
  /** One line, with the file in front. */
  | { readonly kind: 'wrong'; readonly problem: string };

const CERTIFICATE =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[\s\S]+?-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;
const PRIVATE_KEY =
  /-----BEGIN (?:[A-Z0-9]+ )?PRIVATE KEY-----[\s\S]+?-----END (?:[A-Z0-9]+ )?PRIVATE KEY-----/;

/** The certificates in a PEM text, or what is wrong with it. */
export function readCertificates(text: string): readonly X509Certificate[] | string {
  const blocks = text.match(CERTIFICATE) ?? [];
  if (blocks.length === 0)
    return 'there is no certificate in it; it should begin with -----BEGIN CERTIFICATE-----';
  const certificates: X509Certificate[] = [];
  for (const block of blocks) {
    try {
      certificates.push(new X509Certificate(block));
    } catch (error) {
      return `certificate ${certificates.length + 1} in it is damaged (${textOf(error)})`;
    }
  }
  return certificates;
}

function readKey(text: string): { readonly key: KeyObject; readonly pem: string } | string {
  const [pem] = PRIVATE_KEY.exec(text) ?? [];
  if (pem === undefined) return 'there is no private key in it; it should have -----BEGIN PRIVATE KEY-----';
  if (/BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(pem))
    return 'the key in it is encrypted, and nobody is there to say the passphrase; store it without one (openssl pkey)';
  try {
    return { key: createPrivateKey(pem), pem };
  } catch (error) {
    return `the key in it is damaged (${textOf(error)})`;
  }
}

/** `chain` and `key` are the files of `place`. */
export function readServerCertificate(
  place: CertificatePlace,
  chain: TlsFile,
  key: TlsFile,
): CertificateOutcome {
  const wrong = (path: string, what: string): CertificateOutcome => ({
    kind: 'wrong',
    problem: `smtp-tls: ${path}: ${what}`,
  });
  const certificates = readCertificates(chain.text);
  if (typeof certificates === 'string') return wrong(chain.path, certificates);
  const read = readKey(key.text);
  if (typeof read === 'string') return wrong(key.path, read);
  const [leaf, ...others] = certificates;
  // Node takes a key that is not the certificate's, and every handshake fails then.
  if (leaf === undefined || !leaf.checkPrivateKey(read.key)) {
    return others.some((one) => one.checkPrivateKey(read.key))
      ? wrong(chain.path, `the certificate of the key in ${key.path} must be the first one`)
      : wrong(key.path, `the key in it is not that of the certificate in ${chain.path}`);
  }
  return {
    kind: 'certificate',
    certificate: {
      place,
      names: readAltNames(leaf.subjectAltName).dns.map((name) => name.toLowerCase().replace(/\.$/, '')),
      keyType: leaf.publicKey.asymmetricKeyType ?? 'unknown',
      chain: certificates.map((one) => one.toString()).join(''),
      key: read.pem,
      notAfter: Date.parse(leaf.validTo),
      isOpen: key.isOpen,
    },
  };
}

/** Whether a certificate with this name is one for `host` (both lower case): a wildcard stands for one label. */
export function isNameFor(name: string, host: string): boolean {
  if (!name.startsWith('*.')) return name === host;
  const dot = host.indexOf('.');
  return dot > 0 && host.slice(dot) === name.slice(1);
}
