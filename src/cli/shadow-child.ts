// The process of a shadow policy (option shadow-script): loads it into a world of fakes, plays it the sessions that it is shown, and says what it would have
// answered otherwise. It is the first to go when the machine is short of something.
//
// It must never reach anybody, write anything but its own directory, nor outlive whoever it works for.
import { rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { traceOf } from '../base/errors.ts';
import { type Replayed, Replayer } from '../bench/play/replayer.ts';
import { settle } from '../bench/test-options.ts';
import { FORMAT } from '../observe/record/format.ts';
import { readShown } from '../observe/record/shown-text.ts';
import { entriesOf } from '../observe/record/taped.ts';
import type { ShadowLine } from '../ops/fork-shadow.ts';
import type { ShadowBegin, ShadowVerdict } from '../ops/shadow-messages.ts';
import { OptionSet } from '../options/option-set.ts';
import { version } from '../version.ts';
import type { EarlySignals } from './early-signals.ts';
import { exitCode } from './exit-code.ts';

/** Lowest. */
const NICE = 19;
/** Verdicts are said this often, and when nothing waits. */
const SAY_MS = 500;

/** Others come first, and are killed last. Where the system does not let us, it is as it is. */
async function stepBack(): Promise<void> {
  try {
    setPriority(NICE);
  } catch {
    // It runs as it is.
  }
  await writeFile('/proc/self/oom_score_adj', '1000').catch(() => undefined);
}

export async function runShadow(line: ShadowLine, early: EarlySignals): Promise<number> {
  // Signals of the group are for whoever serves, with whom this ends.
  early.handOver(() => undefined);
  const frames: string[] = [];
  let wake = (): void => undefined;
  line.onFrame((frame) => {
    frames.push(frame);
    wake();
  });
  const alone = new Promise<undefined>((resolve) => line.onAlone(() => resolve(undefined)));
  const next = async (): Promise<string | undefined> => {
    while (frames.length === 0) {
      const come = new Promise<boolean>((resolve) => {
        wake = () => resolve(true);
      });
      if ((await Promise.race([come, alone])) === undefined) return undefined;
    }
    return frames.shift();
  };
  const broken = (cause: string): void => line.say({ kind: 'broken', cause });
  process.on('uncaughtException', (error) => {
    broken(traceOf(error));
    process.exit(exitCode.software);
  });
  await stepBack();
  const directories = new Set<string>();
  const scratch = {
    made: (path: string) => {
      line.say({ kind: 'made', path });
      directories.add(path);
    },
    removed: (path: string) => void directories.delete(path),
  };
  // Whatever it is at, it ends.
  void alone.then(() => {
    for (const path of directories) rmSync(path, { recursive: true, force: true });
    process.exit(exitCode.ok);
  });
  const begin = await next();
  if (begin === undefined) return exitCode.ok;
  const first = JSON.parse(begin) as ShadowBegin;
  const opened = await Replayer.open({
    policy: { path: first.path, more: first.more },
    source: first.source,
    guesses: false,
    scratch,
    options: (directory) => {
      const options = OptionSet.fromTexts(first.options);
      settle(options, directory, 'as named');
      return { options, problems: [] };
    },
  });
  if (opened.kind === 'failed') {
    line.say({ kind: 'wrong', problem: opened.problem });
    await alone;
    return exitCode.ok;
  }
  const { replayer } = opened;
  line.say({ kind: 'ready', source: replayer.source });
  let verdicts: ShadowVerdict[] = [];
  let said = performance.now();
  for (;;) {
    const shown = await next();
    if (shown === undefined) break;
    verdicts.push(verdictOf(await play(replayer, shown)));
    if (frames.length === 0 || performance.now() - said > SAY_MS) {
      line.say({ kind: 'judged', verdicts });
      verdicts = [];
      said = performance.now();
    }
    if (replayer.brokenBy !== undefined) {
      broken(`the Lua engine has failed: ${replayer.brokenBy}`);
      break;
    }
  }
  await replayer.close();
  return exitCode.software;
}

function play(replayer: Replayer, shown: string): Promise<Replayed> {
  const { began, client, session, steps } = readShown(shown);
  return replayer.session({
    ...{ format: FORMAT, version, session, client, began, script: '', omitted: 0 },
    entries: [...entriesOf(session, client, steps)],
  });
}

function verdictOf(replayed: Replayed): ShadowVerdict {
  switch (replayed.kind) {
    case 'same':
      return replayed.upTo === 'the end'
        ? { kind: 'same' }
        : { kind: 'skipped', cause: 'the content of a message was not kept' };
    case 'different': {
      const { cause, difference } = replayed;
      const { before, now, step } = difference;
      return { kind: 'differs', step, live: before, shadow: now, ...(cause !== undefined && { cause }) };
    }
    case 'missing':
      return { kind: 'missing', what: replayed.what.join(', ') };
    case 'failed':
      return { kind: 'failed', cause: replayed.cause };
    case 'unplayable':
      return { kind: 'skipped', cause: replayed.cause };
  }
}
