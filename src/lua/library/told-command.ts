// A command of a policy whose end is told, for recordings: how it ended, and what it has said, up to a bound. One that says more is in no recording.
//
// It must never change what the policy sees of the command, nor keep it alive.
import { PassThrough, pipeline, type Readable } from 'node:stream';
import type { Log } from '../../base/log.ts';
import type { ExitStatus, RunningCommand, Started } from '../../ops/system.ts';

/** Octets of the output of one command. */
const MOST_OUTPUT = 65_536;

/** The same, told by `answer-given` when it is over. */
export function toldCommand(started: Started, text: string, log: Log): Started {
  if (!log.wants('answer-given')) return started;
  const tell = (answer: object): void =>
    log.emit('answer-given', { of: 'command', key: text, answer: JSON.stringify(answer) });
  if (started.kind === 'failed') {
    tell({ failed: started.text, number: started.number });
    return started;
  }
  const { command } = started;
  if (command.stdout === undefined) {
    void command.exited.then((status) => tell(status));
    return started;
  }
  return { kind: 'started', command: new Heard(command, command.stdout, tell) };
}

class Heard implements RunningCommand {
  readonly text: string;
  readonly stdin: RunningCommand['stdin'];
  readonly stdout: Readable;
  readonly exited: Promise<ExitStatus>;
  readonly #command: RunningCommand;

  constructor(command: RunningCommand, stdout: Readable, tell: (answer: object) => void) {
    this.#command = command;
    this.text = command.text;
    this.stdin = command.stdin;
    this.exited = command.exited;
    const pieces: Buffer[] = [];
    let octets = 0;
    const passed = new PassThrough({
      transform: (piece: Buffer, _, done) => {
        octets += piece.length;
        if (octets <= MOST_OUTPUT) pieces.push(piece);
        done(null, piece);
      },
    });
    const over = new Promise<void>((resolve) => pipeline(stdout, passed, () => resolve()));
    this.stdout = passed;
    void Promise.all([command.exited, over]).then(([status]) => {
      if (octets <= MOST_OUTPUT) tell({ ...status, output: Buffer.concat(pieces).toString('latin1') });
    });
  }

  get alive(): boolean {
    return this.#command.alive;
  }

  kill(): void {
    this.#command.kill();
  }
}
