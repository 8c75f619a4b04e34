// The certificates that options name, read and checked as a whole; and what is said of those that will hurt.
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certificateWarnings, loadTls } from '../../../src/cli/load-tls.ts';
import { readTlsFile } from '../../../src/ops/tls-files.ts';
import { contradictions } from '../../../src/options/contradictions.ts';
import { createOptions, type GivenTexts } from '../../../src/options/option-set.ts';
import { expired, mxEc, mxRsa, otherRsa, tlsAuthority } from '../../fakes/tls-certificates.ts';

let directory: string;
const at = (name: string): string => join(directory, name);
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-load-tls-'));
  for (const [name, { certificate, key }] of Object.entries({ mxEc, mxRsa, otherRsa, expired })) {
    await writeFile(at(`${name}.pem`), certificate);
    await writeFile(at(`${name}.key`), key, { mode: 0o600 });
  }
  await writeFile(at('ca.pem'), tlsAuthority);
  await writeFile(at('huge'), Buffer.alloc(1_048_577));
  await mkdir(at('directory'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const both = (name: string): string => `${at(`${name}.pem`)},${at(`${name}.key`)}`;

async function load(options: GivenTexts): Promise<unknown> {
  const loaded = await loadTls(createOptions(options));
  return loaded.kind === 'wrong'
    ? loaded.problems.map((problem) => problem.replaceAll(`${directory}/`, ''))
    : loaded.material.files.map(({ path }) => path.slice(directory.length + 1));
}

describe('the certificates of all listeners', () => {
  it('are read, each file once, those of a listener too', async () => {
    expect(
      await load({
        'smtp-listen': 'mx=127.0.0.1:0 other=127.0.0.1:0',
        'smtp-tls': `${both('mxEc')} ${both('mxRsa')}`,
        'smtp-tls-client-ca': at('ca.pem'),
        'other.smtp-tls': both('otherRsa'),
      }),
    ).toEqual(['mxEc.pem', 'mxEc.key', 'mxRsa.pem', 'mxRsa.key', 'ca.pem', 'otherRsa.pem', 'otherRsa.key']);
    expect(await load({})).toEqual([]);
  });

  it.each([
    ['none', 'there is no such file'],
    ['directory', 'that is no file'],
    ['huge', 'it has more than 1048576 bytes'],
  ])('%s: %s', async (name, problem) => {
    expect(await load({ 'smtp-tls': at(name) })).toEqual([`createOptions: smtp-tls: ${name}: ${problem}`]);
  });

  it('a device keeps nobody waiting', async () => {
    expect(await readTlsFile('/dev/zero')).toEqual({ kind: 'wrong', problem: 'that is no file' });
  });

  it('every mistake is told, with where the option was set', async () => {
    expect(
      await load({
        'smtp-tls': `${at('mxEc.pem')},${at('mxRsa.key')} ${at('otherRsa.pem')},${at('mxEc.key')}`,
      }),
    ).toEqual([
      'createOptions: smtp-tls: mxRsa.key: the key in it is not that of the certificate in mxEc.pem',
      'createOptions: smtp-tls: mxEc.key: the key in it is not that of the certificate in otherRsa.pem',
    ]);
  });
});

describe('what will hurt', () => {
  async function warnings(names: readonly string[], host: string, now: number): Promise<unknown> {
    const loaded = await loadTls(createOptions({ 'smtp-tls': names.map(both).join(' ') }));
    if (loaded.kind === 'wrong') throw new Error(loaded.problems.join());
    return certificateWarnings(loaded.contexts, host, now).map(
      ({ cause, file }) => `${file.slice(directory.length + 1)}: ${cause}`,
    );
  }
  const then = Date.parse('2026-11-28');
  const end = Date.parse('2021-01-01T00:00:00Z');
  const day = 86_400_000;

  it('is nothing of a certificate that is right', async () => {
    expect(await warnings(['mxEc', 'mxRsa'], 'MX.example.test', then)).toEqual([]);
    expect(await warnings(['otherRsa'], 'a.wild.example.test', then)).toEqual([]);
  });

  it.each([
    [15 * day, []],
    [13.5 * day, ['expired.pem: it expires in 13 days: renew it']],
    [day / 2, ['expired.pem: it expires in 0 days: renew it']],
    [-1, ['expired.pem: it has expired: renew it']],
  ])('is its end, in %i ms', async (left, expected) => {
    expect(await warnings(['expired'], 'expired.example.test', end - left)).toEqual(expected);
  });

  it('is a name that is missing, a key that everybody reads, a certificate that nobody gets', async () => {
    expect(await warnings(['mxEc', 'otherRsa'], 'mx2.example.test', then)).toEqual([
      'mxEc.pem: our name mx2.example.test (host-name) is in none of the certificates',
    ]);
    await chmod(at('mxEc.key'), 0o644);
    expect(await warnings(['mxEc', 'mxEc'], 'mx.example.test', then)).toEqual([
      'mxEc.key: every user of this machine can read the key: chmod o-r',
      'mxEc.pem: no client gets it: one before it in smtp-tls has the same names and type of key',
    ]);
    await chmod(at('mxEc.key'), 0o600);
  });
});

describe('options that contradict each other', () => {
  const said = (options: GivenTexts): readonly string[] => contradictions(createOptions(options));
  it.each([
    [{ 'smtp-listen': 'a=127.0.0.1:0/tls' }, /listener a has the flag tls, and smtp-tls is empty/],
    [{ 'smtp-listen': '127.0.0.1:0/tls-required' }, /listener 127\.0\.0\.1:0 has the flag tls-required/],
    [{ 'smtp-tls-client-cert': 'must' }, /smtp-tls-client-cert=must needs smtp-tls-client-ca/],
    [
      { 'smtp-listen': 'a=127.0.0.1:0', 'a.smtp-tls-client-cert': 'must' },
      /smtp-tls-client-cert=must needs smtp-tls-client-ca/,
    ],
  ])('%j', (options, message) => {
    expect(said(options)).toEqual([expect.stringMatching(message)]);
  });

  it.each([
    [{ 'smtp-listen': 'a=127.0.0.1:0/tls', 'smtp-tls': 'x' }],
    [{ 'smtp-listen': 'a=127.0.0.1:0/tls b=127.0.0.1:0', 'a.smtp-tls': 'x' }],
    [{ 'smtp-tls-client-cert': 'must', 'smtp-tls-client-ca': 'x' }],
  ])('but not %j', (options) => {
    expect(said(options)).toEqual([]);
  });
});
