// TLS with clients: the real ones, by STARTTLS and from the first octet, with TLS 1.2 and 1.3, with a log-in where TLS is required. What each of
// them says of our certificate counts too: they verify it.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { EventFields } from '../../src/base/events.ts';
import { InboundTls } from '../../src/net/inbound-tls.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';
import { mxEc, mxRsa, tlsAuthority } from '../fakes/tls-certificates.ts';
import { materialOf, tlsOption } from '../fakes/tls-rig.ts';
import { WholeServer } from '../fakes/whole-server.ts';
import { describeWith, findProgram } from './needs.ts';
import { type Postfix, postfixNeeds, startPostfix } from './postfix-server.ts';

const execute = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const NAME = 'mx.example.test';
/** In the order of smtp-listen. */
const places = ['mx', 'submission', 'submissions'] as const;
type Place = (typeof places)[number];

let server: WholeServer;
let directory: string;
const handshakes: EventFields<'link-tls'>[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smtpe-tls-'));
  await writeFile(join(directory, 'ca.pem'), tlsAuthority);
  await writeFile(join(directory, 'mail'), 'Subject: x\r\n\r\nx\r\n');
  server = await WholeServer.start({
    policy: `
      function hook.auth() if client.auth_password == 'secret' then return '235 2.7.0 ok' end end
      function hook.forward() return '250 2.0.0 taken' end`,
    options: {
      'smtp-listen':
        'mx=127.0.0.1:0 submission=127.0.0.1:0/tls-required/auth-required submissions=127.0.0.1:0/tls/auth-required',
      'smtp-tls': tlsOption('mxEc', 'mxRsa'),
    },
    tls: new InboundTls(materialOf({ mxEc, mxRsa })),
    verbose: true,
  });
  server.log.bus.on('link-tls', (fields) => void handshakes.push({ ...fields }));
});
afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

const portOf = (place: Place): number => server.server.endpoints[places.indexOf(place)]?.port ?? 0;

/** What it wrote, and how it ended. */
async function run(
  program: string,
  args: readonly string[],
  input = '',
): Promise<{ code: number; text: string }> {
  const running = execute(program, [...args], { cwd: root, timeout: 20_000 });
  running.child.stdin?.end(input);
  return running.then(
    ({ stdout, stderr }) => ({ code: 0, text: `${stdout}${stderr}` }),
    (error: { code?: number; stdout?: string; stderr?: string }) => ({
      code: error.code ?? 1,
      text: `${error.stdout}${error.stderr}`,
    }),
  );
}

/** Arguments by which it sends a message to `place` with this version of TLS. */
type Sends = (place: Place, version: '1.2' | '1.3', password: string) => readonly string[];

const implicit = (place: Place): boolean => place === 'submissions';

const clients: readonly (readonly [string, Sends])[] = [
  [
    'swaks',
    (place, version, password) => [
      ...['--server', '127.0.0.1', '--port', String(portOf(place)), implicit(place) ? '--tlsc' : '--tls'],
      ...[
        '--tls-verify',
        '--tls-ca-path',
        join(directory, 'ca.pem'),
        '--tls-protocol',
        `tlsv${version.replace('.', '_')}`,
      ],
      ...['--from', 'a@b.example', '--to', 'c@d.example', '--timeout', '10'],
      ...(place === 'mx' ? [] : ['--auth', 'PLAIN', '--auth-user', 'alice', '--auth-password', password]),
    ],
  ],
  [
    'curl',
    (place, version, password) => [
      ...[
        '-sS',
        '--ssl-reqd',
        '--cacert',
        join(directory, 'ca.pem'),
        `--tlsv${version}`,
        '--tls-max',
        version,
      ],
      ...['--mail-from', 'a@b.example', '--mail-rcpt', 'c@d.example', '-T', join(directory, 'mail')],
      ...['--resolve', `${NAME}:${portOf(place)}:127.0.0.1`],
      ...(place === 'mx' ? [] : ['-u', `alice:${password}`]),
      `${implicit(place) ? 'smtps' : 'smtp'}://${NAME}:${portOf(place)}`,
    ],
  ],
  [
    'msmtp',
    (place, version, password) => [
      ...[
        '--host=127.0.0.1',
        `--port=${portOf(place)}`,
        '--tls=on',
        `--tls-starttls=${implicit(place) ? 'off' : 'on'}`,
      ],
      ...[`--tls-trust-file=${join(directory, 'ca.pem')}`, `--tls-host-override=${NAME}`],
      ...[`--tls-priorities=NORMAL:-VERS-ALL:+VERS-TLS${version}`],
      ...(place === 'mx' ? [] : ['--auth=plain', '--user=alice', `--passwordeval=echo ${password}`]),
      ...['--from=a@b.example', 'c@d.example'],
    ],
  ],
  [
    'python3',
    (place, version, password) => [
      '-c',
      `import smtplib, ssl
context = ssl.create_default_context(cafile='${join(directory, 'ca.pem')}')
context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv${version.replace('.', '_')}
class Named(ssl.SSLSocket): pass
wrap = context.wrap_socket
context.wrap_socket = lambda socket, **more: wrap(socket, **dict(more, server_hostname='${NAME}'))
if ${implicit(place) ? 'True' : 'False'}:
  s = smtplib.SMTP_SSL('127.0.0.1', ${portOf(place)}, context=context)
else:
  s = smtplib.SMTP('127.0.0.1', ${portOf(place)})
  s.starttls(context=context)
if ${place === 'mx' ? 'False' : 'True'}: s.login('alice', '${password}')
s.sendmail('a@b.example', ['c@d.example'], 'Subject: x\\r\\n\\r\\nx\\r\\n')
s.quit()`,
    ],
  ],
  [
    'node',
    (place, version, password) => [
      '-e',
      `require('nodemailer').createTransport({ host: '127.0.0.1', port: ${portOf(place)}, secure: ${implicit(place)}, requireTLS: true,
tls: { ca: require('fs').readFileSync('${join(directory, 'ca.pem')}'), servername: '${NAME}', minVersion: 'TLSv${version}', maxVersion: 'TLSv${version}' },
${place === 'mx' ? '' : `auth: { user: 'alice', pass: '${password}' }`} }).sendMail({ from: 'a@b.example', to: 'c@d.example', text: 'x' })
.catch((error) => { console.error(error.message); process.exit(1) })`,
    ],
  ],
];

for (const [name, args] of clients) {
  describeWith(name === 'node' ? [] : [name], `${name === 'node' ? 'nodemailer' : name} as client`, () => {
    const program = name === 'node' ? process.execPath : (findProgram(name) ?? name);

    it.each(places.flatMap((place) => (['1.2', '1.3'] as const).map((version) => [place, version] as const)))(
      'sends to %s with TLS %s',
      async (place, version) => {
        const before = server.app.counters.messagesAccepted;
        handshakes.length = 0;
        expect(await run(program, args(place, version, 'secret'), 'Subject: x\n\nx\n')).toMatchObject({
          code: 0,
        });
        expect(server.app.counters.messagesAccepted).toBe(before + 1);
        expect(handshakes.map((one) => one.version)).toEqual([`TLSv${version}`]);
      },
    );

    it('with a wrong password nothing is taken', async () => {
      const before = server.app.counters.messagesAccepted;
      const { code, text } = await run(program, args('submission', '1.3', 'wrong'), 'Subject: x\n\nx\n');
      expect([code === 0, server.app.counters.messagesAccepted]).toEqual([false, before]);
      expect(text).toMatch(/535|authentication failed|Login denied/i);
    });
  });
}

describeWith(['openssl'], 'openssl s_client', () => {
  it.each(
    (['mx', 'submissions'] as const).flatMap((place) =>
      (['1_2', '1_3'] as const).map((version) => [place, version] as const),
    ),
  )('at %s with TLS %s finds nothing wrong, and resumes', async (place, version) => {
    const session = join(directory, `session-${place}-${version}`);
    const common = [
      ...['s_client', '-connect', `127.0.0.1:${portOf(place)}`, '-servername', NAME, `-tls${version}`],
      ...['-CAfile', join(directory, 'ca.pem'), '-verify_return_error', '-verify_hostname', NAME, '-ign_eof'],
      ...(place === 'mx' ? ['-starttls', 'smtp'] : []),
    ];
    const first = await run('openssl', [...common, '-sess_out', session], 'QUIT\r\n');
    expect(first.text).toContain('Verification: OK');
    expect(first.text).toContain('Verified peername: mx.example.test');
    expect(first.text).toMatch(/^New, TLSv1/m);
    expect(first.text).toMatch(/221 2\.0\.0/);
    const again = await run('openssl', [...common, '-sess_in', session], 'QUIT\r\n');
    expect(again.text).toMatch(/^Reused, TLSv1/m);
  });

  it.each(['-tls1', '-tls1_1'])('%s is refused', async (version) => {
    const args = [
      's_client',
      '-connect',
      `127.0.0.1:${portOf('submissions')}`,
      version,
      '-cipher',
      'ALL@SECLEVEL=0',
    ];
    expect((await run('openssl', args)).code).not.toBe(0);
  });

  it('renegotiation within TLS 1.2 is refused', async () => {
    const args = [
      's_client',
      '-connect',
      `127.0.0.1:${portOf('submissions')}`,
      '-tls1_2',
      '-legacy_renegotiation',
    ];
    const { text } = await run('openssl', args, 'R\n');
    expect(text).toMatch(/no renegotiation|RENEGOTIATING/);
    expect(text).not.toMatch(/RENEGOTIATING[\s\S]*verify return/);
  });
});

describeWith(postfixNeeds, 'Postfix as client with smtp_tls_security_level=encrypt', () => {
  let postfix: Postfix;
  beforeAll(async () => {
    postfix = await startPostfix(`virtual_mailbox_domains =
relayhost = [127.0.0.1]:${portOf('mx')}
smtp_tls_security_level = encrypt
smtp_tls_loglevel = 1`);
  });
  afterAll(() => postfix?.stop());

  it('delivers', async () => {
    handshakes.length = 0;
    const before = server.app.counters.messagesAccepted;
    const client = await SmtpClient.connect(postfix.port);
    await client.reply();
    for (const line of ['EHLO c', 'MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>', 'DATA'])
      expect(await client.command(line)).toMatch(/^[23]/);
    client.write('Subject: by Postfix\r\n\r\nx\r\n.\r\n');
    expect(await client.reply()).toMatch(/^250/);
    await server.line(/mail .*"result":"accepted"/);
    while (server.app.counters.messagesAccepted === before)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(handshakes.map(({ version }) => version)).toEqual(['TLSv1.3']);
    client.destroy();
  });
});
