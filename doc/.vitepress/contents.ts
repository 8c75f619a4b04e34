// The sidebar of the site: the index of doc/README.md, headings and lists of links. There is no second list of pages.

export interface Item {
  readonly text: string;
  /** A page, from the root of the site, as it is called there. */
  readonly link?: string;
  readonly items?: readonly Item[];
  readonly collapsed?: boolean;
}

/** Where a page of the repository is on the site: a README is what its directory shows. */
export const onSite = (path: string): string => path.replace(/(^|\/)README\.md$/, '$1index.md');

/** `doc/hooks.md` for `../hooks.md` in `doc/reference/x.md`. */
export function resolved(page: string, target: string): string {
  const parts = page.split('/').slice(0, -1);
  for (const part of target.replace(/\/$/, '').split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

const linkOf = (page: string, target: string): string =>
  `/${onSite(resolved(page, target))
    .replace(/index\.md$/, '')
    .replace(/\.md$/, '')}`;

/** Lists of links under headings of the second level. */
export function contentsOf(page: string, text: string): readonly Item[] {
  return text
    .split(/^## /m)
    .slice(1)
    .flatMap((part) => {
      const [title = '', ...lines] = part.split('\n');
      const items = lines.flatMap((line) => {
        const [, name = '', target = ''] = /^ *[-*] \[([^\]]*)\]\(([^)#]*)[^)]*\)/.exec(line) ?? [];
        return target.endsWith('.md') ? [{ text: name.replaceAll('`', ''), link: linkOf(page, target) }] : [];
      });
      return items.length === 0 ? [] : [{ text: title.trim(), items }];
    });
}

/** The pages that a table names in its first column: the modules of doc/reference/README.md. */
export function modulesOf(page: string, text: string): readonly Item[] {
  return [...text.matchAll(/^\| \[([^\]]*)\]\(([^)]*\.md)\) \|/gm)].map(([, name = '', target = '']) => ({
    text: name,
    link: linkOf(page, target),
  }));
}

/** The index, and under the page of the modules these, folded. */
export function sidebar(index: string, modules: string): readonly Item[] {
  const below = modulesOf('doc/reference/README.md', modules);
  return contentsOf('doc/README.md', index).map((group) => ({
    ...group,
    items: (group.items ?? []).map((item) =>
      item.link === '/doc/reference/' ? { ...item, items: below, collapsed: true } : item,
    ),
  }));
}
