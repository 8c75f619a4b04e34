// doc/workbench.md: what it says to type can be typed. Its session of `smtpe talk` is played in spec/real/talk, its ladder where traces are.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isTestFile } from '../../../src/bench/find-tests.ts';
import { described, lookUp } from '../../../src/cli/doc.ts';
import { recipes } from '../../../src/cli/init.ts';
import { readSinkWords } from '../../../src/cli/sink-rules.ts';
import { readTestWords } from '../../../src/cli/test-words.ts';
import { verbs, verbTable } from '../../../src/cli/verb.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import { errorNames, terminalPages } from '../../../src/reference/terminal-page.ts';
import { errorNumber } from '../../../src/smtp/server/reply-table.ts';
import { allModules } from '../../fakes/all-modules.ts';

const page = readFileSync(join(import.meta.dirname, '../../../doc/workbench.md'), 'utf8');
const prose = page.replaceAll(/^```[\s\S]*?^```/gm, '');
const commands = [...prose.matchAll(/`smtpe ([^`]+)`/g)].map(([, words = '']) => words.split(' '));
const pages = terminalPages(described(allModules()));
const options = createOptions();

/** What is wrong with the words behind a verb; undefined: nothing. */
async function problem(verb: string, words: readonly string[]): Promise<string | undefined> {
  switch (verb) {
    case 'init':
      return words[0] === '--list' || (await recipes()).some(({ name }) => name === words[1])
        ? undefined
        : 'no recipe';
    case 'doc':
      return words[0] === 'NAME' || lookUp(words[0] ?? '', options, pages).kind === 'found'
        ? undefined
        : 'no such name';
    case 'explain':
      return errorNames.some((name) => errorNumber(name) === words[0]) ? undefined : 'no such error';
    case 'help':
      return words.length === 0 || verbs.some((one) => one === words[0]) ? undefined : 'no such verb';
    case 'sink':
      return readSinkWords(words)?.problems[0];
    case 'test':
      return readTestWords(words).problems[0];
    case 'replay':
      return words.every((word) => /^(?:[\w/-]+|[\w-]+\.lua|--\w+)$/.test(word)) ? undefined : 'odd words';
    default:
      return words.every((word) => isTestFile(word) || /^(?:[\w/]+\.(?:lua|eml)|[a-z]+=\S+)$/.test(word))
        ? undefined
        : 'odd words';
  }
}

it('names verbs and words that there are', async () => {
  expect(commands.length).toBeGreaterThan(10);
  for (const [verb = '', ...words] of commands) {
    expect(verbs, verb).toContain(verb);
    expect([verb, words, await problem(verb, words)]).toEqual([verb, words, undefined]);
  }
});

it('says each rule of the sink as the sink reads it', () => {
  const rules = [...prose.matchAll(/^- `'?((?:rcpt|dot|data)[:=][^`']*)'?`/gm)].map(([, rule = '']) => rule);
  expect(rules.length).toBe(3);
  const read = readSinkWords(rules);
  expect([read.problems, read.rules.length]).toEqual([[], 3]);
});

it('names every switch of check, init, sink and test that help names', () => {
  const test = readFileSync(join(import.meta.dirname, '../../../doc/test.md'), 'utf8');
  for (const verb of ['check', 'init', 'sink', 'test'] as const)
    for (const [flag] of verbTable[verb].usage.matchAll(/(?:--|\+)[a-z]+|-k/g))
      expect(page + test).toContain(flag);
});
