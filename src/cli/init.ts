// Verb `init`: a directory to begin a policy in, from a recipe of etc/recipes: policy, test, lists, option file, settings for editors. Writes into
// a new or empty directory only.
import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { codeOf, codeOrText } from '../base/errors.ts';
import { nearestName } from '../base/nearest-name.ts';
import { installed, libLuaDirectory } from '../installed.ts';
import { exitCode } from './exit-code.ts';
import { complain, print } from './problems.ts';
import { verbTable } from './verb.ts';

const recipesDirectory = installed('etc/recipes');

/** The one that is taken when none is named. */
const USUAL = 'relay-guard';
/** Its policy, as recipes about something else have it: their option file names it in front of theirs, so that none takes mail for anybody. */
const GUARD = 'relay-guard.lua';
/** Where it is for them as long as they are recipes. */
const GUARD_BESIDE = '../relay-guard/policy.lua';
/** What all of them get. */
const COMMON = 'common';

export interface Recipe {
  readonly name: string;
  /** The first lines of its policy: what it does. */
  readonly about: string;
  /** Paths in the directory that is made, in order. */
  readonly files: readonly string[];
  /** What each of them is a copy of. */
  readonly sources: ReadonlyMap<string, string>;
}

/** What the files are, for the list of what was made. */
const purposes: readonly (readonly [RegExp, string])[] = [
  [/^policy\.lua$/, 'the policy'],
  [/^relay-guard\.lua$/, 'whose mail is taken; asked before the policy'],
  [/^maps\/domains\.txt$/, 'whose mail is taken: write your domains here; changes count without a reload'],
  [/_test\.lua$/, 'its cases: smtpe test .'],
  [/^maps\/networks\.txt$/, 'networks whose mail goes anywhere; changes count without a reload'],
  [/^maps\//, 'a list; changes count without a reload'],
  [/^mail\//, 'a message for the test'],
  [/^smtpe\.cf$/, 'options: address, port, where mail goes'],
  [/^\.luacheckrc$/, 'the API for `luacheck`, which finds names that do not exist'],
  [/^\.luarc\.json$/, 'completion in VS Code, Neovim and others (Lua Language Server)'],
  [/^README\.md$/, 'what to type'],
];

const purposeOf = (file: string): string => purposes.find(([pattern]) => pattern.test(file))?.[1] ?? '';

async function filesIn(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .toSorted();
}

/** The comment that a policy begins with, on one line. */
function aboutOf(policy: string): string {
  const lines = policy.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('--'));
  return lines
    .slice(0, end < 0 ? undefined : end)
    .map((line) => line.replace(/^--\s*/, ''))
    .join(' ')
    .trim();
}

/** All recipes, by name. */
export async function recipes(): Promise<readonly Recipe[]> {
  const entries = await readdir(recipesDirectory, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isDirectory() && entry.name !== COMMON)
    .map(({ name }) => name);
  return Promise.all(
    names.toSorted().map(async (name) => {
      const directory = join(recipesDirectory, name);
      const policy = await readFile(join(directory, 'policy.lua'), 'utf8');
      const own = await filesIn(directory);
      const sources = new Map([
        ...(await guardOf(directory)),
        ...own.map((file) => [file, join(directory, file)] as const),
      ]);
      return { name, about: aboutOf(policy), files: [...sources.keys()].toSorted(), sources };
    }),
  );
}

/** The files of the relay guard and what they are copies of, when the option file of the recipe names it. */
async function guardOf(directory: string): Promise<readonly (readonly [string, string])[]> {
  const options = await readFile(join(directory, 'smtpe.cf'), 'utf8');
  if (!options.includes(`\nscript="${GUARD_BESIDE} `)) return [];
  const from = join(recipesDirectory, USUAL);
  const lists = (await filesIn(from)).filter((file) => file.startsWith('maps/'));
  return [['policy.lua', GUARD] as const, ...lists.map((file) => [file, file] as const)].map(
    ([source, file]) => [file, join(from, source)],
  );
}

/** The text of a recipe's file in the directory that is made, latin1. */
export const asMade = (file: string, text: string): string =>
  file === 'smtpe.cf' ? text.replace(GUARD_BESIDE, GUARD) : text;

const firstSentence = (text: string): string => /^.*?\.(?= |$)/.exec(text)?.[0].slice(0, -1) ?? text;

/** For `init --list`. */
function listText(all: readonly Recipe[]): string {
  const width = Math.max(...all.map(({ name }) => name.length));
  return all.map(({ about, name }) => `${name.padEnd(width)}  ${firstSentence(about)}\n`).join('');
}

/** Undefined: it is there and empty, or not there. */
async function occupied(directory: string): Promise<string | undefined> {
  try {
    const found = await readdir(directory);
    if (found.length === 0) return undefined;
    return `${directory}: it has files already (${found.slice(0, 3).join(', ')}${found.length > 3 ? ' ...' : ''}); name a new directory`;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return undefined;
    return code === 'ENOTDIR'
      ? `${directory}: that is a file; name a new directory`
      : `${directory}: ${codeOrText(error)}`;
  }
}

/** What keeps a directory from being made, in words. */
class CannotMake extends Error {
  /** Of the process. */
  readonly code: number;

  constructor(message: string, code: number = exitCode.system) {
    super(message);
    this.code = code;
  }
}

/**
 * Makes a directory and those above it, one by one: `recursive` of Node goes round for ever where a file system says ENOENT about a new
 * directory, as /proc does. Throws CannotMake.
 */
async function makeDirectory(path: string): Promise<void> {
  const code = await made(path);
  switch (code) {
    case undefined:
      return;
    case 'EEXIST':
      return mustBeDirectory(path);
    case 'ENOENT': {
      const above = dirname(path);
      if (above !== path) await makeDirectory(above);
      const again = await made(path);
      if (again !== undefined)
        throw new CannotMake(`${path}: no directory can be made in ${above} (${again})`);
      return;
    }
    case 'ENOTDIR':
      throw new CannotMake(`${path}: ${dirname(path)} is no directory; name a new directory`, exitCode.usage);
    default:
      throw new CannotMake(`${path}: ${code}`);
  }
}

/** The code of the error; undefined: it is made. */
async function made(path: string): Promise<string | undefined> {
  try {
    await mkdir(path);
    return undefined;
  } catch (error) {
    return codeOrText(error);
  }
}

async function mustBeDirectory(path: string): Promise<void> {
  try {
    if ((await stat(path)).isDirectory()) return;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw new CannotMake(`${path}: ${codeOrText(error)}`);
    const target = await readlink(path).catch(() => '?');
    throw new CannotMake(
      `${path}: it is a link to ${target}, which is not there; name a new directory`,
      exitCode.usage,
    );
  }
  throw new CannotMake(`${path}: that is a file; name a new directory`, exitCode.usage);
}

async function make(directory: string, recipe: Recipe): Promise<readonly string[]> {
  for (const [file, source] of recipe.sources) {
    const to = join(directory, file);
    await makeDirectory(dirname(to));
    await writeFile(to, asMade(file, await readFile(source, 'latin1')), { flag: 'wx', encoding: 'latin1' });
  }
  const files = [...recipe.files, '.luarc.json', '.luacheckrc', 'README.md'];
  const rows = files.map((file) => `| \`${file}\` | ${purposeOf(file)} |`).join('\n');
  const words = {
    name: recipe.name,
    about: recipe.about,
    files: rows,
    stubs: join(libLuaDirectory, 'stubs'),
    library: libLuaDirectory,
  };
  await copyFile(
    join(words.stubs, 'smtpe.luacheckrc'),
    join(directory, '.luacheckrc'),
    constants.COPYFILE_EXCL,
  );
  for (const [source, target] of [
    ['README.md', 'README.md'],
    ['luarc.json', '.luarc.json'],
  ] as const) {
    const text = await readFile(join(recipesDirectory, COMMON, source), 'utf8');
    const filled = text.replace(
      /\{(name|about|files|stubs|library)\}/g,
      (_, word: keyof typeof words) => words[word],
    );
    await writeFile(join(directory, target), filled, { flag: 'wx' });
  }
  return files;
}

export async function init(operands: readonly string[]): Promise<number> {
  const all = await recipes();
  const [directory, name = USUAL, ...more] = operands.filter((word) => word !== '--list');
  if (operands.includes('--list')) {
    await print(listText(all));
    return exitCode.ok;
  }
  if (directory === undefined || more.length > 0 || directory.startsWith('-')) {
    await complain([`usage: ${verbTable.init.usage}`]);
    return exitCode.usage;
  }
  const recipe = all.find((one) => one.name === name);
  if (recipe === undefined) {
    const names = all.map((one) => one.name);
    const near = nearestName(name, names);
    const hint = near === undefined ? `there are ${names.join(' ')}` : `did you mean ${near}?`;
    await complain([`init: there is no recipe ${JSON.stringify(name)}; ${hint}`]);
    return exitCode.usage;
  }
  const problem = await occupied(directory);
  if (problem !== undefined) {
    await complain([`init: ${problem}`]);
    return exitCode.usage;
  }
  let files: readonly string[];
  try {
    files = await make(directory, recipe);
  } catch (error) {
    if (error instanceof CannotMake) {
      await complain([`init: ${error.message}`]);
      return error.code;
    }
    await complain([`init: ${directory}: ${codeOrText(error)}`]);
    return exitCode.system;
  }
  const width = Math.max(...files.map((file) => file.length));
  await print(
    [
      `${recipe.name}: ${recipe.about}`,
      ...files.map(
        (file) => `  ${join(directory, file).padEnd(width + directory.length + 1)}  ${purposeOf(file)}`,
      ),
      `next: cd ${directory} && smtpe test . && smtpe check && smtpe file=smtpe.cf`,
      '',
    ].join('\n'),
  );
  return exitCode.ok;
}
