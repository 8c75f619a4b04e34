// Worker processes over node:cluster: forks them for the supervisor, and gives a worker its place and its line to the main process. The
// sockets are opened by the main process and shared, so that a worker that is replaced costs no connection that waits to be accepted.
import cluster from 'node:cluster';
import type { SharedCountersPlace } from '../net/shared-counters.ts';
import type { WorkerProcess } from './supervisor.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

/** Environment variable with the place of a worker, as JSON. */
const PLACE = 'SMTPE_WORKER';

/** What a worker says when it cannot start, besides what the supervisor wants to hear. */
export interface WorkerFailed {
  readonly kind: 'failed';
  readonly problem: string;
}

type FromWorkerProcess = FromWorker | WorkerFailed;

/** Starts a worker, which runs the same program with the same arguments. `failed` gets what it says when it cannot start. */
export function forkWorker(place: SharedCountersPlace, failed: (problem: string) => void): WorkerProcess {
  // Workers accept from the shared socket themselves: handing each connection over costs half as much again as the whole session.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  const worker = cluster.fork({ [PLACE]: JSON.stringify(place) });
  // A worker that dies while it is written to; its exit is what counts.
  worker.on('error', () => undefined);
  return {
    pid: worker.process.pid ?? 0,
    send: (message) => {
      if (worker.isConnected()) worker.send(message);
    },
    kill: (signal) => worker.process.kill(signal),
    onMessage: (listener) => {
      worker.on('message', (message: FromWorkerProcess) => {
        if (message.kind === 'failed') failed(message.problem);
        else listener(message);
      });
    },
    onExit: (listener) => worker.on('exit', listener),
  };
}

/** A worker's side. */
export interface WorkerLine {
  readonly place: SharedCountersPlace;
  /** Resolves when it is on its way, so that the worker may end. */
  send(message: FromWorkerProcess): Promise<void>;
  onMessage(listener: (message: ToWorker) => void): void;
  /** The main process has gone. */
  onAlone(listener: () => void): void;
}

/** In a worker its line to the main process; undefined in any other process. */
export function findWorkerLine(): WorkerLine | undefined {
  const text = process.env[PLACE];
  if (!cluster.isWorker || text === undefined) return undefined;
  return {
    place: JSON.parse(text) as SharedCountersPlace,
    send: (message) =>
      new Promise((resolve) => {
        if (process.send === undefined || !process.connected) resolve();
        else process.send(message, undefined, undefined, () => resolve());
      }),
    onMessage: (listener) => process.on('message', (message) => listener(message as ToWorker)),
    onAlone: (listener) => process.on('disconnect', listener),
  };
}
