import { describe, expect, it } from 'vitest';
import { silentWriter } from '../../../src/base/log.ts';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { noScriptTexts } from '../../../src/lua/source.ts';
import { openEventLog } from '../../../src/observe/event-log.ts';
import { Supervisor, type WorkerProcess } from '../../../src/ops/supervisor.ts';
import type { FromWorker, ToWorker } from '../../../src/ops/worker-messages.ts';

class FakeWorker implements WorkerProcess {
  readonly pid: number;
  readonly region: number;
  readonly seat: number;
  readonly told: string[] = [];
  readonly killed: string[] = [];
  #hear: (message: FromWorker) => void = () => undefined;
  #exit: (code: number | null, signal: string | null) => void = () => undefined;
  constructor(pid: number, region: number, seat: number) {
    this.pid = pid;
    this.region = region;
    this.seat = seat;
  }
  send(message: ToWorker): void {
    this.told.push(message.kind);
  }
  kill(signal: NodeJS.Signals): void {
    this.killed.push(signal);
  }
  onMessage(listener: (message: FromWorker) => void): void {
    this.#hear = listener;
  }
  onExit(listener: (code: number | null, signal: string | null) => void): void {
    this.#exit = listener;
  }
  listens(text = ''): void {
    this.#hear({ kind: 'listening', text, policy: { path: 'p', text: '', ...noScriptTexts } });
  }
  hasGrace(ms: number): void {
    this.#hear({ kind: 'grace', ms });
  }
  asks(isFault = true): void {
    this.#hear({ kind: 'replace', reason: 'memory', isFault });
  }
  fails(problem: string): void {
    this.#hear({ kind: 'failed', problem });
    this.exit(70);
  }
  exit(code: number | null, signal: string | null = null): void {
    this.#exit(code, signal);
  }
}

function setUp(workers = 2) {
  const clock = new FakeClock();
  const forked: FakeWorker[] = [];
  const gone: number[] = [];
  const said: string[] = [];
  const supervisor = new Supervisor({
    ...{ workers, clock, log: openEventLog(silentWriter) },
    shutdownMs: () => 30_000,
    startMs: () => 60_000,
    fork: (region, seat) => {
      const worker = new FakeWorker(100 + forked.length, region, seat);
      forked.push(worker);
      return worker;
    },
    onGone: (region) => gone.push(region),
    onListening: (_worker, { text }) => said.push(text),
  });
  const ended = supervisor.run();
  const at = (index: number): FakeWorker => {
    const worker = forked[index];
    if (worker === undefined) throw new Error(`no worker ${index}`);
    return worker;
  };
  const serving = (): number[] => supervisor.serving.map((worker) => worker.pid);
  /** All of the first workers serve. */
  const begin = (): void => {
    for (let i = 0; i < workers; i++) at(i).listens();
  };
  return { clock, forked, gone, said, supervisor, ended, at, serving, begin };
}

describe('Supervisor at start', () => {
  it('starts the first alone, then the others', () => {
    const { forked, at, serving, said } = setUp(3);
    expect(forked.length).toBe(1);
    at(0).listens('on 25');
    expect(forked.map((it) => it.region)).toEqual([0, 1, 2]);
    at(2).listens();
    expect(serving()).toEqual([100, 102]);
    expect(said).toEqual(['on 25', '']);
  });

  it('ends with the code of the first when it could not start', async () => {
    const { at, ended, forked } = setUp();
    at(0).fails('bad policy');
    expect(await ended).toEqual({ code: 70, problem: undefined });
    expect(forked.length).toBe(1);
  });

  it('ends with an error when the first dies again and again without a word', async () => {
    const { at, clock, ended, forked } = setUp();
    for (let i = 0; i < 70; i++) {
      at(forked.length - 1).exit(null, 'SIGKILL');
      clock.advance(1000);
    }
    expect(await ended).toEqual({
      code: 70,
      problem: 'no worker serves since 60 s, the last one ended with SIGKILL',
    });
  });

  it('kills a worker that never listens, and starts another', () => {
    const { at, clock, forked } = setUp();
    clock.advance(60_000);
    expect(at(0).killed).toEqual(['SIGKILL']);
    at(0).exit(null, 'SIGKILL');
    clock.advance(1000);
    expect(forked.length).toBe(2);
  });
});

describe('Supervisor and workers that die', () => {
  it('replaces at once one that has served for long, and frees its region', () => {
    const { at, forked, clock, gone, begin, serving } = setUp();
    begin();
    clock.advance(20_000);
    at(0).exit(null, 'SIGKILL');
    expect(forked.length).toBe(3);
    expect([gone, at(2).region]).toEqual([[0], 0]);
    at(2).listens();
    expect(serving()).toEqual([101, 102]);
  });

  it('pauses 1, 2, 4 ... 30 s when successors die early, trying with one', () => {
    const { at, forked, clock, begin } = setUp();
    begin();
    clock.advance(20_000);
    at(0).exit(null, 'SIGKILL');
    for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
      const last = forked.length;
      at(last - 1).fails('broken');
      clock.advance(seconds * 1000 - 1);
      expect(forked.length).toBe(last);
      clock.advance(1);
      expect(forked.length).toBe(last + 1);
    }
    // The other one serves: there is no reason to end. When it dies too it has to wait for its turn.
    const last = forked.length;
    at(1).exit(null, 'SIGKILL');
    expect(forked.length).toBe(last);
    at(last - 1).listens();
    // It works again: the other one that is missing is tried after the pause.
    clock.advance(30_000);
    expect(forked.length).toBe(last + 1);
  });

  it('ends with an error that says why when nobody has served for a minute', async () => {
    const { at, forked, clock, begin, ended } = setUp();
    begin();
    clock.advance(20_000);
    at(0).exit(null, 'SIGKILL');
    at(1).exit(null, 'SIGKILL');
    let over = false;
    void ended.then(() => {
      over = true;
    });
    for (let second = 0; second < 59; second++) {
      at(forked.length - 1).fails('policy.lua:1: no');
      clock.advance(1000);
      await Promise.resolve();
      expect(over).toBe(false);
    }
    clock.advance(1000);
    for (const worker of forked) if (worker.killed.length > 0) worker.exit(null, 'SIGKILL');
    expect(await ended).toEqual({
      code: 70,
      problem: 'no worker serves since 60 s, the last one ended with exit code 70: policy.lua:1: no',
    });
    expect(clock.pending).toBe(0);
  });
});

describe('Supervisor and workers that ask to be replaced', () => {
  it('drains one when its successor listens, one at a time', () => {
    const { at, forked, clock, begin, serving } = setUp();
    begin();
    clock.advance(100_000);
    at(0).asks();
    at(1).asks();
    expect(forked.length).toBe(3);
    expect([at(0).told, at(1).told]).toEqual([[], []]);
    at(2).listens();
    expect([at(0).told, at(1).told]).toEqual([['drain'], []]);
    expect(serving()).toEqual([102, 101]);
    expect(forked.length).toBe(4);
    at(3).listens();
    expect(at(1).told).toEqual(['drain']);
    expect(serving()).toEqual([102, 103]);
    at(0).exit(0);
    at(1).exit(0);
    expect(forked.length).toBe(4);
  });

  it('keeps the old one when the successor fails, and tries again after a pause', () => {
    const { at, forked, clock, begin, serving } = setUp();
    begin();
    clock.advance(100_000);
    at(0).asks();
    at(2).fails('broken');
    expect([at(0).told, serving()]).toEqual([[], [101, 100]]);
    clock.advance(1000);
    expect(forked.length).toBe(4);
    at(3).listens();
    expect(at(0).told).toEqual(['drain']);
  });

  it('remembers what it owes while every region is taken by workers that drain', () => {
    const { at, forked, clock, begin, serving } = setUp();
    begin();
    clock.advance(100_000);
    for (const asks of [0, 1]) {
      at(asks).asks();
      at(forked.length - 1).listens();
    }
    // Two drain, two serve: four regions.
    clock.advance(100_000);
    at(2).asks();
    at(3).asks();
    expect(forked.length).toBe(4);
    expect(serving()).toEqual([102, 103]);
    expect([at(2).told, at(3).told]).toEqual([[], []]);
    // One that dies is replaced at once in its own region.
    at(3).exit(null, 'SIGKILL');
    expect(forked.length).toBe(5);
    expect(at(4).region).toBe(at(3).region);
    at(4).listens();
    at(0).exit(0);
    expect(forked.length).toBe(6);
    at(5).listens();
    expect(at(2).told).toEqual(['drain']);
    expect(serving()).toEqual([104, 105]);
  });

  it('holds back workers that ask again and again', () => {
    const { at, forked, begin, clock } = setUp(1);
    begin();
    at(0).asks();
    expect(forked.length).toBe(1);
    at(0).asks(false);
    expect(forked.length).toBe(1);
    clock.advance(1000);
    at(1).listens();
    expect(at(0).told).toEqual(['drain']);
    at(0).exit(0);
    at(1).asks();
    clock.advance(1999);
    expect(forked.length).toBe(2);
    clock.advance(1);
    expect(forked.length).toBe(3);
  });
});

describe('the seats of workers', () => {
  it('are one for each, and go to the successor of who has died', () => {
    const { at, clock, begin, forked } = setUp(3);
    begin();
    expect(forked.map(({ seat }) => seat)).toEqual([0, 1, 2]);
    clock.advance(100_000);
    at(1).exit(null, 'SIGKILL');
    expect(at(3).seat).toBe(1);
  });

  it('go to the successor of who asks, and who sat there drains, whoever asked first', () => {
    const { at, clock, begin } = setUp(3);
    begin();
    clock.advance(100_000);
    at(2).asks();
    at(0).asks();
    expect(at(3).seat).toBe(2);
    at(3).listens();
    expect([at(0).told, at(2).told]).toEqual([[], ['drain']]);
    expect(at(4).seat).toBe(0);
    at(4).listens();
    expect(at(0).told).toEqual(['drain']);
  });

  it('are never empty for long when somebody dies while another is replaced', () => {
    const { at, clock, begin, forked } = setUp(2);
    begin();
    clock.advance(100_000);
    at(0).asks();
    expect(at(2).seat).toBe(0);
    at(1).exit(null, 'SIGKILL');
    at(2).listens();
    const last = forked.length - 1;
    expect(at(last).seat).toBe(1);
    expect(at(0).told).toEqual([]);
    at(last).listens();
    expect(at(0).told).toEqual(['drain']);
  });
});

describe('Supervisor at the end', () => {
  it('drains all, says it once, ends when they are gone, and kills who does not end in time', async () => {
    const { at, clock, supervisor, ended, begin, forked } = setUp();
    begin();
    supervisor.stop();
    supervisor.stop();
    expect([at(0).told, at(1).told]).toEqual([['drain'], ['drain']]);
    at(0).exit(0);
    clock.advance(32_500);
    expect(at(1).killed).toEqual(['SIGKILL']);
    at(1).exit(null, 'SIGKILL');
    expect(await ended).toBe(undefined);
    expect(forked.length).toBe(2);
    expect(clock.pending).toBe(0);
  });

  it('hurrying never puts the end off', () => {
    const { at, clock, supervisor, begin } = setUp();
    begin();
    supervisor.stop();
    clock.advance(32_000);
    supervisor.hurry();
    clock.advance(500);
    expect(at(0).killed).toEqual(['SIGKILL']);
  });

  it('kills a worker that is to be replaced and does not end in time', () => {
    const { at, clock, begin, gone } = setUp();
    begin();
    clock.advance(100_000);
    at(0).asks();
    at(2).listens();
    clock.advance(32_499);
    expect(at(0).killed).toEqual([]);
    clock.advance(1);
    expect(at(0).killed).toEqual(['SIGKILL']);
    at(0).exit(null, 'SIGKILL');
    expect(gone).toEqual([0]);
    expect(clock.pending).toBe(0);
  });

  it('lets workers that drain finish when nobody else has served for a minute, and ends after the last one', async () => {
    const { at, forked, clock, begin, ended, gone } = setUp();
    at(0).hasGrace(600_000);
    begin();
    clock.advance(100_000);
    at(0).asks();
    at(2).listens();
    at(1).exit(null, 'SIGKILL');
    at(2).exit(null, 'SIGKILL');
    let over = false;
    void ended.then(() => {
      over = true;
    });
    for (let second = 0; second < 61; second++) {
      const last = at(forked.length - 1);
      if (!gone.includes(last.pid) && second < 59 && last.killed.length === 0) last.fails('no');
      clock.advance(1000);
      await Promise.resolve();
    }
    const starting = forked.slice(3).filter((worker) => worker.killed.length > 0);
    expect([over, at(0).killed, at(0).told]).toEqual([false, [], ['drain', 'drain']]);
    for (const worker of starting) worker.exit(null, 'SIGKILL');
    at(0).exit(0);
    expect(await ended).toMatchObject({ code: 70 });
    expect(clock.pending).toBe(0);
  });

  it('waits as long as the policy of a worker lets it', () => {
    const { at, clock, supervisor, begin } = setUp();
    at(0).hasGrace(50_000);
    begin();
    supervisor.stop();
    clock.advance(52_499);
    expect(at(0).killed).toEqual([]);
    clock.advance(1);
    expect(at(0).killed).toEqual(['SIGKILL']);
  });

  it('tells those too that start, and hurries those that were draining before', () => {
    const { at, clock, supervisor, begin } = setUp();
    begin();
    clock.advance(100_000);
    at(0).asks();
    at(2).listens();
    clock.advance(20_000);
    at(2).exit(null, 'SIGKILL');
    supervisor.stop();
    expect([at(0).told, at(1).told, at(3).told]).toEqual([['drain', 'drain'], ['drain'], ['drain']]);
    supervisor.hurry();
    for (const worker of [at(0), at(1), at(3)]) expect(worker.told.at(-1)).toBe('hurry');
    clock.advance(2500);
    expect(at(3).killed).toEqual(['SIGKILL']);
  });

  it('says things to all, also to those that drain and start', () => {
    const { at, clock, supervisor, begin } = setUp();
    begin();
    clock.advance(100_000);
    at(0).asks();
    at(2).listens();
    supervisor.tell({ kind: 'reopen' });
    for (const worker of [at(0), at(1), at(2)]) expect(worker.told.at(-1)).toBe('reopen');
  });
});
