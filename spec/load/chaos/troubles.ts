// The troubles of the chaos run: what an operator, the system or bad luck does to a service. Each leaves the service as it should be for
// the next one.
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { isRunning } from '../../fakes/service.ts';
import type { ChaosService } from './service.ts';

const good = (revision: number): string =>
  `function hook.data() return nil end\nfunction hook.noop() return '250 revision ${revision}' end\n`;

export interface Trouble {
  readonly name: string;
  /** False: it could not be made now. */
  make(service: ChaosService): Promise<boolean>;
}

async function killWorkers(service: ChaosService, all: boolean): Promise<boolean> {
  if (!service.mayKill()) return false;
  const pids = await service.pids();
  for (const pid of all ? pids : pids.slice(0, 1)) process.kill(pid, 'SIGKILL');
  return pids.length > 0;
}

async function stopAndStart(service: ChaosService, end: () => Promise<void>): Promise<boolean> {
  await service.restart(end);
  return true;
}

/** Ends the service and checks what is left. */
async function ended(service: ChaosService, signal: () => void): Promise<void> {
  const before = performance.now();
  signal();
  const limit = wait((service.shutdownSeconds + 20) * 1000, { code: 'no end' }, { ref: false });
  const { code } = await Promise.race([service.current.program.ended, limit]);
  if (code === 'no end') service.current.signalGroup('SIGKILL');
  const took = performance.now() - before;
  if (code !== 0) service.record.complain(`exit code ${code} after SIGTERM`);
  if (took > (service.shutdownSeconds + 5) * 1000) service.record.complain(`${took.toFixed(0)} ms to end`);
  await service.nothingLeft();
}

export const troubles: readonly Trouble[] = [
  { name: 'kill -9 of a worker', make: (service) => killWorkers(service, false) },
  { name: 'kill -9 of all workers', make: (service) => killWorkers(service, true) },
  {
    name: 'SIGTERM to a worker',
    make: async (service) => {
      const [first] = await service.pids();
      if (first === undefined) return false;
      process.kill(first, 'SIGTERM');
      return true;
    },
  },
  {
    name: 'SIGSTOP and SIGCONT of a worker',
    make: async (service) => {
      const pids = await service.pids();
      const pid = pids.at(-1);
      if (pid === undefined) return false;
      process.kill(pid, 'SIGSTOP');
      await wait(1500);
      if (await isRunning(pid)) process.kill(pid, 'SIGCONT');
      return true;
    },
  },
  {
    name: 'SIGSTOP and SIGCONT of the main process',
    make: async ({ current }) => {
      process.kill(current.pid, 'SIGSTOP');
      await wait(700);
      process.kill(current.pid, 'SIGCONT');
      return true;
    },
  },
  {
    name: 'SIGHUP with a good policy',
    make: async (service) => {
      await service.current.policy(good(service.nextRevision()));
      service.current.program.signal('SIGHUP');
      return true;
    },
  },
  {
    name: 'SIGHUP with a broken policy, then kill -9 of a worker',
    make: async (service) => {
      await service.current.policy('function hook.rcpt(');
      service.current.program.signal('SIGHUP');
      await wait(300);
      await killWorkers(service, false);
      return true;
    },
  },
  {
    name: 'policy file deleted, SIGHUP, SIGTERM to a worker',
    make: async (service) => {
      await rm(join(service.directory, 'policy.lua'), { force: true });
      service.current.program.signal('SIGHUP');
      const [first] = await service.pids();
      if (first !== undefined) process.kill(first, 'SIGTERM');
      return true;
    },
  },
  {
    name: 'SIGHUP with a broken option file',
    make: async (service) => {
      await service.options('smtp-nonsense=1\n');
      service.current.program.signal('SIGHUP');
      await wait(300);
      await service.options('');
      return true;
    },
  },
  {
    name: 'memory limit below the size of every worker, for six seconds',
    make: async (service) => {
      await service.current.policy(good(service.nextRevision()));
      await service.options('worker-max-memory=60\n');
      service.current.program.signal('SIGHUP');
      await wait(6000);
      await service.options('');
      service.current.program.signal('SIGHUP');
      return true;
    },
  },
  {
    name: 'what is left of the counters in /dev/shm removed',
    make: async ({ current, record }) => {
      for (const name of await readdir('/dev/shm')) {
        if (!name.includes(`smtpe-${current.pid}-`)) continue;
        record.count('counters files with a name');
        await rm(join('/dev/shm', name), { recursive: true, force: true });
      }
      return true;
    },
  },
  {
    name: 'log reader stopped for two seconds',
    make: async ({ current }) => {
      current.program.readOutput(false);
      await wait(2000);
      current.program.readOutput(true);
      return true;
    },
  },
  {
    name: 'SIGUSR2',
    make: async ({ current }) => {
      current.program.signal('SIGUSR2');
      return true;
    },
  },
  {
    name: 'spool disk full for a second',
    make: async (service) => {
      if (service.disk === undefined) return false;
      const filler = join(service.disk.directory, 'filler');
      await writeFile(filler, Buffer.alloc(4 * 1024 * 1024)).catch(() => undefined);
      await wait(1000);
      await rename(filler, `${filler}.old`).catch(() => undefined);
      await rm(`${filler}.old`, { force: true });
      return true;
    },
  },
  {
    name: 'SIGTERM to the group, start',
    make: (service) =>
      stopAndStart(service, () => ended(service, () => service.current.signalGroup('SIGTERM'))),
  },
  {
    name: 'SIGTERM to the main process, start',
    make: (service) =>
      stopAndStart(service, () => ended(service, () => service.current.program.signal('SIGTERM'))),
  },
  {
    name: 'SIGTERM twice, start',
    make: (service) =>
      stopAndStart(service, () =>
        ended(service, () => {
          service.current.program.signal('SIGTERM');
          setTimeout(() => service.current.program.signal('SIGTERM'), 50);
        }),
      ),
  },
  {
    name: 'kill -9 of the main process, start',
    make: (service) =>
      stopAndStart(service, async () => {
        const workers = await service.pids();
        service.current.program.signal('SIGKILL');
        const end = performance.now() + (service.shutdownSeconds + 5) * 1000;
        for (const pid of workers) {
          while ((await isRunning(pid)) && performance.now() < end) await wait(20);
          if (await isRunning(pid)) service.record.complain('a worker lives on without its main process');
        }
        // They end when they see that it is gone; what they had of mail is gone with them.
        await service.nothingLeft(true);
      }),
  },
];

export const firstPolicy = good(0);
