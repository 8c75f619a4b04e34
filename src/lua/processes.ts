// Programs that a policy starts: os.execute, and the child behind io.popen. They run beside the event loop, in a process group of
// their own that is killed when the hook is cut off or the connection ends.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import type { Slot } from './call-context.ts';
import { luaFunction, type Suspension } from './function-spec.ts';
import { optionalBytes } from './params.ts';

export interface ExitStatus {
  readonly how: 'exit' | 'signal';
  readonly code: number;
}

/** A shell command. `exited` never rejects; undefined: it could not be started (`failure` says why). */
export class ShellCommand {
  readonly command: string;
  readonly child: ChildProcess;
  readonly exited: Promise<ExitStatus | undefined>;
  failure: string | undefined;
  #running = true;

  /** `command`: latin1; ends at a NUL, as in C. `stdin` and `stdout` as for child_process.spawn. */
  constructor(command: string, stdin: 'ignore' | 'pipe', stdout: 'inherit' | 'pipe') {
    const end = command.indexOf('\0');
    this.command = end < 0 ? command : command.slice(0, end);
    const bytes = Buffer.from(this.command, 'latin1');
    const text = bytes.toString('utf8');
    // Arguments of spawn are UTF-8 text; any other bytes reach the shell through descriptor 3.
    const isText = Buffer.from(text, 'utf8').equals(bytes);
    const options: SpawnOptions = {
      stdio: isText ? [stdin, stdout, 'inherit'] : [stdin, stdout, 'inherit', 'pipe'],
      detached: true,
    };
    this.child = spawn('/bin/sh', ['-c', isText ? text : 'eval "$(cat <&3)"'], options);
    const script = this.child.stdio[3];
    if (script !== null && script !== undefined && 'write' in script) {
      script.on('error', () => {});
      script.end(bytes);
    }
    this.exited = new Promise((resolve) => {
      this.child.once('error', (error) => {
        this.#running = false;
        this.failure = error.message;
        resolve(undefined);
      });
      this.child.once('exit', (code, signal) => {
        this.#running = false;
        resolve(code === null ? { how: 'signal', code: signalNumber(signal) } : { how: 'exit', code });
      });
    });
  }

  get running(): boolean {
    return this.#running;
  }

  /** Kills the shell and what it started. */
  kill(): void {
    const pid = this.child.pid;
    if (!this.#running || pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // gone already
    }
  }
}

const numbers: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
};

function signalNumber(name: string | null): number {
  return name === null ? 0 : (numbers[name] ?? 0);
}

/** The commands of a connection that io.popen started; none survives it. */
export const commandSlot: Slot<Set<ShellCommand>> = {
  name: 'commands',
  create: () => new Set(),
  dispose: (commands) => {
    for (const command of commands) command.kill();
    commands.clear();
  },
};

function execute(text: string): Suspension {
  const command = new ShellCommand(text, 'ignore', 'inherit');
  return {
    kind: 'suspension',
    describe: () => `os.execute ${JSON.stringify(command.command)}`,
    done: command.exited.then((status) => {
      if (status === undefined) return [-1, command.failure];
      return [status.how === 'exit' ? status.code * 256 : status.code, status.how, status.code];
    }),
    cancel: () => command.kill(),
  };
}

/** As in Lua 5.1: the status of wait(2), 0 when it went well; then `exit` or `signal` and the number, as in Lua 5.4. */
export const executeFunction = luaFunction({
  name: 'execute',
  params: [optionalBytes('command', 'For /bin/sh.', undefined)],
  suspends: true,
  text: 'Runs a shell command and waits for it.',
  call: (_context, command) => (command === undefined ? [1] : execute(command)),
});
