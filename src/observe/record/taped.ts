// What a tape (observe/trace/steps) has kept of a session as entries: its steps are told to a recorder once more, by the times that they had.
import type { TraceEntry } from '../trace/entry.ts';
import { Recorder } from '../trace/recorder.ts';
import { playSteps, type TapeStep } from '../trace/steps.ts';

/** One after the other, as they are asked for. */
export function* entriesOf(
  session: string,
  client: string,
  steps: readonly TapeStep[],
): Generator<TraceEntry, void> {
  let now = steps[0]?.[1] ?? 0;
  let entries: TraceEntry[] = [];
  const clock = { monotonic: () => now };
  const recorder = new Recorder({ clock, push: (entry) => entries.push(entry) }, session, client);
  for (const step of steps) {
    playSteps([step], recorder, (at) => {
      now = at;
    });
    yield* entries;
    entries = [];
  }
}
