// Small pieces of Markdown for the generated pages.

/** A cell of a table: `|` would end it. */
function cell(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').replaceAll('|', '\\|');
}

/** A table, or nothing when it has no rows. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return [];
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line), ''];
}

export function luaBlock(source: string): readonly string[] {
  return ['```lua', source, '```', ''];
}

export const code = (text: string): string => `\`${text}\``;

export const generated = (from: string): string =>
  `<!-- Made from ${from} by npm run reference. Do not edit. -->`;

/** Lines as a file: no blank lines in a row, one line end at the end. */
export function page(lines: readonly string[]): string {
  return `${lines
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()}\n`;
}
