// The keeper of a shadow's process: what it is shown and when, what is too much, and what becomes of a process that dies, is silent, or grows.
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { RecordLog } from '../../../src/bench/ports/record-log.ts';
import {
  GATHER_MS,
  MOST_OCTETS,
  MOST_WAITING,
  type ShadowChild,
  ShadowKeeper,
} from '../../../src/ops/shadow-keeper.ts';
import {
  FrameReader,
  type FromShadow,
  frameOf,
  type ShadowVerdict,
} from '../../../src/ops/shadow-messages.ts';
import { Seeded } from '../../fakes/seeded.ts';

class FakeChild implements ShadowChild {
  readonly frames: unknown[] = [];
  readonly #reader = new FrameReader();
  killed = 0;
  octets: number | undefined = 0;
  say: (message: FromShadow) => void = () => undefined;
  die: (cause: string) => void = () => undefined;
  readonly pid: number;

  constructor(pid: number) {
    this.pid = pid;
  }

  send(frames: readonly Buffer[]): void {
    for (const text of this.#reader.push(Buffer.concat(frames))) this.frames.push(JSON.parse(text));
  }
  kill(): void {
    this.killed += 1;
    this.die('SIGKILL');
  }
  memory(): Promise<number | undefined> {
    return Promise.resolve(this.octets);
  }
  onMessage(listener: (message: FromShadow) => void): void {
    this.say = listener;
  }
  onExit(listener: (cause: string) => void): void {
    this.die = listener;
  }

  /** Sessions that it was shown, by number. */
  get shown(): readonly unknown[] {
    return this.frames.slice(1);
  }

  judge(count: number, verdict: ShadowVerdict = { kind: 'same' }): void {
    this.say({ kind: 'judged', verdicts: Array.from({ length: count }, () => verdict) });
  }
}

const source = { path: 'new.lua', text: '', files: [], missing: [] };
let clock: FakeClock;
let log: RecordLog;
let children: FakeChild[];
let counts: Record<string, number>;
beforeEach(() => {
  clock = new FakeClock();
  log = new RecordLog();
  children = [];
  counts = {};
  log.bus.on('shadow-judged', ({ count, result }) => {
    counts[result] = (counts[result] ?? 0) + count;
  });
});

const newest = (): FakeChild => {
  const child = children.at(-1);
  if (child === undefined) throw new Error('none was started');
  return child;
};
const said = (message: string): readonly object[] =>
  log.lines.flatMap((line) => (line.message === message ? [line.fields] : []));
const ENDED = 'the process of the shadow policy has ended';

function newKeeper(): ShadowKeeper {
  return new ShadowKeeper({
    fork: () => {
      const child = new FakeChild(100 + children.length);
      children.push(child);
      return child;
    },
    begin: { options: [], path: 'new.lua', more: [], source: undefined },
    ...{ script: 'new.lua', clock, log, mostMemory: () => 200 },
  });
}

async function ready(): Promise<ShadowKeeper> {
  const keeper = newKeeper();
  const started = keeper.start();
  newest().say({ kind: 'ready', source });
  expect(await started).toEqual({ kind: 'ready' });
  return keeper;
}

const show = (keeper: ShadowKeeper, n: number, octets = 10): void =>
  keeper.show({
    id: `S${n}`,
    client: '192.0.2.1',
    frame: frameOf(JSON.stringify({ n, pad: 'x'.repeat(octets) })),
  });

it('frames are read as they were written, however they are split, octets above ASCII too', () => {
  const random = new Seeded(3);
  const texts = Array.from({ length: 50 }, () => '\xff7\0\n'.repeat(random.pick([0, 1, 7, 900])));
  const octets = Buffer.concat(texts.map(frameOf));
  const reader = new FrameReader();
  const read: string[] = [];
  for (let at = 0; at < octets.length; ) {
    const size = random.pick([1, 2, 3, 50, 5000]);
    read.push(...reader.push(octets.subarray(at, at + size)));
    at += size;
  }
  expect(read).toEqual(texts);
});

describe('sessions', () => {
  it('are shown one after the other, those that come meanwhile together, and verdicts stand beside their session', async () => {
    const keeper = await ready();
    show(keeper, 1);
    show(keeper, 2);
    show(keeper, 3);
    expect(newest().shown).toMatchObject([{ n: 1 }]);
    newest().judge(1, { kind: 'differs', step: 'RCPT', live: '250', shadow: '550 no' });
    expect(newest().shown).toHaveLength(1);
    clock.advance(GATHER_MS);
    expect(newest().shown).toMatchObject([{ n: 1 }, { n: 2 }, { n: 3 }]);
    newest().judge(1, { kind: 'missing', what: 'dns A x' });
    newest().judge(1, { kind: 'failed', cause: 'hook.init' });
    expect(log.lines.map(({ fields, level, message }) => [level, message, fields])).toEqual([
      ['notice', 'the shadow policy is at work', { script: 'new.lua', process: 100 }],
      [
        'info',
        'the shadow policy answers otherwise',
        { id: 'S1', client: '192.0.2.1', step: 'RCPT', live: '250', shadow: '550 no' },
      ],
      ['info', expect.stringContaining('asks for'), { id: 'S2', client: '192.0.2.1', what: 'dns A x' }],
      [
        'warning',
        expect.stringContaining('could not be shown'),
        { id: 'S3', client: '192.0.2.1', cause: 'hook.init' },
      ],
    ]);
    expect(counts).toEqual({ differs: 1, missing: 1, failed: 1 });
  });

  it.each([
    ['too many', MOST_WAITING, 10],
    ['too large together', Math.floor(MOST_OCTETS / 1_000_040), 1_000_000],
  ])(
    '%s wait: skipped, counted, told once a minute; and again taken when it has kept up',
    async (_, most, octets) => {
      const keeper = await ready();
      for (let n = 0; n < most + 7; n++) show(keeper, n, octets);
      expect(counts).toEqual({ skipped: 7 });
      expect(said('sessions are not shown to the shadow policy')).toEqual([
        { count: 1, cause: 'it does not keep up' },
      ]);
      clock.advance(59_000);
      show(keeper, 0, octets);
      while (newest().shown.length < most) {
        newest().judge(newest().shown.length - (counts.same ?? 0));
        clock.advance(GATHER_MS);
      }
      newest().judge(most - (counts.same ?? 0));
      expect(counts).toEqual({ skipped: 8, same: most });
      for (let n = 0; n < most + 1; n++) show(keeper, n, octets);
      expect(counts.skipped).toBe(9);
    },
  );
});

it('sessions are gathered for a moment, unless there are enough of them, and nothing waits for more', async () => {
  const keeper = await ready();
  show(keeper, 0);
  newest().judge(1);
  const sends: number[] = [];
  for (let n = 1; n <= 40; n++) {
    show(keeper, n);
    sends.push(newest().shown.length);
  }
  // The first was shown at once, the next 32 together, the others when those are judged and a moment is over.
  expect([...new Set(sends)]).toEqual([1, 33]);
  newest().judge(32);
  clock.advance(GATHER_MS - 1);
  expect(newest().shown).toHaveLength(33);
  clock.advance(1);
  expect(newest().shown).toHaveLength(41);
  newest().judge(8);
  expect(counts).toEqual({ same: 41 });
});

describe('its process', () => {
  it('that dies is followed by another after a pause that grows, with the policy as it was read; what waits is shown to that', async () => {
    const keeper = await ready();
    show(keeper, 1);
    show(keeper, 2);
    for (const pause of [1, 2, 4]) {
      const before = children.length;
      newest().die('SIGSEGV');
      expect(said(ENDED).at(-1)).toMatchObject({ cause: 'SIGSEGV', pause });
      clock.advance(pause * 1000 - 1);
      expect(children).toHaveLength(before);
      clock.advance(1);
      expect(children).toHaveLength(before + 1);
    }
    expect(newest().frames).toEqual([{ options: [], path: 'new.lua', more: [], source }]);
    newest().say({ kind: 'ready', source });
    expect(newest().shown).toMatchObject([{ n: 2 }]);
    expect(counts).toEqual({ failed: 1 });
  });

  it('that says nothing is ended', async () => {
    const keeper = await ready();
    show(keeper, 1);
    clock.advance(60_000);
    expect(said(ENDED)).toMatchObject([{ cause: 'it said nothing within 60 s', sessions: 1, process: 100 }]);
    expect(children[0]?.killed).toBe(1);
  });

  it('that is not ready in time is ended, and it is no reason not to serve', async () => {
    const started = newKeeper().start();
    clock.advance(60_000);
    expect(await started).toEqual({ kind: 'later' });
    expect(said(ENDED)).toMatchObject([{ cause: 'it was not ready within 60 s' }]);
  });

  it('that grows is ended', async () => {
    const keeper = await ready();
    newest().octets = 201 * 1024 * 1024;
    show(keeper, 1);
    clock.advance(1000);
    await Promise.resolve();
    await Promise.resolve();
    expect(said(ENDED)).toMatchObject([{ cause: 'it has 201 MiB of memory, shadow-max-memory is 200' }]);
  });

  it('that grows is ended, too, when it answers at once whatever it is shown', async () => {
    const keeper = await ready();
    newest().octets = 201 * 1024 * 1024;
    for (let n = 0; n < 5; n++) {
      show(keeper, n);
      newest().judge(1);
      clock.advance(GATHER_MS);
    }
    await Promise.resolve();
    await Promise.resolve();
    expect(said(ENDED)).toMatchObject([{ cause: 'it has 201 MiB of memory, shadow-max-memory is 200' }]);
  });

  it('whose policy is wrong is a mistake of the operator', async () => {
    const keeper = newKeeper();
    const started = keeper.start();
    newest().say({ kind: 'wrong', problem: 'new.lua:1: no' });
    expect(await started).toEqual({ kind: 'wrong', problem: 'new.lua:1: no' });
    await keeper.stop();
  });

  it('skipped sessions are told by their causes, each once a minute, with how many', async () => {
    const keeper = await ready();
    const TOLD = 'sessions are not shown to the shadow policy';
    for (const cause of ['a', 'b', 'a', 'a']) keeper.skip(cause);
    expect(said(TOLD)).toEqual([
      { count: 1, cause: 'a' },
      { count: 1, cause: 'b' },
    ]);
    clock.advance(60_000);
    for (const cause of ['b', 'a', 'b']) keeper.skip(cause);
    expect(said(TOLD).slice(2)).toEqual([
      { count: 1, cause: 'b' },
      { count: 3, cause: 'a' },
    ]);
    expect(counts).toEqual({ skipped: 7 });
  });

  it('is gone when it was stopped, with every timer, and nothing is told of that', async () => {
    const keeper = await ready();
    show(keeper, 1);
    show(keeper, 2);
    await keeper.stop();
    show(keeper, 3);
    clock.advance(1_000_000);
    expect(children).toHaveLength(1);
    expect(clock.nextIn).toBeUndefined();
    expect([said(ENDED), counts]).toEqual([[], { skipped: 2 }]);
  });
});
