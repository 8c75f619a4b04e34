// Programs that a policy starts: os.execute, and the child behind io.popen. They run beside the event loop; how many a connection may have
// is counted here, and none survives it or the hook that is cut off. What cannot be started is an answer (nil, text, number).
import { systemError } from '../../base/system-error.ts';
import type { CallContext, Slot } from '../../lua-api/call-context.ts';
import {
  type FunctionSpec,
  type LuaResults,
  luaFunction,
  type Suspension,
} from '../../lua-api/function-spec.ts';
import { optionalBytes } from '../../lua-api/params.ts';
import type { Processes, RunningCommand, Started } from '../../ops/system.ts';
import { optionsOf } from '../../options/options.ts';
import { toldCommand } from './told-command.ts';

/** The commands that a connection has started and that are not over. None survives it. */
class Commands {
  readonly #running = new Set<RunningCommand>();
  readonly #processes: Processes;

  constructor(processes: Processes) {
    this.#processes = processes;
  }

  /** Starts a command unless there are `limit` already. */
  start(command: string, stdin: 'ignore' | 'pipe', stdout: 'inherit' | 'pipe', limit: number): Started {
    this.#forgetEnded();
    if (this.#running.size >= limit) {
      const text = `too many commands: a connection may have ${limit} at once (lua-max-commands)`;
      return { kind: 'failed', text, number: systemError('EAGAIN').number };
    }
    const started = this.#processes.start(command, stdin, stdout);
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

/** Starts a command for a connection; it counts until it is over. */
export type StartCommand = (
  context: CallContext,
  command: string,
  stdin: 'ignore' | 'pipe',
  stdout: 'inherit' | 'pipe',
) => Started;

/** One for each engine: what a connection has started by it is killed at the end of the connection. */
export function commandStarter(processes: Processes): StartCommand {
  const slot: Slot<Commands> = {
    name: 'commands',
    create: () => new Commands(processes),
    dispose: (commands) => commands.killAll(),
  };
  return (context, command, stdin, stdout) => {
    const limit = optionsOf(context).values['lua-max-commands'];
    return toldCommand(context.slot(slot).start(command, stdin, stdout, limit), command, context.log);
  };
}

function execute(start: StartCommand, context: CallContext, text: string): LuaResults | Suspension {
  const started = start(context, text, 'ignore', 'inherit');
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
export function executeFunction(start: StartCommand): FunctionSpec {
  return luaFunction({
    name: 'execute',
    params: [optionalBytes('command', 'For /bin/sh.', undefined)],
    suspends: true,
    text: 'Runs a shell command and waits for it.',
    call: (context, command) => (command === undefined ? [1] : execute(start, context, command)),
  });
}
