// The process of a shadow policy (option shadow-script): started for the keeper (ops/shadow-keeper), and its line to the process that serves. It reads
// nothing but that line, and ends with it: whoever serves may be killed, and nothing is left.
import { type ChildProcess, fork } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { textOf } from '../base/errors.ts';
import { killChild } from './kill-child.ts';
import type { ShadowChild } from './shadow-keeper.ts';
import { FrameReader, type FromShadow } from './shadow-messages.ts';

/** Environment variable that is the mark of such a process. */
const MARK = 'SMTPE_SHADOW';
const PAGE = 4096;

function neverStarted(cause: string): ShadowChild {
  return {
    pid: 0,
    send: () => undefined,
    kill: () => undefined,
    memory: () => Promise.resolve(undefined),
    onMessage: () => undefined,
    onExit: (listener) => setImmediate(() => listener(cause)),
  };
}

/** Octets of a process in memory; undefined when it is not there, or the system does not say. */
async function residentOf(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/statm`, 'latin1').catch(() => '');
  const pages = Number(text.split(' ')[1]);
  return Number.isSafeInteger(pages) ? pages * PAGE : undefined;
}

/** A directory of a shadow that is no more; nothing else is ever removed. */
async function removeScratch(path: string): Promise<void> {
  if (path.startsWith(join(tmpdir(), 'smtpe-test-')))
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
}

/** Starts one. `mebibytes`: what the part of it that is no Lua may take. */
export function forkShadow(mebibytes: number): ShadowChild {
  const [, program = ''] = process.argv;
  const execArgv = process.execArgv.filter((word) => !/^--(?:inspect|cpu-prof|heap-prof)/.test(word));
  let child: ChildProcess;
  try {
    child = fork(program, ['shadow'], {
      env: { ...process.env, [MARK]: '1' },
      execArgv: [...execArgv, `--max-old-space-size=${mebibytes}`],
      stdio: ['pipe', 'ignore', 'ignore', 'ipc'],
    });
  } catch (error) {
    return neverStarted(textOf(error));
  }
  const { pid = 0 } = child;
  const scratch: string[] = [];
  let broken: string | undefined;
  let over = false;
  const exits: ((cause: string) => void)[] = [];
  const ended = (cause: string): void => {
    if (over) return;
    over = true;
    void Promise.all(scratch.map(removeScratch)).then(() => {
      for (const listener of exits) listener(broken ?? cause);
    });
  };
  child.on('exit', (code, signal) => ended(signal ?? `exit code ${code}`));
  child.on('error', (error) => {
    if (child.pid === undefined) ended(error.message);
  });
  child.on('message', (message: FromShadow) => {
    if (message.kind === 'made') scratch.push(message.path);
    if (message.kind === 'broken') broken = message.cause;
  });
  // One that has died hears nothing.
  child.stdin?.on('error', () => undefined);
  return {
    pid,
    send: (frames) => {
      const { stdin } = child;
      if (over || stdin === null) return;
      // All in one write.
      stdin.cork();
      for (const frame of frames) stdin.write(frame);
      stdin.uncork();
    },
    kill: () => {
      if (!over) killChild(child, 'SIGKILL');
    },
    memory: () => residentOf(pid),
    onMessage: (listener) => child.on('message', (message) => listener(message as FromShadow)),
    onExit: (listener) => exits.push(listener),
  };
}

/** The shadow's side. */
export interface ShadowLine {
  say(message: FromShadow): void;
  /** What it is shown, in order. What was said before anybody listened is not lost. */
  onFrame(listener: (frame: string) => void): void;
  /** Whoever serves has gone. */
  onAlone(listener: () => void): void;
}

/** In the process of a shadow its line; undefined in any other. Takes the mark away, as that of a worker. */
export function findShadowLine(): ShadowLine | undefined {
  const mark = process.env[MARK];
  delete process.env[MARK];
  if (mark === undefined || process.send === undefined) return undefined;
  return {
    say: (message) => {
      if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
    },
    onFrame: (listener) => {
      const frames = new FrameReader();
      process.stdin.on('data', (piece: Buffer) => {
        for (const frame of frames.push(piece)) listener(frame);
      });
    },
    onAlone: (listener) => {
      process.stdin.on('close', listener);
      process.stdin.on('error', listener);
      if (process.connected) process.on('disconnect', listener);
      else listener();
    },
  };
}
