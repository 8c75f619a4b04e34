import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { helpText } from '../../../src/options/help-text.ts';
import { defaultOptionFiles, loadOptions, type ReadFile } from '../../../src/options/load-options.ts';
import { OptionSet } from '../../../src/options/option-set.ts';
import { optionNames, optionTable } from '../../../src/options/option-table.ts';

const read: ReadFile = async (path) =>
  path.startsWith('etc/') ? { kind: 'content', content: readFileSync(path) } : { kind: 'missing' };

describe('option table', () => {
  it('has every option of the original with its default, unless we decided differently', () => {
    const options = OptionSet.defaults();
    const original = {
      ...{ 'dns-ignore-tcp': '-', 'dns-max-timeout': '45', 'dns-round-robin': '-', 'events-wait': '' },
      ...{ 'rate-client': '0', 'rate-global': '100', 'rfc2821-angle-brackets': '-' },
      ...{ 'rfc2821-domain-length': '-', 'rfc2821-literal-plus': '-', 'rfc2821-local-length': '-' },
      ...{ 'rfc2920-pipelining-enable': '-', 'rfc2920-pipelining-reject': '-' },
      ...{ 'smtp-accept-timeout': '60', 'smtp-command-timeout': '300', 'smtp-data-timeout': '180' },
      ...{ 'smtp-default-at-dot': '451', 'smtp-dot-timeout': '600', 'smtp-error-url': '' },
      ...{ 'smtp-reply-timeout': '300', 'smtp-server-port': '25', 'smtp-smart-host': '' },
      ...{ 'smtp-xclient': '+', test: '-', verbose: '+warn +info' },
    };
    for (const [name, text] of Object.entries(original)) expect(options.text(name), name).toBe(text);
    // doc/differences.md says why.
    const changed = {
      'spool-dir': 'auto',
      daemon: '-',
      script: '',
      'smtp-max-size': '52428800',
      'smtp-server-queue': '4096',
    };
    for (const [name, text] of Object.entries(changed)) expect(options.text(name), name).toBe(text);
    for (const name of ['help', 'info', 'version', 'file'] as const) expect(optionNames).toContain(name);
    expect(defaultOptionFiles).toEqual(['/etc/smtpe.cf', '/etc/smtpe/smtpe.cf']);
  });

  it('has every row of every topic, and no name in two of them', async () => {
    const rows: string[] = [];
    for (const file of readdirSync('src/options/table')) {
      const topic: object = await import(`../../../src/options/table/${file.slice(0, -3)}.ts`);
      for (const specs of Object.values(topic)) rows.push(...Object.keys(specs));
    }
    expect(rows.sort()).toEqual([...optionNames].sort());
  });

  it('says something about every option, in sentences', () => {
    for (const name of optionNames) expect(optionTable[name].help, name).toMatch(/^[A-Z0-9].*\.$/s);
  });

  it('is what etc/smtpe.cf says: else run npm run option-file', async () => {
    const { options } = await loadOptions(['file='], read);
    expect(readFileSync('etc/smtpe.cf', 'utf8')).toBe(helpText(options));
  });

  it.each(['etc/smtpe.cf', 'etc/demo.cf', 'etc/docker.cf'])('can be read: %s', async (path) => {
    expect((await loadOptions([`file=${path}`], read)).problems).toEqual([]);
  });
});
