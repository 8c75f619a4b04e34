import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { LuaValue } from '../../../src/lua-api/value.ts';
import { smtpeModule } from '../../../src/modules/smtpe.ts';
import { createOptions } from '../../../src/options/option-set.ts';
import type { SessionView } from '../../../src/policy/session-view.ts';
import { version } from '../../../src/version.ts';
import { fakeCallContext } from '../../fakes/call-context.ts';
import { callModule } from '../../fakes/call-module.ts';

const module = smtpeModule('mx.example.com');
const session = {} as SessionView;

const get = (context: ReturnType<typeof fakeCallContext>, ...args: LuaValue[]): readonly LuaValue[] => {
  const results = callModule(module, 'getoption', context, ...args);
  if ('done' in results) throw new Error('suspended');
  return results.map((it) => (Buffer.isBuffer(it) ? it.toString('latin1') : it));
};

describe('smtpe', () => {
  it('tells what the engine is, the version being that of the package', () => {
    const facts = Object.fromEntries(module.constants.map((it) => [it.name, String(it.value)]));
    expect(facts).toMatchObject({ bin_version: version, api_version: '0.1', host: 'mx.example.com' });
    const { version: packaged } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(version).toBe(packaged);
  });

  it('gives option texts, names in any case, nil for what has none', () => {
    const context = fakeCallContext(session, createOptions({ verbose: '+smtp', 'spool-dir': '/tmp/é' }));
    expect(get(context, 'Smtp-Command-TIMEOUT')).toEqual(['300']);
    expect(get(context, 'smtp-xclient')).toEqual(['+']);
    expect(get(context, 'daemon')).toEqual(['-']);
    expect(get(context, 'smtp-smart-host')).toEqual(['']);
    expect(get(context, 'verbose')).toEqual(['+smtp']);
    expect(get(context, 'spool-dir')).toEqual(['/tmp/\xc3\xa9']);
    expect(get(context, 'nope')).toEqual([undefined]);
    expect(get(context, 'help')).toEqual([undefined]);
    expect(get(context)).toEqual([undefined]);
  });

  it('takes booleans for flags, and gives + or - however a flag was set', () => {
    const context = fakeCallContext(session, createOptions({ 'smtp-strict-commands': '1' }));
    expect(get(context, 'smtp-strict-commands')).toEqual(['+']);
    for (const [value, text] of [
      [false, '-'],
      [true, '+'],
      [0, '-'],
      [1, '+'],
      ['0', '-'],
      ['-', '-'],
      ['+', '+'],
    ] as const) {
      callModule(module, 'setoption', context, 'smtp-strict-commands', value);
      expect(get(context, 'smtp-strict-commands')).toEqual([text]);
      expect(context.options.values['smtp-strict-commands']).toBe(text === '+');
    }
    expect(() => callModule(module, 'setoption', context, 'smtp-max-size', true)).toThrow(
      /expected an integer/,
    );
  });

  it('changes the options of this connection', () => {
    const process = createOptions();
    const context = fakeCallContext(session, process.fork());
    expect(callModule(module, 'setoption', context, 'SMTP-max-size', 777)).toEqual([]);
    callModule(module, 'setoption', context, 'smtp-xclient', '0');
    callModule(module, 'setoption', context, 'smtp-smart-host', ';a.example');
    callModule(module, 'setoption', context, 'smtp-smart-host', ';b.example');
    callModule(module, 'setoption', context, 'smtp-error-url', 'http://\xc3\xa9/');
    expect(get(context, 'smtp-max-size')).toEqual(['777']);
    expect(get(context, 'smtp-xclient')).toEqual(['-']);
    expect(get(context, 'smtp-smart-host')).toEqual(['a.example;b.example']);
    expect(context.options.values['smtp-error-url']).toBe('http://é/');
    expect(context.options.origin('smtp-max-size')).toBe('smtpe.setoption');
    expect(process.values['smtp-max-size']).toBe(52_428_800);
  });

  it.each([
    [['no-such-option', '1'], /there is no option "no-such-option"$/],
    [['smtp-max-sise', '1'], /did you mean smtp-max-size\?/],
    [['smtp-max-size', 'big'], /smtp-max-size: expected an integer from 0 .*, got "big"/],
    [['smtp-max-size', undefined], /bad argument #2 to 'smtpe.setoption' \(string expected, got nil\)/],
    [['smtp-max-size'], /bad argument #2 .*got no value/],
    [[undefined, '1'], /bad argument #1/],
    [['daemon', '+'], /daemon is read before the policy/],
    [['smtp-server-port', '26'], /for the whole server; set it in hook.init/],
  ] as const)('refuses setoption%j', (args, message) => {
    const context = fakeCallContext(session);
    expect(() => callModule(module, 'setoption', context, ...args)).toThrow(message);
  });

  it('changes options of the server in hook.init', () => {
    const context = fakeCallContext();
    callModule(module, 'setoption', context, 'smtp-server-port', '2526');
    expect(context.options.values['smtp-server-port']).toBe(2526);
    expect(() => callModule(module, 'setoption', context, 'workers', '2')).toThrow(/read before the policy/);
  });
});
