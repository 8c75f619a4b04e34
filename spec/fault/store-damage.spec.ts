// A store on a disk that has lost something: files that were cut, flipped bits, another version, no room, rights. Nothing ends the process, no
// wrong value is given, and the log says what happened.
import { spawnSync } from 'node:child_process';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/bench/ports/clock.ts';
import { RecordLog } from '../../src/bench/ports/record-log.ts';
import { createOptions, type GivenTexts } from '../../src/options/option-set.ts';
import type { OpenOutcome } from '../../src/store/adapter.ts';
import { moveDamaged } from '../../src/store/embedded/damage.ts';
import { openEnvironment } from '../../src/store/embedded/environment.ts';
import { checkFile } from '../../src/store/embedded/file-check.ts';
import { memoryDirectory } from '../../src/store/embedded/memory-place.ts';
import { openEmbedded } from '../../src/store/embedded/open-embedded.ts';
import type { Store } from '../../src/store/store.ts';
import { Seeded } from '../fakes/seeded.ts';
import { canMount, smallDisk } from '../fakes/small-disk.ts';

let base: string;
let made = 0;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'smtpe-damage-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));

interface Rig {
  readonly outcome: OpenOutcome;
  readonly log: RecordLog;
  readonly clock: FakeClock;
}

async function openAt(path: string, texts: GivenTexts = {}): Promise<Rig> {
  const [clock, log] = [new FakeClock(), new RecordLog()];
  // From now on they are kept.
  void log.events;
  const outcome = await openEmbedded(
    'store',
    { kind: 'lmdb', path },
    {
      ...{ clock, log, options: createOptions(texts), random: () => 1 },
      resolver: { addresses: async () => [] },
      memory: { path: async () => base, close: async () => undefined },
    },
  );
  return { outcome, log, clock };
}

async function opened(path: string): Promise<Rig & { readonly store: Store }> {
  const rig = await openAt(path);
  if (rig.outcome.kind === 'refused') throw new Error(rig.outcome.problem);
  return { ...rig, store: rig.outcome.store };
}

const fresh = async (): Promise<string> => {
  const path = join(base, `store-${++made}`);
  await mkdir(path, { mode: 0o700 });
  return path;
};
const key = (index: number): Buffer => Buffer.from(`key:${index}:${'k'.repeat(index % 90)}`);
const madeValue = (index: number): Buffer => Buffer.alloc(index === 7 ? 20_000 : index % 120, index);
const ENTRIES = 400;
/** Of flipped bits. */
const ROUNDS = 50;

/** A directory with a store that was closed. */
async function whole(): Promise<string> {
  const path = await fresh();
  const { store } = await opened(path);
  await Promise.all(Array.from({ length: ENTRIES }, (_, i) => store.set(key(i), madeValue(i), 100 + i * 10)));
  await Promise.all(Array.from({ length: 50 }, (_, i) => store.member(Buffer.from('set'), key(i), 600)));
  await store.close();
  return path;
}

/** What everybody who reads finds: the right value, or none. */
async function readAll(store: Store): Promise<number> {
  let there = 0;
  for (let i = 0; i < ENTRIES; i++) {
    const found = await store.get(key(i));
    if (found.kind === 'value') {
      expect(found.value.equals(madeValue(i)), String(key(i))).toBe(true);
      there++;
    } else expect(found).toEqual({ kind: 'missing' });
  }
  await store.list(Buffer.alloc(0), 1000);
  expect(await store.set(Buffer.from('new'), Buffer.from('x'), 60)).toEqual({ kind: 'done' });
  expect((await store.get(Buffer.from('new'))).kind).toBe('value');
  return there;
}

describe('a store whose file', () => {
  let right: string;
  let length: number;
  beforeAll(async () => {
    right = await whole();
    length = (await stat(join(right, 'data.mdb'))).size;
  });

  it('is whole is opened as it was', async () => {
    const { log, store } = await opened(right);
    expect(await readAll(store)).toBe(ENTRIES);
    expect(await store.count(Buffer.from('set'))).toEqual({ kind: 'number', value: 50 });
    expect(log.events.of('store-damaged')).toEqual([]);
    await store.close();
  });

  it('was cut, anywhere, is moved aside', async () => {
    const random = new Seeded(16);
    for (const at of [
      1,
      100,
      4095,
      4096,
      8191,
      8192,
      ...Array.from({ length: 4 }, () => random.below(length - 8192)),
    ]) {
      const path = await fresh();
      await copyFile(join(right, 'data.mdb'), join(path, 'data.mdb'));
      await truncate(join(path, 'data.mdb'), at);
      const { log, store } = await opened(path);
      await readAll(store);
      await store.close();
      expect(log.events.of('store-damaged')).toHaveLength(1);
      expect((await readdir(path)).filter((name) => name.startsWith('damaged-'))).toEqual([
        'damaged-2023-11-14T22-13-20',
      ]);
    }
  });

  it('has a flipped bit gives right values or none', async () => {
    const random = new Seeded(3);
    const bytes = await readFile(join(right, 'data.mdb'));
    let lost = 0;
    let aside = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const path = await fresh();
      const flipped = Buffer.from(bytes);
      // Half of them in the heads of pages, where a bit can do most.
      const page = random.below(length / 4096) * 4096;
      const at = round % 2 === 0 ? random.below(length) : page + random.below(120);
      flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << random.below(8)), at);
      await writeFile(join(path, 'data.mdb'), flipped);
      const { log, store } = await opened(path);
      const there = await readAll(store);
      await store.close();
      if (log.events.of('store-damaged').length > 0) aside++;
      else if (there < ENTRIES) lost++;
      await rm(path, { recursive: true });
    }
    // The seed has all three: nothing lost, some entries, the whole file.
    expect(lost).toBeGreaterThan(0);
    expect(aside).toBeGreaterThan(0);
    expect(lost + aside).toBeLessThan(ROUNDS);
  });

  it.each([
    ['is no store', 'x'.repeat(20_000)],
    ['is all zeros', '\0'.repeat(20_000)],
  ])('%s is moved aside', async (_, text) => {
    const path = await fresh();
    await writeFile(join(path, 'data.mdb'), text);
    const { log, store } = await opened(path);
    await readAll(store);
    await store.close();
    expect(log.events.of('store-damaged')).toHaveLength(1);
  });

  it.each([
    ['whole', (_: Buffer) => undefined, undefined],
    [
      'no store',
      (bytes: Buffer) => bytes.fill(1, 0, 8192),
      'a page that should describe the others does not',
    ],
    ['cut in its beginning', (bytes: Buffer) => bytes.subarray(0, 5000), 'it is too short: 5000 octets'],
    [
      'much shorter than it says',
      (bytes: Buffer) => {
        for (const meta of [24, 4096 + 24]) bytes.writeBigUInt64LE(999_999n, meta + 120);
      },
      /^it is too short: it has \d+ octets of 4096000000$/,
    ],
  ])('is too large to be read and %s', async (_, change, cause) => {
    const path = await fresh();
    const bytes = await readFile(join(right, 'data.mdb'));
    await writeFile(join(path, 'data.mdb'), change(bytes) ?? bytes);
    const causes: string[] = [];
    await moveDamaged(path, 0, (why) => causes.push(why), 4096);
    if (cause === undefined) expect(causes).toEqual([]);
    else expect(causes).toEqual([expect.stringMatching(cause)]);
  });

  it('is empty begins empty', async () => {
    const path = await fresh();
    await writeFile(join(path, 'data.mdb'), '');
    const { log, store } = await opened(path);
    await readAll(store);
    await store.close();
    expect(log.events.of('store-damaged')).toEqual([]);
  });

  it('is of another version is moved aside', async () => {
    const path = await fresh();
    const environment = await openEnvironment(path, 'disk');
    await environment.write(() => environment.state.put(Buffer.from('version'), Buffer.from('2')));
    await environment.close();
    const { log, store } = await opened(path);
    await readAll(store);
    await store.close();
    expect(log.events.of('store-damaged')[0]).toMatchObject({
      cause: 'its layout is version 2 and not 1',
    });
  });

  it('is used by others is not touched, whatever it looks like', async () => {
    const path = await fresh();
    const { store } = await opened(path);
    await store.set(key(1), madeValue(1), 600);
    const second = await opened(path);
    expect(await second.store.get(key(1))).toEqual({ kind: 'value', value: madeValue(1) });
    expect((await readdir(path)).filter((name) => !name.startsWith('.'))).toEqual(['data.mdb', 'lock.mdb']);
    await second.store.close();
    await store.close();
  });
});

describe('an entry that another version wrote', () => {
  it('is missing, and can be written over', async () => {
    const path = await fresh();
    const { store } = await opened(path);
    await store.set(key(1), madeValue(1), 600);
    await store.close();
    const environment = await openEnvironment(path, 'disk');
    const { crc32c } = await import('../../src/base/crc32c.ts');
    await environment.write(() => {
      const record = environment.values.get(key(1)) ?? Buffer.alloc(12);
      record[0] = 9;
      record.writeUInt32BE(crc32c(record, crc32c(record, crc32c(key(1)), 0, 8), 12), 8);
      environment.values.put(key(1), record);
    });
    await environment.close();
    const again = await opened(path);
    expect(await again.store.get(key(1))).toEqual({ kind: 'missing' });
    expect(await again.store.add(key(1), madeValue(2), 600)).toEqual({ kind: 'done' });
    expect(await again.store.get(key(1))).toEqual({ kind: 'value', value: madeValue(2) });
    expect(again.log.events.of('store-damaged-value')).toEqual([]);
    await again.store.close();
  });
});

describe('a place for a store', () => {
  it('is made with no rights for others', async () => {
    const path = join(base, 'deep', 'er');
    const { store } = await opened(path);
    await store.set(key(1), madeValue(1), 600);
    await store.close();
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(path))
      expect((await stat(join(path, name))).mode & 0o777, name).toBe(0o600);
  });

  it('that others may write to is refused', async () => {
    const path = await fresh();
    await chmod(path, 0o770);
    const { outcome } = await openAt(path);
    expect(outcome).toEqual({ kind: 'refused', problem: `others may write to ${path}; chmod 700 ${path}` });
  });

  it('that is a file is refused', async () => {
    const path = join(base, 'file');
    await (await open(path, 'w')).close();
    const { outcome } = await openAt(path);
    expect(outcome.kind === 'refused' && outcome.problem).toMatch(/^\/.*file is no directory$/);
  });

  it('of a kernel, where nothing can be made, is refused', async () => {
    const { outcome } = await openAt('/proc/self/store');
    expect(outcome.kind === 'refused' && outcome.problem).toMatch(
      /^\/proc\/self\/store: .*this user may write to$/,
    );
  });
});

describe.runIf(canMount)('a store in memory', () => {
  const place = (base: string, ...bases: string[]): Promise<string> =>
    memoryDirectory(() => 7, [base, ...bases]);

  it('lies below the first base that is there and has room', async () => {
    const [small, large] = [smallDisk('64k'), smallDisk('16m')];
    try {
      const file = join(base, 'a-file');
      await writeFile(file, '');
      expect(await place(large.directory, base)).toMatch(new RegExp(`^${large.directory}/smtpe-store-.*-7$`));
      for (const no of [small.directory, join(base, 'not-there'), file])
        expect(await place(no, large.directory), no).toMatch(new RegExp(`^${large.directory}/`));
      expect(await place(small.directory)).toMatch(new RegExp(`^${small.directory}/`));
    } finally {
      small.remove();
      large.remove();
    }
  });

  it('says what would be right where it cannot lie', async () => {
    const disk = smallDisk('16m');
    try {
      spawnSync('mount', ['-o', 'remount,ro', disk.directory]);
      const path = join(disk.directory, 'memory');
      const outcome = await openEmbedded(
        'store',
        { kind: 'memory' },
        {
          ...{ clock: new FakeClock(), log: new RecordLog(), options: createOptions({}), random: () => 1 },
          resolver: { addresses: async () => [] },
          memory: { path: async () => path, close: async () => undefined },
        },
      );
      expect(outcome).toEqual({
        kind: 'refused',
        problem: `${path}/store: EROFS; it must be a directory that this user may write to; stores in memory lie in /dev/shm, else in TMPDIR`,
      });
    } finally {
      disk.remove();
    }
  });

  it('has as much as a small memory lets it, and then makes room', async () => {
    const disk = smallDisk('4m');
    try {
      const log = new RecordLog();
      void log.events;
      const outcome = await openEmbedded(
        'store',
        { kind: 'memory' },
        {
          ...{ clock: new FakeClock(), log, options: createOptions({}), random: () => 1 },
          resolver: { addresses: async () => [] },
          memory: { path: async () => disk.directory, close: async () => undefined },
        },
      );
      if (outcome.kind === 'refused') throw new Error(outcome.problem);
      const { store } = outcome;
      expect(log.events.of('store-small')).toHaveLength(1);
      for (let i = 0; i < 12_000; i++)
        expect(await store.set(Buffer.from(`stranger:${i}`), madeValue(100), 600)).toEqual({ kind: 'done' });
      expect(log.events.of('store-full')).toHaveLength(1);
      expect(log.events.of('store-write-failed')).toEqual([]);
      await store.close();
    } finally {
      disk.remove();
    }
  });
});

describe.runIf(canMount)('a disk that is full', () => {
  it('answers limit to writes, reads go on, and it writes again when there is room', async () => {
    const disk = smallDisk('1m');
    try {
      const path = join(disk.directory, 'store');
      const { clock, log, store } = await opened(path);
      await store.set(key(1), madeValue(1), 600);
      await writeFile(join(disk.directory, 'fill'), Buffer.alloc(2_000_000)).catch(() => undefined);
      const outcomes = new Set<string>();
      for (let i = 0; i < 400; i++) {
        const outcome = await store.set(Buffer.from(`more:${i}`), Buffer.alloc(3000), 600);
        outcomes.add(outcome.kind === 'failed' ? outcome.cause : outcome.kind);
      }
      expect(outcomes).toContain('limit');
      expect(outcomes).not.toContain('down');
      expect(await store.get(key(1))).toEqual({ kind: 'value', value: madeValue(1) });
      expect(log.events.of('store-write-failed')).toHaveLength(1);
      await rm(join(disk.directory, 'fill'));
      clock.advance(2000);
      expect(await store.set(key(2), madeValue(2), 600)).toEqual({ kind: 'done' });
      await store.close();
      expect(await checkFile(await readFile(join(path, 'data.mdb')))).toEqual({ kind: 'right' });
    } finally {
      disk.remove();
    }
  });

  it('has no place for a new store, and says so', async () => {
    const disk = smallDisk('64k');
    try {
      const { outcome } = await openAt(join(disk.directory, 'store'));
      expect(outcome.kind === 'refused' && outcome.problem).toMatch(/ENOSPC|no space/i);
    } finally {
      disk.remove();
    }
  });
});
