import { describe, expect, it } from 'vitest';
import { type FileContent, loadOptions } from '../../../src/options/load-options.ts';
import { OptionSet } from '../../../src/options/option-set.ts';
import { optionNames, optionTable } from '../../../src/options/option-table.ts';
import { rereadOptions } from '../../../src/options/reread-options.ts';

const reader =
  (files: Readonly<Record<string, string>>) =>
  (path: string): Promise<FileContent> => {
    const text = files[path];
    return Promise.resolve(
      text === undefined ? { kind: 'missing' } : { kind: 'content', content: Buffer.from(text) },
    );
  };

async function reread(before: string, after: string | undefined, words: readonly string[] = ['file=/f']) {
  const { options } = await loadOptions(words, reader({ '/f': before }));
  return rereadOptions(words, options, reader(after === undefined ? {} : { '/f': after }));
}

describe('rereadOptions', () => {
  it('takes what can change in service, names the rest, and keeps its values', async () => {
    const outcome = await reread(
      'limit-errors=1\nworkers=2\nsmtp-smart-host=a\n',
      'limit-errors=5\nworkers=3\n-reload-watch\n+daemon\n',
    );
    if (outcome.kind !== 'read') throw new Error(outcome.problems.join());
    expect(outcome.changed).toEqual(['limit-errors=5', 'smtp-smart-host=']);
    expect(outcome.needRestart).toEqual(['daemon', 'workers']);
    const { values } = outcome.options;
    expect([values['limit-errors'], values.workers, values['smtp-smart-host'], values.daemon]).toEqual([
      5,
      2,
      '',
      false,
    ]);
    expect(outcome.options.origin('limit-errors')).toBe('/f:1');
  });

  it('lets the command line win as at the start', async () => {
    const outcome = await reread('limit-errors=1\n', 'limit-errors=5\n', ['file=/f', 'limit-errors=9']);
    expect(outcome).toMatchObject({ kind: 'read', changed: [], needRestart: [] });
  });

  it('changes nothing when something is wrong, or the file is gone', async () => {
    expect(await reread('', 'limit-errors=5\nno-such=1\n')).toEqual({
      kind: 'wrong',
      problems: ['/f:2: there is no option "no-such"'],
    });
    expect(await reread('limit-errors=1\n', undefined)).toMatchObject({ kind: 'wrong' });
    const words: string[] = [];
    const files = { '/etc/smtpe.cf': 'limit-errors=1\n' };
    const { options } = await loadOptions(words, reader(files));
    expect(await rereadOptions(words, options, reader({}))).toEqual({
      kind: 'wrong',
      problems: ['option file /etc/smtpe.cf: there is none any more'],
    });
  });
});

describe('options as texts', () => {
  it('make the same set again, for every option that can be set', () => {
    const options = OptionSet.defaults();
    for (const name of optionNames) {
      const spec = optionTable[name];
      const text =
        spec.kind === 'flag'
          ? spec.default
            ? '-'
            : '+'
          : spec.kind === 'integer'
            ? String(spec.max)
            : undefined;
      if (text !== undefined) expect(options.set(name, text, `at ${name}`)).toEqual({ kind: 'set' });
    }
    options.set('smtp-smart-host', 'a', 'x');
    options.set('smtp-smart-host', ';b', 'y');
    const again = OptionSet.fromTexts(JSON.parse(JSON.stringify(options.toTexts())));
    expect(again.values).toEqual(options.values);
    expect(again.toTexts()).toEqual(options.toTexts());
  });

  it('are adopted in place: forks that were made before keep theirs', () => {
    const options = OptionSet.defaults();
    const fork = options.fork();
    const next = OptionSet.defaults();
    next.set('limit-errors', '3', 'x');
    options.adopt(next);
    expect([options.values['limit-errors'], fork.values['limit-errors']]).toEqual([3, 50]);
  });
});
