// TLS for clients (doc/tls.md). Rows of option-table.ts. Files are read at the start and at a reload, before rights are given up, and nobody else
// sets which they are.
import { atStart, flag, forListener, type OptionSpec, seconds, text, word } from './option-spec.ts';

/** Read before any policy is; a listener may have its own. */
const startOf = <S extends OptionSpec>(spec: S): S => forListener(atStart(spec));

export const tlsOptions = {
  'smtp-tls': startOf(
    text(
      '',
      'certificates',
      'Certificates for TLS with clients: chain.pem,key.pem for each, separated by blanks; chain.pem alone has its key in it. The first is for clients that ask for none of their names. Two for the same names, one ecdsa and one rsa, serve all clients. Empty: no TLS. See doc/tls.md.',
    ),
  ),
  'smtp-tls-min': startOf(word('1.2', ['1.2', '1.3'], 'The oldest version of TLS that clients may use.')),
  'smtp-tls-ciphers': startOf(
    text(
      '',
      'any',
      'Cipher suites for TLS 1.2, as OpenSSL lists them (openssl ciphers). Those of TLS 1.3 stay unless the list has some (TLS_...). Empty: those of Node.js.',
    ),
  ),
  'smtp-tls-client-ca': startOf(
    text(
      '',
      'path',
      'Authorities (PEM) for certificates of clients. Set: clients are asked for one, see client.tls.',
    ),
  ),
  'smtp-tls-client-cert': startOf(
    word(
      'ask',
      ['off', 'ask', 'must'],
      'With smtp-tls-client-ca: clients are not asked for a certificate, are asked, or must have one that an authority has issued; otherwise the handshake fails.',
    ),
  ),
  'smtp-tls-timeout': seconds(30, 'For a TLS handshake.'),
  'smtp-tls-auth-only': flag(
    true,
    'With smtp-tls: AUTH is offered and taken under TLS only; in clear the answer is 538 5.7.11.',
  ),
} as const satisfies Record<string, OptionSpec>;
