// doc/trouble.md as data: its troubles, each with what is typed, said and written, in order. What is played is in `trouble-site.ts`.

/** One thing that a trouble shows. */
export type TroubleStep =
  /** A line behind `$ `, and what it is to print. */
  | { readonly kind: 'command'; readonly command: string; readonly shown: readonly string[] }
  /** Options that are written into the option file. */
  | { readonly kind: 'options'; readonly text: string }
  /** The policy, as a whole. */
  | { readonly kind: 'policy'; readonly text: string }
  /** A dialogue: `C: ` and `S: ` lines. */
  | { readonly kind: 'dialogue'; readonly lines: readonly string[] }
  /** What the spec does by itself, which the page tells in words: `<!-- do NAME -->`. */
  | { readonly kind: 'do'; readonly what: string };

export interface Trouble {
  readonly name: string;
  readonly title: string;
  readonly steps: readonly TroubleStep[];
}

const piece = /^<!-- do (.*?) -->$|^```(\w*)\n(.*?)^```$/gms;

function commandsOf(block: string): readonly TroubleStep[] {
  const steps: { kind: 'command'; command: string; shown: string[] }[] = [];
  for (const line of block.trimEnd().split('\n')) {
    if (line.startsWith('$ ')) steps.push({ kind: 'command', command: line.slice(2), shown: [] });
    else {
      const last = steps.at(-1);
      if (last === undefined) throw new Error(`no command before "${line}"`);
      last.shown.push(line);
    }
  }
  return steps;
}

function stepsOf(text: string): readonly TroubleStep[] {
  return [...text.matchAll(piece)].flatMap(([, what, language, block = '']): readonly TroubleStep[] => {
    if (what !== undefined) return [{ kind: 'do', what }];
    switch (language) {
      case 'console':
        return commandsOf(block);
      case 'lua':
        return [{ kind: 'policy', text: block }];
      case 'smtp':
        return [{ kind: 'dialogue', lines: block.trimEnd().split('\n') }];
      case '':
        return [{ kind: 'options', text: block }];
      default:
        throw new Error(`a block of ${language} is not played`);
    }
  });
}

/** A section with `<!-- trouble NAME -->` behind its heading is one; throws where something stands in it that cannot be played. */
export function readTroubles(page: string): readonly Trouble[] {
  return page.split(/^(?=## |### )/m).flatMap((section) => {
    const [, title = '', name] = /^#+ (.*)\n\n?<!-- trouble ([\w-]+) -->$/m.exec(section) ?? [];
    return name === undefined ? [] : [{ name, title, steps: stepsOf(section) }];
  });
}

/** Times, process numbers and ids of sessions are never the same: one is as good as another. */
const anyOf: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT[\d:.]+(?:[+-]\d\d:\d\d|Z)/g, 'TIME'],
  [/(smtpe|process|worker=|pid=)(?:\[\d+\]| ?\d+)/g, '$1 N'],
  [/\b2[0-9A-Za-z]{17,19}\b/g, 'ID'],
  [/\b(seconds|ms_\w+|elapsed)=[\d.]+/g, '$1=N'],
  [/\d+ ms\b/g, 'N ms'],
  [/\.cf:\d+/g, '.cf:N'],
];

const plain = (line: string): string =>
  anyOf.reduce((text, [pattern, word]) => text.replaceAll(pattern, word), line.trimEnd());

const isLike = (line: string, shown: string): boolean =>
  new RegExp(
    `^${plain(shown)
      .split('...')
      .map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      .join('.*')}$`,
  ).test(plain(line));

/** The lines that are not as the page shows them: `...` in one stands for any text, alone for any lines. undefined: all are. */
export function difference(output: string, shown: readonly string[]): string | undefined {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  let at = 0;
  for (const [index, line] of shown.entries()) {
    if (line.trim() === '') continue;
    if (line.trim() === '...') {
      const next = shown.slice(index + 1).find((one) => one.trim() !== '');
      if (next === undefined) return undefined;
      while (at < lines.length && !isLike(lines[at] ?? '', next)) at++;
      if (at === lines.length) return `not there: ${next}`;
    } else if (!isLike(lines[at++] ?? '', line)) return `expected: ${line}\nfound:    ${lines[at - 1] ?? ''}`;
  }
  return at < lines.length ? `not on the page: ${lines[at]}` : undefined;
}
