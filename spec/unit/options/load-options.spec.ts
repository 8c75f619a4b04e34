import { describe, expect, it } from 'vitest';
import { helpText } from '../../../src/options/help-text.ts';
import { loadOptions, type ReadFile } from '../../../src/options/load-options.ts';
import { optionNames } from '../../../src/options/option-table.ts';

const files =
  (contents: Readonly<Record<string, string>>): ReadFile =>
  async (path) => {
    const content = contents[path];
    return content === undefined ? { kind: 'missing' } : { kind: 'content', content: Buffer.from(content) };
  };

const load = (words: readonly string[], contents: Readonly<Record<string, string>> = {}) =>
  loadOptions(words, files(contents));

describe('loadOptions', () => {
  it('lets the command line win over the option file, and the file over the defaults', async () => {
    const loaded = await load(['smtp-server-port=2'], {
      '/etc/smtpe.cf': 'smtp-server-port=1 rate-client=3\n\n-smtp-xclient',
    });
    expect(loaded.problems).toEqual([]);
    expect(loaded.file).toBe('/etc/smtpe.cf');
    expect(loaded.options.values['smtp-server-port']).toBe(2);
    expect(loaded.options.origin('smtp-server-port')).toBe('command line');
    expect(loaded.options.values['rate-client']).toBe(3);
    expect(loaded.options.origin('rate-client')).toBe('/etc/smtpe.cf:1');
    expect(loaded.options.origin('smtp-xclient')).toBe('/etc/smtpe.cf:3');
    expect(loaded.options.text('file')).toBe('/etc/smtpe.cf');
  });

  it.each([
    ['store=redis://me:secret@db.example', 'redis://me:...@db.example'],
    ['store=redis://:se/c@ret@db.example/1', 'redis://:...@db.example/1'],
    ['store.near=rediss://me:secret@db.example', 'rediss://me:...@db.example'],
  ])('does not repeat a password: %s', async (word, shown) => {
    for (const loaded of [await load([word]), await load([], { '/etc/smtpe.cf': word })]) {
      expect(loaded.problems.join()).toContain(shown);
      expect(loaded.problems.join()).not.toMatch(/secret|ret@/);
    }
  });

  it('refuses half a login', async () => {
    for (const [set, other] of [
      ['smtp-forward-user=alice', 'smtp-forward-password-file=/etc/smtpe.password'],
      ['smtp-forward-password-file=/etc/smtpe.password', 'smtp-forward-user=alice'],
    ] as const) {
      const missing = other.split('=')[0];
      expect((await load([set])).problems).toEqual([
        `command line: ${set} is of no use without ${missing}; set both, or neither`,
      ]);
      expect((await load([set, other])).problems).toEqual([]);
    }
  });

  it('refuses a processor time that the watchdog would not wait for, and says which option to change', async () => {
    const long = await load(['hook-cpu-limit=30000']);
    expect(long.problems).toEqual([
      expect.stringMatching(
        /^command line: hook-cpu-limit=30000 ms must be less than watchdog-timeout=20 s.*make hook-cpu-limit less than 20000, or watchdog-timeout more than 30 or 0$/,
      ),
    ]);
    const short = await load([], { '/etc/smtpe.cf': 'rate-client=3\nwatchdog-timeout=1' });
    expect(short.problems).toEqual([expect.stringMatching(/^\/etc\/smtpe\.cf:2: hook-cpu-limit=2000 ms/)]);
    expect((await load(['hook-cpu-limit=30000', 'watchdog-timeout=0'])).problems).toEqual([]);
    expect((await load(['hook-cpu-limit=30000', 'watchdog-timeout=31'])).problems).toEqual([]);
  });

  it('refuses a listener for balancers only, where there are none', async () => {
    const wrong = async (...texts: readonly string[]) => (await load(texts)).problems;
    expect(
      await wrong('smtp-listen=mx=*:25/proxy in=[::1]:26/proxy *:27/proxy', 'in.smtp-proxy-hosts=::1'),
    ).toEqual([
      expect.stringMatching(
        /^command line: listener mx has the flag proxy.*smtp-proxy-hosts or mx\.smtp-proxy-hosts/,
      ),
      expect.stringMatching(/^command line: listener \*:27 has the flag proxy/),
    ]);
    expect(await wrong('smtp-listen=mx=*:25/proxy *:26', 'smtp-proxy-hosts=10.0.0.0/8')).toEqual([]);
  });

  it('reads the second default file when the first is missing, and needs neither', async () => {
    const second = await load([], { '/etc/smtpe/smtpe.cf': 'rate-client=3' });
    expect(second.file).toBe('/etc/smtpe/smtpe.cf');
    expect(second.options.values['rate-client']).toBe(3);
    const none = await load([]);
    expect(none).toMatchObject({ file: undefined, problems: [] });
    expect(none.options.text('file')).toBe('');
  });

  it('reads the file that file= names, none for an empty name, and complains when it is missing', async () => {
    const contents = { '/etc/smtpe.cf': 'rate-client=1', 'my.cf': 'rate-client=2' };
    expect((await load(['file=my.cf'], contents)).options.values['rate-client']).toBe(2);
    expect((await load(['file='], contents)).options.values['rate-client']).toBe(0);
    expect((await load(['file=other.cf'], contents)).problems).toEqual([
      expect.stringMatching(/^command line: option file other.cf does not exist/),
    ]);
  });

  it('reports a file that cannot be read', async () => {
    const loaded = await loadOptions([], async () => ({ kind: 'unreadable', error: 'EACCES' }));
    expect(loaded.problems).toEqual(['option file /etc/smtpe.cf: cannot be read: EACCES']);
  });

  it('ignores file= in a file', async () => {
    const loaded = await load([], { '/etc/smtpe.cf': 'file=/elsewhere.cf rate-client=1' });
    expect(loaded.problems).toEqual([]);
    expect(loaded.options.text('file')).toBe('/etc/smtpe.cf');
  });

  it('appends with += to the default, the file and itself', async () => {
    const loaded = await load(['verbose+=+smtp', 'smtp-smart-host+=c'], {
      '/etc/smtpe.cf': 'smtp-smart-host=a\nsmtp-smart-host+=b',
    });
    expect(loaded.problems).toEqual([]);
    expect(loaded.options.text('verbose')).toBe('+warn +info;+smtp');
    expect(loaded.options.text('smtp-smart-host')).toBe('a;b;c');
  });

  it('reports every mistake with its place, what would be right and the nearest name', async () => {
    const loaded = await load(['smtp-prot=1', 'daemon', 'smtp-server-port=x', '-rate-client=5'], {
      '/etc/smtpe.cf': '+smtp-xclent\nhello world\nsmtp-max-size=huge "\n',
    });
    expect(loaded.problems).toEqual([
      '/etc/smtpe.cf:1: there is no option "smtp-xclent"; did you mean smtp-xclient?',
      '/etc/smtpe.cf:2: "hello" is no option; options are name=value, +name, -name and name+=value',
      '/etc/smtpe.cf:2: "world" is no option; options are name=value, +name, -name and name+=value',
      '/etc/smtpe.cf:3: the quote " is not closed',
      expect.stringMatching(/^\/etc\/smtpe\.cf:3: "smtp-max-size=huge": expected an integer from 0 to/),
      'command line: there is no option "smtp-prot"; did you mean smtp-server-port?',
      'command line: "daemon" is no option; write daemon=value, +daemon or -daemon in one word',
      'command line: "smtp-server-port=x": expected an integer from 0 to 65535 (port), without leading zeros',
      'command line: "-rate-client=5" is no option; rate-client=5 would be right: a sign and a value do not go together',
    ]);
  });

  it('ends at -- and lets nothing follow, on the command line or on a line of the file', async () => {
    expect((await load(['+daemon', '--'])).problems).toEqual([]);
    expect((await load(['--', '+daemon'])).problems).toEqual([
      'command line: nothing may follow --, found "+daemon"',
    ]);
    expect((await load([], { '/etc/smtpe.cf': '+daemon --\nrate-client=1' })).problems).toEqual([]);
  });

  it('+help: a complete file that reads back as the same values', async () => {
    const changed = await load([
      'smtp-smart-host=a.example:26 [::1]:25',
      'smtp-error-url=https://e.example/"x" #\\',
      'rate-client=0x10',
      'smtp-xclient=0',
      '+daemon',
      'script=/a b\tc',
      'verbose=+smtp',
    ]);
    expect(changed.problems).toEqual([]);
    const text = helpText(changed.options);
    const again = await load(['file=h.cf'], { 'h.cf': text });
    expect(again.problems).toEqual([]);
    for (const name of optionNames) {
      if (name !== 'file') expect(again.options.text(name), name).toBe(changed.options.text(name));
      if (name !== 'file') expect(again.options.values[name], name).toBe(changed.options.values[name]);
    }
    for (const name of optionNames) expect(text).toMatch(new RegExp(`^#?[-+]?${name}(=| or |$)`, 'm'));
    expect(text).toContain('\n#-daemon\n+daemon\n');
    expect(text).toContain('\n#rate-client=0\nrate-client=0x10\n');
    expect(text.split('\n').every((line) => line.length <= 100)).toBe(true);
  });

  it('takes the option file that the original wrote with +help', async () => {
    const original = [
      '# comment',
      '+daemon',
      'file=/etc/smtpe/smtpe.cf',
      '#-help or +help',
      'script=/etc/smtpe/smtpe.lua',
      'events-wait=',
      'dns-max-timeout=45',
      '-dns-round-robin',
      'smtp-max-size=0',
      'smtp-default-at-dot=451',
      'smtp-server-queue=20',
      'verbose="+warn +info"',
    ].join('\n');
    expect((await load([], { '/etc/smtpe.cf': original })).problems).toEqual([]);
  });
});
