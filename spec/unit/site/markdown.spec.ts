// How pages become HTML where that is ours: anchors as GitHub has them, no templates, what a search finds, and what a filter shows.
import { describe, expect, it } from 'vitest';
import { sectionsOf, slug, withoutBraces } from '../../../doc/.vitepress/markdown.ts';
import { matches } from '../../../doc/.vitepress/theme/matches.ts';

describe('anchors', () => {
  it.each([
    ['The order of a session', 'the-order-of-a-session'],
    ['What it costs, and why', 'what-it-costs-and-why'],
    ['`service.http`', 'servicehttp'],
    ['auth_user: who', 'auth_user-who'],
    ['250 – 550', '250--550'],
    ['Über', 'über'],
  ])('of “%s” is %s', (heading, anchor) => {
    expect(slug(heading)).toBe(anchor);
  });
});

it('two braces are text', () => {
  expect(withoutBraces('a {{ b }} {c} {{{')).toBe('a &#123;&#123; b }} {c} &#123;&#123;{');
});

describe('a search finds', () => {
  const heading = (level: number, id: string, text: string): string =>
    `<h${level} id="${id}" tabindex="-1">${text} <a class="header-anchor" href="#${id}" aria-label="x">&#8203;</a></h${level}>`;

  it('headings with what stands below them, and the headings above', () => {
    const html = `${heading(1, 'p', 'Page')}<p>first</p>${heading(2, 'a', '<code>a</code> &lt;b&gt;')}<p>one</p><p>two &amp; three</p>${heading(3, 'c', 'C')}<p>deep</p>${heading(2, 'd', 'D')}`;
    expect(sectionsOf(html)).toEqual([
      { anchor: 'p', titles: ['Page'], text: 'first' },
      { anchor: 'a', titles: ['Page', 'a <b>'], text: 'one two & three' },
      { anchor: 'c', titles: ['Page', 'a <b>', 'C'], text: 'deep' },
      { anchor: 'd', titles: ['Page', 'D'], text: '' },
    ]);
  });

  it('rows that have a name', () => {
    const html = `${heading(1, 'options', 'Options')}<table><tr><th>option</th></tr><tr class="name" id="smtp-partial"><td class="listed"><code>smtp-partial</code></td><td>Reply at dot</td></tr><tr><td>x</td></tr></table><p>behind</p>`;
    expect(sectionsOf(html)).toEqual([
      { anchor: 'options', titles: ['Options'], text: 'option x behind' },
      { anchor: 'smtp-partial', titles: ['Options', 'smtp-partial'], text: 'smtp-partial Reply at dot' },
    ]);
  });
});

describe('a filter', () => {
  it.each([
    ['', 'anything', true],
    ['tls', 'smtp-TLS', true],
    ['hop next', 'the next hop', true],
    ['hop  none', 'the next hop', false],
    [' a ', 'bab', true],
  ])('%j for %j: %s', (query, text, shown) => {
    expect(matches(query, text)).toBe(shown);
  });
});
