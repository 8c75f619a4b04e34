// Pictures of measurements as SVG, drawn from rows of named values; no script, no font of its own.

export interface Bars {
  /** What the group of bars is called. */
  readonly label: string;
  readonly bars: readonly { readonly name: string; readonly value: number; readonly text: string }[];
}

const colours = ['#2b6cb0', '#2f855a', '#c05621', '#718096', '#b7791f', '#805ad5'];
const BAR = 12;
const WIDTH = 860;
const LEFT = 150;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Groups of bars below each other; a name has the same colour in all of them. `limit`: a line at that value. */
export function plot(title: string, groups: readonly Bars[], limit?: number): string {
  const names = [...new Set(groups.flatMap(({ bars }) => bars.map(({ name }) => name)))];
  const highest = Math.max(limit ?? 0, ...groups.flatMap(({ bars }) => bars.map(({ value }) => value)));
  const scale = (WIDTH - LEFT - 220) / highest;
  const lines: string[] = [];
  let top = 40;
  for (const { label, bars } of groups) {
    const height = bars.length * BAR;
    lines.push(
      `<text x="${LEFT - 8}" y="${top + height / 2 + 3}" text-anchor="end">${escaped(label)}</text>`,
    );
    for (const [n, { name, value, text }] of bars.entries()) {
      const y = top + n * BAR;
      const length = Math.max(1, value * scale);
      lines.push(
        `<rect x="${LEFT}" y="${y}" width="${length.toFixed(1)}" height="${BAR - 2}" fill="${colours[names.indexOf(name) % colours.length]}"/>`,
        `<text x="${(LEFT + length + 4).toFixed(1)}" y="${y + 9}">${escaped(`${text} ${name}`)}</text>`,
      );
    }
    top += height + 10;
  }
  if (limit !== undefined) {
    const x = (LEFT + limit * scale).toFixed(1);
    lines.push(`<line x1="${x}" y1="34" x2="${x}" y2="${top - 4}" stroke="#c53030" stroke-dasharray="4 3"/>`);
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top + 10}" viewBox="0 0 ${WIDTH} ${top + 10}" font-family="sans-serif" font-size="10">
<title>${escaped(title)}</title>
<rect width="100%" height="100%" fill="white"/>
<text x="10" y="20" font-size="13">${escaped(title)}</text>
${lines.join('\n')}
</svg>
`;
}
