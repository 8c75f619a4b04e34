// A sheet that pictures of doc/ are drawn on: SVG with text as text, one palette for light and dark pages, and no font from outside. A text
// that runs out of its box, or into another one, is a mistake of whoever draws: `mistakes` names it, and a spec reads that.

/** What something is, which says how it looks; the colours are in `palette`. */
export type Kind = 'plain' | 'engine' | 'policy' | 'yes' | 'later' | 'no';

interface Colours {
  readonly paper: string;
  readonly ink: string;
  readonly quiet: string;
  readonly line: string;
  readonly fill: Readonly<Record<Kind, string>>;
  readonly edge: Readonly<Record<Kind, string>>;
}

const light: Colours = {
  paper: '#ffffff',
  ink: '#1f2733',
  quiet: '#596577',
  line: '#8f9bab',
  fill: {
    plain: '#f2f4f7',
    engine: '#e6e9ee',
    policy: '#e1ecfb',
    yes: '#dff2e5',
    later: '#fbf0d4',
    no: '#fbe5e1',
  },
  edge: {
    plain: '#b7c0cc',
    engine: '#8f9bab',
    policy: '#7ba3dc',
    yes: '#7dbb92',
    later: '#d3ad52',
    no: '#d99086',
  },
};

const dark: Colours = {
  paper: '#1c1f26',
  ink: '#e3e7ed',
  quiet: '#a1abb9',
  line: '#707c8c',
  fill: {
    plain: '#272c35',
    engine: '#333a46',
    policy: '#213656',
    yes: '#1e3c2b',
    later: '#433517',
    no: '#4a2924',
  },
  edge: {
    plain: '#4a5362',
    engine: '#6b7788',
    policy: '#4c78b8',
    yes: '#4a8a62',
    later: '#93752b',
    no: '#a55c52',
  },
};

function declarations({ paper, ink, quiet, line, fill, edge }: Colours): string {
  const kinds = (Object.keys(fill) as readonly Kind[]).map(
    (kind) => `.${kind}{fill:${fill[kind]};stroke:${edge[kind]}}`,
  );
  return `.paper{fill:${paper}}text{fill:${ink}}.quiet{fill:${quiet}}.line{stroke:${line}}.head{fill:${line}}${kinds.join('')}`;
}

const style = [
  'text{font-family:system-ui,"Segoe UI",Helvetica,Arial,sans-serif}',
  '.code{font-family:ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace}',
  '.bold{font-weight:600}.line{fill:none}',
  declarations(light),
  `@media (prefers-color-scheme:dark){${declarations(dark)}}`,
].join('\n');

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface TextStyle {
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly size?: number;
  readonly code?: boolean;
  readonly bold?: boolean;
  readonly quiet?: boolean;
  /** What it must stay in, with a little air; by default the sheet. */
  readonly within?: Place;
}

interface Written extends Place {
  readonly text: string;
}

const narrow = new Set('iljtfrI1.,:;|!()[]\'`-/ "');
const wide = new Set('mwMWGOQ@%—…');

/** How wide a text is at most, in units of the sheet: by the widest of the usual fonts. */
export function widthOf(text: string, { size = 13, code = false, bold = false }: TextStyle): number {
  if (code) return text.length * size * 0.605;
  const ems = [...text].reduce((sum, char) => {
    if (narrow.has(char)) return sum + 0.4;
    if (wide.has(char)) return sum + 0.98;
    if (/[A-Z]/.test(char)) return sum + 0.73;
    return sum + (/\d/.test(char) ? 0.66 : 0.62);
  }, 0);
  return ems * size * (bold ? 1.1 : 1);
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const inside = (inner: Place, outer: Place, air: number): boolean =>
  inner.x >= outer.x + air &&
  inner.x + inner.width <= outer.x + outer.width - air &&
  inner.y >= outer.y &&
  inner.y + inner.height <= outer.y + outer.height;

const overlap = (a: Place, b: Place): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

export class Sheet {
  readonly #place: Place;
  readonly #title: string;
  readonly #description: string;
  readonly #parts: string[] = [];
  readonly #written: Written[] = [];
  readonly #mistakes: string[] = [];

  /** `title`: what it shows; `description`: the same in words, for whoever does not see it. */
  constructor(width: number, height: number, title: string, description: string) {
    this.#place = { x: 0, y: 0, width, height };
    this.#title = title;
    this.#description = description;
  }

  box(place: Place, kind: Kind, { dashed = false, radius = 5 } = {}): Place {
    const { x, y, width, height } = place;
    this.#parts.push(
      `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}"${dashed ? ' stroke-dasharray="4 3"' : ''}/>`,
    );
    if (!inside(place, this.#place, 0)) this.#mistakes.push(`a box at ${x} ${y} is not on the sheet`);
    return place;
  }

  /** `y` is the line the letters stand on. */
  text(x: number, y: number, text: string, style: TextStyle = {}): void {
    const { anchor = 'start', size = 13, code = false, bold = false, quiet = false, within } = style;
    const classes = [code && 'code', bold && 'bold', quiet && 'quiet'].filter(Boolean).join(' ');
    this.#parts.push(
      `<text${classes === '' ? '' : ` class="${classes}"`} x="${x}" y="${y}" font-size="${size}"${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}>${escaped(text)}</text>`,
    );
    const width = widthOf(text, style);
    const left = anchor === 'start' ? x : anchor === 'middle' ? x - width / 2 : x - width;
    const written = { text, x: left, y: y - size * 0.78, width, height: size };
    if (!inside(written, within ?? this.#place, within === undefined ? 6 : 3))
      this.#mistakes.push(`“${text}” runs out of its place`);
    for (const other of this.#written)
      if (overlap(written, other)) this.#mistakes.push(`“${text}” runs into “${other.text}”`);
    this.#written.push(written);
  }

  /** Lines one below the other, the middle of them at `y`. */
  lines(x: number, y: number, texts: readonly string[], style: TextStyle = {}): void {
    const step = Math.round((style.size ?? 13) * 1.35);
    const first = y - ((texts.length - 1) * step) / 2 + (style.size ?? 13) * 0.35;
    texts.forEach((text, i) => {
      this.text(x, Math.round(first + i * step), text, style);
    });
  }

  /** A box with lines in its middle. */
  label(place: Place, kind: Kind, texts: readonly string[], style: TextStyle = {}): Place {
    this.box(place, kind);
    this.lines(place.x + place.width / 2, place.y + place.height / 2, texts, {
      anchor: 'middle',
      within: place,
      ...style,
    });
    return place;
  }

  /** Along the points; `head`: where it has a tip. */
  line(
    points: readonly (readonly [number, number])[],
    { head = 'none', dashed = false }: { head?: 'none' | 'end' | 'both'; dashed?: boolean } = {},
  ): void {
    const path = points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x} ${y}`).join('');
    this.#parts.push(`<path class="line" d="${path}"${dashed ? ' stroke-dasharray="4 3"' : ''}/>`);
    if (head !== 'none') this.#tip(points.at(-2), points.at(-1));
    if (head === 'both') this.#tip(points[1], points[0]);
  }

  #tip(from: readonly [number, number] | undefined, to: readonly [number, number] | undefined): void {
    if (from === undefined || to === undefined) return;
    const [x, y] = to;
    const length = Math.hypot(x - from[0], y - from[1]);
    const [dx, dy] = [(x - from[0]) / length, (y - from[1]) / length];
    const round = (value: number): number => Math.round(value * 10) / 10;
    const side = (sign: 1 | -1): string =>
      `${round(x - 8 * dx - sign * 3.5 * dy)} ${round(y - 8 * dy + sign * 3.5 * dx)}`;
    this.#parts.push(`<path class="head" d="M${x} ${y}L${side(1)}L${side(-1)}Z"/>`);
  }

  /** What is drawn wrongly; empty for a good picture. */
  get mistakes(): readonly string[] {
    return this.#mistakes;
  }

  toString(): string {
    const { width, height } = this.#place;
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc">`,
      `<title id="title">${escaped(this.#title)}</title>`,
      `<desc id="desc">${escaped(this.#description)}</desc>`,
      `<style>${style}</style>`,
      `<rect class="paper" width="${width}" height="${height}" rx="8"/>`,
      ...this.#parts,
      '</svg>',
      '',
    ].join('\n');
  }
}
