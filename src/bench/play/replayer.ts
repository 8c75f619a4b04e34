// A policy to which recorded sessions are played, one after the other: what each of them saw is what it sees again (recorded-answers.ts), clock and store
// go on from one to the next, and what is answered otherwise is told. One engine serves all of them.
//
// It must never reach anybody outside, nor change a file, whatever the policy does.
import { isIP } from 'node:net';
import { dirname } from 'node:path';
import type { ScriptPaths } from '../../app.ts';
import { textOf } from '../../base/errors.ts';
import { LuaError } from '../../lua-api/function-spec.ts';
import type { Recording } from '../../observe/record/format.ts';
import type { TraceEntry } from '../../observe/trace/entry.ts';
import type { PolicySource } from '../../ops/revision.ts';
import { readListenList } from '../../options/listen-list.ts';
import { OptionLayer } from '../../options/option-layer.ts';
import type { Options } from '../../options/options.ts';
import type { SessionListener } from '../../smtp/server/session-core.ts';
import { hopKey } from '../case-hops.ts';
import type { CasePolicy } from '../case-server.ts';
import { OpenCase } from '../open-case.ts';
import { newWorld } from '../play-case.ts';
import { FakeClock } from '../ports/clock.ts';
import type { MemoryStore } from '../ports/memory-store.ts';
import { loadOnce, newBench, openStage } from '../prepare.ts';
import type { ScratchKeeper, Stage } from '../stage.ts';
import type { TestBench } from '../test-bench.ts';
import { type TestOptions, USUAL_HOP } from '../test-options.ts';
import type { World } from '../world.ts';
import { FilePlayer } from './play-file.ts';
import { commandEnds, randomSeeds, recipientAnswers, setAnswers, storeAnswers } from './recorded-answers.ts';
import { RecordedServices } from './recorded-services.ts';
import { type Difference, differenceOf, heardOf, stepsOf } from './replay-session.ts';
import { IMPLICIT_TLS } from './trace-file.ts';

export interface ReplayerSettings {
  readonly policy: ScriptPaths;
  /** The policy as it was read before. */
  readonly source?: PolicySource | undefined;
  /** `scratch`: a directory for messages. */
  readonly options: (scratch: string) => TestOptions | Promise<TestOptions>;
  readonly scratch?: ScratchKeeper | undefined;
  /** The options may be others than those of the server that has recorded the sessions. */
  readonly guesses: boolean;
}

export type Replayed =
  /** `upTo` a message whose content is not in the recording: neither it nor what came behind was compared. */
  | { readonly kind: 'same'; readonly upTo: 'the end' | 'a message' }
  /** `cause`: what went wrong in the policy, where something did. */
  | { readonly kind: 'different'; readonly difference: Difference; readonly cause: string | undefined }
  /** The policy asked for what the recording has not. */
  | { readonly kind: 'missing'; readonly what: readonly string[] }
  /** The policy could not be begun with. */
  | { readonly kind: 'failed'; readonly cause: string }
  | { readonly kind: 'unplayable'; readonly cause: string };

export type OpenedReplayer =
  | { readonly kind: 'open'; readonly replayer: Replayer }
  | { readonly kind: 'failed'; readonly problem: string };

/** What went wrong first in a policy of this world: asked at the end. */
function watchFaults({ log }: World): () => string | undefined {
  let first: string | undefined;
  log.bus.on('hook-error', ({ hook, message }) => {
    first ??= `${hook}: ${message}`;
  });
  log.bus.on('hook-limit', ({ hook, message }) => {
    first ??= `${hook}: ${message}`;
  });
  return () => first;
}

/** That of the session, with its options. */
function listenerOf(options: Options, entries: readonly TraceEntry[]): SessionListener {
  const connect = entries.find(({ kind }) => kind === 'connect');
  const name = connect?.kind === 'connect' ? (connect.listener ?? '') : '';
  const read = readListenList(options.values['smtp-listen']);
  const place = read.kind === 'places' ? read.places.find((one) => one.name === name) : undefined;
  const its = name === '' ? options : new OptionLayer(options, () => options.ofListener(name)).fork();
  return { name, options: its, flags: place?.flags ?? new Set() };
}

/** Some message of the session was. */
const wasTaken = (entries: readonly TraceEntry[]): boolean =>
  heardOf(entries).replies.some(({ reply, to }) => to === 'the dot' && reply.startsWith('2'));

export class Replayer {
  readonly #stage: Stage;
  readonly #bench: TestBench;
  readonly #policy: CasePolicy;
  readonly #hops: readonly string[];
  /** A next hop stands in for what is none: what it is told is no deed of the policy. */
  readonly #standsIn: boolean;
  readonly #guesses: boolean;
  readonly #stores = new Map<string, MemoryStore>();
  #clock: FakeClock | undefined;

  private constructor(stage: Stage, bench: TestBench, policy: CasePolicy, guesses: boolean) {
    this.#guesses = guesses;
    this.#stage = stage;
    this.#bench = bench;
    this.#policy = policy;
    const named = stage.options.values['smtp-smart-host'].split(/[\s,;]+/).map(hopKey);
    this.#hops = [...named, hopKey(USUAL_HOP)].filter((key) => key !== undefined);
    this.#standsIn = stage.options.values['smtp-smart-host'] === USUAL_HOP;
  }

  /** Reads the policy, unless it was read before. Whoever gets it closes it. */
  static async open({
    guesses,
    options: read,
    policy,
    scratch,
    source,
  }: ReplayerSettings): Promise<OpenedReplayer> {
    const stage = await openStage(scratch);
    const failed = async (problem: string): Promise<OpenedReplayer> => {
      await stage.close();
      return { kind: 'failed', problem };
    };
    try {
      const { options, problems } = await read(stage.scratch);
      if (problems.length > 0) return failed(problems.join('\n'));
      stage.options.adopt(options);
      stage.watch.start([]);
      const bench = newBench(stage, policy.path);
      const loaded = await loadOnce(stage, bench, policy, source);
      if (typeof loaded === 'string') return failed(loaded);
      return { kind: 'open', replayer: new Replayer(stage, bench, loaded, guesses) };
    } catch (error) {
      if (error instanceof LuaError) return failed(textOf(error));
      await stage.close();
      throw error;
    }
  }

  /** Why nothing can be played any more. */
  get brokenBy(): string | undefined {
    return this.#stage.brokenBy;
  }

  /** The policy as it was read. */
  get source(): PolicySource {
    return this.#policy.first.source;
  }

  async close(): Promise<void> {
    this.#policy.first.retire();
    await this.#stage.close();
  }

  async session(recording: Recording): Promise<Replayed> {
    if (isIP(recording.client) === 0) return { kind: 'unplayable', cause: 'its client has no address' };
    const said = stepsOf(recording);
    if (said.kind === 'unplayable') return said;
    const { began, client, entries } = recording;
    if (recording.omitted > 0 && !entries.some(({ kind }) => kind === 'end'))
      return { kind: 'unplayable', cause: 'more happened in it than recordings keep' };
    const { options, watch } = this.#stage;
    const before = options.fork();
    const listener = listenerOf(options, entries);
    if (listener.name !== '') options.adopt(listener.options);
    const hasHops = entries.some(({ kind }) => kind === 'next-hop');
    // Accounts of the machine are no next hop that was told anything, and one stands in for them.
    const hasAccounts = entries.some((entry) => entry.kind === 'answer' && entry.of === 'accounts');
    // The options at hand may be others than those of the server: what was taken there is taken here.
    const needsHop = hasHops || hasAccounts || (this.#guesses && wasTaken(entries));
    if (options.values['smtp-smart-host'] === '' && needsHop)
      options.set('smtp-smart-host', USUAL_HOP, 'smtpe replay');
    const withHops = !hasAccounts && (hasHops || (!this.#standsIn && !(this.#guesses && needsHop)));
    watch.forgetPolicyPlace();
    this.#clock ??= new FakeClock(began);
    this.#clock.advance(Math.max(0, began - this.#clock.now()));
    const now: TraceEntry[] = [];
    const [ends, seeds, stores] = [commandEnds(entries), randomSeeds(entries), storeAnswers(entries)];
    // What hook.init, and the file level for it, ask before the first step is no session's, and leaves it what is its own.
    const isPlaying = (): boolean => now.length > 0;
    const world = newWorld(this.#stage, this.#bench, dirname(this.#policy.path), undefined, {
      push: (entry) => now.push(entry),
      services: (record) => new RecordedServices(entries, record),
      storeAnswers: (call) => (isPlaying() ? stores(call) : undefined),
      commandEnd: (command) => ends(command, isPlaying()),
      recipientAnswer: recipientAnswers(entries),
      randomSeed: () => (isPlaying() ? seeds() : undefined),
      shared: { clock: this.#clock, stores: this.#stores },
    });
    const faultOf = watchFaults(world);
    setAnswers(world.fakes, client, entries, this.#hops);
    let failure: string | undefined;
    const open = await OpenCase.open(
      this.#stage,
      world,
      this.#policy,
      (message) => {
        failure = message;
      },
      listener,
    );
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
      if (failure !== undefined) return { kind: 'failed', cause: failure };
      const { missingFakes } = world.record;
      if (missingFakes.length > 0) return { kind: 'missing', what: missingFakes.map(({ what }) => what) };
      const [was, is] = [heardOf(entries.slice(0, said.end), withHops), heardOf(now, withHops)];
      const difference = differenceOf(was, is);
      return difference === undefined
        ? { kind: 'same', upTo: said.end === undefined ? 'the end' : 'a message' }
        : { kind: 'different', difference, cause: faultOf() };
    } finally {
      open.close();
      options.adopt(before);
    }
  }
}
