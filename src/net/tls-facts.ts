// What is known of the encryption of a connection, wherever it ends: here, or at a balancer in front of us that says so (PROXY). Names and
// certificates are a stranger's text: only what has been cleaned is kept.

/** The longest text of a stranger that is kept, in octets. */
export const LONGEST_TEXT = 256;

/** What a client has shown of itself. */
export interface CertificateFacts {
  readonly result: 'verified' | 'untrusted';
  /** Why it is untrusted, as OpenSSL names it: `CERT_HAS_EXPIRED`; undefined when it is verified. */
  readonly cause: string | undefined;
  readonly subject: string;
  readonly commonName: string;
  /** DNS names and mail addresses of subjectAltName. */
  readonly names: readonly string[];
  readonly issuer: string;
  /** Hex. */
  readonly serial: string;
  /** SHA-256, hex; empty where only a balancer has seen the certificate. */
  readonly fingerprint: string;
  /** RFC 3339; empty where it is not known. */
  readonly notAfter: string;
}

export interface TlsFacts {
  /** `TLSv1.3` */
  readonly version: string;
  /** The standard name, `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
  /** Of the cipher's key; undefined where they are not known. */
  readonly bits: number | undefined;
  /** The server that the client has asked for (SNI). */
  readonly name: string | undefined;
  readonly alpn: string | undefined;
  readonly resumed: boolean;
  /** From the first octet; false: by STARTTLS. */
  readonly implicit: boolean;
  /** Who has decrypted it. */
  readonly by: 'smtpe' | 'proxy';
  /** Undefined: none was shown. */
  readonly certificate: CertificateFacts | undefined;
}

/** A stranger's text (latin1: a character is an octet) for policies and logs: control characters become `?`, what is too long is cut off. */
export function cleanText(text: string): string {
  return text.slice(0, LONGEST_TEXT).replace(/[\x00-\x1f\x7f]/g, '?');
}

/** The bits of a cipher's key, by its name; undefined for a name without them. */
export function cipherBits(name: string): number | undefined {
  if (/CHACHA20/i.test(name)) return 256;
  const [, bits] = /(?:AES|CAMELLIA|ARIA)_?(\d{3})/i.exec(name) ?? [];
  return bits === undefined ? undefined : Number(bits);
}
