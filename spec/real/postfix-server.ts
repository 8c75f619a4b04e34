// A whole postfix in directories of its own, on a free port of loopback, for tests; nothing of the machine's own postfix is touched.
import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testCertificate, testKey } from '../fakes/certificates.ts';
import { findProgram } from './needs.ts';

/** Postfix must be started by root; where the tests are not, they are skipped like those of a missing program. */
export const postfixNeeds =
  process.getuid?.() === 0 ? ['postfix'] : ['postfix', 'the right to start it (root)'];

export interface Postfix {
  readonly port: number;
  /** Maildir of everybody. */
  readonly mail: string;
  stop(): Promise<void>;
}

const SERVICES = `
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
`;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Takes mail for everybody from loopback. `settings`: further lines of main.cf. */
export async function startPostfix(settings: string): Promise<Postfix> {
  const base = await mkdtemp(join(tmpdir(), 'smtpe-postfix-'));
  await chmod(base, 0o755);
  const port = await freePort();
  const owner = (name: string): number => Number(execFileSync('id', ['-u', name], { encoding: 'utf8' }));
  for (const part of ['conf', 'queue', 'data', 'mail']) await mkdir(join(base, part));
  await chown(join(base, 'data'), owner('postfix'), 0);
  await chmod(join(base, 'mail'), 0o777);
  await writeFile(join(base, 'cert.pem'), testCertificate);
  await writeFile(join(base, 'key.pem'), testKey, { mode: 0o600 });
  const conf = join(base, 'conf');
  await writeFile(
    join(conf, 'main.cf'),
    `compatibility_level = 3.6
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.test
queue_directory = ${base}/queue
data_directory = ${base}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file_prefixes = ${base}
maillog_file = ${base}/log
alternate_config_directories =
alias_maps =
mydestination =
virtual_mailbox_domains = static:all
virtual_mailbox_base = ${base}/mail
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_minimum_uid = 100
message_size_limit = 1000000
mailbox_size_limit = 0
smtpd_tls_cert_file = ${base}/cert.pem
smtpd_tls_key_file = ${base}/key.pem
smtpd_relay_restrictions = permit_mynetworks, reject
${settings}
`,
  );
  await writeFile(join(conf, 'master.cf'), `127.0.0.1:${port} inet n - n - - smtpd\n${SERVICES}`);
  const postfix = (command: string): void => {
    execFileSync(findProgram('postfix') ?? 'postfix', ['-c', conf, command], { stdio: 'ignore' });
  };
  postfix('start');
  while (!(await greets(port))) await new Promise((resolve) => setTimeout(resolve, 50));
  return {
    port,
    mail: join(base, 'mail/all/new'),
    stop: async () => {
      postfix('stop');
      await rm(base, { recursive: true, force: true });
    },
  };
}

function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(port, '127.0.0.1');
    probe.once('data', () => {
      probe.end('QUIT\r\n');
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}
