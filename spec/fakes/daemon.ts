// The built daemon as a user starts it: `node dist/main.js` with options; its port, its log, its end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { killChild } from '../../src/ops/kill-child.ts';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

export interface Daemon {
  readonly port: number;
  readonly pid: number;
  /** A directory of its own, removed at the end; the spool is `spool` below it. */
  readonly directory: string;
  readonly spool: string;
  /** Every line written to stdout and stderr so far. */
  readonly lines: readonly string[];
  /** Resolves with the first line, past or to come, that matches. */
  line(pattern: RegExp): Promise<string>;
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit code (or signal) when it has ended. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** SIGTERM, wait, remove the directory; the exit code. */
  stop(): Promise<number | NodeJS.Signals>;
}

/** What a machine that does other things adds to a hook's processor time is not what tests of real programs are about. */
export const BUSY = 'hook-cpu-limit=2000';

/** Starts smtpe with `policy` (Lua source) on a free port of 127.0.0.1 and waits until it listens. */
export async function startDaemon(policy: string, options: readonly string[] = []): Promise<Daemon> {
  const directory = await mkdtemp(join(tmpdir(), 'smtpe-daemon-'));
  const spool = join(directory, 'spool');
  const { mkdir } = await import('node:fs/promises');
  await mkdir(spool);
  await writeFile(join(directory, 'policy.lua'), policy);
  const child = spawn(
    process.execPath,
    [
      join(root, 'dist/main.js'),
      'file=',
      `script=${join(directory, 'policy.lua')}`,
      'smtp-server-address=127.0.0.1',
      'smtp-server-port=0',
      `spool-dir=${spool}`,
      'dns-client-timeout=0',
      'rate-global=0',
      BUSY,
      ...options,
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  let over = false;
  const note = (text: string): void => {
    lines.push(text);
    for (const wake of [...waiting]) wake();
  };
  createInterface({ input: child.stdout }).on('line', note);
  createInterface({ input: child.stderr }).on('line', note);
  const ended = once(child, 'close').then(([code, signal]: (number | NodeJS.Signals | null)[]) => {
    over = true;
    for (const wake of [...waiting]) wake();
    return code ?? signal ?? 'SIGKILL';
  });
  const line = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const found = lines.find((one) => pattern.test(one));
      if (found !== undefined) return found;
      if (over) throw new Error(`smtpe ended without a line like ${pattern}:\n${lines.join('\n')}`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          waiting.delete(wake);
          resolve();
        };
        waiting.add(wake);
      });
    }
  };
  const said = await line(/listening/);
  return {
    port: Number(/:(\d+)\b/.exec(said)?.[1]),
    pid: child.pid ?? 0,
    directory,
    spool,
    lines,
    line,
    signal: (name) => {
      killChild(child, name);
    },
    ended,
    stop: async () => {
      if (!over) killChild(child);
      const code = await ended;
      await rm(directory, { recursive: true, force: true });
      return code;
    },
  };
}
