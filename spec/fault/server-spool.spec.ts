// Spool directories that go wrong while the server runs: removed, full, no directory any more. The message is refused with a reason, others
// that fit in memory are served, and all is well again when the disk is.
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { NextHop } from '../../src/bench/ports/next-hop.ts';
import { type Holdings, WholeServer } from '../fakes/whole-server.ts';

let server: WholeServer;
let hop: NextHop;
let before: Holdings;
afterEach(async () => {
  await server.stop();
  await hop.close();
});

async function start(policy = '', spoolMemory = '0'): Promise<void> {
  hop = await NextHop.start();
  server = await WholeServer.start({
    policy,
    options: {
      'smtp-smart-host': hop.target,
      'spool-memory': spoolMemory,
      'smtp-forward-connections': '0',
      'limit-errors': '0',
    },
  });
  before = await server.settled();
}

const body = (bytes: number): string =>
  `Subject: x\r\n\r\n${'0123456789abcde\r\n'.repeat(Math.ceil(bytes / 17))}`;

/** Sends a message of so many bytes; the reply at dot. */
async function dot(bytes: number): Promise<string> {
  const client = server.inMemory();
  await client.reply();
  await client.openMessage();
  client.send(`${body(bytes)}.\r\n`);
  const reply = await client.reply();
  // The session goes on, and may have more luck with its next message.
  expect(await client.command('NOOP')).toMatch(/^250/);
  await client.quit();
  return reply;
}

const arrived = (): number => hop.connections.flatMap((connection) => connection.contents).length;

describe('a spool directory that is removed while the server runs', () => {
  it('451, the log names file and cause; mail goes on when it is back', async () => {
    await start();
    await rename(server.spool, `${server.spool}-away`);
    expect(await dot(1000)).toMatch(/^451 4\.3\.0 message \w+ could not be stored\r\n$/);
    expect(server.said(/^err cannot store the message .*spool\/.*ENOENT/)).toHaveLength(1);
    expect(arrived()).toBe(0);
    await rename(`${server.spool}-away`, server.spool);
    expect(await dot(1000)).toMatch(/^250 /);
    expect(arrived()).toBe(1);
    expect(await server.backTo(before)).toEqual(before);
  });

  it('does not matter for what stays in memory', async () => {
    await start('', '100000');
    await rm(server.spool, { recursive: true });
    expect(await dot(1000)).toMatch(/^250 /);
    expect(await dot(200_000)).toMatch(/^451 4\.3\.0 /);
    await mkdir(server.spool);
    expect(await dot(200_000)).toMatch(/^250 /);
    expect(await server.backTo(before)).toEqual(before);
  });

  // Also one that takes what it cannot read for clean, or that looks while the message comes in, or by a command.
  it.each([
    [
      "function hook.dot(path) local f, why, n = io.open(path) if not f then syslog.info('open ' .. n .. ' ' .. why) end end",
      /open 5 /,
    ],
    ["function hook.dot(path) if not io.open(path) then return '250 clean' end end", undefined],
    ["function hook.dot(path) if not io.open(path) then return '550 5.7.1 no such file' end end", undefined],
    ['function hook.dot(path) for line in io.lines(path) do end end', undefined],
    ['function hook.dot(path) pcall(io.lines, path) end', undefined],
    ['function hook.eoh() io.open(client.msg_file) end', undefined],
    ['function hook.header() io.open(client.msg_file) end', undefined],
    ["function hook.dot(path) os.execute('test -s ' .. path) end", undefined],
  ])(
    'a policy that opens the message gets an error, never "no such file", and the client 451: %s',
    async (policy, said) => {
      await start(policy, '100000');
      await rm(server.spool, { recursive: true });
      expect(await dot(1000)).toMatch(/^451 4\.3\.0 message \w+ could not be stored\r\n$/);
      expect(server.said(/^err cannot store the message .*ENOENT/)).toHaveLength(1);
      expect(server.said(/No such file/)).toEqual([]);
      if (said !== undefined) expect(server.said(said)).toHaveLength(1);
      expect(arrived()).toBe(0);
      await mkdir(server.spool);
      expect(await dot(1000)).toMatch(/^(250|550) /);
      expect(await server.backTo(before)).toEqual(before);
    },
  );

  it('a file in its place: 451', async () => {
    await start();
    await rm(server.spool, { recursive: true });
    await writeFile(server.spool, '');
    expect(await dot(1000)).toMatch(/^451 4\.3\.0 /);
    expect(server.said(/^err cannot store the message .*ENOTDIR/)).toHaveLength(1);
    await rm(server.spool);
    await mkdir(server.spool);
    expect(await server.backTo(before)).toEqual(before);
  });
});

/** A file system of its own of so many bytes at `path`; false when we may not mount one. */
function mountSmall(path: string, bytes: number): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=700`, 'tmpfs', path]).status === 0;
}

const mayMount = ((): boolean => {
  if (process.getuid?.() !== 0) return false;
  // In many containers root may not mount.
  const tried = spawnSync('sh', [
    '-c',
    'd=$(mktemp -d) && mount -t tmpfs -o size=4096 tmpfs "$d" && umount "$d" && rmdir "$d"',
  ]);
  return tried.status === 0;
})();

describe.skipIf(!mayMount)(
  `a spool directory that is full${mayMount ? '' : ' (skipped: mounting a small file system is for root)'}`,
  () => {
    async function startSmall(bytes: number, policy = '', spoolMemory = '0'): Promise<void> {
      await start(policy, spoolMemory);
      if (!mountSmall(server.spool, bytes)) throw new Error('mount failed');
    }
    afterEach(() => {
      // Runs before the server is stopped: hooks of the inner suite come first.
      expect(spawnSync('umount', [server.spool]).status).toBe(0);
    });

    it('452, nothing half forwarded, nothing left; a smaller message is taken', async () => {
      await startSmall(262_144);
      expect(await dot(1_000_000)).toMatch(/^452 4\.3\.1 insufficient storage \w+\r\n$/);
      expect(server.said(/^err cannot store the message .*ENOSPC/)).toHaveLength(1);
      expect(await readdir(server.spool)).toEqual([]);
      expect(arrived()).toBe(0);
      expect(await dot(100_000)).toMatch(/^250 /);
      expect(arrived()).toBe(1);
      expect(await readdir(server.spool)).toEqual([]);
    });

    it('many at once: those that fit are taken, the others get 452, none is cut', async () => {
      await startSmall(1_048_576);
      const replies = await Promise.all(Array.from({ length: 12 }, () => dot(300_000)));
      for (const reply of replies) expect(reply).toMatch(/^(250|452 4\.3\.1) /);
      const taken = replies.filter((reply) => reply.startsWith('250')).length;
      expect(taken).toBeGreaterThan(0);
      expect(taken).toBeLessThan(12);
      const contents = hop.connections.flatMap((connection) => connection.contents);
      expect(contents).toHaveLength(taken);
      for (const content of contents) expect(content.length).toBe(body(300_000).length);
      expect(await readdir(server.spool)).toEqual([]);
    });

    it('when headers are rewritten: refused, the old message is not forwarded either', async () => {
      await startSmall(400_000, "function hook.dot() header.add('X-New: 1') end");
      expect(await dot(300_000)).toMatch(/^452 4\.3\.1 /);
      expect(arrived()).toBe(0);
      expect(await dot(100_000)).toMatch(/^250 /);
      expect(await readdir(server.spool)).toEqual([]);
    });

    it('when a policy opens a message that was in memory: it gets the error', async () => {
      await startSmall(
        65_536,
        "function hook.dot(path) local file, why = io.open(path) if not file then return '451 4.3.0 ' .. why end end",
        '10000000',
      );
      expect(await dot(1_000_000)).toMatch(/^452 4\.3\.1 /);
      expect(arrived()).toBe(0);
      expect(await readdir(server.spool)).toEqual([]);
      expect(await dot(1000)).toMatch(/^250 /);
    });
  },
);
