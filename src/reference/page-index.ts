// doc/README.md as data: which pages there are, in what order, under what heading. The site's sidebar is made of it, and a spec holds it against the files.
// A section is `## TITLE`; a page is a list item `- [TITLE](PATH): what it is about.` on one line, its path as links of that page have it.

export interface IndexedPage {
  readonly title: string;
  /** From doc/, as `hooks.md`, `reference/README.md` or `../CHANGELOG.md`. */
  readonly path: string;
  /** Markdown. */
  readonly about: string;
}

export interface IndexSection {
  readonly title: string;
  readonly pages: readonly IndexedPage[];
}

/** The sections in their order. Throws for a list item that is no page, and for one in front of the first section: the index would lack it without a word. */
export function pageIndex(text: string): readonly IndexSection[] {
  const sections: { title: string; pages: IndexedPage[] }[] = [];
  for (const line of text.split('\n')) {
    const heading = /^## (.*)$/.exec(line)?.[1];
    if (heading !== undefined) sections.push({ title: heading, pages: [] });
    if (!/^\s*[-*+] /.test(line)) continue;
    const [, title, path, about] = /^- \[([^\]]+)\]\(([^)\s]+)\): (.+)$/.exec(line) ?? [];
    const section = sections.at(-1);
    if (section === undefined || title === undefined || path === undefined || about === undefined)
      throw new Error(`no page of the index: ${line}`);
    section.pages.push({ title, path, about });
  }
  return sections;
}
