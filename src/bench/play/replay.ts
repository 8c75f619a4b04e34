// Plays the files of recorded sessions to a policy, in the order in which the sessions were, and tells what is answered otherwise (replayer.ts).
//
// It must never hold more than one recording, nor stop for one that cannot be played.
import { open as openFile } from 'node:fs/promises';
import type { ScriptPaths } from '../../app.ts';
import { isRecording, readRecording } from '../../observe/record/format.ts';
import type { ReadFile } from '../../options/load-options.ts';
import type { ScratchKeeper } from '../stage.ts';
import { testOptions } from '../test-options.ts';
import { contentOf } from './played-file.ts';
import { type Replayed, Replayer } from './replayer.ts';

export interface ReplaySettings {
  readonly paths: readonly string[];
  readonly policy: ScriptPaths;
  /** Options of the command line, and the option file. */
  readonly words: readonly string[];
  readonly optionFile: string | undefined;
  readonly readFile: ReadFile;
  readonly scratch?: ScratchKeeper;
}

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
  const { optionFile, policy, readFile, scratch, words } = settings;
  const opened = await Replayer.open({
    ...{ policy, scratch, guesses: true },
    options: (directory) => testOptions(words, optionFile, readFile, directory, 'as named'),
  });
  if (opened.kind === 'failed') return opened.problem;
  const { replayer } = opened;
  try {
    for (const { path } of dated) {
      told(await playFile(replayer, path));
      if (replayer.brokenBy !== undefined) return `the Lua engine has failed: ${replayer.brokenBy}`;
    }
    return undefined;
  } finally {
    await replayer.close();
  }
}

async function playFile(replayer: Replayer, path: string): Promise<ReplayedSession> {
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
      return { path, session, client, sender, replayed: await replayer.session(read.recording) };
    }
  }
}
