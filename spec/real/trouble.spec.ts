// doc/trouble.md: each trouble is provoked, what the page says to type is typed, and what it shows is what is printed.
import { readFileSync } from 'node:fs';
import { chmod, chown, unlink } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { FakeDnsServer } from '../../src/bench/ports/dns-server.ts';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { testKey } from '../fakes/certificates.ts';
import { startDovecot } from '../fakes/dovecot-auth.ts';
import { makeChain } from '../fakes/made-certificates.ts';
import { pageBlock } from '../fakes/page-block.ts';
import { childrenOf } from '../fakes/service.ts';
import { readTroubles, type Trouble } from '../fakes/trouble-page.ts';
import { type Deeds, HOP, TroubleSite } from '../fakes/trouble-site.ts';
import { waitUntil } from '../fakes/wait-until.ts';
import { findProgram } from './needs.ts';
import { startRedis } from './redis-server.ts';

const page = 'doc/trouble.md';
const troubles = readTroubles(readFileSync(join(import.meta.dirname, '../..', page), 'utf8'));

const NOBODY = { uid: 65_534, gid: 65_534 };

/** Somebody without rights, who may listen on any port: as etc/smtpe.service has it. */
const asNobody = [
  ...['setpriv', `--reuid=${NOBODY.uid}`, `--regid=${NOBODY.gid}`, '--clear-groups'],
  ...['--inh-caps=+net_bind_service', '--ambient-caps=+net_bind_service'],
];

/** A port of 127.0.0.1 that was free a moment ago, from `first` on downwards; 0: any. */
async function freePort(first = 0): Promise<number> {
  for (let port = first; ; port--) {
    const server = createServer();
    const found = await new Promise<number>((resolve) => {
      server.once('error', () => resolve(-1));
      server.listen(port, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    await new Promise((resolve) => server.close(resolve));
    if (found >= 0) return found;
  }
}

/** Ends what a trouble has begun. */
let goAway: () => Promise<unknown>;
let secondMachine: TroubleSite;

const BASE = `${pageBlock(page, 'base')}
smtp-server-address=127.0.0.1
smtp-server-port=0
dns-client-timeout=0`;

/** A certificate for our name, and its key, as a renewal leaves them. */
async function certificate(site: TroubleSite): Promise<void> {
  const { own } = makeChain('mx.example.com');
  await site.file('etc/smtpe/chain.pem', own.chain);
  await site.file('etc/smtpe/key.pem', own.key, 0o600);
}

const deeds: Deeds = {
  'somebody listens': async (site) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    site.names.push([':25', `:${port}`]);
    site.undo(() => other.close());
    await site.options(`smtp-server-port=${port}`);
    goAway = () => new Promise((resolve) => other.close(resolve));
  },
  'somebody goes': () => goAway(),
  'a mail comes': (site) => site.mail(),
  'no rights': async (site) => {
    site.environment = NOBODY;
    await chmod(site.directory, 0o755);
    await site.file('var/log/smtpe/smtpe.log', '');
    for (const path of ['var/log/smtpe', 'var/log/smtpe/smtpe.log', 'run/smtpe', 'var/lib/smtpe/spool'])
      await chown(join(site.directory, path), NOBODY.uid, NOBODY.gid);
    const port = await freePort(1000);
    site.names.push([':25', `:${port}`]);
    await site.options(`smtp-server-port=${port}`);
  },
  'the unit gives the right': async (site) => {
    site.environment = { prefix: asNobody };
  },
  misspelt: (site) => site.options('limit-recipents=100\nsmtp-max-size=20MB'),
  'spelt right': async (site) => {
    await site.withoutOption('limit-recipents');
    await site.options('limit-recipients=100\nsmtp-max-size=20m');
  },
  'wrong key': async (site) => {
    await certificate(site);
    await site.file('etc/smtpe/key.pem', testKey, 0o600);
    await site.options('smtp-tls=/etc/smtpe/chain.pem,/etc/smtpe/key.pem');
  },
  'right key': certificate,
  'a certificate': certificate,
  'the next hop is down': (site) => site.hop.close(),
  'the next hop is back': async (site) => {
    const hop = await NextHop.start(HOP, '127.0.0.1', site.hop.port);
    site.undo(() => hop.close());
  },
  'the next hop is here': async (site) => {
    const port = await freePort();
    site.names.push([':25', `:${port}`]);
    await site.options(`smtp-server-port=${port}\nsmtp-smart-host=127.0.0.1:${port}`);
    await site.start();
  },
  'the next hop is there': (site) => site.options('smtp-smart-host=192.0.2.25:25'),
  'three clients come': async (site) => {
    for (let i = 0; i < 3; i++) await (await site.connect()).reply();
  },
  'a client comes through the balancer': async (site) => {
    const client = await site.connect();
    client.write('PROXY TCP4 203.0.113.9 192.0.2.1 56324 25\r\n');
    await client.reply();
    await client.command('EHLO client.example');
    await client.command('QUIT');
  },
  'Dovecot is there': async (site) => {
    const say = (line: readonly string[]): string => `OK\t${line[1]}\tuser=ann\n`;
    const dovecot = await startDovecot(say, undefined, join(site.directory, 'run/smtpe/auth'));
    site.undo(() => dovecot.close());
  },
  'two machines, each comes first': async (site) => {
    const other = await TroubleSite.make();
    site.undo(() => other.remove());
    secondMachine = other;
    for (const [one, text] of [
      [site, await site.policyText()],
      [other, await site.policyText()],
    ] as const) {
      one.names.push(['delay = 300', 'delay = 1']);
      await one.policy(text);
    }
    other.names.push(['192.0.2.53:53', dns.address]);
    await other.options(BASE);
    await site.start();
    await other.start();
    expect(await site.mail()).toMatch(/^451 4\.7\.1 greylisted/);
    expect(await other.mail()).toMatch(/^451 4\.7\.1 greylisted/);
  },
  'both have the store': async (site) => {
    const redis = await startRedis();
    site.undo(() => redis.stop());
    for (const one of [site, secondMachine]) one.names.push(['192.0.2.6:6379', `127.0.0.1:${redis.port}`]);
    await site.options('store=redis://192.0.2.6:6379');
    await secondMachine.options('store=redis://192.0.2.6:6379');
    await secondMachine.start();
  },
  'the sender comes to one machine, and then to the other': async (site) => {
    expect(await site.mail()).toMatch(/^451 4\.7\.1 greylisted/);
    await waitUntil(async () => expect(await secondMachine.mail()).toMatch(/^250 /));
  },
  'the name server is dead': async (site) => {
    const dead = await FakeDnsServer.start();
    dead.script(() => true, { kind: 'drop' });
    site.undo(() => dead.close());
    site.names.push(['192.0.2.54:53', dead.address]);
    await site.options('dns-servers=192.0.2.54:53\ndns-client-timeout=2\nsmtp-proxy-hosts=127.0.0.1');
    await site.start();
    const client = await site.connect();
    client.write('PROXY TCP4 203.0.113.9 192.0.2.1 56324 25\r\n');
    expect(await client.reply()).toMatch(/^220 /);
  },
  'clamd is there': async (site) => {
    const clamd = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end('PONG\n'));
    });
    await new Promise<void>((resolve) => clamd.listen(0, '127.0.0.1', resolve));
    site.undo(() => clamd.close());
    const { port } = clamd.address() as { port: number };
    const policy = site.page(await site.policyText());
    site.names.unshift(['192.0.2.33:3310', `127.0.0.1:${port}`]);
    await site.policy(policy);
  },
  'a mistake': (site) => site.options('limit-recipients=ten'),
  'the disk is full': async (site) => {
    // Nobody has a tebibyte free.
    await site.options('limit-spool-free=1048576');
    await site.start();
    await site.said(/no connections are taken|overload/);
    expect((await (await site.connect()).reply()).trimEnd()).toBe(
      '421 4.3.2 too much to do at the moment, try again later',
    );
  },
  'there is room': async (site) => {
    await site.options('limit-spool-free=16');
    await site.command('smtpe reload');
    await site.said(/not overloaded any more/);
  },
  'the next hop is slow, and the client does not wait': async (site) => {
    // A next hop that says nothing to the first dot.
    let content: () => void = () => undefined;
    const hasContent = new Promise<void>((resolve) => {
      content = resolve;
    });
    let isSlow = true;
    let last: Socket | undefined;
    const hop = createServer((socket) => {
      last = socket;
      let isContent = false;
      socket.write('220 slow ESMTP\r\n');
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        for (const line of chunk.toString('latin1').split('\r\n').slice(0, -1)) {
          if (line === '.') {
            if (isSlow) content();
            else socket.write('250 2.0.0 Ok: queued as 4711\r\n');
            isSlow = false;
          } else if (!isContent) socket.write(line === 'DATA' ? '354 go\r\n' : '250 ok\r\n');
          isContent ||= line === 'DATA';
        }
      });
    });
    await new Promise<void>((resolve) => hop.listen(0, '127.0.0.1', resolve));
    site.undo(() => hop.close());
    site.undo(() => last?.destroy());
    site.names.unshift(['192.0.2.25:25', `127.0.0.1:${(hop.address() as { port: number }).port}`]);
    await site.options('smtp-smart-host=192.0.2.25:25');
    await site.start();
    const client = await site.connect();
    await client.envelope('ann@example.net', ['bob@example.com']);
    client.write('Message-ID: <1@example.net>\r\n\r\nhello\r\n.\r\n');
    await hasContent;
    client.socket.resetAndDestroy();
    await site.said(/unheard=true/);
    await site.mail();
  },
  'an empty policy': (site) => site.file('etc/smtpe/old.lua', '-- nothing\n'),
  'somebody kills a worker, twice': async (site) => {
    for (let i = 1; i <= 2; i++) {
      await waitUntil(async () => expect((await childrenOf(site.pid)).length).toBeGreaterThan(0));
      const [worker] = await childrenOf(site.pid);
      process.kill(worker ?? 0, 'SIGKILL');
      await waitUntil(async () => expect((await site.lines()).match(/and is replaced/g)).toHaveLength(i));
    }
  },
  'few descriptors': async (site) => {
    site.environment = { prefix: ['sh', '-c', 'ulimit -n 600; exec "$@"', 'sh'] };
    await site.options('limit-client-connections=0\nrate-global=0');
    await site.start();
  },
  'many clients come': async (site) => {
    const clients: Promise<unknown>[] = [];
    for (let i = 0; i < 600; i++) clients.push(site.connect().then((client) => client.reply()));
    await Promise.allSettled(clients);
  },
  'many descriptors': async (site) => {
    site.environment = {};
    await site.options('limit-connections=500');
    await unlink(site.log);
    await site.start();
  },
  'Redis is there, and goes': async (site) => {
    const redis = await startRedis();
    site.undo(() => redis.stop());
    site.names.push(['192.0.2.6:6379', `127.0.0.1:${redis.port}`]);
    await site.options('store=redis://192.0.2.6:6379');
    await site.start();
    expect(await site.mail()).toMatch(/^250 /);
    await redis.kill();
    await waitUntil(async () => {
      expect(await site.mail()).toMatch(/^250 /);
      expect(await site.lines()).toMatch(/is down/);
    });
    goAway = () => redis.start();
  },
  'Redis is back': async (site) => {
    await goAway();
    await waitUntil(async () => {
      await site.mail();
      expect(await site.lines()).toMatch(/is up again/);
    });
  },
};

let dns: FakeDnsServer;
beforeAll(async () => {
  dns = await FakeDnsServer.start();
});
afterAll(() => dns.close());

let site: TroubleSite;
beforeEach(async () => {
  site = await TroubleSite.make();
  await site.policy(
    "function hook.rcpt(recipient, domain)\n  if domain ~= 'example.com' then return '550 5.7.1 no' end\nend\n",
  );
  site.names.push(['192.0.2.53:53', dns.address]);
  await site.options(BASE);
  // Where nobody listens, until a trouble has it otherwise.
  site.names.push(['192.0.2.33:3310', `127.0.0.1:${await freePort()}`]);
});
afterEach(() => site.remove());

/** The first port that everybody may listen on; where it is 0, as in many containers, nobody lacks the right. */
const firstOfAll = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'latin1'));

/** Why a trouble cannot be provoked on this machine; undefined: it can. */
function obstacle({ steps }: Trouble): string | undefined {
  const text = JSON.stringify(steps);
  const needed = ['ss', 'curl'].filter((program) => new RegExp(`\\b${program} -`).test(text));
  if (text.includes('Redis') || text.includes('both have the store')) needed.push('redis-server');
  if (text.includes('no rights')) {
    if (process.getuid?.() !== 0) return 'not root';
    if (firstOfAll < 1000) return 'everybody may listen on all ports here';
    needed.push('setpriv');
  }
  const missing = needed.filter((program) => findProgram(program) === undefined);
  return missing.length === 0 ? undefined : `${missing.join(', ')} not installed`;
}

for (const trouble of troubles) {
  const why = obstacle(trouble);
  it.skipIf(why !== undefined)(
    why === undefined ? trouble.name : `${trouble.name} (skipped: ${why})`,
    async () => {
      expect(trouble.steps.length).toBeGreaterThan(0);
      await site.play(trouble, deeds);
    },
  );
}
