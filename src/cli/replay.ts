// Verb `replay`: plays recorded sessions to a policy, and says what it answers otherwise.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { codeOrText } from '../base/errors.ts';
import { type ReplayedSession, replay } from '../bench/play/replay.ts';
import { differenceText } from '../bench/play/replay-session.ts';
import type { Replayed } from '../bench/play/replayer.ts';
import type { Options } from '../options/options.ts';
import { asciiJson, printable } from '../text/printable.ts';
import { exitCode } from './exit-code.ts';
import { policyFor } from './policy-for.ts';
import { complain as complainHere, print as printHere } from './problems.ts';
import { readOptionFile } from './read-option-file.ts';
import { ScratchDirectories } from './scratch-directories.ts';
import type { Output } from './trace-file.ts';
import { type CommandLine, verbTable } from './verb.ts';

/** Lines of one kind that are shown. */
const MOST_LINES = 40;
const MOST_DEPTH = 8;

/** Sessions of which the same can be said. */
interface Group {
  readonly what: string;
  count: number;
  /** The first one. */
  readonly example: ReplayedSession;
}

async function recordingsIn(path: string, depth = 0): Promise<readonly string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  if (depth > MOST_DEPTH) return [];
  const names = (await readdir(path, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const found: string[] = [];
  for (const entry of names) {
    if (entry.isDirectory()) found.push(...(await recordingsIn(join(path, entry.name), depth + 1)));
    else if (entry.name.endsWith('.rec')) found.push(join(path, entry.name));
  }
  return found;
}

/** What differs from session to session says nothing of what they have in common. */
const common = (text: string): string =>
  text.replaceAll(/<[^<>\s]*>/g, '<...>').replaceAll(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, '...');

/** With what went wrong in the policy where that is not in the reply. */
function differenceWords({ cause, difference }: Extract<Replayed, { kind: 'different' }>): string {
  const words = common(differenceText(difference));
  return cause === undefined || words.includes(cause) ? words : `${words} (${common(cause)})`;
}

class Groups {
  readonly #groups = new Map<string, Group>();

  add(what: string, example: ReplayedSession): void {
    const group = this.#groups.get(what);
    if (group === undefined) this.#groups.set(what, { what, count: 1, example });
    else group.count += 1;
  }

  /** The largest first. */
  get all(): readonly Group[] {
    return [...this.#groups.values()].sort((a, b) => b.count - a.count);
  }

  get sum(): number {
    return this.all.reduce((sum, { count }) => sum + count, 0);
  }
}

export async function replayVerb(
  options: Options,
  { json, operands, words }: Pick<CommandLine, 'json' | 'operands' | 'words'>,
  { complain, print }: Output = { complain: complainHere, print: printHere },
): Promise<number> {
  const showsMissing = operands.includes('--missing');
  const given = operands.filter((word) => word !== '--missing');
  const paths: string[] = [];
  for (const path of given) {
    try {
      paths.push(...(await recordingsIn(path)));
    } catch (error) {
      const code = codeOrText(error);
      await complain([`${path}: ${code === 'ENOENT' ? 'there is no such file or directory' : code}`]);
      return exitCode.usage;
    }
  }
  if (paths.length === 0) {
    await complain([`there is no recording; usage: ${verbTable.replay.usage}`]);
    return exitCode.usage;
  }
  const policy = await policyFor(options);
  if (policy.kind === 'missing') {
    await complain([policy.problem]);
    return exitCode.usage;
  }
  const [differences, missing, unplayable] = [new Groups(), new Groups(), new Groups()];
  let same = 0;
  let upToMessage = 0;
  const since = systemClock.monotonic();
  const scratch = new ScratchDirectories();
  const asked = { paths, policy, words, optionFile: policy.optionFile, readFile: readOptionFile, scratch };
  const problem = await replay(asked, (one) => {
    switch (one.replayed.kind) {
      case 'same':
        same += 1;
        if (one.replayed.upTo === 'a message') upToMessage += 1;
        break;
      case 'different':
        differences.add(differenceWords(one.replayed), one);
        break;
      case 'failed':
        differences.add(`the policy fails: ${one.replayed.cause}`, one);
        break;
      case 'missing':
        missing.add(one.replayed.what.join(', '), one);
        break;
      case 'unplayable':
        unplayable.add(one.replayed.cause, one);
    }
  });
  scratch.close();
  if (problem !== undefined) {
    await complain([problem]);
    return exitCode.software;
  }
  const seconds = (systemClock.monotonic() - since) / 1000;
  const counts = { sessions: paths.length, same, different: differences.sum, missing: missing.sum };
  if (json)
    await print(
      `${asciiJson({
        ...{ ...counts, same_up_to_message: upToMessage, unplayable: unplayable.sum },
        differences: differences.all.map(asJson),
        ...{ missing_answers: missing.all.map(asJson), not_played: unplayable.all.map(asJson) },
      })}\n`,
    );
  else {
    const head = `${counts.sessions} sessions, ${seconds.toFixed(1)} s.   same ${same}   different ${counts.different}`;
    const lines = [head, ...limited(differences.all.map(exampleLine))];
    if (upToMessage > 0)
      lines.push(
        `${upToMessage} of the same are so up to a message only: its content is not in the recording, and was not compared (record-content)`,
      );
    if (counts.missing > 0) {
      const hint = showsMissing ? ':' : `: list with --missing`;
      lines.push(`${counts.missing} need answers that the recordings have not${hint}`);
      if (showsMissing) lines.push(...limited(missing.all.map(exampleLine)));
    }
    if (unplayable.sum > 0)
      lines.push(`${unplayable.sum} cannot be played:`, ...limited(unplayable.all.map(exampleLine)));
    await print(lines.map((line) => `${line}\n`).join(''));
  }
  return counts.different + counts.missing > 0 ? exitCode.missing : exitCode.ok;
}

function limited(lines: readonly string[]): readonly string[] {
  return lines.length > MOST_LINES
    ? [...lines.slice(0, MOST_LINES), `      and ${lines.length - MOST_LINES} other kinds`]
    : lines;
}

function exampleLine({ count, example, what }: Group): string {
  const { client, path, sender } = example;
  const from = sender === undefined ? '' : `  from=<${sender}>`;
  const who = client === '' ? '' : `  client=${client}`;
  return printable(`${String(count).padStart(5)}  ${what}   e.g. smtpe trace ${path}${from}${who}`);
}

const asJson = ({ count, example: { client, path, sender, session }, what }: Group): object => ({
  ...{ count, what, path, session, client, sender },
});
