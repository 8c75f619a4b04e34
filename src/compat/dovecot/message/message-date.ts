// The Date header as Dovecot reads it for its scripts, whatever others would say of it: a zone that nobody knows is UTC, a day that is none no date.
// Pure, linear.

export interface MessageDate {
  /** Since the Epoch, whole seconds. */
  readonly seconds: number;
  readonly zoneMinutes: number;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const ZONES: ReadonlyMap<string, number> = new Map([
  ...(['UT', 'GMT', 'Z'] as const).map((name) => [name, 0] as const),
  ...['EDT', 'EST', 'CDT', 'CST', 'MDT', 'MST', 'PDT', 'PST'].map(
    (name, at) => [name, -60 * (4 + Math.ceil(at / 2))] as const,
  ),
]);
/** Octets of a header that are looked at. */
const LONGEST = 1000;

/** Without comments, which may stand in each other. */
function withoutComments(text: string): string {
  let shown = '';
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (character === '(') depth++;
    else if (character === ')' && depth > 0) depth--;
    else if (depth > 0) at += character === '\\' ? 1 : 0;
    else shown += character;
    if (character === ')' && depth === 0) shown += ' ';
  }
  return shown;
}

/** Of military zones, the letters of the Earth's turn: A to M without J are in front of UTC, N to Y behind. */
function ofLetter(letter: string): number {
  const place = 'ABCDEFGHIKLM'.indexOf(letter);
  if (place >= 0) return 60 * (place + 1);
  return letter === 'Z' || letter === 'J' ? 0 : -60 * ('NOPQRSTUVWXY'.indexOf(letter) + 1);
}

function zoneOf(text: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d\d)(\d\d)\.?$/.exec(text) ?? [];
  if (sign !== undefined) return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) + 0;
  return /^[A-Z]$/.test(text) ? ofLetter(text) : (ZONES.get(text) ?? 0);
}

/** `[weekday ","] day month year hour ":" minute [":" second] [zone]`; undefined: it is none. `header`: latin1, with its folding. */
export function readMessageDate(header: string): MessageDate | undefined {
  const text = withoutComments(header.slice(0, LONGEST)).trim();
  const found =
    /^(?:[^\s,]{3}\s*,\s*)?(\d{1,2})\s+([a-z]{3})[^\s]*\s+(\d{2}|\d{4})\s+(\d\d?)\s*[:.]\s*(\d\d)(?:\s*[:.]\s*(\d\d))?(?:\s+([^\s]+).*)?$/is.exec(
      text,
    );
  if (found === null) return undefined;
  const [, day = '', monthName = '', yearText = '', hour = '', minute = '', second = '0', zone = ''] = found;
  const month = MONTHS.indexOf(monthName.toLowerCase());
  const short = Number(yearText);
  const year = yearText.length === 4 ? short : short + (short < 70 ? 2000 : 1900);
  if (month < 0 || year < 1970) return undefined;
  // A leap second is the one before it.
  const seconds = second === '60' ? 59 : Number(second);
  const at = Date.UTC(year, month, Number(day), Number(hour), Number(minute), seconds);
  const read = new Date(at);
  const isReal =
    read.getUTCMonth() === month &&
    read.getUTCDate() === Number(day) &&
    read.getUTCHours() === Number(hour) &&
    read.getUTCMinutes() === Number(minute) &&
    read.getUTCSeconds() === seconds;
  if (!isReal) return undefined;
  const zoneMinutes = zoneOf(zone);
  return { seconds: at / 1000 - zoneMinutes * 60, zoneMinutes };
}
