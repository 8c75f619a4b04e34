// TLS of the built program: a start that is refused, certificates that change in service, tickets at another worker, what the log warns of, and keys
// that only root may read.
import { chmod, copyFile, mkdtemp, rename, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Program } from '../fakes/program.ts';
import { type ServiceSettings, ServiceUnderTrial } from '../fakes/service.ts';
import { mxEc, mxRsa, otherRsa, type TestCertificate } from '../fakes/tls-certificates.ts';
import { secured, tlsClient } from '../fakes/tls-rig.ts';

vi.setConfig({ testTimeout: 60_000 });

const main = join(import.meta.dirname, '../../dist/main.js');
const services: ServiceUnderTrial[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const service of services.splice(0)) await service.remove();
});

async function put(directory: string, name: string, { certificate, key }: TestCertificate): Promise<void> {
  await writeFile(join(directory, `${name}.pem`), certificate);
  // Never half written, as certbot does it.
  await writeFile(join(directory, `${name}.new`), key, { mode: 0o600 });
  await rename(join(directory, `${name}.new`), join(directory, `${name}.key`));
}

const OPTIONS = ['smtp-tls=mx.pem,mx.key', 'host-name=mx.example.test'];
const LISTEN = 'subs=127.0.0.1:0/tls';
const policy = `function hook.noop() return '250 ' .. tostring(client.tls.resumed) end`;

async function start(settings: ServiceSettings = {}): Promise<ServiceUnderTrial> {
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-service-'));
  await put(directory, 'mx', mxEc);
  const service = await ServiceUnderTrial.start(
    { policy, listen: LISTEN, ...settings, options: [...OPTIONS, ...(settings.options ?? [])] },
    directory,
  );
  services.push(service);
  return service;
}

async function client(port: number, session?: Buffer): Promise<TLSSocket> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  const tls = tlsClient(socket, {
    servername: 'mx.example.test',
    maxVersion: 'TLSv1.2',
    ...(session && { session }),
  });
  expect(await secured(tls)).toBe('secured');
  return tls;
}

async function nameAt(port: number): Promise<unknown> {
  const tls = await client(port);
  const { subject } = tls.getPeerCertificate();
  tls.end();
  return subject.CN;
}

/** The pid of the worker that serves this client, by the log line of its session; and whether it was resumed. */
async function served(service: ServiceUnderTrial, tls: TLSSocket): Promise<string> {
  const done = service.program.stderr.match(/end=QUIT/g)?.length ?? 0;
  tls.write('QUIT\r\n');
  tls.resume();
  await service.said(/end=QUIT/, done + 1);
  const lines = service.program.stderr.split('\n').filter((line) => line.includes('end=QUIT'));
  return /smtpe\[(\d+)\]/.exec(lines.at(-1) ?? '')?.[1] ?? 'nobody';
}

describe('a start', () => {
  const refused = async (
    spoil: (directory: string) => Promise<unknown>,
  ): Promise<{ code: number | null; stderr: string }> => {
    const directory = await mkdtemp(join(tmpdir(), 'smtpe-service-'));
    await put(directory, 'mx', mxEc);
    await spoil(directory);
    const service = await ServiceUnderTrial.start({ policy, listen: LISTEN, options: OPTIONS }, directory);
    services.push(service);
    return service.program.ended;
  };

  it('is refused with the key of another', async () => {
    const { code, stderr } = await refused((at) => writeFile(join(at, 'mx.key'), mxRsa.key));
    expect(code).toBe(71);
    expect(stderr).toMatch(
      /command line: smtp-tls: mx\.key: the key in it is not that of the certificate in mx\.pem/,
    );
  });

  it('with the flag tls and without a certificate is refused, and says what to do', async () => {
    const program = new Program(process.execPath, [
      main,
      'file=',
      'script=/dev/null',
      'smtp-listen=127.0.0.1:0/tls',
    ]);
    const { code, stderr } = await program.ended;
    expect(code).toBe(64);
    expect(stderr).toMatch(/listener 127\.0\.0\.1:0 has the flag tls, and smtp-tls is empty: .*doc\/tls\.md/);
  });

  it('warns of what will hurt, and check says the same', async () => {
    const service = await start({
      options: ['smtp-tls=mx.pem,mx.key mx.pem,mx.key', 'host-name=elsewhere.example'],
      policy: `${policy} function hook.auth() end`,
    });
    await service.port();
    await chmod(join(service.directory, 'mx.key'), 0o644);
    const check = new Program(
      process.execPath,
      [
        main,
        'check',
        'file=',
        'script=policy.lua',
        `smtp-listen=${LISTEN}`,
        ...OPTIONS,
        'host-name=elsewhere.example',
      ],
      { cwd: service.directory },
    );
    const { stdout, stderr } = await check.ended;
    for (const said of [`${stdout}${stderr}`, service.program.stderr]) {
      expect(said).toContain('mx.pem: our name elsewhere.example (host-name) is in none of the certificates');
    }
    expect(`${stdout}${stderr}`).toContain('mx.key: every user of this machine can read the key');
    expect(service.program.stderr).toContain('mx.pem: no client gets it');
    expect(service.program.stderr).not.toContain('AUTH is offered in clear');
  });
});

describe.each([1, 2])('with %i workers', (workers) => {
  it('SIGHUP and +reload-watch take a new certificate; garbage and the key of another change nothing', async () => {
    const service = await start({ options: [`workers=${workers}`, '+reload-watch'] });
    const port = await service.ready(workers);
    const open = await client(port);
    expect(await nameAt(port)).toBe('mx.example.test');
    await writeFile(join(service.directory, 'mx.pem'), 'garbage');
    await service.said(
      /not reloaded, the old options and the old policy stay cause="command line: smtp-tls: mx\.pem: there is no certificate/,
    );
    service.program.signal('SIGHUP');
    await service.said(/mx\.pem: there is no certificate/, 2);
    await writeFile(join(service.directory, 'mx.pem'), otherRsa.certificate);
    await service.said(/mx\.key: the key in it is not that of the certificate/);
    for (let i = 0; i < 3; i++) expect(await nameAt(port)).toBe('mx.example.test');
    await put(service.directory, 'mx', otherRsa);
    await service.said(/policy reloaded/, workers);
    for (let i = 0; i < 3; i++) expect(await nameAt(port)).toBe('other.example.test');
    await put(service.directory, 'mx', mxEc);
    service.program.signal('SIGHUP');
    while ((await nameAt(port)) !== 'mx.example.test')
      await new Promise((resolve) => setTimeout(resolve, 20));
    open.write('NOOP\r\n');
    expect(String(await new Promise((resolve) => open.once('data', resolve)))).toMatch(/^2/);
    expect(open.getPeerCertificate().subject.CN).toBe('mx.example.test');
  });
});

it('a session is resumed at another worker, and at one that was started later', async () => {
  const service = await start({ options: ['workers=2'] });
  const port = await service.ready(2);
  const first = await client(port);
  const session = first.getSession();
  if (session === undefined) throw new Error('no session');
  const owner = await served(service, first);
  const seen = new Set([owner]);
  for (let i = 0; i < 50 && seen.size < 2; i++) {
    const next = await client(port, session);
    expect(next.isSessionReused()).toBe(true);
    seen.add(await served(service, next));
  }
  expect(seen.size).toBe(2);
  const accepted = service.program.stderr.match(/accepting connections/g)?.length ?? 0;
  for (const pid of await service.workers()) process.kill(pid, 'SIGKILL');
  await service.said(/accepting connections/, accepted + 2);
  expect((await client(port, session)).isSessionReused()).toBe(true);
});

describe.skipIf(process.getuid?.() !== 0)('keys that only root may read', () => {
  it('are read before rights are given up; the log says that a reload cannot', async () => {
    const service = await start({ options: ['workers=2', 'user=nobody', 'group=nogroup', `spool-dir=`] });
    await chmod(service.directory, 0o755);
    const port = await service.ready(2);
    expect(await nameAt(port)).toBe('mx.example.test');
    await service.said(/mx\.key: user \d+ may not read it \(EACCES\): SIGHUP cannot read it anew/);
    service.program.signal('SIGHUP');
    await service.said(/not reloaded.*mx\.key: user \d+ may not read it/);
    expect(await nameAt(port)).toBe('mx.example.test');
    await copyFile(join(service.directory, 'mx.key'), join(service.directory, 'x'));
  });
});
