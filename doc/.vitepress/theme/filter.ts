// A box over large tables that shows only the rows with all of its words. Pages are whole without it.
import { matches } from './matches.ts';

/** Rows from which on a table has a box. */
const LARGE = 12;
/** Tables with the same head are a list that is parted by headings, with one box together, from these on; smaller ones are the arguments of functions. */
const LARGE_TOGETHER = 40;
const ROWS_EACH = 5;
const COLUMNS_TOGETHER = 4;

interface Table {
  readonly table: HTMLTableElement;
  readonly rows: readonly HTMLTableRowElement[];
  /** What goes with it when none of its rows is shown: its heading, and what stands between. */
  readonly above: readonly Element[];
}

/** From the heading of the second level in front of an element up to the element; nothing when something else is between. */
function partAbove(element: Element): readonly Element[] {
  const between: Element[] = [];
  for (let at = element.previousElementSibling; at !== null; at = at.previousElementSibling) {
    between.push(at);
    if (at.tagName === 'H2') return between;
    if (at.tagName !== 'P') break;
  }
  return [];
}

const tableOf = (table: HTMLTableElement): Table => ({
  table,
  rows: [...table.querySelectorAll<HTMLTableRowElement>('tbody tr')],
  above: partAbove(table),
});

const hide = (element: Element, isHidden: boolean): void => {
  element.toggleAttribute('hidden', isHidden);
};

/** The box of these tables, which show what it says. */
function boxFor(tables: readonly Table[]): HTMLElement {
  const label = document.createElement('label');
  label.className = 'table-filter';
  const input = document.createElement('input');
  input.type = 'search';
  input.placeholder = 'Filter rows';
  input.setAttribute('aria-label', 'Show only rows with these words');
  input.spellcheck = false;
  const count = document.createElement('output');
  const all = tables.flatMap(({ rows }) => rows).map((row) => ({ row, text: row.textContent ?? '' }));
  const show = (): void => {
    for (const { row, text } of all) hide(row, !matches(input.value, text));
    for (const { table, rows, above } of tables) {
      const isEmpty = tables.length > 1 && rows.every((row) => row.hidden);
      for (const element of [table, ...above]) hide(element, isEmpty);
    }
    const number = all.filter(({ row }) => !row.hidden).length;
    count.value = number === all.length ? `${number} rows` : `${number} of ${all.length} rows`;
  };
  input.addEventListener('input', show);
  input.addEventListener('keydown', ({ key }) => {
    if (key !== 'Escape') return;
    input.value = '';
    show();
  });
  show();
  label.append(input, count);
  return label;
}

export function addFilters(page: Document): void {
  const tables = [...page.querySelectorAll<HTMLTableElement>('.vp-doc table')].map(tableOf);
  const [first] = tables;
  if (first === undefined || page.querySelector('.table-filter') !== null) return;
  const byHead = new Map<string, Table[]>();
  for (const one of tables) {
    const head = one.table.tHead?.textContent ?? '';
    byHead.set(head, [...(byHead.get(head) ?? []), one]);
  }
  for (const alike of byHead.values()) {
    const rows = alike.reduce((sum, one) => sum + one.rows.length, 0);
    const columns = alike[0]?.table.tHead?.rows[0]?.cells.length ?? 0;
    const [start] = alike;
    const isList = rows >= LARGE_TOGETHER && rows / alike.length >= ROWS_EACH && columns >= COLUMNS_TOGETHER;
    if (alike.length > 1 && isList && start !== undefined) {
      (start.above.at(-1) ?? start.table).before(boxFor(alike));
      continue;
    }
    for (const one of alike.filter((table) => table.rows.length >= LARGE)) {
      const around = document.createElement('div');
      one.table.before(around);
      around.append(boxFor([one]), one.table);
    }
  }
}

/** Who follows a link to a row that is not shown sees all again. */
export function showTarget(page: Document, hash: string): void {
  const target = page.getElementById(decodeURIComponent(hash.slice(1)));
  if (target?.hidden !== true) return;
  for (const input of page.querySelectorAll<HTMLInputElement>('.table-filter input')) {
    input.value = '';
    input.dispatchEvent(new Event('input'));
  }
  target.scrollIntoView();
}
