// Looks at the processes of the daemon through /proc: memory, descriptors, processor time.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Process {
  readonly pid: number;
  /** Resident memory in MiB. */
  readonly resident: number;
  readonly descriptors: number;
  readonly sockets: number;
  /** Processor seconds so far. */
  readonly cpu: number;
}

function look(pid: number): Process | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    let cpu = 0;
    for (const task of readdirSync(`/proc/${pid}/task`))
      cpu += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0]) / 1e9;
    const open = readdirSync(`/proc/${pid}/fd`);
    const sockets = open.filter((one) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${one}`).startsWith('socket:');
      } catch {
        return false;
      }
    });
    const resident = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
    return { pid, resident, descriptors: open.length, sockets: sockets.length, cpu };
  } catch {
    return undefined;
  }
}

/** The process and those below it, itself first; one that ends meanwhile is left out. */
export function family(pid: number): readonly Process[] {
  const pids = [pid];
  for (let i = 0; i < pids.length; i++) {
    try {
      for (const task of readdirSync(`/proc/${pids[i]}/task`)) {
        const text = readFileSync(`/proc/${pids[i]}/task/${task}/children`, 'latin1').trim();
        if (text !== '') pids.push(...text.split(' ').map(Number));
      }
    } catch {
      // It ended while we looked.
    }
  }
  return pids.flatMap((one) => look(one) ?? []);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
