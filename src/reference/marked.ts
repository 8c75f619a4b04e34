// Tables that stand in a page which is otherwise written by hand, each between two marks.

export interface Marks {
  readonly begin: string;
  readonly end: string;
}

/** `name` as in "The table of hooks"; `source`: what it is made from. */
export function marksOf(name: string, source: string): Marks {
  return {
    begin: `<!-- The table of ${name}: made from ${source} by npm run reference. Do not edit. -->`,
    end: `<!-- End of the table of ${name}. -->`,
  };
}

/** The page with the table made anew; undefined when it has no such marks. */
export function withTable(page: string, { begin, end }: Marks, lines: readonly string[]): string | undefined {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) return undefined;
  return page.slice(0, from) + [begin, '', ...lines, end].join('\n') + page.slice(to + end.length);
}
