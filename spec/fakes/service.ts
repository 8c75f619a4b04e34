// The built program as a service under trial: its processes by number, its port tried again and again, its end. Ends what it started.
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUSY } from './daemon.ts';
import { Program } from './program.ts';

const main = join(import.meta.dirname, '../../dist/main.js');

export interface ServiceSettings {
  readonly policy?: string;
  readonly options?: readonly string[];
  /** Environment variables besides those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Owner of the spool directory; the directory around it is for everybody to read. */
  readonly owner?: number;
  /** Symbolic links in its directory, by name; an empty file victim is beside them. */
  readonly links?: Readonly<Record<string, string>>;
  /** Who starts it; without it who runs the spec. */
  readonly as?: { readonly uid: number; readonly gid: number };
  /** smtp-listen instead of one port on 127.0.0.1. */
  readonly listen?: string;
  /** Lines of an option file; without it there is none. */
  readonly file?: string;
  /** The program node that runs it; by default the one that runs the spec. */
  readonly node?: string;
}

/** Processes whose parent is `pid`, oldest first. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'latin1').catch(() => '');
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map(Number);
}

export async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  return stat !== undefined && !/\) [ZX] /.test(stat);
}

export class ServiceUnderTrial {
  readonly program: Program;
  /** Has policy.lua, smtpe.cf, and the directories spool and Mail. */
  readonly directory: string;
  readonly #seen = new Set<number>();

  private constructor(program: Program, directory: string) {
    this.program = program;
    this.directory = directory;
  }

  /** Starts it in a process group of its own; `directory` of an earlier one to start again in the same place. */
  static async start(settings: ServiceSettings = {}, directory?: string): Promise<ServiceUnderTrial> {
    const place = directory ?? (await mkdtemp(join(tmpdir(), 'smtpe-service-')));
    await mkdir(join(place, 'spool'), { recursive: true });
    if (settings.owner !== undefined) {
      await chmod(place, 0o755);
      await chown(join(place, 'spool'), settings.owner, settings.owner);
    }
    for (const [name, target] of Object.entries(settings.links ?? {})) {
      await writeFile(join(place, 'victim'), '');
      await symlink(target, join(place, name));
    }
    if (settings.policy !== undefined) await writeFile(join(place, 'policy.lua'), settings.policy);
    else if (directory === undefined) await writeFile(join(place, 'policy.lua'), '');
    if (settings.file !== undefined) await writeFile(join(place, 'smtpe.cf'), settings.file);
    const program = new Program(
      settings.node ?? process.execPath,
      [
        main,
        settings.file === undefined ? 'file=' : `file=${join(place, 'smtpe.cf')}`,
        `script=${join(place, 'policy.lua')}`,
        `spool-dir=${join(place, 'spool')}`,
        ...(settings.listen === undefined
          ? ['smtp-server-address=127.0.0.1', 'smtp-server-port=0']
          : [`smtp-listen=${settings.listen}`]),
        ...['dns-client-timeout=0', 'rate-global=0', BUSY],
        ...(settings.options ?? []),
      ],
      { cwd: place, detached: true, env: { ...process.env, ...settings.env }, ...settings.as },
    );
    return new ServiceUnderTrial(program, place);
  }

  get pid(): number {
    return this.program.pid;
  }

  /** Every worker that was seen by `workers` so far. */
  get seen(): ReadonlySet<number> {
    return this.#seen;
  }

  async port(): Promise<number> {
    const [, port] = await this.program.wrote(/listening on 127\.0\.0\.1:(\d+)/);
    return Number(port);
  }

  async workers(): Promise<readonly number[]> {
    const workers = await childrenOf(this.pid);
    for (const pid of workers) this.#seen.add(pid);
    return workers;
  }

  /** Resolves when the log has `count` lines, past or to come, that match. */
  async said(pattern: RegExp, count = 1): Promise<void> {
    const all = new RegExp(pattern.source, 'g');
    for (;;) {
      if ((this.program.stderr.match(all)?.length ?? 0) >= count) return;
      if (this.program.over) throw new Error(`ended without ${count} ${pattern}:\n${this.program.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Every worker serves. */
  async ready(workers: number): Promise<number> {
    const port = await this.port();
    await this.said(/accepting connections/, workers);
    await this.workers();
    return port;
  }

  policy(text: string): Promise<void> {
    return writeFile(join(this.directory, 'policy.lua'), text);
  }

  /** A signal to the whole process group. */
  signalGroup(name: NodeJS.Signals): void {
    process.kill(-this.pid, name);
  }

  spool(): Promise<readonly string[]> {
    return readdir(join(this.directory, 'spool'));
  }

  /** Ends every process that is left, also stopped ones, and removes the directory. */
  async remove(): Promise<void> {
    await this.workers();
    for (const pid of [this.pid, ...this.#seen]) {
      if (pid === this.pid ? this.program.over : !(await isRunning(pid))) continue;
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has just ended.
      }
    }
    await this.program.ended;
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Connects every 50 ms until it is stopped, and counts who was refused. */
export class PortWatch {
  refused = 0;
  tried = 0;
  #stopped = false;
  readonly #over: Promise<void>;

  constructor(port: number) {
    this.#over = this.#watch(port);
  }

  async #watch(port: number): Promise<void> {
    while (!this.#stopped) {
      this.tried++;
      const socket = connect(port, '127.0.0.1');
      socket.once('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNREFUSED') this.refused++;
      });
      socket.once('connect', () => socket.destroy());
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** How many connections were refused. */
  async stop(): Promise<number> {
    this.#stopped = true;
    await this.#over;
    return this.refused;
  }
}
