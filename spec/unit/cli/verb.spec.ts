import { describe, expect, it } from 'vitest';
import { effectiveVerb, readCommandLine, verbHint } from '../../../src/cli/verb.ts';
import { createOptions } from '../../../src/options/option-set.ts';

const line = (...args: readonly string[]) => {
  const { verb, spelled, words, topics, problems } = readCommandLine(args);
  return [verb, spelled, words, topics, problems];
};

describe('command line', () => {
  it.each([
    [
      ['check', '+net', 'p.lua', '--json'],
      ['check', true, true, ['script=p.lua']],
    ],
    [
      ['check', '--net', '+json', 'x=1'],
      ['check', true, true, ['x=1']],
    ],
    [
      ['run', '+net'],
      ['run', false, false, ['+net']],
    ],
  ])('%j: words of check', (args, expected) => {
    const { json, net, verb, words } = readCommandLine(args);
    expect([verb, net, json, words]).toEqual(expected);
  });

  it.each([
    [[], ['run', false, [], [], []]],
    [
      ['run', '+daemon'],
      ['run', true, ['+daemon'], [], []],
    ],
    [
      ['check', 'file='],
      ['check', true, ['file='], [], []],
    ],
    // A verb in any place, a policy without script=.
    [
      ['script=policy.lua', 'check'],
      ['check', true, ['script=policy.lua'], [], []],
    ],
    [
      ['check', 'policy.lua'],
      ['check', true, ['script=policy.lua'], [], []],
    ],
    [
      ['./p/policy.lua', '+daemon'],
      ['run', false, ['script=./p/policy.lua', '+daemon'], [], []],
    ],
    [['a.lua'], ['run', false, ['script=a.lua'], [], []]],
    [['file=a.lua'], ['run', false, ['file=a.lua'], [], []]],
    // What other programs take.
    [['--smtp-server-port=2525'], ['run', false, ['smtp-server-port=2525'], [], []]],
    [
      ['--daemon', '--no-reload-watch'],
      ['run', false, ['+daemon', '-reload-watch'], [], []],
    ],
    [['--nonsense'], ['run', false, ['--nonsense'], [], []]],
    [['--help'], ['help', true, [], [], []]],
    [
      ['check', '-h'],
      ['help', true, [], ['check'], []],
    ],
    [['-V'], ['version', true, [], [], []]],
    // Behind why everything is its own.
    [
      ['why', 'from=a@b.example', 'check', 'x.lua'],
      ['why', true, [], [], []],
    ],
    [
      ['why', '--help'],
      ['help', true, [], ['why'], []],
    ],
    [
      ['help', 'all', 'file='],
      ['help', true, ['file='], ['all'], []],
    ],
    [
      ['help', 'smtp-partial', 'check'],
      ['help', true, [], ['smtp-partial', 'check'], []],
    ],
    // What cannot be meant.
    [
      ['check', 'test'],
      ['check', true, [], [], ['two verbs: check and test']],
    ],
    [
      ['a.lua', 'b.lua'],
      ['run', false, ['script=a.lua b.lua'], [], []],
    ],
    [
      ['check', 'script=a.lua', 'b.lua', '+daemon', 'c.lua'],
      ['check', true, ['script=a.lua b.lua c.lua', '+daemon'], [], []],
    ],
    [
      ['--', 'check'],
      ['run', false, ['--', 'check'], [], []],
    ],
    [['constructor'], ['run', false, ['constructor'], [], []]],
  ])('%j', (args, expected) => {
    expect(line(...args)).toEqual(expected);
  });

  it('takes what is behind sessions, and --json of those that ask a server', () => {
    const read = (...args: readonly string[]) => {
      const { json, operands, verb, words } = readCommandLine(args);
      return { json, operands, verb, words };
    };
    expect(read('sessions', 'file=x.cf', '192.0.2.0/24', 'hook', '--json')).toEqual({
      ...{
        verb: 'sessions',
        json: true,
        operands: ['192.0.2.0/24', 'hook'],
        words: ['file=x.cf'],
      },
    });
    // As others have it; what is an option stays one.
    expect(read('trace', '--one', '--client=192.0.2.1', '--from=*@b', 'new', '--json')).toEqual({
      ...{ verb: 'trace', json: true, words: [], operands: ['one', 'client=192.0.2.1', 'from=*@b', 'new'] },
    });
    expect(read('trace', '--file=smtpe.cf', '--daemon', 'one')).toMatchObject({
      operands: ['one'],
      words: ['file=smtpe.cf', '+daemon'],
    });
    expect(read('top', '--once')).toMatchObject({ operands: ['once'], words: [] });
    expect(read('sessions', 'close', '2AS8')).toMatchObject({ operands: ['close', '2AS8'], words: [] });
    expect(read('status', '--json', '+daemon')).toMatchObject({
      verb: 'status',
      json: true,
      words: ['+daemon'],
    });
    expect(read('info', '--json')).toMatchObject({ json: false, words: ['--json'] });
  });

  it('lets a verb win, then version, info, help and test among the options', () => {
    const all = createOptions({ help: '+', info: '+', version: '+', test: '+' });
    expect(effectiveVerb(readCommandLine(['check']), all)).toBe('check');
    const none = readCommandLine([]);
    expect(effectiveVerb(none, all)).toBe('version');
    expect(effectiveVerb(none, createOptions({ help: '+', info: '-' }))).toBe('info');
    expect(effectiveVerb(none, createOptions({ help: '+', test: '+' }))).toBe('help');
    expect(effectiveVerb(none, createOptions({ test: '+' }))).toBe('talk');
    expect(effectiveVerb(none, createOptions())).toBe('run');
  });

  it('guesses a misspelt verb, says what a signal does, and never what was typed', () => {
    expect(verbHint(['chekc'])).toBe('did you mean: smtpe check?');
    expect(verbHint(['relaod'])).toBe('did you mean: smtpe reload?');
    expect(verbHint(['stop'])).toContain('kill -TERM');
    for (const words of [['smtp-port=1'], ['frobnicate'], ['check'], ['__proto__'], ['constructor'], []]) {
      expect(verbHint(words)).toContain('"smtpe help" shows');
    }
  });
});
