// Shell commands that a policy starts, in a process group of their own that is killed with all that they left in the background. What
// cannot be started is an answer, never an exception.

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { accessSync, closeSync, constants, openSync } from 'node:fs';
import { constants as system } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { type SystemError, systemError, systemErrorOf } from '../base/system-error.ts';
import { commandMark } from './left-commands.ts';
import { ProcessGroup } from './process-group.ts';
import type { ExitStatus, Processes, RunningCommand, Started, SystemEnvironment } from './system.ts';

const shell = '/bin/sh';
/** Arguments of spawn are UTF-8 text; a command of other bytes reaches the shell through descriptor 3. */
const fromDescriptor = `smtpe=$(cat <&3); exec 3<&-; eval "unset smtpe
$smtpe"`;

class ShellCommand implements RunningCommand {
  /** latin1. */
  readonly text: string;
  readonly #child: ChildProcess;
  /** Never rejects. */
  readonly exited: Promise<ExitStatus>;
  readonly #group: ProcessGroup;

  constructor(text: string, child: ChildProcess, pid: number) {
    this.text = text;
    this.#child = child;
    this.#group = new ProcessGroup(pid);
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#group.leaderHasGone();
        resolve(code === null ? { how: 'signal', code: signalNumber(signal) } : { how: 'exit', code });
      });
    });
  }

  get stdin(): Writable | undefined {
    return this.#child.stdin ?? undefined;
  }

  get stdout(): Readable | undefined {
    return this.#child.stdout ?? undefined;
  }

  /** Whether the shell, or anything that it left in the background, is still there. */
  get alive(): boolean {
    return this.#group.alive;
  }

  /** Ends the shell and what it started, and gives up its pipes. */
  kill(): void {
    this.#group.kill();
    for (const stream of this.#child.stdio) stream?.destroy();
  }
}

function signalNumber(name: NodeJS.Signals | null): number {
  return name === null ? 0 : system.signals[name];
}

/** Starts commands with /bin/sh, in this environment. */
export function shellProcesses(environment: SystemEnvironment): Processes {
  return { start: (command, stdin, stdout) => spawnShell(command, stdin, stdout, environment) };
}

function spawnShell(
  command: string,
  stdin: 'ignore' | 'pipe',
  stdout: 'inherit' | 'pipe',
  environment: SystemEnvironment,
): Started {
  const end = command.indexOf('\0');
  const text = end < 0 ? command : command.slice(0, end);
  const bytes = Buffer.from(text, 'latin1');
  const words = bytes.toString('utf8');
  const isText = Buffer.from(words, 'utf8').equals(bytes);
  const options: SpawnOptions = {
    stdio: isText ? [stdin, stdout, 'inherit'] : [stdin, stdout, 'inherit', 'pipe'],
    detached: true,
    // When this process is killed, whoever looks after it finds them by that.
    env: { ...environment.all(), [commandMark]: String(process.pid) },
  };
  let child: ChildProcess;
  try {
    child = spawn(shell, ['-c', isText ? words : fromDescriptor], options);
  } catch (error) {
    return { kind: 'failed', ...systemErrorOf(error) };
  }
  // First of all: a child that was not started says so by an event that ends the process when nobody listens.
  child.on('error', () => undefined);
  const { pid } = child;
  if (pid === undefined) {
    for (const stream of child.stdio ?? []) stream?.destroy();
    return { kind: 'failed', ...whyNotStarted() };
  }
  for (const stream of child.stdio) stream?.on('error', () => undefined);
  const script = child.stdio[3];
  if (script !== null && script !== undefined && 'write' in script) script.end(bytes);
  return { kind: 'started', command: new ShellCommand(text, child, pid) };
}

/** Node.js tells only later, by an event; io.popen answers at once. */
function whyNotStarted(): SystemError {
  try {
    closeSync(openSync('/dev/null', 'r'));
    accessSync(shell, constants.X_OK);
  } catch (error) {
    return systemErrorOf(error);
  }
  return systemError('EAGAIN');
}
