// The site, as vitepress makes it of what build.ts has laid out. Nothing in it comes from elsewhere.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sidebar } from './contents.ts';
import { asOnGitHub, type Markdown, sectionsOf, slug } from './markdown.ts';

const pages = join(import.meta.dirname, '..');
const textOf = (path: string): string => readFileSync(join(pages, path), 'utf8');

export default {
  title: 'smtpe',
  description: 'A standalone SMTP policy engine: Lua hooks at every step of the SMTP dialogue',
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  base: process.env.SITE_BASE ?? '/',
  outDir: process.env.SITE_OUT ?? join(pages, '../../site'),
  cacheDir: join(pages, '../cache'),
  metaChunk: true,
  markdown: {
    html: false,
    linkify: false,
    // A dialogue of SMTP, which nobody colours.
    languageAlias: { smtp: 'console' },
    attrs: { disable: true },
    anchor: { slugify: slug },
    config: (md: Markdown) => {
      asOnGitHub(md);
    },
  },
  // The search index is one piece, loaded with the first search.
  vite: { build: { chunkSizeWarningLimit: 4000 } },
  themeConfig: {
    nav: [
      { text: 'Documentation', link: '/doc/' },
      { text: 'Hooks', link: '/doc/hooks' },
      { text: 'Options', link: '/doc/reference/options' },
    ],
    sidebar: sidebar(textOf('doc/index.md'), textOf('doc/reference/index.md')),
    outline: { level: [2, 3], label: 'On this page' },
    search: {
      provider: 'local',
      options: {
        detailedView: true,
        miniSearch: {
          // biome-ignore lint/complexity/useLiteralKeys: the name is that of vitepress
          ['_splitIntoSections']: (_path: string, html: string) => sectionsOf(html),
        },
      },
    },
  },
};
