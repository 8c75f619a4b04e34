// A command as a recording has it: it has ended before anybody waits for it, and what it said is there to be read. Nothing is started.
import { Readable, Writable } from 'node:stream';
import type { ExitStatus, RunningCommand, Started } from '../../ops/system.ts';

export type RecordedEnd =
  | { readonly kind: 'ended'; readonly status: ExitStatus /** latin1 */; readonly output: string }
  | { readonly kind: 'failed'; readonly text: string; readonly number: number };

/** `stdin`, `stdout`: as Processes.start is asked for them. */
export function recordedCommand(
  end: RecordedEnd,
  text: string,
  stdin: 'ignore' | 'pipe',
  stdout: 'inherit' | 'pipe',
): Started {
  if (end.kind === 'failed') return end;
  const output =
    stdout === 'pipe' ? Readable.from([Buffer.from(end.output, 'latin1')], { objectMode: false }) : undefined;
  const command: RunningCommand = {
    text,
    // What it was told, it was told.
    stdin: stdin === 'pipe' ? new Writable({ write: (_, __, done) => done() }) : undefined,
    stdout: output,
    exited: Promise.resolve(end.status),
    alive: false,
    kill: () => output?.destroy(),
  };
  return { kind: 'started', command };
}
