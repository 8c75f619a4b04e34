// Puts the options of a start together: defaults, then the option file, then the command line. Nothing is ignored: an unknown name, a
// bare word or a value out of range is a problem that says where it stands and what would be right.

import { contradictions } from './contradictions.ts';
import { splitOptionFile } from './option-file.ts';
import { findOption, OptionSet } from './option-set.ts';
import { readOptionWord } from './option-word.ts';
import type { Options } from './options.ts';

/** Where options may be when no `file=` names one; the first that exists is read. */
export const defaultOptionFiles = ['/etc/smtpe.cf', '/etc/smtpe/smtpe.cf'] as const;

export type FileContent =
  | { readonly kind: 'content'; readonly content: Buffer }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly error: string };

export type ReadFile = (path: string) => Promise<FileContent>;

export interface LoadedOptions {
  readonly options: Options;
  /** The option file that was read; undefined when there is none. */
  readonly file: string | undefined;
  /** One line each; empty when all is well. */
  readonly problems: readonly string[];
}

interface Word {
  readonly origin: string;
  readonly text: string;
}

const COMMAND_LINE = 'command line';

/** A word as problems repeat it: they go to logs that many read, and somebody may have put a password into a URL, where none may be. */
const shown = (word: string): string => JSON.stringify(word.replace(/(:\/\/[^\s/@:]*:)\S*@/g, '$1...@'));

/** What is wrong with a word that is no option. */
function bareWord(word: string, problem: string | undefined): string {
  if (problem !== undefined) return `${JSON.stringify(word)} is no option; ${problem}`;
  const known = findOption(word.replace(/^-+/, ''));
  if (known !== undefined) {
    return `${JSON.stringify(word)} is no option; write ${known}=value, +${known} or -${known} in one word`;
  }
  return `${JSON.stringify(word)} is no option; options are name=value, +name, -name and name+=value`;
}

function applyWord(options: OptionSet, word: Word): string | undefined {
  const read = readOptionWord(word.text);
  if (read.kind === 'end') return undefined;
  if (read.kind === 'bare') return `${word.origin}: ${bareWord(word.text, read.problem)}`;
  const outcome = options.set(read.name, read.text, word.origin);
  switch (outcome.kind) {
    case 'set':
      return undefined;
    case 'unknown': {
      const near = outcome.suggestion === undefined ? '' : `; did you mean ${outcome.suggestion}?`;
      return `${word.origin}: there is no option ${JSON.stringify(read.name)}${near}`;
    }
    case 'invalid':
      return `${word.origin}: ${shown(word.text)}: expected ${outcome.expected}`;
  }
}

/** Applies words up to `--`; anything behind that is a problem. */
function applyWords(options: OptionSet, words: readonly Word[]): readonly string[] {
  const problems: string[] = [];
  let ended = false;
  for (const word of words) {
    if (ended) {
      problems.push(`${word.origin}: nothing may follow --, found ${JSON.stringify(word.text)}`);
      break;
    }
    ended = word.text === '--';
    const problem = applyWord(options, word);
    if (problem !== undefined) problems.push(problem);
  }
  return problems;
}

/** The value of `file=` on the command line. */
function namedFile(words: readonly string[]): string | undefined {
  let named: string | undefined;
  for (const word of words) {
    const read = readOptionWord(word);
    if (read.kind === 'end') break;
    if (read.kind === 'option' && read.name.toLowerCase() === 'file') named = read.text;
  }
  return named;
}

type Found =
  | { readonly kind: 'none' }
  | { readonly kind: 'file'; readonly path: string; readonly content: Buffer }
  | { readonly kind: 'problem'; readonly problem: string };

async function findFile(named: string | undefined, readFile: ReadFile): Promise<Found> {
  if (named === '') return { kind: 'none' };
  for (const path of named === undefined ? defaultOptionFiles : [named]) {
    const read = await readFile(path);
    if (read.kind === 'content') return { kind: 'file', path, content: read.content };
    if (read.kind === 'unreadable') {
      return { kind: 'problem', problem: `option file ${path}: cannot be read: ${read.error}` };
    }
  }
  if (named === undefined) return { kind: 'none' };
  return {
    kind: 'problem',
    problem: `${COMMAND_LINE}: option file ${named} does not exist; name another with file=, or none with file= and nothing behind it`,
  };
}

function applyFile(options: OptionSet, path: string, content: Buffer): readonly string[] {
  const split = splitOptionFile(content);
  const problems: { readonly line: number; readonly text: string }[] = split.problems.map((it) => ({
    line: it.line,
    text: `${path}:${it.line}: ${it.problem}`,
  }));
  const lines = new Map<number, Word[]>();
  for (const { line, text } of split.words) {
    const words = lines.get(line) ?? [];
    words.push({ origin: `${path}:${line}`, text });
    lines.set(line, words);
  }
  for (const [line, words] of lines) {
    // `file` in an option file has no effect; it stands in the files that +help of the original wrote.
    const effective = words.filter((word) => !/^file\+?=/i.test(word.text));
    for (const text of applyWords(options, effective)) problems.push({ line, text });
  }
  return problems.sort((a, b) => a.line - b.line).map((it) => it.text);
}

/**
 * Options from the words of the command line (verbs already taken off) and the option file. A file named with `file=` must exist; the
 * default ones need not.
 */
export async function loadOptions(words: readonly string[], readFile: ReadFile): Promise<LoadedOptions> {
  const options = OptionSet.defaults();
  const found = await findFile(namedFile(words), readFile);
  const problems: string[] = [];
  if (found.kind === 'problem') problems.push(found.problem);
  if (found.kind === 'file') problems.push(...applyFile(options, found.path, found.content));
  problems.push(
    ...applyWords(
      options,
      words.map((text) => ({ origin: COMMAND_LINE, text })),
    ),
  );
  const path = found.kind === 'file' ? found.path : undefined;
  if (found.kind !== 'problem') options.set('file', path ?? '', options.origin('file'));
  problems.push(...contradictions(options));
  return { options, file: path, problems };
}
