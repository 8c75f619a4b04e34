// Two plots of the last five minutes: what happens each second, and how long hooks and next hops take.
import { el, setText } from './dom.js';
import { count, took } from './format.js';

/** Names in the plot of latency: those that take most of the time. */
const MOST_NAMES = 6;

/** @typedef {import('./store.js').Second} Second */
/** @typedef {{ name: string, of: (second: Second) => number | null }} Series */

/** @param {string} name */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
/** @param {number} i */
const seriesColour = (i) => colour(`--series-${(i % 6) + 1}`);
/** @param {Record<string, number>} tally */
const sum = (tally) => Object.values(tally).reduce((all, one) => all + one, 0);

class Plot {
  #place;
  #legend;
  #text;
  #isLog;
  /** @type {Series[]} */
  #series = [];
  /** @type {any} */
  #plot = undefined;
  /** @type {(number | null)[][]} */
  #data = [];
  /** @type {HTMLElement[]} */
  #values = [];

  /** @param {HTMLElement} place @param {HTMLElement} legend @param {(value: number) => string} text @param {boolean} isLog */
  constructor(place, legend, text, isLog) {
    this.#place = place;
    this.#legend = legend;
    this.#text = text;
    this.#isLog = isLog;
    new ResizeObserver(() => this.#plot?.setSize(this.#size)).observe(place);
    addEventListener('theme', () => this.#plot?.redraw(false));
  }

  get #size() {
    return { width: this.#place.clientWidth, height: this.#place.clientHeight };
  }

  /** @param {Second[]} seconds @param {Series[]} series */
  show(seconds, series) {
    this.#data = [seconds.map(({ at }) => at), ...series.map(({ of }) => seconds.map(of))];
    const names = series.map(({ name }) => name).join('\n');
    if (this.#plot === undefined || names !== this.#series.map(({ name }) => name).join('\n'))
      this.#make(series);
    else this.#plot.setData(this.#data);
    this.#showValues(seconds.length - 1);
  }

  /** @param {Series[]} series */
  #make(series) {
    this.#plot?.destroy();
    this.#series = series;
    const axis = {
      stroke: () => colour('--quiet'),
      grid: { stroke: () => colour('--grid'), width: 1 },
      ticks: { show: false },
      font: '12px system-ui, sans-serif',
    };
    this.#plot = new /** @type {any} */ (window).uPlot(
      {
        ...this.#size,
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
        scales: {
          y: this.#isLog
            ? { distr: 3 }
            : {
                range: (/** @type {any} */ _, /** @type {number} */ __, /** @type {number} */ most) => [
                  0,
                  Math.max(5, most * 1.1),
                ],
              },
        },
        axes: [
          {
            ...axis,
            space: 70,
            size: 28,
            values: (/** @type {any} */ _, /** @type {number[]} */ at) =>
              at.map((s) => new Date(s * 1000).toLocaleTimeString('en-GB').slice(0, s % 60 === 0 ? 5 : 8)),
          },
          {
            ...axis,
            size: 58,
            values: (/** @type {any} */ _, /** @type {(number | null)[]} */ at) =>
              at.map((value) => (value === null ? '' : this.#text(value))),
          },
        ],
        series: [
          {},
          ...series.map(({ name }, i) => ({
            label: name,
            stroke: () => seriesColour(i),
            width: 1.6,
            spanGaps: true,
            points: { show: false },
          })),
        ],
        hooks: {
          setCursor: [
            (/** @type {any} */ plot) =>
              this.#showValues(plot.cursor.idx ?? (this.#data[0]?.length ?? 0) - 1),
          ],
        },
      },
      this.#data,
      this.#place,
    );
    this.#values = series.map(() => el('b'));
    this.#legend.replaceChildren(
      ...series.map(({ name }, i) => {
        const mark = el('i');
        mark.style.background = `var(--series-${(i % 6) + 1})`;
        return el('li', {}, mark, name, this.#values[i] ?? '');
      }),
    );
  }

  /** @param {number} at */
  #showValues(at) {
    for (const [i, place] of this.#values.entries()) {
      const value = this.#data[i + 1]?.[at];
      setText(place, value === null || value === undefined ? '–' : this.#text(value));
    }
  }
}

/** @type {Series[]} */
const rates = [
  { name: 'connections', of: ({ connections }) => connections },
  { name: 'accepted', of: ({ accepted }) => accepted },
  { name: 'refused (5xx)', of: ({ refused_by }) => sum(refused_by) },
  { name: 'deferred (4xx)', of: ({ deferred_by }) => sum(deferred_by) },
];

/** @param {Second[]} seconds @returns {Series[]} */
function latencies(seconds) {
  /** @type {Map<string, { series: Series, weight: number }>} */
  const found = new Map();
  for (const second of seconds) {
    for (const kind of /** @type {const} */ (['hooks', 'next_hops'])) {
      for (const [name, { count: calls, p50 }] of Object.entries(second[kind])) {
        const label = kind === 'hooks' ? `hook.${name}` : name;
        const one = found.get(label) ?? {
          series: { name: label, of: (/** @type {Second} */ s) => s[kind][name]?.p95 ?? null },
          weight: 0,
        };
        one.weight += calls * p50;
        found.set(label, one);
      }
    }
  }
  const most = [...found.values()].sort((a, b) => b.weight - a.weight).slice(0, MOST_NAMES);
  return most.map(({ series }) => series).sort((a, b) => a.name.localeCompare(b.name));
}

export class Plots {
  #rates;
  #latency;

  /** @param {(id: string) => HTMLElement} find */
  constructor(find) {
    this.#rates = new Plot(find('rate-plot'), find('rate-legend'), count, false);
    this.#latency = new Plot(find('latency-plot'), find('latency-legend'), took, true);
  }

  /** @param {Second[]} seconds */
  render(seconds) {
    this.#rates.show(seconds, rates);
    this.#latency.show(seconds, latencies(seconds));
  }
}
