// Several machines as doc/several-machines.md has them, for real: the files of etc/examples/cluster but for addresses and waiting times, two smtpe behind
// a HAProxy, one Redis, one Postfix behind. What one machine learns the other knows, and Redis and machines come and go without a message lost, doubled or
// refused by anybody but the policy.
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../fakes/daemon.ts';
import { Program } from '../fakes/program.ts';
import { SmtpClient } from '../fakes/smtp-client.ts';
import { type Haproxy, startHaproxy } from './haproxy-server.ts';
import { describeWith } from './needs.ts';
import { type Postfix, postfixNeeds, startPostfix } from './postfix-server.ts';
import { type RedisServer, startRedis } from './redis-server.ts';
import { freePort } from './scanners.ts';

const example = (name: string): string => readFileSync(join(root, 'etc/examples/cluster', name), 'utf8');

/** `text` with something else in place of `what`, which must stand in it. */
function instead(text: string, what: string | RegExp, other: string): string {
  const changed = text.replace(what, other);
  if (changed === text) throw new Error(`the example has no ${what}`);
  return changed;
}

/** Recipients that a network may have here; none come back while a spec runs. */
const BURST = 100;
const DELAY = 2;

const policy = [
  ['DELAY = 300', `DELAY = ${DELAY}`],
  ['LIMIT, BURST = 600, 100', `LIMIT, BURST = 1, ${BURST}`],
].reduce((text, [what = '', other = '']) => instead(text, what, other), example('cluster.lua'));

/** Five programs start, end and start again; a machine that does other things is slow at that. */
const PATIENCE = 180_000;

const GREYLISTED = /^451 4\.7\.1 greylisted, try again in \d+ seconds\r\n$/;
const TOO_MUCH = '451 4.7.1 too much from your network, try again later\r\n';

const needs = ['haproxy', 'redis-server', ...postfixNeeds];

describeWith(needs, 'two machines', () => {
  let redis: RedisServer;
  let postfix: Postfix;
  let haproxy: Haproxy;
  let port: number;
  let socket: string;
  const ports: number[] = [];
  const machines: Program[] = [];
  let directory: string;

  /** A machine with the option file and the policy of the example. Its name is in its banner. */
  async function startMachine(index: number): Promise<void> {
    const home = join(directory, `mx${index + 1}`);
    await mkdir(join(home, 'spool'), { recursive: true });
    await writeFile(join(home, 'cluster.lua'), policy);
    const options = [
      ['/etc/smtpe/cluster.lua', join(home, 'cluster.lua')],
      ['0.0.0.0:25', `127.0.0.1:${ports[index]}`],
      ['10.0.0.5', '127.0.0.1'],
      ['10.0.0.30:25', `127.0.0.1:${postfix.port}`],
      ['redis://10.0.0.20:6379', redis.url],
    ].reduce((text, [what = '', other = '']) => instead(text, what, other), example('smtpe.cf'));
    // A machine under load may need longer for an answer of Redis than is usual, and all clients here are one host.
    const ours = `
host-name=mx${index + 1}.example.com
spool-dir=${join(home, 'spool')}
store-timeout=10000
limit-client-connections=0
rate-client=0
dns-client-timeout=0
shutdown-timeout=20
`;
    await writeFile(join(home, 'smtpe.cf'), options + ours);
    const machine = new Program(process.execPath, [
      join(root, 'dist/main.js'),
      `file=${join(home, 'smtpe.cf')}`,
    ]);
    machines[index] = machine;
    await machine.wrote(/listening on 127/);
  }

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'smtpe-cluster-'));
    [redis, postfix] = await Promise.all([
      startRedis('appendonly yes\nappendfsync always'),
      startPostfix('smtpd_client_connection_count_limit = 0\ndefault_process_limit = 40'),
    ]);
    port = await freePort();
    ports.push(await freePort(), await freePort());
    await Promise.all([startMachine(0), startMachine(1)]);
    const config = [
      ['bind :25', `bind 127.0.0.1:${port}`],
      ['/run/haproxy/', 'DIR/'],
      ['10.0.0.11:25', `127.0.0.1:${ports[0]}`],
      ['10.0.0.12:25', `127.0.0.1:${ports[1]}`],
      ['inter 2s', 'inter 500ms'],
    ].reduce((text, [what = '', other = '']) => instead(text, what, other), example('haproxy.cfg'));
    haproxy = await startHaproxy(port, config);
    socket = join(haproxy.directory, 'admin.sock');
  }, PATIENCE);

  afterAll(async () => {
    await haproxy?.stop();
    await Promise.all(machines.map((machine) => machine.stop()));
    await Promise.all([redis?.stop(), postfix?.stop()]);
    await rm(directory, { recursive: true, force: true });
  });

  /** What HAProxy says to a command of its socket. */
  const ask = (command: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let text = '';
      const admin = connect(socket, () => admin.write(`${command}\n`));
      admin.on('data', (piece: Buffer) => {
        text += piece.toString();
      });
      admin.on('end', () => resolve(text));
      admin.on('error', reject);
    });

  /** A client that has said EHLO, and on which machine. */
  async function greeted(address: string): Promise<{ client: SmtpClient; machine: string }> {
    const client = await SmtpClient.connect(port, address);
    const banner = await client.reply();
    const machine = /^220 (\S+)/.exec(banner)?.[1];
    if (machine === undefined) throw new Error(`banner: ${JSON.stringify(banner)}`);
    await client.command('EHLO client.example.net');
    return { client, machine };
  }

  /** The same, on another machine than `one`: in turn is what HAProxy does while its checks find both well. */
  async function greetedByOther(
    address: string,
    one: string,
  ): Promise<{ client: SmtpClient; machine: string }> {
    for (let i = 0; i < 100; i++) {
      const found = await greeted(address);
      if (found.machine !== one) return found;
      await found.client.command('QUIT');
      found.client.socket.destroy();
    }
    throw new Error(`100 connections, all to ${one}`);
  }

  /** The reply to RCPT of a new connection, on another machine than `not` when that is said. */
  async function rcpt(
    address: string,
    sender: string,
    not?: string,
  ): Promise<{ reply: string; machine: string }> {
    const { client, machine } = await (not === undefined ? greeted(address) : greetedByOther(address, not));
    await client.command(`MAIL FROM:<${sender}>`);
    const reply = await client.command('RCPT TO:<user@example.com>');
    await client.command('QUIT');
    client.socket.destroy();
    return { reply, machine };
  }

  /** Message ids of what Postfix has delivered, each as often as it has. */
  function delivered(): readonly string[] {
    return readdirSync(postfix.mail)
      .map((name) => /^X-Id: (\S+)/m.exec(readFileSync(join(postfix.mail, name), 'latin1'))?.[1] ?? name)
      .toSorted();
  }

  it('let a client pass that was asked to come back by the other', async () => {
    const first = await rcpt('127.0.1.1', 'new@example.net');
    expect(first.reply).toMatch(GREYLISTED);
    // The time that a client has to wait is what it is about; seconds are whole.
    await new Promise((resolve) => setTimeout(resolve, (DELAY + 1) * 1000));
    const second = await rcpt('127.0.1.2', 'new@example.net', first.machine);
    expect(second.reply).toMatch(/^250 /);
  });

  it('hold one rate together, to the last one', async () => {
    // Known to the greylist, from a network of its own.
    await rcpt('127.0.2.1', 'rate@example.net');
    await expect
      .poll(async () => (await rcpt('127.0.2.1', 'rate@example.net')).reply, { interval: 300 })
      .toMatch(/^250/);
    const taken = new Map<string, number>();
    const replies = new Map<string, number>();
    const count = (map: Map<string, number>, key: string): void => {
      map.set(key, (map.get(key) ?? 0) + 1);
    };
    const connections = await Promise.all(Array.from({ length: 20 }, (_, i) => greeted(`127.0.2.${2 + i}`)));
    await Promise.all(
      connections.map(async ({ client, machine }) => {
        for (let i = 0; i < BURST / 10; i++) {
          await client.command('MAIL FROM:<rate@example.net>');
          const reply = await client.command('RCPT TO:<user@example.com>');
          count(replies, reply.startsWith('250') ? 'taken' : reply);
          if (reply.startsWith('250')) count(taken, machine);
          await client.command('RSET');
        }
        await client.command('QUIT');
        client.socket.destroy();
      }),
    );
    // One was taken to see that the client is known.
    expect(replies).toEqual(
      new Map([
        ['taken', BURST - 1],
        [TOO_MUCH, BURST + 1],
      ]),
    );
    expect([...taken.keys()].toSorted()).toEqual(['mx1.example.com', 'mx2.example.com']);
  });

  it(
    'go on while Redis is killed and comes back, and while one of them is replaced',
    async () => {
      const accepted: string[] = [];
      /** What nobody should have heard. */
      const strange: string[] = [];
      const machinesSeen = new Map<string, number>();
      let going = true;
      let next = 0;
      /** Tries the message once. */
      const attempt = async (address: string, id: string): Promise<'accepted' | 'later' | 'enough'> => {
        let at = 'banner';
        let client: SmtpClient | undefined;
        const said = async (line: string, wanted: RegExp): Promise<string> => {
          const reply = await (client?.command(line) ?? '');
          if (!wanted.test(reply)) strange.push(`${at}: ${line.slice(0, 40)}: ${JSON.stringify(reply)}`);
          return reply;
        };
        try {
          const { client: greetedClient, machine } = await greeted(address);
          client = greetedClient;
          at = machine;
          await said(`MAIL FROM:<load@example.net>`, /^250 /);
          const reply = await said('RCPT TO:<user@example.com>', /^(?:250|451 4\.7\.1) /);
          if (!reply.startsWith('250')) {
            await said('QUIT', /^221 /);
            return reply === TOO_MUCH ? 'enough' : 'later';
          }
          await said('DATA', /^354 /);
          const end = await said(`X-Id: ${id}\r\nSubject: load\r\n\r\ntext\r\n.`, /^250 /);
          if (!end.startsWith('250')) return 'later';
          accepted.push(id);
          machinesSeen.set(machine, (machinesSeen.get(machine) ?? 0) + 1);
          await said('QUIT', /^221 /);
          return 'accepted';
        } catch (error) {
          strange.push(String(error));
          return 'later';
        } finally {
          client?.socket.destroy();
        }
      };
      const sender = async (network: number): Promise<void> => {
        while (going) {
          const id = `m${next++}`;
          for (;;) {
            const outcome = await attempt(`127.0.${network}.1`, id);
            if (outcome === 'enough') return;
            if (outcome === 'accepted' || !going) break;
            await new Promise((resolve) => setTimeout(resolve, 200));
          }
          await new Promise((resolve) => setTimeout(resolve, 120));
        }
      };
      const senders = Array.from({ length: 12 }, (_, i) => sender(10 + i));
      /** So many more are accepted. */
      const more = async (count: number): Promise<void> => {
        const from = accepted.length;
        await expect.poll(() => accepted.length - from, { timeout: 30_000 }).toBeGreaterThanOrEqual(count);
      };
      await more(30);

      await redis.kill();
      for (const machine of machines) await machine.wrote(/store at .* is down/);
      await more(30);
      await redis.start();
      for (const machine of machines) await machine.wrote(/store at .* is up again/);
      await more(30);

      // The order of the page: the balancer gives it nobody new, it ends what it has, it ends; another one takes its place.
      expect(await ask('set server mx/one state drain')).toBe('\n');
      await expect
        .poll(
          async () =>
            (await ask('show stat'))
              .split('\n')
              .find((line) => line.startsWith('mx,one,'))
              ?.split(',')[4],
        )
        .toBe('0');
      machines[0]?.signal('SIGTERM');
      expect((await machines[0]?.ended)?.code).toBe(0);
      machinesSeen.clear();
      await more(20);
      expect([...machinesSeen.keys()]).toEqual(['mx2.example.com']);
      await startMachine(0);
      expect(await ask('set server mx/one state ready')).toBe('\n');
      await expect
        .poll(() => machinesSeen.get('mx1.example.com') ?? 0, { timeout: 30_000 })
        .toBeGreaterThan(5);

      going = false;
      await Promise.all(senders);
      expect(strange).toEqual([]);
      await expect.poll(() => delivered().length, { timeout: 30_000 }).toBe(accepted.length);
      expect(delivered()).toEqual(accepted.toSorted());
    },
    PATIENCE,
  );
});

describe('etc/examples/cluster', () => {
  it('is what doc/several-machines.md names', () => {
    const page = readFileSync(join(root, 'doc/several-machines.md'), 'utf8');
    for (const name of readdirSync(join(root, 'etc/examples/cluster'))) expect(page).toContain(name);
  });
});
