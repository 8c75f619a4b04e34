// Worker processes: starts them for the supervisor, and gives a worker its place and its line to the main process. Plain child processes
// and not node:cluster, which would close the listening sockets when the last worker is gone.

import { type ChildProcess, fork } from 'node:child_process';
import { textOf } from '../base/errors.ts';
import type { SharedCountersPlace } from '../net/shared-counters.ts';
import type { SocketHandle } from './held-sockets.ts';
import { killChild } from './kill-child.ts';
import type { WorkerProcess } from './supervisor.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

/** Environment variable with the place of a worker, as JSON. */
const PLACE = 'SMTPE_WORKER';
/** The descriptor of the shared counters in a worker: behind stdin, stdout, stderr and the channel. */
const COUNTERS = 4;

/** What a worker must know before it hears anything: everything of its place but the file. */
type Place = Omit<SharedCountersPlace, 'file'>;

/** A worker as the main process has it. */
export interface ForkedWorker extends WorkerProcess {
  /** Hands a socket over. */
  sendSocket(handle: SocketHandle, index: number, of: number): void;
}

/** One that the system did not let us start. */
function neverStarted(cause: string): ForkedWorker {
  return {
    pid: 0,
    send: () => undefined,
    sendSocket: () => undefined,
    kill: () => undefined,
    onMessage: () => undefined,
    onExit: (listener) => setImmediate(() => listener(null, cause)),
  };
}

/** Starts a worker, which runs the same program with the same arguments. `place.file` is open in this process. */
export function forkWorker(place: SharedCountersPlace): ForkedWorker {
  const { file, ...rest } = place;
  const [, program = ''] = process.argv;
  let child: ChildProcess;
  try {
    child = fork(program, process.argv.slice(2), {
      env: { ...process.env, [PLACE]: JSON.stringify(rest) },
      stdio: ['inherit', 'inherit', 'inherit', 'ipc', file],
    });
  } catch (error) {
    // What Node.js does not say by an event, such as ENOMEM.
    return neverStarted(textOf(error));
  }
  let over = false;
  const exits: ((code: number | null, signal: string | null) => void)[] = [];
  const ended = (code: number | null, signal: string | null): void => {
    if (over) return;
    over = true;
    for (const listener of exits) listener(code, signal);
  };
  child.on('exit', ended);
  child.on('error', (error) => {
    // One that dies while it is written to ends with 'exit'. Without a number it was never started: no memory, no descriptors.
    if (child.pid === undefined) ended(null, error.message);
  });
  const send = (message: ToWorker, handle?: SocketHandle): void => {
    if (!child.connected) return;
    // What Node calls a handle of its own is one of the kinds that it sends; its types do not know.
    child.send(message, handle as unknown as undefined, {}, () => undefined);
  };
  return {
    pid: child.pid ?? 0,
    send,
    sendSocket: (handle, index, of) => send({ kind: 'socket', index, of }, handle),
    kill: (signal) => {
      if (!over) killChild(child, signal);
    },
    onMessage: (listener) => {
      child.on('message', (message) => listener(message as FromWorker));
    },
    onExit: (listener) => exits.push(listener),
  };
}

/** A worker's side. */
export interface WorkerLine {
  readonly place: SharedCountersPlace;
  /** Resolves when it is on its way, so that the worker may end. */
  send(message: FromWorker): Promise<void>;
  /** `handle` comes with a `socket`. What was said before anybody listened is not lost. */
  onMessage(listener: (message: ToWorker, handle: object | undefined) => void): void;
  /** The main process has gone. */
  onAlone(listener: () => void): void;
}

/**
 * In a worker its line to the main process; undefined in any other process. Takes the mark away, so that no program that a policy starts
 * takes itself for a worker.
 */
export function findWorkerLine(): WorkerLine | undefined {
  const text = process.env[PLACE];
  delete process.env[PLACE];
  if (text === undefined || process.send === undefined) return undefined;
  return {
    place: { ...(JSON.parse(text) as Place), file: COUNTERS },
    send: (message) =>
      new Promise((resolve) => {
        if (process.send === undefined || !process.connected) resolve();
        else process.send(message, undefined, undefined, () => resolve());
      }),
    onMessage: (listener) =>
      process.on('message', (message, handle) =>
        listener(message as ToWorker, handle === null ? undefined : (handle as object | undefined)),
      ),
    onAlone: (listener) => {
      if (process.connected) process.on('disconnect', listener);
      else listener();
    },
  };
}
