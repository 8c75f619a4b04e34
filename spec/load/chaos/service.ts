// The service of the chaos run: started, started again on the same port, and looked at for what it leaves behind.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { childrenOf, isRunning, ServiceUnderTrial } from '../../fakes/service.ts';
import { canMount, type SmallDisk, smallDisk } from '../../fakes/small-disk.ts';
import type { ChaosRecord } from './record.ts';
import { firstPolicy } from './troubles.ts';

/** Workers that die early wait longer and longer for their successors: killed without pause there would soon be nobody to try. */
const KILL_MS = 8000;

export class ChaosService {
  readonly record: ChaosRecord;
  readonly workers: number;
  readonly shutdownSeconds = 10;
  /** For the spool; none without root. */
  readonly disk: SmallDisk | undefined;
  readonly directory: string;
  port = 0;
  /** It should answer. */
  lives = false;
  #current: ServiceUnderTrial | undefined;
  #revision = 0;
  readonly #hop: number;
  /** Every worker. */
  readonly #seen = new Set<number>();
  #killed = Number.NEGATIVE_INFINITY;

  constructor(record: ChaosRecord, workers: number, directory: string, hop: number) {
    this.record = record;
    this.workers = workers;
    this.directory = directory;
    this.#hop = hop;
    this.disk = canMount ? smallDisk('2m') : undefined;
  }

  get current(): ServiceUnderTrial {
    if (this.#current === undefined) throw new Error('not started');
    return this.#current;
  }

  nextRevision(): number {
    return ++this.#revision;
  }

  /** The option file: `more` behind what is always there. */
  options(more: string): Promise<void> {
    return writeFile(join(this.directory, 'smtpe.cf'), `workers=${this.workers}\n${more}`);
  }

  get spool(): string {
    return this.disk?.directory ?? join(this.directory, 'spool');
  }

  async start(): Promise<void> {
    await mkdir(this.spool, { recursive: true });
    await this.options('');
    for (let tries = 0; ; tries++) {
      const service = await ServiceUnderTrial.start(
        {
          policy: firstPolicy,
          file: await readFile(join(this.directory, 'smtpe.cf'), 'latin1'),
          options: [
            ...[`smtp-server-port=${this.port}`, `spool-dir=${this.spool}`, 'spool-memory=0', 'pid-file=pid'],
            ...[`smtp-smart-host=127.0.0.1:${this.#hop}`, 'watchdog-timeout=5', 'limit-client-connections=0'],
            `shutdown-timeout=${this.shutdownSeconds}`,
          ],
        },
        this.directory,
      );
      this.#current = service;
      try {
        this.port = await service.port();
        break;
      } catch (error) {
        // The port may be in use for a moment, by workers that have just seen that their main process is gone.
        if (tries > 20) throw error;
        await wait(200);
      }
    }
    this.lives = true;
    await this.current.said(/accepting connections/, this.workers);
  }

  /** Ends it by `end` and starts it again. */
  async restart(end: () => Promise<void>): Promise<void> {
    this.lives = false;
    await end();
    await this.start();
  }

  async pids(): Promise<readonly number[]> {
    const pids = await childrenOf(this.current.pid);
    for (const pid of pids) this.#seen.add(pid);
    return pids;
  }

  /** Whether it is time again to kill workers; notes that they are. */
  mayKill(): boolean {
    if (performance.now() - this.#killed < KILL_MS) return false;
    this.#killed = performance.now();
    return true;
  }

  /** After its end. `killed`: the main process was, so that its pid file stays for the next start. */
  async nothingLeft(killed = false): Promise<void> {
    const { record, current } = this;
    const files = (await readdir(this.spool)).filter((name) => !name.startsWith('filler'));
    if (files.length > 0) record.complain(`${files.length} files left in the spool`);
    const there = await readdir(this.directory);
    if (!killed && there.includes('pid')) record.complain('the pid file is left');
    const counters = (await readdir('/dev/shm')).filter((name) => name.includes(`smtpe-${current.pid}-`));
    if (counters.length > 0) record.complain('the shared counters are left');
    for (const pid of this.#seen) {
      if (await isRunning(pid)) record.complain(`process ${pid} is left`);
    }
    this.#seen.clear();
  }

  async remove(): Promise<void> {
    await this.#current?.remove();
    this.disk?.remove();
  }
}
