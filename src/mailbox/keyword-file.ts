// The keywords of a folder (`dovecot-keywords`): lines `NUMBER NAME`, whose letter in file names is a to z by the number. Written under the lock of the
// uid list, as Dovecot does. Lines of others stay as they are.
import { join } from 'node:path';
import { type FolderRights, readLines, replaceFile, type Stamp, stampAt } from './disk.ts';
import type { Lock } from './dotlock.ts';
import { MAX_KEYWORDS } from './mail-name.ts';
import type { MailboxParts } from './parts.ts';

export const KEYWORDS = 'dovecot-keywords';
const MAX_SIZE = 65_536;

/** Names by their number; undefined: the number is free. */
export type Keywords = readonly (string | undefined)[];

export interface KeywordFile {
  readonly keywords: Keywords;
  readonly lines: readonly string[];
  readonly stamp: Stamp | undefined;
}

export async function readKeywords({ files }: MailboxParts, folder: string): Promise<KeywordFile> {
  const path = join(folder, KEYWORDS);
  // The stamp first: what changes meanwhile is seen the next time.
  const stamp = await stampAt(files, path);
  const lines = (await readLines(files, path, MAX_SIZE)) ?? [];
  const keywords: (string | undefined)[] = [];
  for (const line of lines) {
    const [, number, name] = /^(\d{1,9}) (.+)$/.exec(line) ?? [];
    if (number !== undefined && Number(number) < MAX_KEYWORDS) keywords[Number(number)] = name;
  }
  return { keywords: Array.from(keywords), lines, stamp };
}

/** RFC 9051 `flag-keyword` of at most 50 characters, without what Dovecot refuses. What is wrong with it; undefined: it is one. */
export function keywordProblem(name: string): string | undefined {
  if (name === '') return 'a keyword is empty';
  if (name.length > 50) return 'a keyword has at most 50 characters';
  return /^[^\x00-\x20\x7f-\uffff(){%*"\\\]]+$/.test(name)
    ? undefined
    : 'a keyword is of ASCII without blanks, control characters and ( ) { % * " \\ ]';
}

/** The number of a keyword, whatever its case. */
export function numberOf(keywords: Keywords, name: string): number | undefined {
  const at = keywords.findIndex((known) => known?.toLowerCase() === name.toLowerCase());
  return at < 0 ? undefined : at;
}

/** As it is called; a number without a name has the one that Dovecot gives it. */
export const nameOf = (keywords: Keywords, number: number): string => keywords[number] ?? `unknown-${number}`;

/**
 * Gives these names numbers, where they have none. undefined: there are not so many left. The lock of the uid list is held. Rejects with nothing
 * changed.
 */
export async function addKeywords(
  parts: MailboxParts,
  folder: string,
  names: readonly string[],
  lock: Lock,
  rights: FolderRights,
): Promise<Keywords | undefined> {
  const { keywords, lines, stamp } = await readKeywords(parts, folder);
  const all = [...keywords];
  const added: string[] = [];
  for (const name of names) {
    if (numberOf(all, name) !== undefined) continue;
    let free = 0;
    while (all[free] !== undefined) free++;
    if (free >= MAX_KEYWORDS) return undefined;
    all[free] = name;
    added.push(`${free} ${name}`);
  }
  if (added.length === 0) return all;
  const path = join(folder, KEYWORDS);
  // Nobody else writes it: who left a lock of its own is gone.
  await parts.files.unlink(`${path}.lock`).catch(() => undefined);
  const written = await replaceFile(parts, {
    ...{ path, temporary: `${path}.lock`, rights },
    pieces: [[...lines, ...added].map((line) => `${line}\n`).join('')],
    // Dovecot looks at whole seconds: each change has one of its own.
    changed: Math.max(parts.clock.now(), (stamp?.changed ?? 0) + 1000),
    isStillAllowed: () => lock.isHeld(),
  });
  return written ? all : undefined;
}
