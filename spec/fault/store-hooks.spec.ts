// What clients of a server hear whose policy keeps something on a disk that fails: a damaged file, no room, no right to write. Mail goes on.
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock, systemRandom } from '../../src/base/clock.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import { createOptions } from '../../src/options/option-set.ts';
import { openEmbedded } from '../../src/store/embedded/open-embedded.ts';
import { canMount, smallDisk } from '../fakes/small-disk.ts';
import { WholeServer } from '../fakes/whole-server.ts';

const POLICY = `
function hook.helo(name)
  local done, cause = store.set('k:' .. name, ('x'):rep(3000), 600)
  return '250 ' .. tostring(done) .. ' ' .. tostring(cause)
end
function hook.ehlo(name)
  local value, cause = store.get('k:' .. name)
  return '250 ' .. (value and #value or cause)
end`;

const closes: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closes.splice(0).reverse()) await close();
});

async function fresh(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-store-hooks-'));
  closes.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function serve(directory: string, policy = POLICY): Promise<WholeServer> {
  const whole = await WholeServer.start({ policy, options: { store: `lmdb:${directory}` } });
  closes.push(async () => {
    await whole.app.ports.stores.close();
    await whole.stop();
  });
  return whole;
}

describe('a policy over a store on disk', () => {
  it('whose file is damaged: mail flows, and the log says where the file is now', async () => {
    const directory = join(await fresh(), 'store');
    await mkdir(directory, { mode: 0o700 });
    await writeFile(join(directory, 'data.mdb'), Buffer.alloc(50_000, 'damaged'));
    const whole = await serve(directory);
    const client = await whole.greeted();
    expect(await client.command('EHLO a')).toBe('250 missing\r\n');
    expect(await client.command('HELO a')).toBe('250 true nil\r\n');
    expect(await client.command('EHLO a')).toBe('250 3000\r\n');
    expect(whole.said(/^err .*was damaged, and begins empty: .*damaged-/)).toHaveLength(1);
    expect((await readdir(directory)).some((name) => name.startsWith('damaged-'))).toBe(true);
    client.destroy();
  });

  it('whose client leaves while it is written: nothing is left, and it is written', async () => {
    const whole = await serve(
      join(await fresh(), 'store'),
      `${POLICY}
       function hook.rset() for i = 1, 100 do store.incr('n', 1, 600) end end
       function hook.noop() return '250 ' .. store.incr('n', 0, 600) end`,
    );
    const first = await whole.greeted();
    for (const line of ['HELO a', 'NOOP', 'RSET']) await first.command(line);
    first.destroy();
    const before = await whole.settled();
    const watcher = await whole.greeted();
    await watcher.command('HELO a');
    const sum = async (): Promise<number> => Number((await watcher.command('NOOP')).slice(4));
    const client = await whole.greeted();
    const others = whole.server.sessions;
    client.write('RSET\r\n');
    await expect.poll(sum, { interval: 1 }).toBeGreaterThan(100);
    client.destroy();
    await expect.poll(() => whole.server.sessions, { interval: 1 }).toBe(others - 1);
    const then = await sum();
    // The call that was under way is done, and no other.
    expect(await sum()).toBeGreaterThanOrEqual(then);
    expect(await sum()).toBeLessThanOrEqual(then + 1);
    watcher.destroy();
    await whole.quiet();
    const after = await whole.settled();
    expect({ ...after, resources: 0, descriptors: 0 }).toEqual({ ...before, resources: 0, descriptors: 0 });
  });

  it.runIf(canMount)('whose disk is full: limit for what is written, what is there can be read', async () => {
    const disk = smallDisk('1m');
    closes.push(() => disk.remove());
    const whole = await serve(join(disk.directory, 'store'));
    const client = await whole.greeted();
    expect(await client.command('HELO first')).toBe('250 true nil\r\n');
    await writeFile(join(disk.directory, 'fill'), Buffer.alloc(2_000_000)).catch(() => undefined);
    await expect
      .poll(() => client.command(`HELO ${Math.random()}`), { interval: 1 })
      .toBe('250 false limit\r\n');
    expect(await client.command('EHLO first')).toBe('250 3000\r\n');
    expect(whole.said(/^warning store cannot be written/)).toHaveLength(1);
    // And who stops it now does not wait for the disk.
    const other = await serve(join(disk.directory, 'store'));
    const visitor = await other.greeted();
    await expect.poll(() => visitor.command('HELO b'), { interval: 1 }).toBe('250 false limit\r\n');
    visitor.destroy();
    await other.app.ports.stores.close();
    await rm(join(disk.directory, 'fill'));
    await expect.poll(() => client.command('HELO again'), { interval: 50 }).toBe('250 true nil\r\n');
    client.destroy();
  });
});

it.runIf(canMount)('a directory that can only be read is refused, by its name', async () => {
  const disk = smallDisk('1m');
  closes.push(() => disk.remove());
  const path = join(disk.directory, 'store');
  await mkdir(path, { mode: 0o700 });
  expect(spawnSync('mount', ['-o', 'remount,ro', disk.directory]).status).toBe(0);
  const outcome = await openEmbedded(
    'store',
    { kind: 'lmdb', path },
    {
      ...{ clock: systemClock, log: new RecordLog(), options: createOptions({}), random: systemRandom },
      resolver: { addresses: async () => [] },
      memory: { path: async () => path, close: async () => undefined },
    },
  );
  expect(outcome.kind === 'refused' && outcome.problem).toMatch(
    new RegExp(`^${path}: EROFS.*; it must be a directory that this user may write to$`),
  );
});
