// Figures of now and of the last minute: tiles, who says no, how long hooks and next hops take.
import { byId, el, setText } from './dom.js';
import { count, size, took } from './format.js';

/** @typedef {import('./store.js').Second} Second */

const MOST_ROWS = 8;
/** Seconds that "now" is the mean of. */
const NOW = 5;

/** @type {readonly { name: string, of: (second: Second) => number, text: (n: number) => string }[]} */
const tiles = [
  { name: 'Connections', of: ({ connections }) => connections, text: count },
  { name: 'Accepted', of: ({ accepted }) => accepted, text: count },
  { name: 'Refused', of: ({ refused_by }) => sum(refused_by), text: count },
  { name: 'Deferred', of: ({ deferred_by }) => sum(deferred_by), text: count },
  { name: 'Content', of: ({ bytes }) => bytes, text: size },
];

/** @param {Record<string, number>} tally */
const sum = (tally) => Object.values(tally).reduce((all, one) => all + one, 0);

export class Figures {
  /** @type {HTMLElement[][]} */
  #tiles = [];

  constructor() {
    const place = byId('tiles', HTMLElement);
    for (const name of [...tiles.map((tile) => tile.name), 'Sessions']) {
      const [value, note] = [el('dd'), el('dd', { class: 'note' })];
      this.#tiles.push([value, note]);
      place.append(el('div', {}, el('dt', {}, name), value, note));
    }
  }

  /** @param {Second[]} seconds @param {number} sessions */
  render(seconds, sessions) {
    const minute = seconds.slice(-60);
    const now = seconds.slice(-NOW);
    for (const [i, { of, text }] of tiles.entries()) {
      const [value, note] = this.#tiles[i] ?? [];
      const mean = now.reduce((all, second) => all + of(second), 0) / Math.max(1, now.length);
      if (value) setText(value, `${text(mean)}/s`);
      if (note) setText(note, `${text(minute.reduce((all, second) => all + of(second), 0))} in a minute`);
    }
    const [value, note] = this.#tiles[tiles.length] ?? [];
    if (value) setText(value, count(sessions));
    if (note)
      setText(note, `${count(Math.max(0, ...minute.map((second) => second.sessions)))} at most in a minute`);
    causes(minute);
    latency('hooks', minute, (second) => second.hooks);
    latency('next-hops', minute, (second) => second.next_hops);
  }
}

/** @param {string} id @param {HTMLTableRowElement[]} rows @param {number} columns @param {string} none */
function fill(id, rows, columns, none) {
  const body = byId(id, HTMLTableElement).tBodies[0];
  const empty = el('td', { class: 'none', colspan: String(columns) }, none);
  body?.replaceChildren(...(rows.length === 0 ? [el('tr', {}, empty)] : rows));
}

/** @param {Second[]} minute */
function causes(minute) {
  /** @type {Map<string, [number, number]>} */
  const found = new Map();
  for (const { deferred_by, refused_by } of minute) {
    for (const [i, tally] of [refused_by, deferred_by].entries()) {
      for (const [name, n] of Object.entries(tally)) {
        const pair = found.get(name) ?? [0, 0];
        pair[i] = (pair[i] ?? 0) + n;
        found.set(name, pair);
      }
    }
  }
  const all = [...found].sort(([, a], [, b]) => b[0] + b[1] - a[0] - a[1]);
  const most = Math.max(1, ...all.map(([, [a, b]]) => a + b));
  const rows = all.slice(0, MOST_ROWS).map(([name, [refused, deferred]]) => {
    const first = el('td', { title: name }, name);
    first.style.setProperty('--share', `${Math.round((100 * (refused + deferred)) / most)}%`);
    return el('tr', {}, first, el('td', {}, count(refused)), el('td', {}, count(deferred)));
  });
  fill('causes', rows, 3, 'nobody');
}

/** Quantiles of a minute: the mean of those of its seconds, by calls; exact enough for a look. @param {string} id @param {Second[]} minute @param {(second: Second) => Second['hooks']} of */
function latency(id, minute, of) {
  /** @type {Map<string, { calls: number, p50: number, p95: number, p99: number }>} */
  const found = new Map();
  for (const second of minute) {
    for (const [name, { count: calls, p50, p95, p99 }] of Object.entries(of(second))) {
      const all = found.get(name) ?? { calls: 0, p50: 0, p95: 0, p99: 0 };
      all.calls += calls;
      all.p50 += calls * p50;
      all.p95 += calls * p95;
      all.p99 = Math.max(all.p99, p99);
      found.set(name, all);
    }
  }
  const rows = [...found]
    .sort(([, a], [, b]) => b.p50 - a.p50)
    .slice(0, MOST_ROWS)
    .map(([name, { calls, p50, p95, p99 }]) =>
      el(
        'tr',
        {},
        el('td', { title: name }, name),
        ...[count(calls), took(p50 / calls), took(p95 / calls), took(p99)].map((text) => el('td', {}, text)),
      ),
    );
  fill(id, rows, 5, 'none was called');
}
