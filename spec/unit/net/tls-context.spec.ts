import { describe, expect, it } from 'vitest';
import { readAltNames } from '../../../src/net/alt-names.ts';
import { InboundTls } from '../../../src/net/inbound-tls.ts';
import { isNameFor } from '../../../src/net/server-certificate.ts';
import { makeContexts, tlsPaths } from '../../../src/net/tls-context.ts';
import type { TlsMaterial } from '../../../src/net/tls-material.ts';
import { readCertificateList } from '../../../src/options/certificate-list.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import { good, mxEc, mxRsa, otherRsa, tlsAuthority } from '../../fakes/tls-certificates.ts';
import { materialOf, tlsOption } from '../../fakes/tls-rig.ts';

const material = materialOf({ mxEc, mxRsa, otherRsa });
const file = (path: string, text: string): TlsMaterial['files'][number] => ({ path, text, isOpen: false });

function problems(
  option: string,
  files: TlsMaterial['files'],
  more: Readonly<Record<string, string>> = {},
): unknown {
  const made = makeContexts(createOptions({ 'smtp-tls': option, ...more }).values, {
    files: [...material.files, ...files],
  });
  return made.kind === 'wrong' ? made.problems : made.kind;
}

describe('what smtp-tls names', () => {
  it.each([
    ['', []],
    [' a.pem ', [{ chain: 'a.pem', key: 'a.pem' }]],
    [
      'a.pem,k.pem  b.pem',
      [
        { chain: 'a.pem', key: 'k.pem' },
        { chain: 'b.pem', key: 'b.pem' },
      ],
    ],
    ['a.pem,', undefined],
    [',k.pem', undefined],
    ['a.pem,k.pem,c.pem', undefined],
  ])('%j', (text, places) => {
    expect(readCertificateList(text)).toEqual(places);
    const set = createOptions().set('smtp-tls', text, 'here');
    expect(set.kind).toBe(places === undefined ? 'invalid' : 'set');
  });

  it('is read, and the authorities too, each once; without a certificate nothing is', () => {
    const { values } = createOptions({ 'smtp-tls': 'a,k b,k', 'smtp-tls-client-ca': 'ca' });
    expect(tlsPaths(values)).toEqual(['a', 'k', 'b', 'ca']);
    expect(tlsPaths(createOptions({ 'smtp-tls-client-ca': 'ca' }).values)).toEqual([]);
  });

  const { certificate, key } = mxEc;
  const encrypted = '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n';
  it.each([
    ['one file for both', 'both', [file('both', key + certificate)], 'made'],
    ['a chain', 'x,y', [file('x', certificate + tlsAuthority), file('y', key)], 'made'],
    [
      'text around it',
      'x,y',
      [file('x', `subject=a\n${certificate}\nx`), file('y', `Key: a\n${key}`)],
      'made',
    ],
    ['the same twice', 'mxEc.pem,mxEc.key mxEc.pem,mxEc.key', [], 'made'],
    [
      'the key of another',
      'mxEc.pem,mxRsa.key',
      [],
      ['smtp-tls: mxRsa.key: the key in it is not that of the certificate in mxEc.pem'],
    ],
    [
      'the key of another with the same type',
      'x,y',
      [file('x', certificate), file('y', good.key)],
      [expect.stringContaining('y: the key in it is not that')],
    ],
    [
      'the chain in the wrong order',
      'x,y',
      [file('x', tlsAuthority + certificate), file('y', key)],
      ['smtp-tls: x: the certificate of the key in y must be the first one'],
    ],
    [
      'no certificate',
      'x,y',
      [file('x', key), file('y', key)],
      [expect.stringContaining('x: there is no certificate in it')],
    ],
    [
      'a damaged one',
      'x,y',
      [file('x', certificate.replace(/\n.{10}/, '\nAAAAAAAAAA')), file('y', key)],
      [expect.stringContaining('x: certificate 1 in it is damaged')],
    ],
    ['no key', 'x', [file('x', certificate)], [expect.stringContaining('x: there is no private key in it')]],
    [
      'a damaged key',
      'x,y',
      [file('x', certificate), file('y', key.replace(/\n.{10}/, '\nAAAAAAAAAA'))],
      [expect.stringContaining('y: the key in it is damaged')],
    ],
    [
      'an encrypted key',
      'x,y',
      [file('x', certificate), file('y', encrypted)],
      [expect.stringContaining('passphrase')],
    ],
    [
      'two mistakes',
      'x,y mxEc.pem,mxRsa.key',
      [file('x', ''), file('y', '')],
      [expect.stringContaining('x: '), expect.stringContaining('mxRsa.key: ')],
    ],
    ['a file that nobody has read', 'x', [], ['smtp-tls: x: it was not read']],
  ])('%s', (_name, option, files, expected) => {
    expect(problems(option, files)).toEqual(expected);
  });

  it('other options of TLS that are wrong', () => {
    const mx = tlsOption('mxEc');
    expect(problems(mx, [], { 'smtp-tls-client-ca': 'ca.pem' })).toBe('made');
    expect(problems(mx, [file('x', 'x')], { 'smtp-tls-client-ca': 'x' })).toEqual([
      expect.stringContaining('smtp-tls-client-ca: x: there is no certificate'),
    ]);
    expect(problems(mx, [], { 'smtp-tls-ciphers': 'NONSENSE' })).toEqual([
      expect.stringMatching(
        /^smtp-tls with smtp-tls-ciphers=\S+: OpenSSL refuses it \(.*no cipher match.*openssl ciphers -v lists/,
      ),
    ]);
  });
});

describe('names', () => {
  it.each([
    ['mx.example', 'mx.example', true],
    ['mx.example', 'a.mx.example', false],
    ['*.example', 'a.example', true],
    ['*.example', 'a.b.example', false],
    ['*.example', 'example', false],
    ['*.example', '.example', false],
    ['*', 'a', false],
    ['m*.example', 'mx.example', false],
  ])('%s is for %s: %s', (name, host, is) => {
    expect(isNameFor(name, host)).toBe(is);
  });

  it.each([
    [undefined, [], []],
    [
      'DNS:a.example, DNS:*.b.example, IP Address:192.0.2.1, email:x@y',
      ['a.example', '*.b.example'],
      ['x@y'],
    ],
    ['DNS:"a.example\\u002c DNS:evil", URI:http://x/, DNS:b', ['a.example, DNS:evil', 'b'], []],
    ['othername:<unsupported>, DNS:b', ['b'], []],
  ])('of %j', (text, dns, email) => {
    expect(readAltNames(text)).toEqual({ dns, email });
  });
});

describe('the TLS of a process', () => {
  const options = createOptions({ 'smtp-tls': tlsOption('mxEc', 'mxRsa', 'otherRsa') });

  it('makes contexts once for the same options, and anew for new files and a new key of tickets', () => {
    const tls = new InboundTls(material);
    const first = tls.contexts(options.values);
    expect(first?.certificates.map(({ place }) => place.chain)).toEqual([
      'mxEc.pem',
      'mxRsa.pem',
      'otherRsa.pem',
    ]);
    const fork = options.fork();
    fork.set('limit-recipients', '7', 'spec');
    expect([tls.contexts(options.values) === first, tls.contexts(fork.values) === first]).toEqual([
      true,
      true,
    ]);
    tls.renew(Buffer.alloc(48));
    const second = tls.contexts(options.values);
    expect(second === first).toBe(false);
    tls.take({ files: [] });
    expect(tls.contexts(options.values)).toBeUndefined();
    expect(tls.contexts(createOptions().values)).toBeUndefined();
  });

  it('knows which certificate nobody gets', () => {
    const of = (...names: readonly string[]): unknown => {
      const made = makeContexts(createOptions({ 'smtp-tls': tlsOption(...names) }).values, material);
      return made.kind === 'made' && made.contexts.unused.map(({ place }) => place.chain);
    };
    expect(of('mxEc', 'mxRsa', 'otherRsa')).toEqual([]);
    expect(of('mxEc', 'otherRsa', 'mxEc')).toEqual(['mxEc.pem']);
  });
});
