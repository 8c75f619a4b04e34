// A server or load process of the benchmark: started pinned to processors, watched through /proc, ended by its own pid.
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { children, mebibytes, ranFor, reaped } from './proc.ts';

export interface Measured {
  /** Processor seconds, user and system, of the process and all that came from it, those that have ended too. */
  readonly cpu: number;
  /** Peak resident memory in MiB, all processes added. */
  readonly peak: number;
}

const read = (pid: number, file: string): string => readFileSync(`/proc/${pid}/${file}`, 'latin1');

/** `look` at each process below `pid`, itself first; those that end meanwhile are passed over. */
function eachOf(pid: number, look: (member: number, tasks: readonly string[]) => void): void {
  const found = [pid];
  for (let i = 0; i < found.length; i++) {
    const member = found[i] ?? pid;
    try {
      const tasks = readdirSync(`/proc/${member}/task`);
      for (const task of tasks) found.push(...children(read(member, `task/${task}/children`)));
      look(member, tasks);
    } catch {
      // It ended while we looked.
    }
  }
}

/** So far. A thread that has ended is not seen: servers here keep theirs. */
export function measure(pid: number): Measured {
  let cpu = 0;
  let peak = 0;
  eachOf(pid, (member, tasks) => {
    for (const task of tasks) cpu += ranFor(read(member, `task/${task}/schedstat`));
    cpu += reaped(read(member, 'stat'));
    peak += mebibytes(read(member, 'status'), 'VmHWM');
  });
  return { cpu, peak };
}

/** Processor seconds of the process without those that came from it. */
export function itself(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce(
    (sum, task) => sum + ranFor(read(pid, `task/${task}/schedstat`)),
    0,
  );
}

/** Processes that came from it and are there now. */
export function offspring(pid: number): readonly number[] {
  const found: number[] = [];
  eachOf(pid, (member) => found.push(member));
  return found.slice(1);
}

/** Resident memory now, MiB, all processes added. */
export function resident(pid: number): number {
  let sum = 0;
  eachOf(pid, (member) => {
    sum += mebibytes(read(member, 'status'), 'VmRSS');
  });
  return sum;
}

export interface Running {
  readonly pid: number;
  /** The line of its output by which it was ready; empty when who started it found out otherwise. */
  readonly line: string;
  /** When it was started, by performance.now(). */
  readonly began: number;
  stop(): Promise<void>;
}

function stopper(child: ChildProcess): () => Promise<void> {
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return async () => {
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(force);
  };
}

/** Starts a command on the given processors; who calls finds out when it is ready. `log`: a file that its output is appended to. */
export function launch(cpus: string, command: readonly string[], cwd?: string, log?: string): Running {
  const output = log === undefined ? 'ignore' : openSync(log, 'a');
  const began = performance.now();
  const child = spawn('taskset', ['-c', cpus, ...command], {
    stdio: ['ignore', output, output],
    ...(cwd === undefined ? {} : { cwd }),
  });
  return { pid: child.pid ?? 0, line: '', began, stop: stopper(child) };
}

/** Starts a command on the given processors and waits for a line of its output that matches. */
export function start(
  cpus: string,
  command: readonly string[],
  ready: RegExp,
  cwd?: string,
): Promise<Running> {
  const began = performance.now();
  const child = spawn('taskset', ['-c', cpus, ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  });
  const stop = stopper(child);
  return new Promise((resolve, reject) => {
    const said: string[] = [];
    const look = (line: string): void => {
      if (said.length < 50) said.push(line);
      if (ready.test(line)) resolve({ pid: child.pid ?? 0, line, began, stop });
    };
    createInterface({ input: child.stdout }).on('line', look);
    createInterface({ input: child.stderr }).on('line', look);
    child.once('error', reject);
    child.once('exit', () =>
      reject(new Error(`${command.join(' ')} ended before it was ready:\n${said.join('\n')}`)),
    );
  });
}

export interface Ran {
  /** By the clock on the wall. */
  readonly seconds: number;
  readonly printed: string;
}

/** Runs a command to its end. Rejects when it fails or takes longer than `limit` seconds. */
export function run(cpus: string, command: readonly string[], limit = 120): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn('taskset', ['-c', cpus, ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
    let errors = '';
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-2000);
    });
    const force = setTimeout(() => child.kill('SIGKILL'), limit * 1000);
    child.once('error', reject);
    child.once('exit', (code) => {
      const seconds = (performance.now() - began) / 1000;
      clearTimeout(force);
      // What it printed may still be under way.
      child.once('close', () => {
        if (code === 0) resolve({ seconds, printed });
        else reject(new Error(`${command.join(' ')} failed (${code}): ${errors}`));
      });
    });
  });
}
