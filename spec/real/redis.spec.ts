// The store over a real Redis, and a real Valkey where there is one: the ways to reach it, and what it does when it is killed, full, a replica,
// or followed by another one.
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { GivenTexts } from '../../src/options/option-set.ts';
import type { Store } from '../../src/store/store.ts';
import { testAuthority, testCertificate, testKey } from '../fakes/certificates.ts';
import { root } from '../fakes/daemon.ts';
import { openRedisStore, type StoreRig } from '../fakes/redis-store.ts';
import { describeWith } from './needs.ts';
import { type RedisProgram, type RedisServer, startRedis } from './redis-server.ts';
import { freePort } from './scanners.ts';

const octets = (text: string): Buffer => Buffer.from(text, 'latin1');
const KEY = octets('key');
const VALUE = octets('\0\xff value');
const found = { kind: 'value', value: VALUE };
const done = { kind: 'done' };

/** What doc/several-machines.md gives a user of Redis. */
const shownRights = /ACL SETUSER smtpe on >PASSWORD ([^`]*)`/.exec(
  readFileSync(join(root, 'doc/several-machines.md'), 'utf8'),
)?.[1];

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function serve(...args: Parameters<typeof startRedis>): Promise<RedisServer> {
  const server = await startRedis(...args);
  open.push(() => server.stop());
  return server;
}

/** A machine under load may need longer for an answer than is usual. */
const PATIENT: GivenTexts = { 'store-timeout': '5000' };

async function rigOf(url: string, options: GivenTexts = PATIENT): Promise<StoreRig> {
  const rig = await openRedisStore(url, systemClock, options);
  open.push(() => rig.store.close());
  return rig;
}

async function works(store: Store): Promise<void> {
  expect(await store.set(KEY, VALUE, 60)).toEqual(done);
  expect(await store.get(KEY)).toEqual(found);
}

const state = (store: Store) => expect.poll(() => store.state(), { timeout: 20_000 });

const programs: readonly RedisProgram[] = ['redis-server', 'valkey-server'];
for (const program of programs)
  describeWith([program], program, () => {
    it('is reached over a socket file', async () => {
      const server = await serve('unixsocket DIR/socket', { program });
      await works((await rigOf(`redis+unix:${join(server.directory, 'socket')}`)).store);
    });

    it('takes a user with a password, in a database of its own, who may do little else', async () => {
      const server = await serve(`user default off\nuser smtpe on >sesame ${shownRights}`, {
        program,
        files: { password: 'sesame\n' },
      });
      const url = `redis://smtpe@127.0.0.1:${server.port}/3`;
      const { store, log } = await rigOf(url, {
        ...PATIENT,
        'store-password-file': join(server.directory, 'password'),
      });
      await works(store);
      expect(await store.incr(octets('n'), 2, 60)).toEqual({ kind: 'number', value: 2 });
      expect(await store.member(octets('s'), KEY, 60)).toEqual({ kind: 'added' });
      const rate = { key: octets('r'), interval: 1000, burst: 2, cost: 1 };
      expect(await store.rate([rate], true)).toMatchObject({ kind: 'rates', rates: [{ isAllowed: true }] });
      expect(log.lines).toEqual([]);
      await writeFile(join(server.directory, 'password'), 'wrong\n');
      const refused = await rigOf(url, { 'store-password-file': join(server.directory, 'password') });
      expect(refused.log.lines[0]?.message).toMatch(/is down: AUTH: WRONGPASS/);
      expect(refused.log.lines[0]?.message).not.toContain('wrong\n');
    });

    it('is spoken to over TLS when its certificate is right', async () => {
      const tlsPort = await freePort();
      const server = await serve(
        `tls-port ${tlsPort}\ntls-cert-file DIR/cert.pem\ntls-key-file DIR/key.pem\ntls-ca-cert-file DIR/ca.pem\ntls-auth-clients no`,
        { program, files: { 'cert.pem': testCertificate, 'key.pem': testKey, 'ca.pem': testAuthority } },
      );
      const authority = { 'store-ca-file': join(server.directory, 'ca.pem') };
      await works((await rigOf(`rediss://127.0.0.1:${tlsPort}`, { ...PATIENT, ...authority })).store);
      const wrongName = await rigOf(`rediss://localhost:${tlsPort}`, authority);
      expect(wrongName.log.lines[0]?.message).toMatch(/TLS: ERR_TLS_CERT_ALTNAME_INVALID/);
      const stranger = await rigOf(`rediss://127.0.0.1:${tlsPort}`);
      expect(stranger.log.lines[0]?.message).toMatch(/TLS: \w*(?:ISSUER|SIGNED|VERIFY)\w*/);
      const clear = await rigOf(`rediss://127.0.0.1:${server.port}`, authority);
      await state(clear.store).toBe('down');
    });

    it('forgets its scripts, and gets them again', async () => {
      const server = await serve('', { program });
      const { store } = await rigOf(server.url);
      expect(await store.incr(KEY, 1, 60)).toEqual({ kind: 'number', value: 1 });
      await server.kill();
      await server.start();
      await state(store).toBe('up');
      await expect
        .poll(() => store.incr(KEY, 1, 60), { timeout: 20_000 })
        .toEqual({ kind: 'number', value: 1 });
    });

    it('is full: limit for what writes, and reads go on', async () => {
      const server = await serve('maxmemory-policy noeviction', { program });
      const { store, log } = await rigOf(server.url);
      await works(store);
      // Less than it has in use.
      expect(await server.say('CONFIG SET maxmemory 1')).toBe('+OK');
      const limit = { kind: 'failed', cause: 'limit' };
      expect(await store.set(octets('more'), VALUE, 60)).toEqual(limit);
      expect(await store.incr(octets('n'), 1, 60)).toEqual(limit);
      expect(await store.member(octets('s'), KEY, 60)).toEqual(limit);
      expect(await store.get(KEY)).toEqual(found);
      expect(store.state()).toBe('up');
      expect(log.short).toEqual([expect.stringMatching(/^warning .* refuses to write: OOM command/)]);
    });

    it('is stopped under load and goes on: every answered sum is counted, none twice that was answered once', async () => {
      const server = await serve('appendonly yes\nappendfsync always', { program });
      const { store, log } = await rigOf(server.url, { 'store-timeout': '1000' });
      let answered = 0;
      let failed = 0;
      let going = true;
      const worker = async (): Promise<void> => {
        while (going) {
          const outcome = await store.incr(KEY, 1, 600);
          if (outcome.kind === 'number') answered++;
          else failed++;
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      };
      const workers = Array.from({ length: 10 }, worker);
      await expect.poll(() => answered).toBeGreaterThan(100);
      await server.kill();
      await state(store).not.toBe('up');
      await server.start();
      const before = answered;
      await expect.poll(() => answered, { timeout: 20_000 }).toBeGreaterThan(before + 100);
      going = false;
      await Promise.all(workers);
      const sum = await store.incr(KEY, 0, 600);
      const counted = sum.kind === 'number' ? sum.value : -1;
      // What was under way when it was killed may have been counted without an answer: one for each worker.
      expect(counted).toBeGreaterThanOrEqual(answered);
      expect(counted).toBeLessThanOrEqual(answered + 10);
      expect(failed).toBeGreaterThan(0);
      const words = log.short.map((line) => /is down|is up again/.exec(line)?.[0]);
      expect([words[0], words.at(-1)]).toEqual(['is down', 'is up again']);
    });

    it('is a replica: down, with the reason, and up when it becomes the master', async () => {
      const master = await serve('', { program });
      const replica = await serve(`replicaof 127.0.0.1 ${master.port}`, { program });
      const { store, log } = await rigOf(replica.url);
      expect(store.state()).toBe('down');
      expect(log.lines[0]?.message).toMatch(/is a replica/);
      expect(await replica.say('REPLICAOF NO ONE')).toBe('+OK');
      await state(store).toBe('up');
      await works(store);
      // And the other way round: it becomes one while it is used.
      expect(await replica.say(`REPLICAOF 127.0.0.1 ${master.port}`)).toBe('+OK');
      await expect
        .poll(async () => [await store.set(KEY, VALUE, 60), store.state()], { timeout: 20_000 })
        .toEqual([{ kind: 'failed', cause: 'down' }, 'down']);
    });

    it('is followed by its replica, as Sentinel says, in mid traffic', async () => {
      const fast = 'repl-diskless-sync-delay 0';
      const master = await serve(fast, { program });
      const replica = await serve(`${fast}\nreplicaof 127.0.0.1 ${master.port}`, { program });
      const sentinel = await serve(
        `sentinel monitor mail 127.0.0.1 ${master.port} 1
sentinel down-after-milliseconds mail 500
sentinel failover-timeout mail 3000`,
        { program, args: ['--sentinel'], ready: /\+slave slave/ },
      );
      const dead = await freePort();
      const { store, log } = await rigOf(
        `redis+sentinel://127.0.0.1:${dead},127.0.0.1:${sentinel.port}/mail`,
      );
      expect(store.state()).toBe('up');
      await works(store);
      // What the replica has not got when its master dies is lost, as Redis has it.
      const copy = await rigOf(`redis+sentinel://127.0.0.1:${sentinel.port}/mail`);
      await works(copy.store);
      await master.kill();
      await state(store).toBe('down');
      await state(store).toBe('up');
      expect(await store.set(KEY, VALUE, 60)).toEqual(done);
      expect(await store.get(KEY)).toEqual(found);
      const lines = log.short.map((line) => /is down|is up again/.exec(line)?.[0]);
      expect(lines.slice(0, 1)).toEqual(['is down']);
      expect(lines.at(-1)).toBe('is up again');
      expect(replica.port).not.toBe(master.port);
    });
  });
