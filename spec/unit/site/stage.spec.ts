// What the site is made of: every page that the README leads to, and the files that they link to, without a word that only the site understands.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repositoryAt } from '../../../doc/.vitepress/repository.ts';
import { type Source, stage } from '../../../doc/.vitepress/stage.ts';

/** Files of a repository; directories are what stands before a slash. */
function source(files: Readonly<Record<string, string>>): Source {
  return {
    text: (path) => files[path],
    names: (path) => {
      const names = Object.keys(files).flatMap((name) =>
        name.startsWith(`${path}/`) ? [name.slice(path.length + 1).split('/')[0] ?? ''] : [],
      );
      return names.length === 0 ? undefined : [...new Set(names)].sort();
    },
  };
}

const pagesOf = (files: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(stage(source(files)).pages);

describe('a page', () => {
  it('has links as the site has pages: a README is what its directory shows, a file has a page', () => {
    const pages = pagesOf({
      'README.md': '[a](doc/a.md#here) [index](doc/README.md) [here](#top) [out](https://example.com/x.md)\n',
      'doc/README.md': '[up](../README.md) [a](a.md)\n',
      'doc/a.md': '[policy](../etc/p.lua) [all](../etc) ![picture](p.svg) [reference](reference)\n',
      'doc/p.svg': '<svg/>',
      'doc/reference/README.md': '[a](../a.md#here)\n',
      'etc/p.lua': 'return 1',
      'etc/other.cf': 'x=1\n',
      'doc/nobody.md': 'nobody leads here',
    });
    expect(pages).toEqual({
      'index.md':
        '[a](./doc/a.md#here) [index](./doc/index.md) [here](./index.md#top) [out](https://example.com/x.md)\n',
      'doc/index.md': '[up](../index.md) [a](../doc/a.md)\n',
      'doc/a.md':
        '[policy](../etc/p.lua.md) [all](../etc/index.md) ![picture](../doc/p.svg) [reference](../doc/reference/index.md)\n',
      'doc/reference/index.md': '[a](../../doc/a.md#here)\n',
      'etc/p.lua.md': expect.stringContaining('# etc/p.lua\n\n```lua\nreturn 1\n```\n') as string,
      'etc/index.md': expect.stringContaining('[p.lua](../etc/p.lua.md)') as string,
      'etc/other.cf.md': expect.stringContaining('```txt\nx=1\n```\n') as string,
    });
  });

  it('keeps code as it is, and loses its comments', () => {
    const code = '```md\n<!-- kept -->\n[x](x.md)\n```';
    const { pages, dead } = stage(
      source({
        'README.md': `<!-- made by \`npm\`.\nDo not edit. -->\n# T\n\n\`[y](y.md)\`\n\n  <!-- mark -->\n${code}\n`,
      }),
    );
    expect(dead).toEqual([]);
    expect(pages.get('index.md')).toBe(`# T\n\n\`[y](y.md)\`\n\n${code}\n`);
  });

  it('with a broad table has the whole width', () => {
    const table = '| a | b | c | d | e |\n| --- | --- | ---: | --- | --- |\n| 1 | 2 | 3 | 4 | 5 |\n';
    expect(pagesOf({ 'README.md': table })['index.md']).toMatch(
      /^---\naside: false\npageClass: wide\n---\n\n\| a/,
    );
  });

  it('of a file shows it whatever stands in it, and is not searched', () => {
    const page = pagesOf({ 'README.md': '[x](x.txt)', 'x.txt': '````\n{{ <b> ```\n' })['x.txt.md'];
    expect(page).toMatch(/search: false/);
    expect(page).toMatch(/\n`````txt\n````\n\{\{ <b> ```\n`````\n$/);
  });

  it('names links that lead nowhere', () => {
    const { dead } = stage(source({ 'README.md': '[a](a.md) [b](b.md#x)', 'b.md': '![p](p.svg) [q](q/r)' }));
    expect(dead).toEqual(['README.md: a.md', 'b.md: p.svg', 'b.md: q/r']);
  });
});

describe('this project', () => {
  const repository = repositoryAt(join(import.meta.dirname, '../../..'));
  const { pages, pictures, dead } = stage(repository);

  it('has no link that leads nowhere', () => {
    expect(dead).toEqual([]);
  });

  it('is there with every page, with pictures, policies and a README as home', () => {
    const written = (repository.names('doc') ?? []).filter((name) => name.endsWith('.md'));
    const reference = (repository.names('doc/reference') ?? []).map((name) => `reference/${name}`);
    for (const name of [...written, ...reference])
      expect([...pages.keys()]).toContain(`doc/${name.replace('README.md', 'index.md')}`);
    expect([...pages.keys()]).toEqual(expect.arrayContaining(['index.md', 'etc/smtpe.lua.md']));
    for (const name of ['dialogue', 'hook-order', 'where-mail-is', 'machines'])
      expect(pictures).toContain(`doc/${name}.svg`);
  });

  it('has no page written for the site alone', () => {
    const own = [...(repository.names('doc') ?? []).map((name) => `doc/${name}`), 'README.md']
      .filter((path) => path.endsWith('.md'))
      .filter((path) => {
        const prose = (repository.text(path) ?? '')
          .replaceAll(/^ *```.*?^ *```$/gms, '')
          .replaceAll(/`[^`\n]*`/g, '');
        return /^---\n|^:::|\{#|<script|<[A-Z]\w+/m.test(prose);
      });
    expect(own).toEqual([]);
  });
});
