// The rooms as a picture: a matrix with a row and a column for each, the roof first. The number in a field is how many imports the room of
// its row has of the room of its column. All stand above the diagonal: an arrow upward would stand below it, in red.
import { type Arrow, floors, type Room } from './rooms.ts';

const FIELD = 22;
const LABELS = 118;

/** Shades by how much: one import, a few, many. */
function shade(count: number): string {
  if (count >= 20) return '#5b8def';
  if (count >= 5) return '#a9c4f5';
  return '#dde8fb';
}

/** An SVG of the rooms that hold files. */
export function picture(arrows: readonly Arrow[], present: ReadonlySet<Room>): string {
  const rooms = [...floors].reverse().filter((room) => present.has(room));
  const place = (room: Room): number => LABELS + rooms.indexOf(room) * FIELD;
  const side = LABELS + rooms.length * FIELD + 4;
  const middle = FIELD / 2;
  const labels = rooms.flatMap((room) => {
    const at = place(room) + middle;
    return [
      `<text x="${LABELS - 6}" y="${at + 4}" text-anchor="end">${room}</text>`,
      `<text transform="translate(${at + 4} ${LABELS - 6}) rotate(-90)">${room}</text>`,
      `<rect x="${place(room)}" y="${place(room)}" width="${FIELD}" height="${FIELD}" fill="#ddd"/>`,
    ];
  });
  const fields = [...arrows]
    .sort((a, b) => place(a.from) - place(b.from) || place(a.to) - place(b.to))
    .flatMap(({ from, to, count }) => {
      const [x, y] = [place(to), place(from)];
      const colour = x > y ? shade(count) : '#e5484d';
      return [
        `<rect x="${x}" y="${y}" width="${FIELD}" height="${FIELD}" fill="${colour}"><title>${from} imports ${to}: ${count}</title></rect>`,
        `<text x="${x + middle}" y="${y + middle + 4}" text-anchor="middle">${count}</text>`,
      ];
    });
  const lines = Array.from({ length: rooms.length + 1 }, (_, i) => LABELS + i * FIELD).map(
    (at) => `<path d="M${LABELS} ${at}H${side - 4}M${at} ${LABELS}V${side - 4}"/>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" width="${side}" height="${side}" font-family="sans-serif" font-size="11">`,
    `<title>Which room of src imports which, and how often</title>`,
    `<rect width="${side}" height="${side}" fill="#fff"/>`,
    ...labels,
    ...fields,
    `<g stroke="#eee" fill="none">${lines.join('')}</g>`,
    '</svg>',
    '',
  ].join('\n');
}
