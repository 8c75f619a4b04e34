// The files of the page at `/`: those of page/ beside this file, and the two of uplot. Each is read when it is asked for first, and kept: they
// do not change while the program runs. A name that is not in the table is nothing, whatever is on the disk.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { besideProgram } from '../installed.ts';
import type { Answer } from './routes.ts';

const scripts = [
  ...(['main', 'api', 'dom', 'export', 'feed', 'figures', 'format', 'keys', 'ladder', 'operation'] as const),
  ...(['plots', 'sessions', 'store', 'theme', 'transactions'] as const),
] as const;

/** Of our own directory. */
export const ownFiles: readonly string[] = [
  ...['index.html', 'style.css', 'tables.css', 'icon.svg'],
  ...scripts.map((name) => `${name}.js`),
];
const plotFiles: readonly string[] = ['uPlot.iife.min.js', 'uPlot.min.css'];

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml; charset=utf-8',
};

/**
 * The page has what it needs of itself and asks nobody else; it is in no frame, sends no form, and runs no script but its files. What strangers
 * write could be no script even if it became markup.
 */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

export class PageFiles {
  readonly #kept = new Map<string, string>();

  /** Undefined: there is no such file. Rejects when it is there and cannot be read. */
  async answer(name: string): Promise<Answer | undefined> {
    const path = pathOf(name);
    if (path === undefined) return undefined;
    const text = this.#kept.get(name) ?? (await readFile(path, 'utf8'));
    this.#kept.set(name, text);
    const type = types[name.slice(name.lastIndexOf('.') + 1)] ?? 'text/plain';
    return { status: 200, type, text, headers: PAGE_HEADERS };
  }
}

function pathOf(name: string): string | undefined {
  if (ownFiles.includes(name)) return besideProgram(join('admin/page', name));
  if (plotFiles.includes(name)) return createRequire(import.meta.url).resolve(`uplot/dist/${name}`);
  return undefined;
}
