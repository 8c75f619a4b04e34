// Plays recorded sessions to a policy, in the order in which they were: what each of them saw is what it sees again (recorded-answers.ts), clock and store
// go on from one to the next, and what is answered otherwise is told. One engine serves all of them.
//
// It must never hold more than one recording, nor stop for one that cannot be played.
import { open as openFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import type { ScriptPaths } from '../../app.ts';
import { textOf } from '../../base/errors.ts';
import { LuaError } from '../../lua-api/function-spec.ts';
import { isRecording, type Recording, readRecording } from '../../observe/record/format.ts';
import type { TraceEntry } from '../../observe/trace/entry.ts';
import type { ReadFile } from '../../options/load-options.ts';
import { hopKey } from '../case-hops.ts';
import type { CasePolicy } from '../case-server.ts';
import { OpenCase } from '../open-case.ts';
import { newWorld } from '../play-case.ts';
import { FakeClock } from '../ports/clock.ts';
import type { MemoryStore } from '../ports/memory-store.ts';
import { loadOnce, newBench, openStage } from '../prepare.ts';
import type { ScratchKeeper, Stage } from '../stage.ts';
import type { TestBench } from '../test-bench.ts';
import { testOptions } from '../test-options.ts';
import { FilePlayer } from './play-file.ts';
import { contentOf } from './played-file.ts';
import { RecordedServices, setAnswers } from './recorded-answers.ts';
import { differenceOf, heardOf, stepsOf } from './replay-session.ts';
import { IMPLICIT_TLS } from './trace-file.ts';

export interface ReplaySettings {
  readonly paths: readonly string[];
  readonly policy: ScriptPaths;
  /** Options of the command line, and the option file. */
  readonly words: readonly string[];
  readonly optionFile: string | undefined;
  readonly readFile: ReadFile;
  readonly scratch?: ScratchKeeper;
}

export type Replayed =
  | { readonly kind: 'same' }
  /** `difference`: the first one, in words. */
  | { readonly kind: 'different'; readonly difference: string }
  /** The policy asked for what the recording has not. */
  | { readonly kind: 'missing'; readonly what: readonly string[] }
  | { readonly kind: 'unplayable'; readonly cause: string };

export interface ReplayedSession {
  readonly path: string;
  readonly session: string;
  readonly client: string;
  /** Of its first mail; undefined: it had none. */
  readonly sender: string | undefined;
  readonly replayed: Replayed;
}

/** Octets of a first line. */
const HEAD = 4096;

/** When a recording began; undefined for what is none. */
async function beganAt(path: string): Promise<number | undefined> {
  try {
    // A pipe without a writer would be waited for.
    const file = await openFile(path, 0o4000);
    try {
      if (!(await file.stat()).isFile()) return undefined;
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD), 0, HEAD, 0);
      const text = buffer.toString('latin1', 0, bytesRead);
      if (!isRecording(text)) return undefined;
      const read = readRecording(`${text.split('\n')[0] ?? ''}\n`);
      return read.kind === 'unusable' ? undefined : read.recording.began;
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

/** Told of each session; what keeps all of them from being played, or undefined. */
export async function replay(
  settings: ReplaySettings,
  told: (session: ReplayedSession) => void,
): Promise<string | undefined> {
  const dated: { readonly path: string; readonly began: number }[] = [];
  for (const path of settings.paths) dated.push({ path, began: (await beganAt(path)) ?? 0 });
  dated.sort((a, b) => a.began - b.began);
  const stage = await openStage(settings.scratch);
  try {
    const { options, problems } = await testOptions(
      settings.words,
      settings.optionFile,
      settings.readFile,
      stage.scratch,
    );
    if (problems.length > 0) return problems.join('\n');
    stage.options.adopt(options);
    stage.watch.start([]);
    const bench = newBench(stage, settings.policy.path);
    const policy = await loadOnce(stage, bench, settings.policy);
    if (typeof policy === 'string') return policy;
    const player = new Replayer(stage, bench, policy);
    for (const { path } of dated) {
      told(await player.file(path));
      if (stage.brokenBy !== undefined) return `the Lua engine has failed: ${stage.brokenBy}`;
    }
    policy.first.retire();
    return undefined;
  } catch (error) {
    if (error instanceof LuaError) return textOf(error);
    throw error;
  } finally {
    await stage.close();
  }
}

class Replayer {
  readonly #stage: Stage;
  readonly #bench: TestBench;
  readonly #policy: CasePolicy;
  readonly #hops: readonly string[];
  readonly #stores = new Map<string, MemoryStore>();
  #clock: FakeClock | undefined;

  constructor(stage: Stage, bench: TestBench, policy: CasePolicy) {
    this.#stage = stage;
    this.#bench = bench;
    this.#policy = policy;
    const named = stage.options.values['smtp-smart-host'].split(/[\s,;]+/).map(hopKey);
    this.#hops = named.filter((key) => key !== undefined);
  }

  async file(path: string): Promise<ReplayedSession> {
    const unplayable = (cause: string): ReplayedSession => ({
      ...{ path, session: '', client: '', sender: undefined, replayed: { kind: 'unplayable', cause } },
    });
    const octets = await contentOf(path);
    if (typeof octets === 'string') return unplayable(octets);
    const read = readRecording(octets.toString('latin1'));
    switch (read.kind) {
      case 'unusable':
        return unplayable(read.problem);
      case 'cut':
        return unplayable('it is not whole');
      case 'recording': {
        const { client, entries, session } = read.recording;
        const mail = entries.find((entry) => entry.kind === 'client' && /^MAIL\b/i.test(entry.line));
        const sender = mail?.kind === 'client' ? /<([^>]*)>/.exec(mail.line)?.[1] : undefined;
        return { path, session, client, sender, replayed: await this.#session(read.recording) };
      }
    }
  }

  async #session(recording: Recording): Promise<Replayed> {
    if (isIP(recording.client) === 0) return { kind: 'unplayable', cause: 'its client has no address' };
    const said = stepsOf(recording);
    if (said.kind === 'unplayable') return said;
    const { began, client, entries } = recording;
    if (recording.omitted > 0 && !entries.some(({ kind }) => kind === 'end'))
      return { kind: 'unplayable', cause: 'more happened in it than recordings keep' };
    const { options, watch } = this.#stage;
    const before = options.fork();
    watch.forgetPolicyPlace();
    this.#clock ??= new FakeClock(began);
    this.#clock.advance(Math.max(0, began - this.#clock.now()));
    const now: TraceEntry[] = [];
    const world = newWorld(this.#stage, this.#bench, dirname(this.#policy.path), undefined, {
      push: (entry) => now.push(entry),
      services: (record) => new RecordedServices(entries, record),
      shared: { clock: this.#clock, stores: this.#stores },
    });
    setAnswers(world.fakes, client, entries, this.#hops);
    let failure: string | undefined;
    const open = await OpenCase.open(this.#stage, world, this.#policy, (message) => {
      failure = message;
    });
    try {
      const dialogue = open.newSession();
      dialogue.from(client, undefined);
      if (said.tls) dialogue.tls(IMPLICIT_TLS);
      await new FilePlayer(open, dialogue).play(
        { kind: 'session', steps: said.steps, cut: false },
        '',
        undefined,
      );
      await open.end();
      if (failure !== undefined) return { kind: 'different', difference: `the policy fails: ${failure}` };
      const { missingFakes } = world.record;
      if (missingFakes.length > 0) return { kind: 'missing', what: missingFakes.map(({ what }) => what) };
      const difference = differenceOf(heardOf(entries), heardOf(now));
      return difference === undefined ? { kind: 'same' } : { kind: 'different', difference };
    } finally {
      open.close();
      options.adopt(before);
    }
  }
}
