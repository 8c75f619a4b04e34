import { describe, expect, it } from 'vitest';
import { silentLog } from '../../../src/ops/log.ts';
import { Supervisor, type WorkerProcess } from '../../../src/ops/supervisor.ts';
import type { FromWorker, ToWorker } from '../../../src/ops/worker-messages.ts';
import { FakeClock } from '../../fakes/clock.ts';

class FakeWorker implements WorkerProcess {
  readonly pid: number;
  readonly slot: number;
  readonly told: string[] = [];
  readonly killed: string[] = [];
  #hear: (message: FromWorker) => void = () => undefined;
  #exit: (code: number | null, signal: string | null) => void = () => undefined;
  constructor(pid: number, slot: number) {
    this.pid = pid;
    this.slot = slot;
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
  say(message: FromWorker): void {
    this.#hear(message);
  }
  exit(code: number | null, signal: string | null = null): void {
    this.#exit(code, signal);
  }
}

function setUp(workers = 2) {
  const clock = new FakeClock();
  const forked: FakeWorker[] = [];
  const cleared: number[] = [];
  const said: string[] = [];
  const supervisor = new Supervisor({
    workers,
    log: silentLog,
    clock,
    shutdownMs: 30_000,
    fork: (slot) => {
      const worker = new FakeWorker(100 + forked.length, slot);
      forked.push(worker);
      return worker;
    },
    clearCounters: (slot) => cleared.push(slot),
    onListening: (text) => said.push(text),
  });
  const ended = supervisor.run();
  const at = (index: number): FakeWorker => {
    const worker = forked[index];
    if (worker === undefined) throw new Error(`no worker ${index}`);
    return worker;
  };
  return { clock, forked, cleared, said, supervisor, ended, at };
}

describe('Supervisor', () => {
  it('says once that the port is open', () => {
    const { at, said } = setUp();
    at(0).say({ kind: 'listening', text: 'listening on 127.0.0.1:25' });
    at(1).say({ kind: 'listening', text: 'listening on 127.0.0.1:25' });
    expect(said).toEqual(['listening on 127.0.0.1:25']);
  });

  it('replaces a worker that died, frees its counters, and pauses when it died early', () => {
    const { at, forked, clock, cleared, supervisor } = setUp();
    at(0).say({ kind: 'listening', text: '' });
    clock.advance(6000);
    at(0).exit(null, 'SIGKILL');
    expect(forked.length).toBe(3);
    expect(cleared).toEqual([0]);
    at(2).exit(1);
    expect(forked.length).toBe(3);
    clock.advance(1000);
    expect(forked.length).toBe(4);
    expect(supervisor.pids).toEqual([103, 101]);
  });

  it('lets a worker that asks for it drain beside its successor, with counters of its own', () => {
    const { at, forked, supervisor } = setUp();
    at(0).say({ kind: 'listening', text: '' });
    at(0).say({ kind: 'replace', reason: 'memory' });
    expect(at(0).told).toEqual(['drain']);
    expect(forked.length).toBe(3);
    expect(at(2).slot).toBe(2);
    expect(supervisor.pids).toEqual([101, 102]);
    at(0).exit(0);
    expect(forked.length).toBe(3);
  });

  it('drains all at stop, ends with 0 when they are gone, and kills who does not end in time', async () => {
    const { at, clock, supervisor, ended, forked } = setUp();
    at(0).say({ kind: 'listening', text: '' });
    supervisor.stop();
    supervisor.stop();
    expect([at(0).told, at(1).told]).toEqual([['drain'], ['drain']]);
    at(0).exit(0);
    clock.advance(33_000);
    expect(at(1).killed).toEqual(['SIGKILL']);
    at(1).exit(null, 'SIGKILL');
    expect(await ended).toBe(0);
    expect(forked.length).toBe(2);
    expect(clock.pending).toBe(0);
  });

  it('ends with the code of a worker that could not start', async () => {
    const { at, ended } = setUp();
    at(1).exit(70);
    expect(at(0).killed).toEqual(['SIGTERM']);
    expect(await ended).toBe(70);
  });

  it('passes a reload on to the workers that serve', () => {
    const { at, supervisor } = setUp();
    at(0).say({ kind: 'listening', text: '' });
    supervisor.reload();
    expect([at(0).told, at(1).told]).toEqual([['reload'], ['reload']]);
  });
});
