// The index of the documents: every page stands in it once, under one heading, by the name of a file that is there.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pageIndex } from '../../../src/reference/page-index.ts';

const doc = join(import.meta.dirname, '../../../doc');
const index = readFileSync(join(doc, 'README.md'), 'utf8');
const indexed = pageIndex(index).flatMap(({ pages }) => pages);

describe('doc/README.md', () => {
  it('has every page of doc/ exactly once', () => {
    const pages = readdirSync(doc).filter((name) => name.endsWith('.md') && name !== 'README.md');
    const named = indexed.map(({ path }) => path);
    expect(named.filter((path) => !path.includes('/')).sort()).toEqual(pages.sort());
    expect(named.filter((path, i) => named.indexOf(path) !== i)).toEqual([]);
  });

  it('names files that are there, and no part of one', () => {
    expect(indexed.filter(({ path }) => !existsSync(join(doc, path)))).toEqual([]);
  });

  it('has its sections in the order in which people need them', () => {
    expect(pageIndex(index).map(({ title }) => title)).toEqual([
      ...[
        'Start',
        'Write policies',
        'Test them',
        'Operate',
        'Find out why',
        'Move over',
        'Reference',
        'Develop',
      ],
    ]);
    expect(pageIndex(index).filter(({ pages }) => pages.length === 0)).toEqual([]);
  });

  it('has links to pages in its lists only, so that no page is passed over', () => {
    expect([...index.matchAll(/\]\(/g)]).toHaveLength(indexed.length);
  });
});

it('every page of doc/reference is linked from its index once', () => {
  const reference = join(doc, 'reference');
  const text = readFileSync(join(reference, 'README.md'), 'utf8');
  const linked = [...text.matchAll(/\]\(([\w.-]+\.md)\)/g)].map(([, path = '']) => path);
  const pages = readdirSync(reference).filter((name) => name !== 'README.md');
  expect([...linked].sort()).toEqual(pages.sort());
});

describe('an index', () => {
  it('is read in order', () => {
    expect(
      pageIndex(
        '# All\n\ntext\n\n## One\n\n- [A `b`](a.md): about `a`: much.\n\n## Two\n\n- [C](../C.md): c\n',
      ),
    ).toEqual([
      { title: 'One', pages: [{ title: 'A `b`', path: 'a.md', about: 'about `a`: much.' }] },
      { title: 'Two', pages: [{ title: 'C', path: '../C.md', about: 'c' }] },
    ]);
  });

  it.each([
    ['in front of a section', '- [A](a.md): a'],
    ['without a text', '## One\n- [A](a.md)'],
    ['without a link', '## One\n- A: a'],
    ['within another', '## One\n- [A](a.md): a\n  - [B](b.md): b'],
    ['with another mark', '## One\n* [A](a.md): a'],
  ])('with an item %s is refused', (_, text) => {
    expect(() => pageIndex(text)).toThrow('no page of the index');
  });
});
