import { describe, expect, it } from 'vitest';
import { effectiveVerb, readCommandLine, verbHint } from '../../../src/cli/verb.ts';
import { createOptions } from '../../../src/options/option-set.ts';

describe('command line', () => {
  it('takes a verb from the first word only', () => {
    expect(readCommandLine([])).toEqual({ verb: 'run', spelled: false, words: [] });
    expect(readCommandLine(['+daemon', 'check'])).toEqual({
      verb: 'run',
      spelled: false,
      words: ['+daemon', 'check'],
    });
    expect(readCommandLine(['check', 'file='])).toEqual({ verb: 'check', spelled: true, words: ['file='] });
    expect(readCommandLine(['--help'])).toEqual({ verb: 'help', spelled: true, words: [] });
  });

  it('lets a verb win, then version, info, help and test among the options', () => {
    const all = createOptions({ help: '+', info: '+', version: '+', test: '+' });
    expect(effectiveVerb(readCommandLine(['check']), all)).toBe('check');
    const none = readCommandLine([]);
    expect(effectiveVerb(none, all)).toBe('version');
    expect(effectiveVerb(none, createOptions({ help: '+', info: '-' }))).toBe('info');
    expect(effectiveVerb(none, createOptions({ help: '+', test: '+' }))).toBe('help');
    expect(effectiveVerb(none, createOptions({ test: '+' }))).toBe('test');
    expect(effectiveVerb(none, createOptions())).toBe('run');
  });

  it('guesses a misspelt verb', () => {
    expect(verbHint('chekc')).toBe('did you mean: smtpe check?');
    expect(verbHint('smtp-port=1')).toBeUndefined();
    expect(verbHint('frobnicate')).toBeUndefined();
    expect(verbHint(undefined)).toBeUndefined();
  });
});
