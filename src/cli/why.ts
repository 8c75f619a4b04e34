// Verb `why`: what happened to a mail, from the log files. Needs no server and no options.
import { once } from 'node:events';
import { systemClock } from '../base/clock.ts';
import { textOf } from '../base/errors.ts';
import { Finder } from '../observe/why/finder.ts';
import { readLogLine, timeOfLine } from '../observe/why/log-record.ts';
import { readWhyWords } from '../observe/why/query.ts';
import { storyText } from '../observe/why/story-text.ts';
import { fileKind, linesOf, readLines } from '../ops/read-lines.ts';
import { exitCode } from './exit-code.ts';
import { complain } from './problems.ts';
import { verbTable } from './verb.ts';

/** Lines of which one has a time, if the file is a log. */
const FIRST_LINES = 20;

interface LogFile {
  readonly path: string;
  lines(): AsyncGenerator<string>;
  /** Of its first line; undefined: not known. */
  readonly begins: number | undefined;
}

/** stdin, which can be read once. */
const standardInput: LogFile = { path: '-', lines: () => linesOf(process.stdin), begins: undefined };

async function firstTime(lines: AsyncGenerator<string>): Promise<number | undefined> {
  let count = 0;
  // Whatever is wrong with it is said when it is read.
  try {
    for await (const line of lines) {
      const time = timeOfLine(line);
      if (time !== undefined || ++count >= FIRST_LINES) return time;
    }
  } catch {
    return undefined;
  }
  return undefined;
}

async function openFile(path: string): Promise<LogFile | string> {
  if (path === '-') return standardInput;
  const kind = await fileKind(path);
  if (kind.kind === 'wrong') return kind.problem;
  const lines = (): AsyncGenerator<string> => readLines(path, kind.kind);
  return { path, lines, begins: await firstTime(lines()) };
}

/** The oldest first, as `smtpe.log*` is not; what does not say its time stays behind the one that it was named behind. */
function byAge(files: readonly LogFile[]): readonly LogFile[] {
  let last = Number.NEGATIVE_INFINITY;
  const dated = files.map((file) => {
    last = file.begins ?? last;
    return { file, begins: last };
  });
  return dated.sort((a, b) => a.begins - b.begins).map(({ file }) => file);
}

/** Where the answer goes. */
export interface WhyOutput {
  /** False: nobody reads any more, as behind `| head`. */
  print(text: string): Promise<boolean>;
  complain(problems: readonly string[]): Promise<void>;
}

/** A reader that stands still is waited for: it may be a pager. */
const standardOutput: WhyOutput = {
  print: async (text) => {
    const { stdout } = process;
    // The error of a reader that has gone comes later, and is what is waited for then.
    if (!stdout.write(text)) await once(stdout, 'drain').catch(() => undefined);
    return stdout.errored === null;
  },
  complain,
};

/** 0: a story was found; 1: none; 64: asked in a wrong way; 71: a file cannot be read, or not to its end. */
export async function why(
  words: readonly string[],
  { complain, print }: WhyOutput = standardOutput,
): Promise<number> {
  const { files, problems, query } = readWhyWords(words, systemClock.now());
  if (problems.length > 0) {
    await complain([...problems.map((problem) => `why: ${problem}`), `usage: ${verbTable.why.usage}`]);
    return exitCode.usage;
  }
  const opened = await Promise.all(files.map(openFile));
  const wrong = opened.filter((file) => typeof file === 'string');
  if (wrong.length > 0) {
    await complain(wrong.map((problem) => `why: ${problem}`));
    return exitCode.system;
  }
  let found = 0;
  let texts = '';
  const say = async (): Promise<boolean> => {
    const text = texts;
    texts = '';
    return text === '' || (await print(text));
  };
  const finder = new Finder(query, (story) => {
    texts += `${found++ > 0 ? '\n' : ''}${storyText(story)}`;
  });
  const failures: string[] = [];
  for (const file of byAge(opened.filter((one) => typeof one !== 'string'))) {
    try {
      for await (const line of file.lines()) {
        const record = readLogLine(line);
        if (record !== undefined) finder.take(record);
        if (texts !== '' && !(await say())) return exitCode.ok;
      }
    } catch (error) {
      failures.push(`why: ${textOf(error)}`);
    }
  }
  finder.end();
  await say();
  if (failures.length > 0) {
    await complain(failures);
    return exitCode.system;
  }
  if (found > 0) return exitCode.ok;
  await complain(['why: the log has nothing about that']);
  return exitCode.missing;
}
