// `NAME.option=value`: what a listener has of its own, from the words of an operator to the values that count, at a start and at a reload.
import { describe, expect, it } from 'vitest';
import { infoText } from '../../../src/cli/info.ts';
import { helpText } from '../../../src/options/help-text.ts';
import { type LoadedOptions, loadOptions, type ReadFile } from '../../../src/options/load-options.ts';
import { OptionLayer } from '../../../src/options/option-layer.ts';
import { OptionSet } from '../../../src/options/option-set.ts';
import { type OptionSpec, optionNames, optionTable } from '../../../src/options/option-table.ts';
import type { Options } from '../../../src/options/options.ts';
import { rereadOptions } from '../../../src/options/reread-options.ts';

const reader =
  (content: string): ReadFile =>
  async () => ({ kind: 'content', content: Buffer.from(content) });
const LISTEN = 'smtp-listen="mx=127.0.0.1:25 Sub-2=127.0.0.1:587 127.0.0.1:2525"\n';
const load = (content: string, ...words: readonly string[]): Promise<LoadedOptions> =>
  loadOptions(['file=/f', ...words], reader(content));
const of = (options: Options, name: string): Options =>
  new OptionLayer(options, () => options.ofListener(name));

async function right(content: string, ...words: readonly string[]): Promise<Options> {
  const { options, problems } = await load(content, ...words);
  expect(problems).toEqual([]);
  return options;
}

describe('an option of a listener', () => {
  it('counts there before the general one, wherever it stands', async () => {
    const options = await right(
      `sub-2.smtp-max-size=5\n+Sub-2.smtp-lenient\n${LISTEN}MX.SMTP-greet-pause=0 smtp-greet-pause=9 smtp-max-size=7 -sub-2.smtp-xclient`,
    );
    const seen = ['mx', 'Sub-2', ''].map((name) => {
      const { values } = of(options, name);
      const flags = [values['smtp-lenient'], values['smtp-xclient']];
      return [values['smtp-max-size'], values['smtp-greet-pause'], ...flags];
    });
    expect(seen).toEqual([
      [7, 0, false, true],
      [5, 9, true, false],
      [7, 9, false, true],
    ]);
    expect(of(options, 'sub-2').origin('smtp-max-size')).toBe('/f:1');
    expect(options.values['smtp-max-size']).toBe(7);
    expect([options.text('sub-2.SMTP-max-size'), options.text('mx.smtp-max-size')]).toEqual(['5', undefined]);
  });

  it('on the command line wins over that of the file, in any form', async () => {
    const options = await right(
      `${LISTEN}mx.smtp-max-size=1\nmx.smtp-smart-host=a smtp-smart-host=g`,
      'mx.smtp-max-size=2',
      'mx.smtp-smart-host+=b',
      'Sub-2.smtp-smart-host+=c',
    );
    const { values } = of(options, 'mx');
    expect([values['smtp-max-size'], values['smtp-smart-host']]).toEqual([2, 'a;b']);
    expect(of(options, 'Sub-2').values['smtp-smart-host']).toBe('g;c');
  });

  it.each([
    ['mx.limit-error=1', /^\/f:2: there is no option "mx\.limit-error"; did you mean mx\.limit-errors\?$/],
    ['mx.=1', /no option "mx\."/],
    ['m_x.limit-errors=1', /no option "m_x\.limit-errors"/],
    ['store.limit-errors=1', /expected memory, lmdb:/],
    ['mx.mx.limit-errors=1', /no option/],
    ['mx.limit-errors=many', /"mx\.limit-errors=many": expected an integer from 0/],
    ['mx.workers=2', /expected workers without mx\. in front: no listener has its own/],
    ['mx.host-name=a.example', /without mx\. in front/],
    ['+mx.help', /without mx\. in front/],
    [
      'mxx.limit-errors=1',
      /^\/f:2: mxx\.limit-errors: there is no listener mxx, smtp-listen has mx Sub-2; did you mean mx\.limit-errors\?$/,
    ],
    ['other.limit-errors=1', /there is no listener other, smtp-listen has mx Sub-2$/],
    ['mx.hook-cpu-limit=20000', /^\/f:2: mx\.hook-cpu-limit=20000 ms must be less than watchdog-timeout/],
    [
      'smtp-server-port=587',
      /^\/f:2: smtp-server-port=587 has no effect beside smtp-listen \(\/f:1\); remove it/,
    ],
    ['smtp-server-address=::1', /smtp-server-address=::1 has no effect beside smtp-listen/],
  ])('%s is refused', async (words, problem) => {
    expect((await load(`${LISTEN}${words}`)).problems).toEqual([expect.stringMatching(problem)]);
  });

  it('needs smtp-listen', async () => {
    const { problems } = await load('mx.limit-errors=1');
    expect(problems).toEqual(['/f:1: mx.limit-errors: there is no listener mx, smtp-listen names none']);
    // As +help prints it, with what is said on the command line on top.
    expect((await load(`smtp-server-port=25\nsmtp-server-address=\n${LISTEN}`)).problems).toEqual([]);
  });

  it('goes with the set: to another process, into a fork, and not into what was forked before', async () => {
    const options = await right(`${LISTEN}mx.lua-max-files=1 mx.smtp-smart-host=";a"`);
    const again = OptionSet.fromTexts(JSON.parse(JSON.stringify(options.toTexts())));
    expect(again.toTexts()).toEqual(options.toTexts());
    expect(again.ofListener('MX')).toEqual(options.ofListener('mx'));
    const fork = options.fork();
    options.set('mx.lua-max-files', '2', 'x');
    expect([of(fork, 'mx').values['lua-max-files'], of(options, 'mx').values['lua-max-files']]).toEqual([
      1, 2,
    ]);
    const layer = of(fork, 'mx');
    expect(layer.values['lua-max-files']).toBe(1);
    fork.adopt(options);
    expect(layer.values['lua-max-files']).toBe(2);
  });

  it('is in what help and info print, which can be read again', async () => {
    const options = await right(`${LISTEN}mx.smtp-max-size=5 +Sub-2.smtp-lenient`);
    const text = helpText(options);
    expect(text).toMatch(/\nmx\.smtp-max-size=5\n\+Sub-2\.smtp-lenient\n$/);
    expect((await right(text)).ofListener('sub-2')).toMatchObject([{ name: 'smtp-lenient', text: '+' }]);
    expect(await infoText(options)).toMatch(/\nmx\.smtp-max-size=5 +# \/f:2\n/);
  });

  it('is for every option that a connection is served by, and for no other', () => {
    const own = optionNames.filter((name) => optionTable[name].perListener);
    const start = own.filter((name) => optionTable[name].scope === 'start');
    // Scripts and certificates, which are read before there is a policy.
    expect(start).toEqual([
      'smtp-tls',
      'smtp-tls-min',
      'smtp-tls-ciphers',
      'smtp-tls-client-ca',
      'smtp-tls-client-cert',
      'auth-script',
    ]);
    // Who reads these asks the listener, not the process: spec/session/listeners.spec.ts tries each.
    expect(own.filter((name) => optionTable[name].scope === 'process')).toEqual([
      'smtp-server-queue',
      'smtp-proxy-hosts',
      'smtp-proxy-timeout',
      'dns-client-timeout',
      'rate-global',
      'rate-client',
      'limit-connections',
      'limit-client-connections',
      'limit-line-length',
      'limit-session-time',
      'smtp-xclient-hosts',
      'smtp-greet-pause',
    ]);
    const general = optionNames.filter((name) => {
      const spec: OptionSpec = optionTable[name];
      return spec.scope === 'session' && !spec.perListener;
    });
    expect(general).toEqual(
      expect.arrayContaining(['events-wait', 'spool-dir', 'spool-memory-total', 'rfc2821-literal-plus']),
    );
  });
});

describe('a reload', () => {
  const reread = async (before: string, after: string) => {
    const outcome = await rereadOptions(['file=/f'], await right(before), reader(after));
    if (outcome.kind === 'wrong') throw new Error(outcome.problems.join());
    return outcome;
  };

  it('changes what a listener has of its own, and names it', async () => {
    const { options, changed, needRestart } = await reread(
      `${LISTEN}mx.limit-errors=1 mx.limit-unknown=2 Sub-2.limit-errors=3 mx.smtp-server-queue=4`,
      `${LISTEN}mx.limit-errors=1 Sub-2.limit-errors=5 sub-2.limit-unknown=6 mx.smtp-server-queue=7 limit-unknown=8`,
    );
    expect(changed).toEqual([
      'limit-unknown=8',
      'mx.limit-unknown=8',
      'Sub-2.limit-errors=5',
      'Sub-2.limit-unknown=6',
    ]);
    expect(needRestart).toEqual(['mx.smtp-server-queue']);
    const { values } = of(options, 'mx');
    expect([values['limit-errors'], values['limit-unknown'], values['smtp-server-queue']]).toEqual([1, 8, 4]);
    expect(of(options, 'Sub-2').values['limit-unknown']).toBe(6);
  });

  it('waits for a restart with listeners that come, and leaves those that go as they are', async () => {
    const { options, changed, needRestart } = await reread(
      `${LISTEN}mx.limit-errors=1 Sub-2.limit-errors=3`,
      'smtp-listen="mx=127.0.0.1:25 new=127.0.0.1:26"\nmx.limit-errors=2 new.limit-errors=4',
    );
    expect(changed).toEqual(['mx.limit-errors=2']);
    expect(needRestart).toEqual(['smtp-listen']);
    expect(['mx', 'Sub-2', 'new'].map((name) => of(options, name).values['limit-errors'])).toEqual([
      2, 3, 50,
    ]);
    // As it is in service now, and nothing of it is orphaned.
    expect(options.toTexts().map(({ name }) => name)).not.toContain('new.limit-errors');
  });

  it('refuses the whole file when a listener has an option that is wrong', async () => {
    const outcome = await rereadOptions(
      ['file=/f'],
      await right(`${LISTEN}mx.limit-errors=1`),
      reader(`${LISTEN}mx.limit-errors=2 mxx.limit-errors=1`),
    );
    expect(outcome).toMatchObject({ kind: 'wrong' });
  });
});
