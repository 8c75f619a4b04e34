// A built site is looked through for links and anchors that lead nowhere.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { complaints } from '../../../doc/.vitepress/check.ts';

let site = '';
beforeEach(async () => {
  site = await mkdtemp(join(tmpdir(), 'smtpe-site-'));
});
afterEach(() => rm(site, { recursive: true }));

async function built(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(site, path)), { recursive: true });
    await writeFile(join(site, path), text);
  }
}

it('links by page, by directory, with anchors and without, pictures and what is elsewhere are right', async () => {
  await built({
    'index.html':
      '<a href="/doc/a.html#x">1</a><a href="/doc/">2</a><a href="/doc/a">3</a><img src="/p.svg"><a href="#top" id="top">4</a><a href="https://example.com/">5</a><a href="data:,">6</a>',
    'doc/index.html': '<a href="../index.html">1</a><a href="./a.html#%C3%BCber">2</a>',
    'doc/a.html': '<h2 id="x">X</h2><h2 id="über">Y</h2>',
    'p.svg': '<svg/>',
  });
  expect(complaints(site)).toEqual([]);
});

it.each([
  ['a page that is not there', '<a href="/none.html">x</a>', '/none.html'],
  ['an anchor that is not there', '<a href="/doc/a.html#none">x</a>', '/doc/a.html#none'],
  ['an anchor of its own that is not there', '<a href="#none">x</a>', '#none'],
  ['a picture that is not there', '<img src="/none.svg">', '/none.svg'],
  ['a directory without a page', '<a href="/pictures/">x</a>', '/pictures/'],
])('%s is named', async (_, html, link) => {
  await built({ 'index.html': html, 'doc/a.html': '<h2 id="x">X</h2>', 'pictures/p.svg': '<svg/>' });
  expect(complaints(site)).toEqual([`index.html: ${link}`]);
});

it('links begin with the path of the site', async () => {
  await built({ 'index.html': '<a href="/mail/a.html">1</a><a href="/a.html">2</a>', 'a.html': '' });
  expect(complaints(site, '/mail/')).toEqual(['index.html: /a.html']);
});
