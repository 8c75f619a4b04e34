// NSD (authoritative) and Unbound (recursive) as their Debian packages bring them, started on free ports of loopback with directories of
// their own, serving the zones below.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeDnsServer, rcodeAction } from '../../src/bench/ports/dns-server.ts';
import { Program } from '../fakes/program.ts';
import { findProgram } from './needs.ts';
import { freePort } from './scanners.ts';

export interface NameServer {
  /** `127.0.0.1:port`, for option dns-servers. */
  readonly address: string;
  stop(): Promise<void>;
}

const strings = (text: string): string =>
  (text.match(/.{1,250}/g) ?? []).map((part) => `"${part}"`).join(' ');

/** More than 1232 octets, and more than 512. */
export const longText = 'long '.repeat(800).trimEnd();

/** Zone files by the name of the zone, with final dot; undefined: the server knows of the zone but has no data, and answers SERVFAIL. */
export type Zones = Readonly<Record<string, string | undefined>>;

const zones: Zones = {
  'test.': `$ORIGIN test.
$TTL 300
@ SOA ns.test. host\\.master.test. 2026010101 3600 600 86400 120
@ NS ns.test.
ns A 127.0.0.1
a A 192.0.2.1
multi A 192.0.2.1
multi A 192.0.2.2
six AAAA 2001:db8::6
mapped AAAA ::ffff:192.0.2.1
mx MX 20 b.test.
mx MX 10 a.test.
nullmx MX 0 .
txt TXT "v=spf1 " "-all\\000\\255\\010"
long TXT ${strings(longText)}
srv SRV 1 2 25 a.test.
caa CAA 128 issue "ca.test; a=b"
tlsa TLSA 3 1 1 d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971
naptr NAPTR 100 50 "u" "E2U+email" "!^.*$!mailto:x@test!" .
ds DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118
dnskey DNSKEY 257 3 8 AwEAAaHIwpx3w4VHKi6i1LHnTaWeHCL154Jug0Rtc9ji5qwPXpBo6A5sRv7cSsPQKPIwxLpyCrbJ4mr2L0EPOdvP6z6Y
https HTTPS 1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.1
svcb SVCB 0 a.test.
hinfo HINFO "PDP-11" "UNIX"
odd PTR a\\.b\\010c.test.
alias CNAME a
chain CNAME alias
away CNAME host.other.
gone CNAME nothing.test.
old DNAME new.test.
www.new A 192.0.2.80
*.wild A 192.0.2.99
`,
  'other.': `$ORIGIN other.
$TTL 300
@ SOA ns.other. root.other. 1 3600 600 86400 60
@ NS ns.other.
ns A 127.0.0.1
host A 192.0.2.53
`,
  '2.0.192.in-addr.arpa.': `$ORIGIN 2.0.192.in-addr.arpa.
$TTL 300
@ SOA ns.test. root.test. 1 3600 600 86400 60
@ NS ns.test.
1 PTR A.Test.
`,
  '8.b.d.0.1.0.0.2.ip6.arpa.': `$ORIGIN 8.b.d.0.1.0.0.2.ip6.arpa.
$TTL 300
@ SOA ns.test. root.test. 1 3600 600 86400 60
@ NS ns.test.
6.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR six.test.
`,
};

async function withZones(prefix: string, served: Zones): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), prefix));
  for (const [name, text] of Object.entries(served)) {
    if (text !== undefined) await writeFile(join(directory, `${name}zone`), text);
  }
  return directory;
}

async function run(
  name: string,
  args: readonly string[],
  ready: RegExp,
  directory: string,
  port: number,
): Promise<NameServer> {
  const path = findProgram(name);
  if (path === undefined) throw new Error(`${name} is not installed`);
  const program = new Program(path, args, { cwd: directory });
  await program.wrote(ready);
  return {
    address: `127.0.0.1:${port}`,
    async stop() {
      await program.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Authoritative: follows no alias into another zone, refuses what it does not serve. */
export async function startNsd(served: Zones = zones): Promise<NameServer> {
  const directory = await withZones('smtpe-nsd-', served);
  const port = await freePort();
  const lines = [
    'server:',
    `  ip-address: 127.0.0.1@${port}`,
    '  username: ""',
    '  chroot: ""',
    '  server-count: 1',
    `  zonesdir: "${directory}"`,
    '  database: ""',
    '  rrl-ratelimit: 0',
    `  pidfile: "${directory}/nsd.pid"`,
    `  xfrdfile: "${directory}/xfrd.state"`,
    `  zonelistfile: "${directory}/zone.list"`,
    'remote-control:',
    '  control-enable: no',
    ...Object.keys(served).flatMap((name) => ['zone:', `  name: ${name}`, `  zonefile: "${name}zone"`]),
  ];
  await writeFile(join(directory, 'nsd.conf'), `${lines.join('\n')}\n`);
  return run('nsd', ['-d', '-c', join(directory, 'nsd.conf')], /nsd started/, directory, port);
}

/** Recursive: follows aliases; the zones above are all it knows, and `nowhere.`, whose server always fails. */
export async function startUnbound(): Promise<NameServer> {
  const failing = await FakeDnsServer.start();
  failing.script(() => true, rcodeAction(2));
  const directory = await withZones('smtpe-unbound-', zones);
  const port = await freePort();
  const lines = [
    'server:',
    `  interface: 127.0.0.1@${port}`,
    '  username: ""',
    '  chroot: ""',
    `  directory: "${directory}"`,
    `  pidfile: "${directory}/unbound.pid"`,
    '  use-syslog: no',
    '  verbosity: 1',
    '  module-config: "iterator"',
    '  do-not-query-localhost: no',
    '  access-control: 127.0.0.0/8 allow',
    '  local-zone: "2.0.192.in-addr.arpa." nodefault',
    '  local-zone: "8.b.d.0.1.0.0.2.ip6.arpa." nodefault',
    '  local-zone: "test." nodefault',
    'remote-control:',
    '  control-enable: no',
    ...Object.keys(zones).flatMap((name) => [
      'auth-zone:',
      `  name: "${name}"`,
      `  zonefile: "${name}zone"`,
      '  for-upstream: yes',
      '  for-downstream: no',
      '  fallback-enabled: no',
    ]),
    'forward-zone:',
    '  name: "nowhere."',
    `  forward-addr: 127.0.0.1@${failing.port}`,
  ];
  await writeFile(join(directory, 'unbound.conf'), `${lines.join('\n')}\n`);
  const args = ['-d', '-c', join(directory, 'unbound.conf')];
  const running = await run('unbound', args, /start of service/, directory, port);
  return {
    address: running.address,
    async stop() {
      await running.stop();
      await failing.close();
    },
  };
}
