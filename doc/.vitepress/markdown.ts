// How pages of doc/ become HTML: as GitHub shows them, since they are written for both. Anchors are GitHub's; rows of tables that begin with a
// name in code have one too; nothing in a page is a template of Vue.

/** What is used of markdown-it. */
export interface Token {
  readonly type: string;
  readonly content: string;
  readonly children: readonly Token[] | null;
  attrSet(name: string, value: string): void;
}

interface State {
  readonly tokens: readonly Token[];
}

export interface Markdown {
  readonly core: {
    readonly ruler: {
      disable(name: string, ignoreMissing: boolean): void;
      push(name: string, rule: (state: State) => void): void;
    };
  };
  readonly renderer: {
    readonly rules: Record<string, ((tokens: readonly Token[], index: number) => string) | undefined>;
  };
  readonly utils: { escapeHtml(text: string): string };
}

/** The anchor of a heading. */
export function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

/** Text as Vue leaves it alone: two braces would be an expression. */
export const withoutBraces = (html: string): string => html.replaceAll('{{', '&#123;&#123;');

/** The name that a row is about: its first cell, when that is code and nothing else. */
function nameOf(inline: Token | undefined): string | undefined {
  const parts = inline?.children ?? [];
  return inline?.type === 'inline' && parts.length === 1 && parts[0]?.type === 'code_inline'
    ? parts[0].content
    : undefined;
}

/** Names up to this many characters are not broken. */
const SHORT = 36;

/** Gives rows an id by their name; not one that a heading or an earlier row has. */
function nameRows({ tokens }: State): void {
  const taken = new Set(
    tokens.flatMap((token, i) =>
      token.type === 'heading_open' ? [slug(tokens[i + 1]?.content.replaceAll('`', '') ?? '')] : [],
    ),
  );
  tokens.forEach((token, i) => {
    if (token.type !== 'tr_open' || tokens[i + 1]?.type !== 'td_open') return;
    const name = nameOf(tokens[i + 2]) ?? '';
    if (name !== '' && name.length <= SHORT) token.attrSet('class', 'name');
    const id = slug(name);
    if (id === '' || taken.has(id)) return;
    taken.add(id);
    token.attrSet('id', id);
  });
}

/** Tables with this many columns are shown as a list where a window is narrow. */
const MANY_COLUMNS = 4;

/** Says in each cell of a broad table what its column is: in the list there is no head. */
function labelCells({ tokens }: State): void {
  let heads: string[] = [];
  let column = 0;
  tokens.forEach((token, i) => {
    if (token.type === 'table_open') heads = [];
    if (token.type === 'tr_open') column = 0;
    if (token.type === 'th_open') heads.push(tokens[i + 1]?.content.replaceAll('`', '') ?? '');
    if (token.type === 'td_open' && heads.length >= MANY_COLUMNS) {
      const head = heads[column] ?? '';
      token.attrSet('class', 'listed');
      if (head !== '') token.attrSet('data-label', head);
    }
    if (token.type === 'td_open') column++;
  });
}

export function asOnGitHub(md: Markdown): void {
  md.core.ruler.disable('emoji', true);
  md.core.ruler.push('name_rows', nameRows);
  md.core.ruler.push('label_cells', labelCells);
  md.renderer.rules.text = (tokens, index) =>
    withoutBraces(md.utils.escapeHtml(tokens[index]?.content ?? ''));
}

export interface Section {
  readonly anchor: string;
  readonly titles: readonly string[];
  readonly text: string;
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', amp: '&', '#123': '{' };

const textOf = (html: string): string =>
  html
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/&(lt|gt|quot|amp|#123);/g, (_, name: string) => entities[name] ?? '')
    .replaceAll(/\s+/g, ' ')
    .trim();

const places =
  /<h([1-6]) id="([^"]*)"[^>]*>(.*?)<a class="header-anchor"[^>]*>.*?<\/a><\/h\1>|<tr [^>]*?id="([^"]*)"[^>]*>(.*?)<\/tr>/gs;

/** What a search finds in a page: its headings with what follows, and each row that has a name. */
export function sectionsOf(html: string): readonly Section[] {
  const sections: { anchor: string; titles: string[]; text: string }[] = [];
  const above: string[] = [];
  let at = 0;
  /** What stands before a place belongs to the heading above it. */
  let heading: { text: string } | undefined;
  const upTo = (end: number): void => {
    if (heading !== undefined) heading.text += ` ${textOf(html.slice(at, end))}`;
  };
  for (const found of html.matchAll(places)) {
    const [whole, level, id = '', title = '', row, cells = ''] = found;
    upTo(found.index);
    at = found.index + whole.length;
    if (row === undefined) {
      above.length = Number(level) - 1;
      above[Number(level) - 1] = textOf(title);
      const section = { anchor: id, titles: above.filter((text) => text !== undefined), text: '' };
      sections.push(section);
      heading = section;
    } else {
      const name = textOf(/<td[^>]*>(.*?)<\/td>/s.exec(cells)?.[1] ?? '');
      sections.push({
        anchor: row,
        titles: [...above.filter((text) => text !== undefined), name],
        text: textOf(cells),
      });
    }
  }
  upTo(html.length);
  return sections.map((section) => ({ ...section, text: section.text.trim() }));
}
