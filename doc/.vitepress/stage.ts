// What the site is made of: README.md and every page that it leads to, as they stand in the repository, and the files that pages link to, each
// as a page that shows it. Only links are rewritten, and comments left out; no page knows of the site.
import { onSite, resolved } from './contents.ts';

/** The repository, by paths from its root. */
export interface Source {
  /** undefined: there is no such file. */
  text(path: string): string | undefined;
  /** Names in a directory, sorted; undefined: it is none. */
  names(path: string): readonly string[] | undefined;
}

export interface Stage {
  /** Pages in Markdown, by the path on the site. */
  readonly pages: ReadonlyMap<string, string>;
  /** Pictures, by the path in the repository and on the site. */
  readonly pictures: readonly string[];
  /** Links that lead nowhere: `page: target`. */
  readonly dead: readonly string[];
}

/** The parts of a page between its blocks of code, and those, in turn. */
const pieces = (text: string): readonly string[] => text.split(/^( *```[^\n]*\n.*?^ *```$)/ms);

const withoutComments = (text: string): string =>
  pieces(text)
    .map((piece, i) => (i % 2 === 1 ? piece : piece.replaceAll(/^ *<!--.*?-->\n?/gms, '')))
    .join('');

/** A page with its prose rewritten; neither blocks of code nor what stands in backquotes is prose. */
function withProse(text: string, rewrite: (prose: string) => string): string {
  return pieces(text)
    .map((piece, i) => {
      if (i % 2 === 1) return piece;
      return piece
        .split(/(`[^`\n]+`)/)
        .map((part, n) => (n % 2 === 1 ? part : rewrite(part)))
        .join('');
    })
    .join('');
}

const languages: Readonly<Record<string, string>> = {
  lua: 'lua',
  json: 'json',
  yaml: 'yaml',
  service: 'ini',
  socket: 'ini',
  mjs: 'js',
};

/** Any text as a page. */
function filePage(path: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  const language = path.endsWith('Dockerfile')
    ? 'docker'
    : (languages[/\.(\w+)$/.exec(path)?.[1] ?? ''] ?? 'txt');
  return `# ${path}\n\n${fence}${language}\n${text.replace(/\n?$/, '\n')}${fence}\n`;
}

const directoryPage = (path: string, names: readonly string[]): string =>
  `# ${path}\n\n${names.map((name) => `- [${name}](${name})`).join('\n')}\n`;

/** Columns of the widest table: some need the room of the whole page. */
const columns = (text: string): number =>
  Math.max(
    0,
    ...[...text.matchAll(/^\|( -+:? \||-+:?\|| :?-+:? \|)+$/gm)].map(([row]) => row.split('|').length - 2),
  );

/** A page of the repository is found by what it says; a file is found by what pages say of it. */
function withHead(text: string, isFile: boolean): string {
  const isWide = isFile || columns(text) >= 5;
  const head = [...(isWide ? ['aside: false', 'pageClass: wide'] : []), ...(isFile ? ['search: false'] : [])];
  return head.length === 0 ? text : `---\n${head.join('\n')}\n---\n\n${text}`;
}

export function stage(source: Source): Stage {
  const pages = new Map<string, string>();
  const pictures = new Set<string>();
  const dead: string[] = [];
  /** Where a target is on the site; undefined when there is nothing. Names it for the walk. */
  const place = (path: string): string | undefined => {
    const names = source.names(path);
    if (names?.includes('README.md') === true) return place(`${path}/README.md`);
    if (names !== undefined) {
      waiting.push(`${path}/`);
      return `${path}/index.md`;
    }
    if (source.text(path) === undefined) return undefined;
    if (path.endsWith('.svg')) {
      pictures.add(path);
      return path;
    }
    waiting.push(path);
    return path.endsWith('.md') ? onSite(path) : `${path}.md`;
  };
  const waiting = ['README.md'];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const page = path;
    const isDirectory = page.endsWith('/');
    const own = isDirectory ? `${page}index.md` : page.endsWith('.md') ? onSite(page) : `${page}.md`;
    if (pages.has(own)) continue;
    const names = isDirectory ? (source.names(page.slice(0, -1)) ?? []) : [];
    const text = isDirectory ? directoryPage(page.slice(0, -1), names) : (source.text(page) ?? '');
    if (!isDirectory && !page.endsWith('.md')) {
      pages.set(own, withHead(filePage(page, text), true));
      continue;
    }
    const above = own
      .split('/')
      .slice(0, -1)
      .map(() => '..');
    const rewritten = withProse(withoutComments(text), (prose) =>
      prose.replaceAll(/\]\(([^)\s]+)\)/g, (whole, target: string) => {
        if (/^[a-z]+:/.test(target)) return whole;
        const [to = '', anchor] = target.split('#');
        const found = place(to === '' ? page : resolved(page, to));
        if (found === undefined) dead.push(`${page}: ${target}`);
        const up = above.length === 0 ? ['.'] : above;
        return `](${[...up, found ?? to].join('/')}${anchor === undefined ? '' : `#${anchor}`})`;
      }),
    );
    pages.set(own, withHead(rewritten, isDirectory));
  }
  return { pages, pictures: [...pictures].sort(), dead };
}
