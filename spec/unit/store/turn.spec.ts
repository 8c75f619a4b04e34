// Several who open one store at the same moment: nobody moves aside, or writes over, what another has just made. And nobody opens it while
// another writes.
import { lutimes, mkdir, mkdtemp, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Maybe } from '../../../src/base/maybe.ts';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import { ownMark } from '../../../src/ops/process-mark.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import { openEmbedded } from '../../../src/store/embedded/open-embedded.ts';
import { inTurn, inTurnAlone } from '../../../src/store/embedded/turn.ts';
import { linksInMemory, linksOnDisk, WriteTurn } from '../../../src/store/embedded/write-turn.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'smtpe-turn-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));

const link = (): string => join(base, '.opening');

it('is had by one at a time, in this process too', async () => {
  let inside = 0;
  let most = 0;
  const one = async (): Promise<void> => {
    inside++;
    most = Math.max(most, inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside--;
  };
  await Promise.all([1, 2, 3, 4].map(() => inTurn(base, one)));
  expect(most).toBe(1);
  expect(await readdir(base)).toEqual([]);
});

it('is given back by who fails', async () => {
  await expect(inTurn(base, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await readdir(base)).toEqual([]);
});

const OVER = '4194999.1.2.3';

/** A turn that a process of this mark has left, which is old when nobody can say whether it lives. */
async function left(name: string, mark: string): Promise<void> {
  await symlink(mark, join(base, name));
  await lutimes(join(base, name), 1, 1);
}

it.each([
  ['that is no more', async (): Promise<string> => (await ownMark()).replace(/^\d+/, '4194999')],
  ['of this number that began at another time', async () => (await ownMark()).replace(/\.\d+/, '.1')],
  ['of an earlier start of the system', async () => (await ownMark()).replace(/\w+$/, '00000000')],
  ['of another container, long ago', async () => (await ownMark()).replace(/\.\d+\.(\w+)$/, '.7.$1')],
  ['that says nothing', () => 'somebody'],
])('is taken from a process %s', async (_, mark) => {
  await left('.opening', await mark());
  expect(await inTurn(base, () => readlink(link()))).toBe(await ownMark());
  expect(await readdir(base)).toEqual([]);
});

it('is not taken from a process that lives, however old its link is', async () => {
  await left('.opening', await ownMark());
  await expect(inTurn(base, async () => undefined, 20)).rejects.toThrow(
    `${link()}: process ${process.pid} has been opening this store for 0.02 s`,
  );
  await rm(link());
});

it('is not taken from a new owner by who has seen the dead one before it', async () => {
  await left('.opening', OVER);
  let inside = 0;
  let most = 0;
  const one = async (): Promise<void> => {
    inside++;
    most = Math.max(most, inside);
    await new Promise((resolve) => setTimeout(resolve, 1));
    inside--;
  };
  await Promise.all(Array.from({ length: 12 }, () => inTurn(base, one)));
  expect(most).toBe(1);
  expect(await readdir(base)).toEqual([]);
});

it('is had again when who was clearing a dead one has died as well', async () => {
  await left('.opening', OVER);
  await left(`.clearing-${OVER}`, '4194998.1.2.3');
  await inTurn(base, async () => undefined);
  expect(await readdir(base)).toEqual([]);
});

/** Of this process, so that they live. */
async function linkOfAnother(path: string, name: string): Promise<{ readonly remove: () => Promise<void> }> {
  const mark = await ownMark();
  const other = join(path, name.replace('MARK', mark));
  await symlink(mark, other);
  return { remove: () => rm(other) };
}

const ticks = async (times: number): Promise<void> => {
  for (let i = 0; i < times; i++) await new Promise((resolve) => setImmediate(resolve));
};

describe.each([
  ['in memory', linksInMemory],
  ['on a disk', linksOnDisk],
])('who writes to a store %s', (_, links) => {
  const own = async (): Promise<string> => `.writing-${await ownMark()}`;
  const turns: WriteTurn[] = [];
  const writer = async (): Promise<WriteTurn> => {
    const turn = new WriteTurn(base, await ownMark(), links);
    turns.push(turn);
    return turn;
  };
  afterEach(async () => {
    for (const turn of turns.splice(0)) await turn.close();
    expect(await readdir(base)).toEqual([]);
  });

  it('says so while it writes, and no longer when it is closed', async () => {
    const turn = await writer();
    const name = await own();
    expect(await turn.run(() => readdir(base))).toEqual([name]);
    await turn.close();
    expect(await readdir(base)).toEqual([]);
    expect(() => turn.run(() => 1)).toThrow('closed');
  });

  it('waits for who opens it', async () => {
    const turn = await writer();
    const order: string[] = [];
    let written: unknown;
    await inTurnAlone(base, async () => {
      written = Promise.resolve(turn.run(() => order.push('written')));
      for (let i = 0; i < 50; i++) await readdir(base);
      order.push('opened');
    });
    await written;
    expect(order).toEqual(['opened', 'written']);
  });

  it('is waited for by who opens it, with all that is under way', async () => {
    const turn = await writer();
    const order: string[] = [];
    let end: (() => void) | undefined;
    const long = turn.run(
      () =>
        new Promise<void>((resolve) => {
          end = () => {
            order.push('written');
            resolve();
          };
        }),
    );
    while (end === undefined) await new Promise((resolve) => setImmediate(resolve));
    const opening = inTurnAlone(base, async () => order.push('opened'));
    // Until it sees who opens, it writes on.
    let second: Maybe<number>;
    do {
      await new Promise((resolve) => setImmediate(resolve));
      second = turn.run(() => order.push('second'));
      if (!(second instanceof Promise)) order.pop();
    } while (!(second instanceof Promise));
    expect(order).toEqual([]);
    end();
    await Promise.all([long, opening, second]);
    expect(order).toEqual(['written', 'opened', 'second']);
  });

  it('does not keep others out for ever while it writes all the time', async () => {
    const turn = await writer();
    let isOpened = false;
    const opening = inTurnAlone(base, async () => {
      isOpened = true;
    });
    for (let i = 0; !isOpened; i++) {
      await turn.run(() => i);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await opening;
  });

  it('keeps no others from writing when it does not come to an end', async () => {
    const hangs = await linkOfAnother(base, '.writing-MARK.');
    const opening = inTurnAlone(base, async () => 'opened', { patienceMs: 120, stepMs: 20 });
    const end = expect(opening).rejects.toThrow(
      /\.writing-\S+: process \d+ has been writing to this store for 0\.12 s/,
    );
    const turn = await writer();
    while (!(await readdir(base)).includes('.opening')) await ticks(1);
    expect(await turn.run(() => 'written')).toBe('written');
    await turn.close();
    await end;
    await hangs.remove();
  });

  it('does not wait for who has died while it opened it', async () => {
    await left('.opening', OVER);
    expect(await (await writer()).run(() => 'written')).toBe('written');
  });

  it('is not waited for when it has died', async () => {
    await left(`.writing-${OVER}`, OVER);
    await inTurnAlone(base, async () => undefined);
  });

  it('writes where its directory is gone: nobody opens that', async () => {
    const turn = new WriteTurn(join(base, 'gone'), await ownMark(), links);
    expect(await turn.run(() => 'written')).toBe('written');
    await turn.close();
  });
});

it.each(['memory', 'lmdb'] as const)(
  'keeps apart who opens, who writes and who closes (%s)',
  async (kind) => {
    const path = join(base, `apart-${kind}`);
    const place = kind === 'memory' ? join(path, 'store') : path;
    await mkdir(place, { recursive: true, mode: 0o700 });
    const parts = {
      ...{ clock: new FakeClock(), log: new RecordLog(), options: createOptions({}), random: () => 1 },
      resolver: { addresses: async () => [] },
      memory: { path: async () => path, close: async () => undefined },
    };
    // Another writes: it is not opened, nor even made.
    const writing = await linkOfAnother(place, '.writing-MARK');
    const opening = openEmbedded('store', kind === 'memory' ? { kind } : { kind, path }, parts);
    while (!(await readdir(place)).includes('.opening')) await ticks(1);
    await ticks(200);
    expect(await readdir(place)).not.toContain('data.mdb');
    await writing.remove();
    const outcome = await opening;
    if (outcome.kind === 'refused') throw new Error(outcome.problem);
    const { store } = outcome;
    // Another opens it: nothing is written, and it is not closed.
    const other = await linkOfAnother(place, '.opening');
    const order: string[] = [];
    const key = Buffer.from('sum');
    const incr = Promise.resolve(store.incr(key, 1, 60)).then((done) => order.push(JSON.stringify(done)));
    await ticks(200);
    expect(order).toEqual([]);
    expect(store.get(key)).toEqual({ kind: 'missing' });
    await other.remove();
    await incr;
    expect(order).toEqual(['{"kind":"number","value":1}']);
    const again = await linkOfAnother(place, '.opening');
    const closing = store.close().then(() => order.push('closed'));
    await ticks(200);
    expect(order).toHaveLength(1);
    await again.remove();
    await closing;
    expect((await readdir(place)).toSorted()).toEqual(['data.mdb', 'lock.mdb']);
  },
);

it('makes one new store of one damaged file, however many open it', async () => {
  const path = join(base, 'damaged');
  await mkdir(path, { mode: 0o700 });
  await writeFile(join(path, 'data.mdb'), Buffer.alloc(3_000_000, 1));
  const [clock, log] = [new FakeClock(), new RecordLog()];
  void log.events;
  const parts = {
    ...{ clock, log, options: createOptions({}), random: () => 1 },
    resolver: { addresses: async () => [] },
    memory: { path: async () => base, close: async () => undefined },
  };
  const all = await Promise.all([1, 2, 3, 4].map(() => openEmbedded('store', { kind: 'lmdb', path }, parts)));
  const stores = all.map((outcome) => {
    if (outcome.kind === 'refused') throw new Error(outcome.problem);
    return outcome.store;
  });
  expect(log.events.of('store-damaged')).toHaveLength(1);
  for (const store of stores) await store.incr(Buffer.from('sum'), 1, 60);
  for (const store of stores)
    expect(await store.get(Buffer.from('sum'))).toEqual({ kind: 'value', value: Buffer.from('4') });
  for (const store of stores) await store.close();
});
