// The sidebar is the index of doc/README.md.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentsOf, modulesOf, onSite, resolved, sidebar } from '../../../doc/.vitepress/contents.ts';

const textOf = (path: string): string => readFileSync(join(import.meta.dirname, '../../..', path), 'utf8');

describe('contents', () => {
  it('are lists of links to pages under headings, in their order', () => {
    const text = `# Documentation

Words, [a link](x.md).

## Start

- [First steps](start.md): \`smtpe\` and [more](other.md).
- [Somewhere](https://example.com): not ours
* [The \`hooks\`](hooks.md#order)

## Empty

Nothing.

## Reference

  - [Modules](reference/README.md)
`;
    expect(contentsOf('doc/README.md', text)).toEqual([
      {
        text: 'Start',
        items: [
          { text: 'First steps', link: '/doc/start' },
          { text: 'The hooks', link: '/doc/hooks' },
        ],
      },
      { text: 'Reference', items: [{ text: 'Modules', link: '/doc/reference/' }] },
    ]);
  });

  it('of modules are the first column of a table', () => {
    const text = '| module |  |\n| --- | --- |\n| [dns](dns.md) | asks |\n| [x.y](x.y.md) | [z](z.md) |\n';
    expect(modulesOf('doc/reference/README.md', text)).toEqual([
      { text: 'dns', link: '/doc/reference/dns' },
      { text: 'x.y', link: '/doc/reference/x.y' },
    ]);
  });

  it.each([
    ['doc/hooks.md', 'README.md', 'doc/README.md'],
    ['doc/reference/dns.md', '../hooks.md', 'doc/hooks.md'],
    ['doc/a.md', '../etc/examples/', 'etc/examples'],
    ['README.md', './doc/reference', 'doc/reference'],
  ])('from %s to %s is %s', (page, target, path) => {
    expect(resolved(page, target)).toBe(path);
  });

  it.each([
    ['README.md', 'index.md'],
    ['doc/README.md', 'doc/index.md'],
    ['doc/hooks.md', 'doc/hooks.md'],
    ['doc/NOT-README.md', 'doc/NOT-README.md'],
  ])('%s is on the site as %s', (path, place) => {
    expect(onSite(path)).toBe(place);
  });
});

it('the sidebar of this project has groups with pages, and the modules folded under theirs', () => {
  const groups = sidebar(textOf('doc/README.md'), textOf('doc/reference/README.md'));
  expect(groups.length).toBeGreaterThan(5);
  const links = groups.flatMap(({ items = [] }) => items.map(({ link }) => link));
  expect(links).toContain('/doc/hooks');
  expect(new Set(links).size).toBe(links.length);
  const modules = groups.flatMap(({ items = [] }) => items).find(({ link }) => link === '/doc/reference/');
  expect(modules?.collapsed).toBe(true);
  expect(modules?.items?.map(({ text }) => text)).toEqual(expect.arrayContaining(['dns', 'smtp', 'store']));
});
