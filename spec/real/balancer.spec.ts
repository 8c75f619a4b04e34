// Behind a real HAProxy: the configurations of doc/balancer.md as they stand there, but for addresses; version 1 and 2, TLS at the balancer,
// health checks.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { splitOptionFile } from '../../src/options/option-file.ts';
import { testAuthority, testCertificate, testKey } from '../fakes/certificates.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';
import { WholeServer } from '../fakes/whole-server.ts';
import { type Haproxy, startHaproxy } from './haproxy-server.ts';
import { describeWith } from './needs.ts';
import { freePort } from './scanners.ts';

const page = readFileSync(join(import.meta.dirname, '../../doc/balancer.md'), 'utf8');
const blocks = new Map(
  [...page.matchAll(/<!-- (\w+) -->\n```\w*\n(.*?)```/gs)].map(([, name = '', text = '']) => [name, text]),
);
const shown = (name: string): string => {
  const text = blocks.get(name);
  if (text === undefined) throw new Error(`doc/balancer.md has no block ${name}`);
  return text;
};

/** Tells what is known of the client. */
const TELL = `
function hook.noop()
  local proxy, tls = client.proxy or {}, client.tls or {}
  local certificate = tls.certificate or {}
  local parts = { client.address, client.local_address, client.local_port, proxy.address, proxy.version, proxy['local'],
    tls.by or '-', tls.version or '-', certificate.result or '-', certificate.common_name or '-' }
  for i = 1, 10 do parts[i] = tostring(parts[i]) end
  return '250 ' .. table.concat(parts, ' ')
end
`;

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function serve(options: Readonly<Record<string, string>>, policy = TELL): Promise<WholeServer> {
  const whole = await WholeServer.start({ policy, options });
  open.push(() => whole.stop());
  return whole;
}

async function balance(
  port: number,
  config: string,
  files?: Readonly<Record<string, string>>,
): Promise<Haproxy> {
  const haproxy = await startHaproxy(port, config, files);
  open.push(() => haproxy.stop());
  return haproxy;
}

const plain = (port: number, server: string): string => `global
  log stdout format raw daemon
defaults
  mode tcp
  log global
  timeout connect 5s
  timeout client 1m
  timeout server 1m
listen mx
  bind 127.0.0.1:${port}
  ${server}
`;

/** Sessions that are over, as the log has them. */
const sessions = ({ log }: WholeServer) =>
  log.lines.filter(({ message }) => message === 'session').map(({ fields }) => fields);
const balanced = { 'smtp-proxy-hosts': '127.0.0.1' };

describeWith(['haproxy', 'openssl'], 'smtpe behind HAProxy', () => {
  /** A client certificate, its own authority. */
  let client: { key: string; cert: string };
  beforeAll(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'smtpe-balancer-'));
    const request = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=joe.example',
    ];
    spawnSync('openssl', [...request, '-keyout', 'key.pem', '-out', 'cert.pem'], { cwd: directory });
    client = {
      key: readFileSync(join(directory, 'key.pem'), 'utf8'),
      cert: readFileSync(join(directory, 'cert.pem'), 'utf8'),
    };
    await rm(directory, { recursive: true });
  });

  it.each([
    ['send-proxy', 1],
    ['send-proxy-v2', 2],
    ['send-proxy-v2 proxy-v2-options crc32c', 2],
    ['send-proxy-v2 proxy-v2-options crc32c,unique-id,authority', 2],
  ])('is told by %s who the client is', async (word, version) => {
    const whole = await serve(balanced);
    const port = await freePort();
    await balance(port, plain(port, `server one 127.0.0.1:${whole.port} ${word}`));
    const visitor = await SmtpClient.connect(port, '127.0.0.9');
    expect(await visitor.reply()).toMatch(/^220 /);
    expect(await visitor.command('NOOP')).toBe(
      `250 127.0.0.9 127.0.0.1 ${port} 127.0.0.1 ${version} false - - - -\r\n`,
    );
    visitor.socket.end('QUIT\r\n');
    await whole.settled();
    // Another one is that of the spec, which looked whether HAProxy was there.
    expect(sessions(whole)).toContainEqual(
      expect.objectContaining({ client: '127.0.0.9', proxy: '127.0.0.1' }),
    );
  });

  it('tells the operator of a balancer that it does not know, and its clients to come later', async () => {
    const whole = await serve({});
    const port = await freePort();
    await balance(port, plain(port, `server one 127.0.0.1:${whole.port} send-proxy-v2`));
    const visitor = await SmtpClient.connect(port, '127.0.0.9');
    expect(await visitor.reply()).toMatch(/^220 /);
    expect(await visitor.reply()).toMatch(/^421 4\.3\.5 /);
    visitor.socket.end();
    await whole.settled();
    // One for each connection: that of the spec, which looked whether HAProxy was there, is another.
    const errors = whole.log.lines.filter(({ level }) => level === 'err').map(({ message }) => message);
    expect(new Set(errors)).toEqual(
      new Set([
        'a load balancer at 127.0.0.1 speaks the PROXY protocol: if its clients are to come to us, it has to be in smtp-proxy-hosts',
      ]),
    );
  });

  it('is found healthy by checks, which are no clients', async () => {
    const whole = await serve({ ...balanced, 'rate-client': '1', 'smtp-greet-pause': '60000' });
    const port = await freePort();
    const haproxy = await balance(
      port,
      plain(
        port,
        `option smtpchk EHLO balancer.example
  option log-health-checks
  server one 127.0.0.1:${whole.port} send-proxy-v2 check check-send-proxy inter 50ms fall 1 rise 1`,
      ),
    );
    await expect.poll(() => sessions(whole).length, { timeout: 20_000 }).toBeGreaterThan(3);
    expect(sessions(whole).filter(({ end }) => end !== 'QUIT')).toEqual([]);
    expect(sessions(whole)[0]).toMatchObject({
      client: '127.0.0.1',
      proxy: '127.0.0.1',
      hello: 'balancer.example',
      errors: 0,
    });
    expect(haproxy.program.stdout + haproxy.program.stderr).not.toMatch(/DOWN|failed/);
  });

  it('works as doc/balancer.md shows it', async () => {
    const words = splitOptionFile(Buffer.from(shown('options'))).words.map(({ text }) => text);
    const given = Object.fromEntries(
      words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
    );
    expect(Object.keys(given)).toEqual(['smtp-listen', 'smtp-proxy-hosts']);
    const listen = given['smtp-listen']?.replace(/0\.0\.0\.0:\d+/g, '127.0.0.1:0') ?? '';
    const whole = await serve(
      { 'smtp-listen': listen, 'smtp-proxy-hosts': '127.0.0.1' },
      shown('policy') + TELL,
    );
    const [mx, submissions] = whole.server.endpoints.map(({ port }) => port);
    const [clear, secret] = [await freePort(), await freePort()];
    const config = shown('haproxy')
      .replace('bind :25', `bind 127.0.0.1:${clear}`)
      .replace('bind :465', `bind 127.0.0.1:${secret}`)
      .replaceAll('/etc/haproxy/', 'DIR/')
      .replace(/10\.0\.0\.\d+:25\b/g, `127.0.0.1:${mx}`)
      .replace(/10\.0\.0\.\d+:2465\b/g, `127.0.0.1:${submissions}`);
    await balance(clear, config, { 'mail.pem': testCertificate + testKey, 'clients.pem': client.cert });
    const visitor = await SmtpClient.connect(clear, '127.0.0.9');
    expect(await visitor.reply()).toMatch(/^220 /);
    expect(await visitor.command('NOOP')).toBe(
      `250 127.0.0.9 127.0.0.1 ${clear} 127.0.0.1 2 false - - - -\r\n`,
    );
    visitor.socket.end('QUIT\r\n');
    for (const [certificate, known] of [
      [{}, '- -'],
      [client, 'verified joe.example'],
    ] as const) {
      const socket = connectTls({
        host: '127.0.0.1',
        port: secret,
        servername: 'mx.example.test',
        ca: testAuthority,
        ...certificate,
      });
      const spoken = new SmtpClient(socket);
      expect(await spoken.reply()).toMatch(/^220 /);
      expect(await spoken.command('NOOP')).toBe(
        `250 127.0.0.1 127.0.0.1 ${secret} 127.0.0.1 2 false proxy ${socket.getProtocol()} ${known}\r\n`,
      );
      expect(await spoken.command('EHLO c.example')).not.toContain('STARTTLS');
      socket.end('QUIT\r\n');
    }
    await expect
      .poll(() => sessions(whole).filter(({ hello }) => hello === 'balancer.example').length)
      .toBeGreaterThan(3);
    await whole.settled();
  });
});
