// What is shown, as a file.

/** @param {string} name @param {string} type @param {string} text */
export function save(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `smtpe-${name.replace('*', new Date().toISOString().slice(0, 19).replaceAll(':', ''))}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A cell of RFC 4180. A spreadsheet takes what begins with one of these for a formula: strangers must not write any. @param {unknown} value */
function csvCell(value) {
  const text = value === undefined || value === null ? '' : String(value);
  const safe = typeof value !== 'number' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** @param {readonly string[]} names @param {readonly Record<string, unknown>[]} rows */
export const csv = (names, rows) =>
  [names, ...rows.map((row) => names.map((name) => row[name]))]
    .map((cells) => `${cells.map(csvCell).join(',')}\r\n`)
    .join('');

/** @param {string} name @param {readonly string[]} names @param {readonly Record<string, unknown>[]} rows */
export const saveCsv = (name, names, rows) =>
  save(`${name}-*.csv`, 'text/csv;charset=utf-8', csv(names, rows));

/** @param {string} name @param {unknown} rows */
export const saveJson = (name, rows) =>
  save(`${name}-*.json`, 'application/json', `${JSON.stringify(rows, undefined, 1)}\n`);
