// Plays a file (played-file.ts) to a policy, in a world of fakes, and tells each step of the session as a live server tells it. What nobody has said
// anything about is told at the end, with the line that would say it; a next hop of which nothing is said takes everything.
//
// It must never reach a network, and no time passes but what Lua takes: waits are moved over.
import { dirname } from 'node:path';
import type { ScriptPaths } from '../../app.ts';
import { systemClock } from '../../base/clock.ts';
import { libLuaDirectory } from '../../installed.ts';
import { LuaError } from '../../lua-api/function-spec.ts';
import type { TlsFacts } from '../../net/tls-facts.ts';
import type { TraceEntry } from '../../observe/trace/entry.ts';
import type { ReadFile } from '../../options/load-options.ts';
import { hopKey } from '../case-hops.ts';
import { OpenCase } from '../open-case.ts';
import { newWorld } from '../play-case.ts';
import { loadOnce, newBench, openStage } from '../prepare.ts';
import type { ForwardedMessage, MissingFake } from '../record.ts';
import type { ScratchKeeper, Stage } from '../stage.ts';
import { TestFile } from '../test-file.ts';
import { testOptions } from '../test-options.ts';
import { type Envelope, FilePlayer } from './play-file.ts';
import type { Playable } from './played-file.ts';

export interface TraceFileSettings {
  readonly file: Playable;
  /** Of a message. */
  readonly envelope: Envelope | undefined;
  readonly client: string;
  /** Its name by reverse DNS. */
  readonly host: string | undefined;
  readonly helo: string;
  /** Encrypted from the first octet. */
  readonly tls: boolean;
  readonly policy: ScriptPaths;
  /** A test, whose fakes at the level of the file hold. */
  readonly fakes: string | undefined;
  /** Options of the command line, and the option file. */
  readonly words: readonly string[];
  readonly optionFile: string | undefined;
  readonly readFile: ReadFile;
  readonly push: (entry: TraceEntry) => void;
  readonly scratch?: ScratchKeeper;
}

export type TracedFile =
  | { readonly kind: 'problem'; readonly of: 'options' | 'fakes' | 'policy'; readonly text: string }
  | {
      readonly kind: 'traced';
      readonly missing: readonly MissingFake[];
      readonly forwarded: readonly ForwardedMessage[];
      /** A hook has failed. */
      readonly failed: boolean;
      /** Lines that were not said, as the server had closed the connection. */
      readonly unsaid: number;
      /** What does not end, in words. */
      readonly waits: string | undefined;
    };

/** As of a client that has encrypted from its first octet. */
export const IMPLICIT_TLS: TlsFacts = {
  ...{ version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', bits: 256, name: undefined, alpn: undefined },
  ...{ resumed: false, implicit: true, by: 'smtpe', certificate: undefined },
};

export async function traceFile(settings: TraceFileSettings): Promise<TracedFile> {
  const stage = await openStage(settings.scratch);
  try {
    return await play(stage, settings);
  } finally {
    await stage.close();
  }
}

async function play(stage: Stage, settings: TraceFileSettings): Promise<TracedFile> {
  const { fakes, optionFile, policy, readFile, words } = settings;
  const { options, problems } = await testOptions(words, optionFile, readFile, stage.scratch);
  if (problems.length > 0) return { kind: 'problem', of: 'options', text: problems.join('\n') };
  stage.options.adopt(options);
  stage.watch.start(fakes === undefined ? [] : [fakes]);
  const bench = newBench(stage, fakes ?? policy.path);
  const takesAll = [
    { kind: 'answers', script: {} },
    { file: '', line: 0 },
  ] as const;
  bench.fakes.hops.setDefault('', ...takesAll);
  // They have an address, too.
  for (const word of options.values['smtp-smart-host'].split(/[\s,;]+/)) {
    const key = hopKey(word);
    if (key !== undefined) bench.fakes.hops.set(key, '', ...takesAll);
  }
  const test = fakes === undefined ? undefined : await TestFile.open(fakes, stage, bench, libLuaDirectory);
  if (typeof test === 'string') return { kind: 'problem', of: 'fakes', text: test };
  try {
    const loaded = await loadOnce(stage, bench, policy);
    if (typeof loaded === 'string') return { kind: 'problem', of: 'policy', text: loaded };
    const started = systemClock.monotonic();
    const world = newWorld(stage, bench, dirname(policy.path), test, {
      push: settings.push,
      watch: (clock) => ({
        monotonic: () => clock.monotonic() + systemClock.monotonic() - started,
      }),
    });
    let failed = false;
    for (const name of ['hook-error', 'hook-limit', 'result-fault'] as const)
      world.log.bus.on(name, () => {
        failed = true;
      });
    let problem: string | undefined;
    const open = await OpenCase.open(stage, world, loaded, (message) => {
      problem = message;
    });
    try {
      for (const prepare of bench.preparations) prepare(world);
      const session = open.newSession();
      session.from(settings.client, settings.host);
      if (settings.tls) session.tls(IMPLICIT_TLS);
      const end = await new FilePlayer(open, session).play(settings.file, settings.helo, settings.envelope);
      const waits = await open.end();
      if (problem !== undefined) return { kind: 'problem', of: 'policy', text: problem };
      const { forwarded, missingFakes } = world.record;
      const unsaid = end.kind === 'closed' ? end.unsaid : 0;
      return { kind: 'traced', missing: missingFakes, forwarded, failed, unsaid, waits };
    } finally {
      open.close();
      loaded.first.retire();
    }
  } catch (error) {
    if (!(error instanceof LuaError)) throw error;
    return { kind: 'problem', of: 'fakes', text: error.message };
  } finally {
    test?.close();
  }
}
