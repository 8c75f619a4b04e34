// Connections that the system has forgotten because the queue of new ones was full: the clients wait for a banner that never comes, and nothing
// else tells. The counter is that of the machine (TcpExt ListenOverflows in /proc/net/netstat, proc(5)); another program may be meant.
import { readFile } from 'node:fs/promises';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';

const LOOK_EVERY_MS = 10_000;

/** The counter in the text of /proc/net/netstat; undefined when it is not there. */
export function readOverflows(text: string): number | undefined {
  const [names, values] = text.split('\n').filter((line) => line.startsWith('TcpExt:'));
  const at = names?.split(' ').indexOf('ListenOverflows') ?? -1;
  const value = Number(values?.split(' ')[at]);
  return at < 0 || Number.isNaN(value) ? undefined : value;
}

/** Tells whenever it has grown; gives how to stop looking. */
export function watchOverflows(
  clock: Clock,
  log: Log,
  read: () => Promise<string> = () => readFile('/proc/net/netstat', 'latin1'),
): () => void {
  let before: number | undefined;
  let timer: Timer | undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    const now = await read().then(readOverflows, () => undefined);
    if (stopped || now === undefined) return;
    if (before !== undefined && now > before) {
      log.emit('queue-overflow', {
        lost: now - before,
        cause: 'ListenOverflows of this machine',
        advice: 'raise smtp-server-queue and net.core.somaxconn, or workers',
      });
    }
    before = now;
    timer = clock.after(LOOK_EVERY_MS, () => void look());
    timer.unref();
  };
  void look();
  return () => {
    stopped = true;
    timer?.cancel();
  };
}
