// Programs that a policy starts: os.execute, and the child behind io.popen. They run beside the event loop, in a process group of
// their own that is killed when the hook is cut off or the connection ends, with all that it left in the background. What cannot be
// started is an answer (nil, text, number), never an exception.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { accessSync, closeSync, constants, openSync } from 'node:fs';
import { constants as system } from 'node:os';
import { commandMark } from '../ops/left-commands.ts';
import type { CallContext, Slot } from './call-context.ts';
import { type LuaResults, luaFunction, type Suspension } from './function-spec.ts';
import { optionalBytes } from './params.ts';
import { ProcessGroup } from './process-group.ts';
import { type SystemError, systemError, systemErrorOf } from './system-error.ts';

export interface ExitStatus {
  readonly how: 'exit' | 'signal';
  readonly code: number;
}

export type Started =
  | { readonly kind: 'started'; readonly command: ShellCommand }
  | ({ readonly kind: 'failed' } & SystemError);

const shell = '/bin/sh';
/** Arguments of spawn are UTF-8 text; a command of other bytes reaches the shell through descriptor 3. */
const fromDescriptor = `smtpe=$(cat <&3); exec 3<&-; eval "unset smtpe
$smtpe"`;

/** A running shell command. */
export class ShellCommand {
  /** latin1. */
  readonly text: string;
  readonly child: ChildProcess;
  /** Never rejects. */
  readonly exited: Promise<ExitStatus>;
  readonly #group: ProcessGroup;

  constructor(text: string, child: ChildProcess, pid: number) {
    this.text = text;
    this.child = child;
    this.#group = new ProcessGroup(pid);
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#group.leaderHasGone();
        resolve(code === null ? { how: 'signal', code: signalNumber(signal) } : { how: 'exit', code });
      });
    });
  }

  /** Whether the shell, or anything that it left in the background, is still there. */
  get alive(): boolean {
    return this.#group.alive;
  }

  /** Ends the shell and what it started, and gives up its pipes. */
  kill(): void {
    this.#group.kill();
    for (const stream of this.child.stdio) stream?.destroy();
  }
}

function signalNumber(name: NodeJS.Signals | null): number {
  return name === null ? 0 : system.signals[name];
}

/**
 * Starts `command` (latin1; it ends at a NUL, as in C). `stdin` and `stdout` as for child_process.spawn. Use `startCommand`, which
 * counts.
 */
function spawnShell(command: string, stdin: 'ignore' | 'pipe', stdout: 'inherit' | 'pipe'): Started {
  const end = command.indexOf('\0');
  const text = end < 0 ? command : command.slice(0, end);
  const bytes = Buffer.from(text, 'latin1');
  const words = bytes.toString('utf8');
  const isText = Buffer.from(words, 'utf8').equals(bytes);
  const options: SpawnOptions = {
    stdio: isText ? [stdin, stdout, 'inherit'] : [stdin, stdout, 'inherit', 'pipe'],
    detached: true,
    // When this process is killed, whoever looks after it finds them by that.
    env: { ...process.env, [commandMark]: String(process.pid) },
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

/** The commands that a connection has started and that are not over. None survives it. */
export class Commands {
  readonly #running = new Set<ShellCommand>();

  /** Starts a command unless there are `limit` already. */
  start(command: string, stdin: 'ignore' | 'pipe', stdout: 'inherit' | 'pipe', limit: number): Started {
    this.#forgetEnded();
    if (this.#running.size >= limit) {
      const text = `too many commands: a connection may have ${limit} at once (lua-max-commands)`;
      return { kind: 'failed', text, number: systemError('EAGAIN').number };
    }
    const started = spawnShell(command, stdin, stdout);
    if (started.kind === 'started') this.#running.add(started.command);
    return started;
  }

  #forgetEnded(): void {
    for (const command of this.#running) if (!command.alive) this.#running.delete(command);
  }

  killAll(): void {
    for (const command of this.#running) command.kill();
    this.#running.clear();
  }
}

export const commandSlot: Slot<Commands> = {
  name: 'commands',
  create: () => new Commands(),
  dispose: (commands) => commands.killAll(),
};

/** Starts a command for a connection; it counts until it is over. */
export function startCommand(
  context: CallContext,
  command: string,
  stdin: 'ignore' | 'pipe',
  stdout: 'inherit' | 'pipe',
): Started {
  return context.slot(commandSlot).start(command, stdin, stdout, context.options.values['lua-max-commands']);
}

function execute(context: CallContext, text: string): LuaResults | Suspension {
  const started = startCommand(context, text, 'ignore', 'inherit');
  if (started.kind === 'failed') return [undefined, started.text, started.number];
  const { command } = started;
  return {
    kind: 'suspension',
    describe: () => `os.execute ${JSON.stringify(command.text)}`,
    done: command.exited.then((status) => [
      status.how === 'exit' ? status.code * 256 : status.code,
      status.how,
      status.code,
    ]),
    cancel: () => command.kill(),
  };
}

/**
 * As in Lua 5.1: the status of wait(2), 0 when it went well; then `exit` or `signal` and the number, as in Lua 5.4. nil, a text and the
 * number of the error when it could not be started.
 */
export const executeFunction = luaFunction({
  name: 'execute',
  params: [optionalBytes('command', 'For /bin/sh.', undefined)],
  suspends: true,
  text: 'Runs a shell command and waits for it.',
  call: (context, command) => (command === undefined ? [1] : execute(context, command)),
});
