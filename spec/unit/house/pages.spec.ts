// The pages that people read hold together: links lead somewhere, every page is found from the README, and what pages name is there: options
// (in option files as a whole), functions, fields and hooks, packages with their versions.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { slug } from '../../../doc/.vitepress/markdown.ts';
import { eventNames, eventTable } from '../../../src/base/event-table/event-table.ts';
import { verbs } from '../../../src/cli/verb.ts';
import { loadOptions } from '../../../src/options/load-options.ts';
import { optionNames } from '../../../src/options/option-table.ts';
import { hookNames } from '../../../src/policy/hook-table.ts';

const root = join(import.meta.dirname, '../../..');
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');
const pages = [
  ...['README.md', 'CHANGELOG.md', 'SECURITY.md'].filter((name) => existsSync(join(root, name))),
  ...readdirSync(join(root, 'doc'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `doc/${name}`),
].sort();
const reference = pages.filter((path) => path.startsWith('doc/reference/'));
const written = pages.filter((path) => !reference.includes(path));

const fence = /^ *```(\w*)\n(.*?)^ *```$/gms;
/** Without blocks of code and what stands in backquotes: nothing there is a link or a heading. */
const prose = (text: string): string => text.replaceAll(fence, '').replaceAll(/`[^`\n]*`/g, '`');

interface Link {
  readonly page: string;
  readonly target: string;
  readonly path: string;
  readonly anchor: string | undefined;
}

function linksOf(page: string): readonly Link[] {
  return [...prose(textOf(page)).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [path = '', anchor] = target.split('#');
    return [{ page, target, path: path === '' ? page : normalize(join(dirname(page), path)), anchor }];
  });
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = [
    ...textOf(page)
      .replaceAll(fence, '')
      .matchAll(/^#+ (.*)$/gm),
  ];
  return new Set(headings.map(([, heading = '']) => slug(heading)));
}

describe('links', () => {
  const links = pages.flatMap(linksOf);

  it('are seen', () => {
    expect(links.length).toBeGreaterThan(60);
    expect(links.filter(({ anchor }) => anchor !== undefined).length).toBeGreaterThan(4);
  });

  it('lead to files and headings that are there', () => {
    const dead = links.filter(
      ({ path, anchor }) =>
        !existsSync(join(root, path)) || (anchor !== undefined && !anchorsOf(path).has(anchor)),
    );
    expect(dead.map(({ page, target }) => `${page}: ${target}`)).toEqual([]);
  });

  it('lead from the README to every page', () => {
    const found = new Set(['README.md']);
    for (const page of found)
      for (const { path } of links.filter((link) => link.page === page))
        for (const next of path === 'doc/reference' ? ['doc/reference/README.md'] : [path])
          if (pages.includes(next)) found.add(next);
    expect(pages.filter((page) => !found.has(page))).toEqual([]);
  });
});

it('the table of verbs in the README has all of them, and no other', () => {
  const table = /^\| verb \| does \|\n(.*?)\n\n/ms.exec(textOf('README.md'))?.[1] ?? '';
  const named = table
    .split('\n')
    .slice(1)
    .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([a-z]+)`/g)].map(([, verb]) => verb));
  expect([...new Set(named)].sort()).toEqual([...verbs].sort());
});

/** Blocks of a page that are option files: they begin with one. */
const optionFiles = written.flatMap((page) =>
  [...textOf(page).matchAll(fence)]
    .filter(
      ([, language, text = '']) =>
        language === '' && /^[a-z][\w.-]*\+?=/.test(text.replaceAll(/^ *(#.*)?\n/gm, '').trimStart()),
    )
    .map(([, , text = '']) => ({ page, text })),
);

describe('option files', () => {
  it('are seen', () => {
    expect(optionFiles.length).toBeGreaterThan(9);
  });

  it.each(optionFiles)('one of $page is read without a mistake', async ({ text }) => {
    const { problems } = await loadOptions(['file=/f'], () =>
      Promise.resolve({ kind: 'content', content: Buffer.from(text) }),
    );
    expect(problems).toEqual([]);
  });
});

/** What stands in backquotes, and in blocks of Lua. */
const quoted = written.flatMap((page) => {
  const text = textOf(page);
  const lua = [...text.matchAll(fence)].flatMap(([, language, block = '']) =>
    language === 'lua' ? [block] : [],
  );
  const words = [...text.replaceAll(fence, '').matchAll(/`([^`\n]+)`/g)].map(([, word = '']) => word);
  return [...words, ...lua].map((word) => ({ page, word }));
});

describe('names in pages', () => {
  it('that look like options are options', () => {
    const names = new Set<string>(optionNames);
    const prefixes = new Set([...names].flatMap((name) => /^[a-z]+-/.exec(name)?.[0] ?? []));
    // Fields of log lines, a flag of listeners, and what stands for any option.
    const others = new Set([
      'name',
      'option',
      'auth-required',
      // A field of a log line, a program of systemd, a word of HAProxy.
      ...['tls-on-clear', 'systemd-socket-activate', 'check-send-proxy'],
      // Words of check, sink and trace.
      ...['net', 'json', 'dir', 'keep', 'size', 'dot', 'data', 'fakes', 'helo'],
      ...eventNames.flatMap((name) => Object.keys(eventTable[name].fields)),
    ]);
    const wrong = quoted
      .filter(({ page }) => page !== 'doc/dependencies.md')
      .flatMap(({ page, word }) => {
        const [, sign, name = '', value] =
          /^([+-])?(?:[a-zA-Z]+\.)?([a-z][a-z0-9-]*)(\+?=.*)?$/.exec(word) ?? [];
        // Three words are an option, whatever the first: nothing else has such names.
        const isOne =
          sign !== undefined ||
          value !== undefined ||
          prefixes.has(/^[a-z]+-/.exec(name)?.[0] ?? '') ||
          /^[a-z]+(-[a-z]+){2,}$/.test(name);
        return !isOne || name === '' || names.has(name) || others.has(name) ? [] : [`${page}: ${word}`];
      });
    expect(wrong).toEqual([]);
  });

  it('that look like the API are in the reference', () => {
    const api = reference.map(textOf).join('\n');
    const modules = reference.flatMap((path) => (/^# (\w+)$/m.exec(textOf(path)) ?? []).slice(1)).join('|');
    // The page about hooks shows a misspelt one.
    const hooks = new Set<string>([...hookNames, 'rctp']);
    // Modules in Lua, which are required by such a name.
    const helpers = new Set(
      readdirSync(join(root, 'lib-lua/smtpe')).map((name) => `smtpe.${name.replace('.lua', '')}`),
    );
    const call = new RegExp(`(?<![\\w.:/@-])(${modules}|hook)\\.([a-z_]+)(?![\\w-]*[./-]\\w)`, 'g');
    // This page is about what there is no more.
    const wrong = quoted
      .filter(({ page }) => page !== 'doc/differences.md')
      .flatMap(({ page, word }) =>
        [...word.matchAll(call)]
          .filter(([name, module, last = '']) =>
            module === 'hook' ? !hooks.has(last) : !helpers.has(name) && !api.includes(name),
          )
          .map(([name]) => `${page}: ${name}`),
      );
    expect(wrong).toEqual([]);
  });

  it('that Lua can read: no word of the language behind a dot', () => {
    const wrong = quoted.filter(({ word }) =>
      /[a-z_]\.(?:and|end|for|function|goto|if|in|local|nil|not|or|repeat|then|true|until)(?![\w.-])/.test(
        word,
      ),
    );
    expect(wrong).toEqual([]);
  });
});

it('files of this program that pages name are there', () => {
  // doc/architecture.md has a spec of its own.
  const others = quoted.filter(({ page }) => page !== 'doc/architecture.md');
  const named = others.flatMap(({ page, word }) =>
    [...word.matchAll(/(?<![\w/.-])(?:src|spec|etc|lib-lua)\/[\w./*-]*/g)].map(([path]) => ({
      page,
      path,
    })),
  );
  expect(named.length).toBeGreaterThan(20);
  const wrong = named.filter(({ path }) => {
    const star = path.indexOf('*');
    if (star < 0) return !existsSync(join(root, path)) && !existsSync(join(root, `${path}.ts`));
    const [start, end] = [path.slice(path.lastIndexOf('/', star) + 1, star), path.slice(star + 1)];
    const folder = join(root, dirname(path));
    return (
      !existsSync(folder) || !readdirSync(folder).some((name) => name.startsWith(start) && name.endsWith(end))
    );
  });
  expect(wrong.map(({ page, path }) => `${page}: ${path}`)).toEqual([]);
});

it('doc/dependencies.md has every package of package.json, in its version', () => {
  const { dependencies, devDependencies } = JSON.parse(textOf('package.json')) as Record<
    string,
    Record<string, string>
  >;
  const site = JSON.parse(textOf('doc/.vitepress/package.json')) as Record<string, Record<string, string>>;
  const page = textOf('doc/dependencies.md');
  const [inProgram = '', rest = ''] = page.split('## For development and tests');
  const missing = [
    ...Object.entries(dependencies ?? {}).map((one) => [inProgram, ...one] as const),
    ...Object.entries({ ...devDependencies, ...site.dependencies }).map((one) => [rest, ...one] as const),
  ].filter(([part, name, version]) => {
    const isThere = part.includes(`\`${name}\` ${version}`) || part.includes(`\`${version}\``);
    return !isThere && !(name.startsWith('@types/') && part.includes(`\`${name}\``));
  });
  expect(missing.map(([, name, version]) => `${name} ${version}`)).toEqual([]);
});
