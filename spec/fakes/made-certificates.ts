// Certificates of every kind that a next hop may have, made by openssl when a spec needs them: own authority, expired, for another name.
import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Made {
  /** PEM; `chain` has the authority behind it. */
  readonly cert: string;
  readonly chain: string;
  readonly key: string;
}

/** An authority, and what it has issued for `name`. */
export function makeChain(
  name: string,
  { expired = false } = {},
): { readonly authority: Made; readonly own: Made } {
  const directory = mkdtempSync(join(tmpdir(), 'smtpe-certificates-'));
  const at = (file: string): string => join(directory, file);
  const openssl = (...args: readonly string[]): unknown =>
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    const request = (file: string, subject: string): unknown =>
      openssl(
        ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
        ...['-subj', `/CN=${subject}`, '-keyout', at(`${file}.key`), '-out', at(`${file}.csr`)],
      );
    writeFileSync(at('index'), '');
    writeFileSync(at('serial'), '01');
    writeFileSync(
      at('conf'),
      `[ca]\ndefault_ca=d\n[d]\ndatabase=${at('index')}\nserial=${at('serial')}\nnew_certs_dir=${directory}\n` +
        'default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n',
    );
    // Specs have clocks of their own: valid for whatever they show.
    const issue = (file: string, until: string, extensions: string, ...by: readonly string[]): unknown => {
      writeFileSync(at('ext'), extensions);
      return openssl(
        ...['ca', '-batch', '-config', at('conf'), '-in', at(`${file}.csr`), '-out', at(`${file}.pem`)],
        ...['-notext', '-extfile', at('ext'), '-startdate', '20200101000000Z', '-enddate', until, ...by],
      );
    };
    request('ca', 'spec authority');
    issue(
      ...([
        'ca',
        '21000101000000Z',
        'basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\n',
      ] as const),
      ...['-selfsign', '-keyfile', at('ca.key')],
    );
    request('own', name);
    issue(
      'own',
      expired ? '20200201000000Z' : '21000101000000Z',
      `subjectAltName=DNS:${name}\nbasicConstraints=CA:FALSE\n`,
      ...['-cert', at('ca.pem'), '-keyfile', at('ca.key')],
    );
    const read = (file: string): string => readFileSync(at(file), 'latin1');
    const ca = read('ca.pem');
    return {
      authority: { cert: ca, chain: ca, key: read('ca.key') },
      own: { cert: read('own.pem'), chain: read('own.pem') + ca, key: read('own.key') },
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** SHA-256 (or another digest) of the certificate, or of its public key. */
export function digestOf(pem: string, selector: 0 | 1, name = 'sha256'): string {
  return createHash(name).update(octetsOf(pem, selector)).digest('hex');
}

export function octetsOf(pem: string, selector: 0 | 1): Buffer {
  const certificate = new X509Certificate(pem);
  return selector === 0 ? certificate.raw : certificate.publicKey.export({ type: 'spki', format: 'der' });
}
