// Which servers are asked, in which order.
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemRandom } from '../../../src/base/clock.ts';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import { parseResolvConf, parseServers, ServerList } from '../../../src/dns/servers.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import { waitUntil } from '../../fakes/wait-until.ts';

describe('parseServers', () => {
  it('reads addresses and ports', () => {
    expect(parseServers('127.0.0.1, 192.0.2.1:5353;[2001:db8::1]:54 [::1] ::2')).toEqual([
      { address: '127.0.0.1', port: 53 },
      { address: '192.0.2.1', port: 5353 },
      { address: '2001:db8::1', port: 54 },
      { address: '::1', port: 53 },
      { address: '::2', port: 53 },
    ]);
    expect(parseServers('')).toEqual([]);
  });
});

describe('parseResolvConf', () => {
  it('takes nameserver lines with an address', () => {
    const text = [
      '# nameserver 192.0.2.9',
      'nameserver 192.0.2.1',
      'search example.com',
      'nameserver\t2001:db8::1 # comment',
      'nameserver fe80::1%eth0',
      'nameserver ns.example.com',
      'nameservers 192.0.2.8',
      ' nameserver 192.0.2.7',
      'nameserver',
      'options edns0',
      'nameserver 192.0.2.2\r',
    ].join('\n');
    expect(parseResolvConf(text).map((server) => server.address)).toEqual([
      '192.0.2.1',
      '2001:db8::1',
      'fe80::1%eth0',
      '192.0.2.2',
    ]);
  });
});

describe('ServerList', () => {
  let directory = '';
  let resolvConf = '';
  const clock = new FakeClock();
  const log = new RecordLog();
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'smtpe-dns-'));
    resolvConf = join(directory, 'resolv.conf');
    log.lines.length = 0;
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function list(settings: Readonly<Record<string, string>> = {}) {
    const options = createOptions();
    for (const [name, text] of Object.entries(settings)) options.set(name, text, 'spec');
    const servers = new ServerList({ options, log, clock, random: systemRandom, resolvConf });
    await servers.load();
    return { servers, order: () => servers.order().map((server) => server.text) };
  }

  it('uses the option before the file', async () => {
    await writeFile(resolvConf, 'nameserver 192.0.2.1\n');
    const { order } = await list({ 'dns-servers': '192.0.2.2 [::1]:5300' });
    expect(order()).toEqual(['192.0.2.2:53', '[::1]:5300']);
  });

  it('uses the file, and 127.0.0.1 when there is none or it is empty', async () => {
    await writeFile(resolvConf, 'nameserver 192.0.2.1\nnameserver 192.0.2.2\n');
    expect((await list()).order()).toEqual(['192.0.2.1:53', '192.0.2.2:53']);
    expect(log.lines).toEqual([]);
    await writeFile(resolvConf, 'search example.com\n');
    expect((await list()).order()).toEqual(['127.0.0.1:53']);
    expect(log.short).toEqual([`warning ${resolvConf} names no name server; asking 127.0.0.1`]);
    log.lines.length = 0;
    await rm(resolvConf);
    expect((await list()).order()).toEqual(['127.0.0.1:53']);
    expect(log.short).toEqual([
      expect.stringMatching(/^warning cannot read .*ENOENT.*; asking 127\.0\.0\.1$/),
    ]);
  });

  it('notices a file that changed, and keeps what it knows when the file is gone', async () => {
    await writeFile(resolvConf, 'nameserver 192.0.2.1\n');
    const { order, servers } = await list();
    const [first] = servers.order();
    await writeFile(resolvConf, 'nameserver 192.0.2.1\nnameserver 192.0.2.3\n');
    await utimes(resolvConf, new Date(), new Date(Date.now() + 5000));
    expect(order()).toEqual(['192.0.2.1:53']);
    clock.advance(10_000);
    // The query that finds it old still uses what is known.
    expect(order()).toEqual(['192.0.2.1:53']);
    await waitUntil(() => expect(order()).toEqual(['192.0.2.1:53', '192.0.2.3:53']));
    expect(servers.order()[0]).toBe(first);
    await rm(resolvConf);
    clock.advance(10_000);
    order();
    await waitUntil(() =>
      expect(log.short.some((line) => line.includes('asking the servers it named'))).toBe(true),
    );
    expect(order()).toEqual(['192.0.2.1:53', '192.0.2.3:53']);
  });

  it('begins with the next one each time with dns-round-robin', async () => {
    const { order } = await list({ 'dns-servers': '192.0.2.1 192.0.2.2 192.0.2.3', 'dns-round-robin': '+' });
    const firsts = [order(), order(), order(), order()].map(([first]) => first);
    expect(firsts).toEqual(['192.0.2.1:53', '192.0.2.2:53', '192.0.2.3:53', '192.0.2.1:53']);
  });

  it('asks a server last that does not answer, and tries it again later with one query', async () => {
    const { servers, order } = await list({ 'dns-servers': '192.0.2.1 192.0.2.2' });
    const [first, second] = servers.order();
    for (let i = 0; i < 3; i++) first?.unreachable('ECONNREFUSED');
    expect(order()).toEqual([second?.text, first?.text]);
    expect(log.short).toEqual(['warning name server 192.0.2.1:53 does not answer: ECONNREFUSED']);
    clock.advance(2_000);
    expect(order()).toEqual([first?.text, second?.text]);
    expect(order()).toEqual([second?.text, first?.text]);
    first?.answered();
    expect(clock.pending).toBe(0);
    expect(order()).toEqual([first?.text, second?.text]);
    expect(log.short[1]).toBe('notice name server 192.0.2.1:53 answers again');
  });

  it('asks all when none answers', async () => {
    const { servers, order } = await list({ 'dns-servers': '192.0.2.1 192.0.2.2' });
    for (const server of servers.order()) for (let i = 0; i < 3; i++) server.unreachable('EHOSTUNREACH');
    expect(order()).toEqual(['192.0.2.1:53', '192.0.2.2:53']);
  });
});
