// Postfix's smtpd as a filter before the queue: what it receives goes on to the next hop before it answers (smtpd_proxy_filter). An instance with
// directories of its own; nothing of the machine's own postfix is touched. Must be started by root.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answers, freePort, listens, type ServerKind, within } from './servers.ts';

/** Lines of main.cf and master.cf that say what it does; the page shows them. */
export const proxySettings = (sink: string): string => `smtpd_proxy_filter = 127.0.0.1:${sink}
smtpd_relay_restrictions = permit_mynetworks, reject
mynetworks = 127.0.0.0/8
relay_domains = example.net
mydestination =
local_recipient_maps =
alias_maps =
smtpd_peername_lookup = no
max_idle = 3600s
max_use = 10000000`;

const services = `rewrite unix - - n - - trivial-rewrite
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`;

export const postfix: ServerKind = {
  name: 'Postfix 3.7, proxy filter',
  async start({ cpus, sink }) {
    const base = mkdtempSync(join(tmpdir(), 'smtpe-bench-postfix-'));
    chmodSync(base, 0o755);
    for (const part of ['conf', 'queue', 'data']) mkdirSync(join(base, part));
    const owner = execFileSync('id', ['-u', 'postfix'], { encoding: 'utf8' });
    chownSync(join(base, 'data'), Number(owner), 0);
    const port = await freePort();
    const conf = join(base, 'conf');
    writeFileSync(
      join(conf, 'main.cf'),
      `compatibility_level = 3.6
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
${proxySettings(String(sink))}
`,
    );
    writeFileSync(join(conf, 'master.cf'), `127.0.0.1:${port} inet n - n - - smtpd\n${services}`);
    const say = (command: string): void => {
      execFileSync('taskset', ['-c', cpus, 'postfix', '-c', conf, command], { stdio: 'ignore' });
    };
    const began = performance.now();
    say('start');
    await answers(port);
    const pid = await within(20_000, () => {
      const found = Number(readFileSync(join(base, 'queue/pid/master.pid'), 'utf8'));
      return found > 0 ? found : undefined;
    });
    const stop = async (): Promise<void> => {
      say('stop');
      rmSync(base, { recursive: true, force: true });
    };
    return listens({ pid, line: '', began, stop }, port);
  },
};
