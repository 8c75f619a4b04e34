import { describe, expect, it } from 'vitest';
import { silentWriter } from '../../../src/base/log.ts';
import { FakeClock } from '../../../src/bench/ports/clock.ts';
import { noScriptTexts } from '../../../src/lua/source.ts';
import { NO_MATERIAL } from '../../../src/net/tls-material.ts';
import { openEventLog } from '../../../src/observe/event-log.ts';
import { ReloadRounds, type RoundOutcome } from '../../../src/ops/reload-rounds.ts';
import type { Wanted } from '../../../src/ops/revision.ts';
import type { WorkerProcess } from '../../../src/ops/supervisor.ts';
import type { ToWorker } from '../../../src/ops/worker-messages.ts';

const policy = { path: 'p', text: 'new', ...noScriptTexts };
const texts = (text: string): Wanted => ({
  options: [{ name: 'limit-errors', text, origin: 'o' }],
  tls: NO_MATERIAL,
});

class FakeWorker implements WorkerProcess {
  readonly pid: number;
  readonly told: ToWorker[] = [];
  constructor(pid: number) {
    this.pid = pid;
  }
  send(message: ToWorker): void {
    this.told.push(message);
  }
  kill(): void {}
  onMessage(): void {}
  onExit(): void {}
}

function setUp(count = 2) {
  const clock = new FakeClock();
  const workers = Array.from({ length: count }, (_, i) => new FakeWorker(i + 1));
  const adopted: [string | undefined, number][] = [];
  const nobody: Wanted[] = [];
  const rounds = new ReloadRounds({
    ...{ clock, log: openEventLog(silentWriter) },
    serving: () => workers,
    limitMs: () => 60_000,
    adopt: ({ options }, from) => adopted.push([options[0]?.text, from.pid]),
    nobody: (options) => nobody.push(options),
  });
  const at = (index: number): FakeWorker => {
    const worker = workers[index];
    if (worker === undefined) throw new Error('none');
    return worker;
  };
  /** The number of the last round that a worker was asked to try. */
  const round = (index: number): number => {
    const last = at(index).told.at(-1);
    return last?.kind === 'reload' ? last.round : 0;
  };
  return { clock, workers, adopted, nobody, rounds, at, round };
}

describe('ReloadRounds', () => {
  it('lets one worker try, and adopts what it has found right', () => {
    const { rounds, at, round, adopted, clock } = setUp();
    rounds.reload(texts('1'));
    expect([at(0).told.length, at(1).told.length]).toEqual([1, 0]);
    rounds.hear(at(0), { kind: 'trying', round: round(0) });
    rounds.hear(at(0), { kind: 'reloaded', round: round(0), policy });
    expect(adopted).toEqual([['1', 1]]);
    expect(clock.pending).toBe(0);
  });

  it('adopts nothing that is wrong, and makes up for one reload that was asked for meanwhile', () => {
    const { rounds, at, round, adopted } = setUp();
    rounds.reload(texts('1'));
    rounds.reload(texts('2'));
    rounds.reload(texts('3'));
    rounds.hear(at(0), { kind: 'reloaded', round: round(0), policy: undefined });
    expect(adopted).toEqual([]);
    expect(at(0).told.length).toBe(2);
    rounds.hear(at(0), { kind: 'reloaded', round: round(0), policy });
    expect(adopted).toEqual([['3', 1]]);
    expect(at(0).told.length).toBe(2);
  });

  it('asks another worker when the first says nothing, and takes an outcome that comes late', () => {
    const { rounds, at, round, adopted, clock } = setUp();
    rounds.reload(texts('1'));
    const first = round(0);
    clock.advance(3000);
    expect(at(1).told.length).toBe(1);
    rounds.hear(at(0), { kind: 'reloaded', round: first, policy });
    expect(adopted).toEqual([]);
    clock.advance(3000);
    rounds.hear(at(1), { kind: 'reloaded', round: round(1), policy });
    expect(adopted).toEqual([['1', 2]]);
  });

  it('gives up when the worker that tries dies or takes too long', () => {
    const { rounds, at, round, clock } = setUp(1);
    rounds.reload(texts('1'));
    rounds.hear(at(0), { kind: 'trying', round: round(0) });
    rounds.gone(at(0));
    expect(clock.pending).toBe(0);
    rounds.reload(texts('2'));
    rounds.hear(at(0), { kind: 'trying', round: round(0) });
    clock.advance(60_000);
    expect(clock.pending).toBe(0);
    rounds.reload(texts('3'));
    expect(at(0).told.length).toBe(3);
  });

  it('tells whoever has asked how it ended: of those that came meanwhile all hear of the last one', () => {
    const { rounds, at, round, clock } = setUp(1);
    const heard: string[] = [];
    const told = (name: string) => (outcome: RoundOutcome) =>
      heard.push(`${name} ${outcome.kind}${outcome.kind === 'kept' ? `: ${outcome.cause}` : ''}`);
    for (const name of ['1', '2', '3']) rounds.reload(texts(name), told(name));
    rounds.hear(at(0), { kind: 'reloaded', round: round(0), policy: undefined, problem: 'p:3: wrong' });
    expect(heard).toEqual(['1 kept: p:3: wrong']);
    rounds.hear(at(0), { kind: 'reloaded', round: round(0), policy });
    expect(heard.splice(0)).toEqual(['1 kept: p:3: wrong', '2 adopted', '3 adopted']);
    rounds.reload(texts('4'), told('4'));
    clock.advance(3000);
    rounds.reload(texts('5'), told('5'));
    rounds.gone(at(0));
    expect(heard).toEqual(['4 kept: no worker answers', '5 kept: the worker that tried it has ended']);
    const nobody: string[] = [];
    setUp(0).rounds.reload(texts('1'), ({ kind }) => nobody.push(kind));
    expect(nobody).toEqual(['nobody']);
  });

  it('says so when nobody serves', () => {
    const { rounds, nobody } = setUp(0);
    rounds.reload(texts('1'));
    expect(nobody).toEqual([texts('1')]);
  });
});
