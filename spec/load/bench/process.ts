// A server or load process of the benchmark: started pinned to processors, watched through /proc, ended by its own pid.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

export interface Measured {
  /** Processor seconds, user and system, of the process and all that came from it. */
  readonly cpu: number;
  /** Peak resident memory in MiB, all processes added. */
  readonly peak: number;
}

/** Processes below `pid`, itself first. */
function family(pid: number): number[] {
  const found = [pid];
  for (let i = 0; i < found.length; i++) {
    try {
      const tasks = readdirSync(`/proc/${found[i]}/task`);
      for (const task of tasks) {
        const children = readFileSync(`/proc/${found[i]}/task/${task}/children`, 'latin1').trim();
        for (const child of children === '' ? [] : children.split(' ')) found.push(Number(child));
      }
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

export function measure(pid: number): Measured {
  let cpu = 0;
  let peak = 0;
  for (const member of family(pid)) {
    try {
      for (const task of readdirSync(`/proc/${member}/task`)) {
        cpu += Number(readFileSync(`/proc/${member}/task/${task}/schedstat`, 'latin1').split(' ')[0]) / 1e9;
      }
      const status = readFileSync(`/proc/${member}/status`, 'latin1');
      peak += Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
    } catch {
      // It ended while we looked.
    }
  }
  return { cpu, peak };
}

/** Resident memory now, MiB, all processes added. */
export function resident(pid: number): number {
  let sum = 0;
  for (const member of family(pid)) {
    try {
      sum += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${member}/status`, 'latin1'))?.[1] ?? 0) / 1024;
    } catch {
      // It ended while we looked.
    }
  }
  return sum;
}

export interface Running {
  readonly pid: number;
  readonly line: string;
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

/** Starts a command on the given processors; who calls finds out when it is ready. */
export function launch(cpus: string, command: readonly string[], cwd?: string): Running {
  const child = spawn('taskset', ['-c', cpus, ...command], {
    stdio: 'ignore',
    ...(cwd === undefined ? {} : { cwd }),
  });
  return { pid: child.pid ?? 0, line: '', stop: stopper(child) };
}

/** Starts a command on the given processors and waits for a line of its output that matches. */
export function start(
  cpus: string,
  command: readonly string[],
  ready: RegExp,
  cwd?: string,
): Promise<Running> {
  const child = spawn('taskset', ['-c', cpus, ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  });
  const stop = stopper(child);
  return new Promise((resolve, reject) => {
    const said: string[] = [];
    const look = (line: string): void => {
      if (said.length < 50) said.push(line);
      if (ready.test(line)) resolve({ pid: child.pid ?? 0, line, stop });
    };
    createInterface({ input: child.stdout }).on('line', look);
    createInterface({ input: child.stderr }).on('line', look);
    child.once('error', reject);
    child.once('exit', () =>
      reject(new Error(`${command.join(' ')} ended before it was ready:\n${said.join('\n')}`)),
    );
  });
}

/** Runs a command to its end; its wall-clock seconds. Rejects when it fails or takes longer than `limit` seconds. */
export function run(cpus: string, command: readonly string[], limit = 120): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn('taskset', ['-c', cpus, ...command], { stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-2000);
    });
    const force = setTimeout(() => child.kill('SIGKILL'), limit * 1000);
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(force);
      if (code === 0) resolve((performance.now() - began) / 1000);
      else reject(new Error(`${command.join(' ')} failed (${code}): ${errors}`));
    });
  });
}
