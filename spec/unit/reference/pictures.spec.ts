// The pictures of doc/ are what the tables and their script give, nothing in them runs into anything, and pages show them. `npm run reference`
// draws them.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hookNames } from '../../../src/policy/hook-table.ts';
import { hooksShown } from '../../pictures/hook-order.ts';
import { pictures } from '../../pictures/pictures.ts';
import { Sheet } from '../../pictures/sheet.ts';

const root = join(import.meta.dirname, '../../..');

describe.each(Object.entries(pictures))('%s', (path, draw) => {
  it('is current', () => {
    const drawn = draw().toString();
    if (process.env.UPDATE_REFERENCE !== undefined) writeFileSync(join(root, path), drawn);
    expect(readFileSync(join(root, path), 'utf8'), 'not current: run npm run reference').toBe(drawn);
  });

  it('has every text in its place', () => {
    expect(draw().mistakes).toEqual([]);
  });

  it('says what it shows, and needs nothing from elsewhere', () => {
    const text = draw().toString();
    expect(text).toMatch(/<title id="title">[^<]{10,}<\/title>\n<desc id="desc">[^<]{100,}<\/desc>/);
    expect(text.replace('http://www.w3.org/2000/svg', '')).not.toMatch(
      /https?:|url\(|@import|@font-face|<script/,
    );
    expect(text).toContain('prefers-color-scheme:dark');
  });

  it('is shown by a page', () => {
    const pages = ['README.md', ...readdirSync(join(root, 'doc')).map((name) => `doc/${name}`)];
    const shows = pages.filter(
      (page) =>
        page.endsWith('.md') &&
        readFileSync(join(root, page), 'utf8').includes(`](${page === 'README.md' ? path : path.slice(4)})`),
    );
    expect(shows).not.toEqual([]);
  });
});

it('the picture of the hooks has every hook, once', () => {
  expect([...hooksShown].sort()).toEqual([...hookNames].sort());
});

describe('a sheet names', () => {
  const sheet = (): Sheet => new Sheet(200, 100, 'title', 'description');
  const box = { x: 10, y: 10, width: 60, height: 30 };

  it.each([
    ['a text that is wider than its box', 'a text of many words'],
    ['the same in a fixed width', 'nine chars'],
  ])('%s', (_, text) => {
    const drawn = sheet();
    drawn.label(box, 'plain', [text], { code: text === 'nine chars' });
    expect(drawn.mistakes).toEqual([`“${text}” runs out of its place`]);
  });

  it('a text that is higher than its box', () => {
    const drawn = sheet();
    drawn.label(box, 'plain', ['a', 'b', 'c']);
    expect(drawn.mistakes).toEqual(['“a” runs out of its place', '“c” runs out of its place']);
  });

  it('texts that run into each other', () => {
    const drawn = sheet();
    drawn.text(20, 50, 'first');
    drawn.text(40, 52, 'second');
    drawn.text(40, 70, 'third');
    expect(drawn.mistakes).toEqual(['“second” runs into “first”']);
  });

  it('what is not on the sheet', () => {
    const drawn = sheet();
    drawn.box({ ...box, x: 150 }, 'plain');
    drawn.text(170, 80, 'too far');
    expect(drawn.mistakes).toEqual([
      'a box at 150 10 is not on the sheet',
      '“too far” runs out of its place',
    ]);
  });

  it('nothing in a good one, and keeps marks of XML as text', () => {
    const drawn = sheet();
    drawn.label({ ...box, width: 150 }, 'yes', ['a < b & c']);
    expect(drawn.mistakes).toEqual([]);
    expect(drawn.toString()).toContain('>a &lt; b &amp; c</text>');
  });
});
