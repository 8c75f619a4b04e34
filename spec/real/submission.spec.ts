// The option file and the policy of doc/submission.md as they stand there, in a daemon, with a real Dovecot behind and real clients in front.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { testAuthority, testCertificate, testKey } from '../fakes/certificates.ts';
import { root } from '../fakes/daemon.ts';
import { Program } from '../fakes/program.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';
import { type Dovecot, dovecotNeeds, startRealDovecot } from './dovecot-server.ts';
import { describeWith, findProgram } from './needs.ts';

const execute = promisify(execFile);

describeWith(dovecotNeeds, 'doc/submission.md in service', () => {
  let directory: string;
  let dovecot: Dovecot;
  let mailbox: NextHop;
  let relay: NextHop;
  let smtpe: Program;
  const ports = new Map<string, number>();

  beforeAll(async () => {
    const page = await readFile(join(root, 'doc/submission.md'), 'utf8');
    const block = (name: string): string =>
      new RegExp(`<!-- ${name} -->\n\`\`\`\\w*\n(.*?)\`\`\``, 's').exec(page)?.[1] ?? '';
    directory = await mkdtemp(join(tmpdir(), 'smtpe-submission-'));
    const at = (name: string): string => join(directory, name);
    dovecot = await startRealDovecot({
      files: { users: 'alice@example.com:{PLAIN}secret::::::\n' },
      service: block('dovecot')
        .replaceAll('/run/dovecot/auth-smtpe', 'SOCKET')
        .replaceAll('= smtpe', '= root'),
      settings: 'passdb {\n  driver = passwd-file\n  args = HERE/users\n}\n',
    });
    [mailbox, relay] = await Promise.all([NextHop.start(), NextHop.start()]);
    await writeFile(at('chain.pem'), testCertificate);
    await writeFile(at('key.pem'), testKey, { mode: 0o600 });
    const { stdout } = await execute('openssl', ['genpkey', '-algorithm', 'ed25519']);
    await writeFile(at('2026a.pem'), stdout);
    await writeFile(at('submission.lua'), block('policy').replaceAll('/etc/smtpe/', `${directory}/`));
    const options = block('options')
      .replaceAll(/\*:\d+/g, '127.0.0.1:0')
      .replaceAll('/etc/smtpe/', `${directory}/`)
      .replaceAll('/run/dovecot/auth-smtpe', dovecot.path)
      .replaceAll('10.0.0.5:25', mailbox.target)
      .replaceAll('relay.example.com', relay.target);
    const here = [
      'host-name=mx.example.com',
      `spool-dir=${directory}`,
      'dns-client-timeout=0',
      'rate-global=0',
    ];
    await writeFile(at('smtpe.cf'), `${options}${here.join('\n')}\n`);
    smtpe = new Program(process.execPath, [join(root, 'dist/main.js'), `file=${at('smtpe.cf')}`]);
    for (const name of ['mx', 'submission', 'submissions']) {
      const [, port] = await smtpe.wrote(new RegExp(`^  ${name} +127\\.0\\.0\\.1:(\\d+)`, 'm'));
      ports.set(name, Number(port));
    }
  });
  afterAll(async () => {
    await smtpe?.stop?.();
    await Promise.all([mailbox?.close(), relay?.close(), dovecot?.stop()]);
    await rm(directory, { recursive: true, force: true });
  });

  it('takes mail for us at port 25, and nobody logs in there', async () => {
    const client = await SmtpClient.connect(ports.get('mx') ?? 0);
    await client.reply();
    const hello = await client.command('EHLO there.example');
    expect(hello).toMatch(/^250[- ]STARTTLS\r$/m);
    expect(hello).not.toContain('AUTH');
    const replies: string[] = [];
    for (const line of [
      'AUTH PLAIN AAAA',
      'MAIL FROM:<v@elsewhere.example>',
      'RCPT TO:<w@elsewhere.example>',
      'RCPT TO:<bob@example.com>',
      'DATA',
      'Subject: in\r\n\r\nx\r\n.',
    ])
      replies.push((await client.command(line)).slice(0, 3));
    expect(replies).toEqual(['502', '250', '550', '250', '354', '250']);
    expect(String(mailbox.connections.flatMap(({ contents }) => contents).at(-1))).toContain('Subject: in');
    client.destroy();
  });

  it('takes nothing in clear at port 587', async () => {
    const client = await SmtpClient.connect(ports.get('submission') ?? 0);
    await client.reply();
    const hello = await client.command('EHLO there.example');
    expect([hello.includes('STARTTLS'), hello.includes('AUTH')]).toEqual([true, false]);
    for (const line of ['AUTH PLAIN AAAA', 'MAIL FROM:<alice@example.com>'])
      expect(await client.command(line)).toMatch(/^530 5\.7\.0/);
    client.destroy();
  });

  const FROM = 'alice@example.com';
  const TO = 'v@elsewhere.example';
  interface Way {
    readonly port: number;
    /** TLS from the first octet. */
    readonly implicit: boolean;
    readonly password: string;
  }
  const clients: Readonly<Record<string, (way: Way) => readonly string[]>> = {
    swaks: ({ implicit, password, port }) => [
      ...['--server', `127.0.0.1:${port}`, '--from', FROM, '--to', TO, implicit ? '--tlsc' : '--tls'],
      ...['--tls-ca-path', join(directory, 'ca.pem'), '--tls-verify', '--auth', '--auth-user', FROM],
      ...['--auth-password', password],
    ],
    curl: ({ implicit, password, port }) => [
      ...['-sS', '--ssl-reqd', '--cacert', join(directory, 'ca.pem'), '-u', `${FROM}:${password}`],
      ...['--mail-from', FROM, '--mail-rcpt', TO, '-T', join(directory, 'mail')],
      `smtp${implicit ? 's' : ''}://127.0.0.1:${port}`,
    ],
    msmtp: ({ implicit, password, port }) => [
      ...['--host=127.0.0.1', `--port=${port}`, '--tls=on', `--tls-starttls=${implicit ? 'off' : 'on'}`],
      ...[`--tls-trust-file=${join(directory, 'ca.pem')}`, '--auth=on', `--user=${FROM}`],
      ...[`--passwordeval=echo ${password}`, `--from=${FROM}`, TO],
    ],
    python3: ({ implicit, password, port }) => [
      '-c',
      `import smtplib, ssl
c = ssl.create_default_context(cafile='${join(directory, 'ca.pem')}')
s = ${implicit ? `smtplib.SMTP_SSL('127.0.0.1', ${port}, context=c)` : `smtplib.SMTP('127.0.0.1', ${port})`}
${implicit ? '' : 's.starttls(context=c)'}
s.login('${FROM}', '${password}')
s.sendmail('${FROM}', ['${TO}'], open('${join(directory, 'mail')}').read())`,
    ],
    node: ({ implicit, password, port }) => [
      '-e',
      `require('nodemailer').createTransport({ host: '127.0.0.1', port: ${port}, secure: ${implicit}, requireTLS: true,
tls: { ca: require('fs').readFileSync('${join(directory, 'ca.pem')}') }, auth: { user: '${FROM}', pass: '${password}' } })
.sendMail({ from: '${FROM}', to: '${TO}', text: 'x' }).catch((error) => { console.error(error.message); process.exit(1) })`,
    ],
  };
  const rows = Object.keys(clients).flatMap((name) =>
    ['submission', 'submissions'].map((listener) => [name, listener] as const),
  );
  const outcomes = new Map<string, readonly string[]>();
  beforeAll(async () => {
    await writeFile(join(directory, 'ca.pem'), testAuthority);
    await writeFile(join(directory, 'mail'), `From: ${FROM}\r\nSubject: x\r\n\r\nx\r\n`);
    // A refusal is waited for, two seconds each: all at once.
    await Promise.all(
      rows.map(async ([name, listener]) => {
        const program = name === 'node' ? process.execPath : findProgram(name);
        if (program === undefined) return;
        const way = { port: ports.get(listener) ?? 0, implicit: listener === 'submissions' };
        const runs = ['secret', 'wrong'].map((password) => {
          const running = execute(program, [...(clients[name]?.({ ...way, password }) ?? [])], { cwd: root });
          running.child.stdin?.end(`From: ${FROM}\nSubject: x\n\nx\n`);
          return running.then(
            () => 'sent',
            ({ stderr, stdout }: { stdout: string; stderr: string }) => `${stdout}${stderr}`,
          );
        });
        outcomes.set(`${name} ${listener}`, await Promise.all(runs));
      }),
    );
  });

  it.each(rows)('%s sends at %s with the right password, and not with a wrong one', (name, listener) => {
    const [right, wrong] = outcomes.get(`${name} ${listener}`) ?? ['sent', '535'];
    expect(right).toBe('sent');
    // msmtp and curl have words of their own for it.
    expect(wrong).toMatch(/535|authentication failed|Login denied/i);
  });

  it('signs what users send, and hands it to the relay, once each', () => {
    const contents = relay.connections.flatMap((connection) => connection.contents.map(String));
    expect(contents).toHaveLength(outcomes.size);
    for (const content of contents) expect(content).toMatch(/^DKIM-Signature: .*d=example\.com/s);
    expect(mailbox.connections.flatMap((connection) => connection.contents)).toHaveLength(1);
  });

  it('says in the log who logged in and who did not, and no password', () => {
    const log = smtpe.stdout + smtpe.stderr;
    expect(log.match(/ logged in login=alice@example\.com /g)).toHaveLength(outcomes.size);
    // Some try another mechanism after the first one.
    const refused = log.match(/ log-in refused login=alice@example\.com .*result=mismatch code=535/g);
    expect(refused?.length).toBeGreaterThanOrEqual(outcomes.size);
    for (const secret of ['secret', 'wrong']) expect(log).not.toContain(secret);
  });
});
