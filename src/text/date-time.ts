// Dates of mail headers as seconds since the Epoch: RFC 5322 section 3.3 with its obsolete forms, ctime() with a zone, and ISO 8601.
// Behind util.date_to_time and conditional HTTP requests. Linear time.
import { zoneMinutes } from './zone-table.ts';

export interface ParsedDate {
  /** How much of the text was read: with blanks and comments behind the date. */
  readonly length: number;
  /** Seconds since 1970-01-01T00:00:00Z; never negative. */
  readonly seconds: number;
  /** There is a zone, and it is known which: without one the time was taken for UTC. `-0000` says that nobody knows (RFC 5322 section 3.3). */
  readonly zoneKnown: boolean;
  /** Of the zone that the time was given in, east of Greenwich. */
  readonly zoneMinutes: number;
}

/** As RFC 5322 has them, written out, and the other short forms in use. */
const weekDays =
  'Mon Tue Wed Thu Fri Sat Sun Monday Tuesday Wednesday Thursday Friday Saturday Sunday Tues Weds Thur Thurs'.split(
    ' ',
  );
const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const longMonths =
  'january february march april may june july august september october november december'.split(' ');

/** Behind blanks and (nested) comments; a comment without an end is not passed over. */
function skipBlanks(text: string, at: number): number {
  let i = at;
  for (;;) {
    while (text[i] === ' ' || (text.charCodeAt(i) >= 0x09 && text.charCodeAt(i) <= 0x0d)) i++;
    if (text[i] !== '(') return i;
    const end = commentEnd(text, i);
    if (end < 0) return i;
    i = end;
  }
}

function commentEnd(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0) return i + 1;
  }
  return -1;
}

/** Seconds of a date and time in UTC; undefined when there is no such day or the year is before 1970. */
function utcSeconds(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number | undefined {
  if (year < 1970 || year > 200_000) return undefined;
  const date = new Date(Date.UTC(year, month, day));
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return undefined;
  return date.getTime() / 1000 + hour * 3600 + minute * 60 + second;
}

/** RFC 5322 section 4.3: two digits are 2000 to 2049 and 1950 to 1999, three digits count from 1900. */
function fullYear(digits: string): number {
  const year = Number(digits);
  if (digits.length > 3) return year;
  return year < 50 && digits.length < 3 ? year + 2000 : year + 1900;
}

/** Reads the text piece by piece, each at the place where the last one ended. */
class Scanner {
  readonly text: string;
  readonly lenient: boolean;
  at = 0;
  zoneKnown = false;
  constructor(text: string, lenient: boolean) {
    this.text = text;
    this.lenient = lenient;
  }
  /** `pattern` must be sticky. */
  match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match === null) return undefined;
    this.at = pattern.lastIndex;
    return match;
  }
  blanks(): void {
    this.at = skipBlanks(this.text, this.at);
  }
}

const word = /([A-Za-z]{3,9})(?![A-Za-z])/y;
const comma = /,/y;
const number = /\d{1,9}(?!\d)/y;
const colon = /:/y;
const clockNumber = /\d{1,2}(?!\d)/y;
const fraction = /[.,]\d+(?=\s)/y;
const zoneNumber = /([-+])(\d{1,2}):(\d{2})(?!\d)|([-+]?)0*(\d{1,4})(?!\d)/y;
/** Digits that are none. */
const noZone = /[-+]?[\d:]+/y;
const zoneName = /[A-Za-z]+/y;
/** What may follow a name: a distance in hours, or in hours and minutes, and the name of summer time. */
const zoneDistance = /([-+]?)(\d{1,2})(?::?(\d{2}))?(?![\d:])([A-Za-z]*)/y;
const isoDate = /(\d{4})(-?)(\d{2})\2(\d{2})(?!\d)/y;
const isoTime = /T(\d{2})(?:(:?)(\d{2})(?:\2(\d{2})(?:[.,]\d+)?)?)?/y;
const isoZone = /Z|([-+])(\d{1,2})(?::?(\d{2}))?(?!\d)/y;

/** Where a lenient reader finds a day and a month put together: `12-Nov-2026`. */
const hyphen = /[-/.]/y;
const halfDay = /([AP])\.?M\b\.?/iy;
const anyDay = /[A-Za-z\x80-\xff]{2,20}\.?/y;

/** Index of a name written as `Mon`, `mon` or `MON`. */
function nameIndex(names: readonly string[], text: string): number {
  return names.findIndex(
    (name) => text === name || text === name.toLowerCase() || text === name.toUpperCase(),
  );
}

function wordIndex(scan: Scanner, names: readonly string[]): number {
  const at = scan.at;
  const index = nameIndex(names, scan.match(word)?.[1] ?? '');
  if (index < 0) scan.at = at;
  return index;
}

function monthIndex(scan: Scanner): number {
  if (!scan.lenient) return wordIndex(scan, months);
  const at = scan.at;
  const name = scan.match(word)?.[1]?.toLowerCase() ?? '-';
  const index = longMonths.findIndex((month) => month.startsWith(name));
  if (index < 0) scan.at = at;
  return index;
}

/** Between day, month and year; false when nothing is there. */
function separate(scan: Scanner): boolean {
  const at = scan.at;
  scan.blanks();
  if (scan.at === at && scan.lenient) scan.match(hyphen);
  return scan.at > at;
}

interface Clock {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** A colon and the number behind it; blanks and comments may stand around both (obs-minute, obs-second of RFC 5322 section 4.3). */
function readClockNumber(scan: Scanner): string | undefined {
  const at = scan.at;
  scan.blanks();
  if (scan.match(colon) !== undefined) {
    scan.blanks();
    const digits = scan.match(clockNumber);
    if (digits !== undefined) return digits[0];
  }
  scan.at = at;
  return undefined;
}

function readTime(scan: Scanner): Clock | undefined {
  const hour = scan.match(clockNumber);
  const minute = hour === undefined ? undefined : readClockNumber(scan);
  if (hour === undefined || minute === undefined) return undefined;
  const second = readClockNumber(scan);
  // Without it the zone behind a fraction would pass for none.
  if (second !== undefined) scan.match(fraction);
  const clock = { hour: Number(hour[0]), minute: Number(minute), second: Number(second ?? 0) };
  if (scan.lenient) return lenientClock(scan, clock);
  const inRange = clock.hour < 24 && clock.minute < 60 && clock.second <= 60;
  // Without seconds the end of the text is too early: the rest of the time may have been cut off.
  const complete = second !== undefined || /[ \t-\r]/.test(scan.text[scan.at] ?? '');
  return inRange && complete ? clock : undefined;
}

/** The end of the text may be that of the time, and AM or PM may stand behind it. */
function lenientClock(scan: Scanner, clock: Clock): Clock | undefined {
  const at = scan.at;
  scan.blanks();
  const half = scan.match(halfDay)?.[1]?.toUpperCase();
  if (half === undefined) scan.at = at;
  // 13:00 PM says it twice.
  const late = clock.hour > 12 ? 0 : 12;
  if (half === 'A' && late === 0) return undefined;
  const hour =
    half === undefined ? clock.hour : (late === 0 ? clock.hour : clock.hour % 12) + (half === 'P' ? late : 0);
  return hour < 24 && clock.minute < 60 && clock.second <= 60 ? { ...clock, hour } : undefined;
}

/** `+0200`, `-3`, `+02:00`: minutes east; undefined when it is out of range. */
function numericZone([, colonSign, hours, colonMinutes, sign, digits = '0']: RegExpExecArray):
  | number
  | undefined {
  const value =
    hours !== undefined
      ? Number(hours) * 60 + Number(colonMinutes)
      : Math.floor(Number(digits) / 100) * 60 + (Number(digits) % 100);
  if (hours === undefined ? Number(digits) > 9959 : Number(colonMinutes) > 59) return undefined;
  return (colonSign ?? sign) === '-' ? -value : value;
}

const greenwich: ReadonlySet<string> = new Set(['GMT', 'UTC', 'UT', 'Z']);

/**
 * `GMT+2` is two hours east, as mail programs mean it; of a name that is not known the distance is that of POSIX (`MSK-3MSD`), which counts
 * west. Undefined when the distance is not that of a known name (`EST5EDT` is right), or nothing tells which way it counts (`MSK-3`).
 */
function zoneWithDistance(name: string, distance: RegExpExecArray): number | undefined {
  const [, sign, hours, minutes = '0', summer = ''] = distance;
  const value = Number(hours) * 60 + Number(minutes);
  if (Number(minutes) > 59 || value > 14 * 60) return undefined;
  if (greenwich.has(name)) {
    if (summer !== '' || (sign === '' && value !== 0)) return undefined;
    return sign === '-' ? -value : value;
  }
  const east = sign === '-' ? value : -value;
  const known = zoneMinutes.get(name);
  if (known !== undefined) return Math.abs(known) === value ? known : undefined;
  return name.length > 2 && (sign === '' || summer !== '') ? east : undefined;
}

/** A zone by name, the scanner behind it. Undefined: no date. */
function namedZone(scan: Scanner): number | undefined {
  const at = scan.at;
  const name = scan.match(zoneName)?.[0].toUpperCase() ?? '';
  if (name === '') return 0;
  // A clock of twelve hours would be read wrong.
  if (name === 'AM' || name === 'PM') return undefined;
  const distance = scan.match(zoneDistance);
  if (distance !== undefined) {
    const minutes = zoneWithDistance(name, distance);
    scan.zoneKnown = minutes !== undefined;
    return minutes === undefined && scan.lenient ? 0 : minutes;
  }
  const known = zoneMinutes.get(name);
  scan.zoneKnown = known !== undefined;
  if (known !== undefined) return known;
  // RFC 5322 section 4.3: other names of several letters say nothing about the zone and are -0000. One letter (J) is left where it is.
  if (name.length === 1) scan.at = at;
  return 0;
}

/** Minutes east of Greenwich; 0 when there is no zone or an unknown one; undefined for a wrong one. Reads trailing blanks and comments too. */
function readZone(scan: Scanner): number | undefined {
  const numeric = scan.match(zoneNumber);
  let minutes: number | undefined;
  if (numeric === undefined && /[-+]?\d/y.test(scan.text.slice(scan.at, scan.at + 2))) {
    if (!scan.lenient) return undefined;
    scan.match(noZone);
    minutes = 0;
  } else if (numeric === undefined) minutes = namedZone(scan);
  else {
    minutes = numericZone(numeric);
    scan.zoneKnown = minutes !== undefined && numeric[0] !== '-0000';
    if (scan.lenient) minutes ??= 0;
  }
  if (minutes !== undefined) scan.blanks();
  return minutes;
}

function finish(
  scan: Scanner,
  year: number,
  month: number,
  day: number,
  clock: Clock,
  zone: number,
): ParsedDate | undefined {
  const utc = utcSeconds(year, month, day, clock.hour, clock.minute, clock.second);
  if (utc === undefined) return undefined;
  const seconds = utc - zone * 60;
  return seconds < 0 ? undefined : { length: scan.at, seconds, zoneKnown: scan.zoneKnown, zoneMinutes: zone };
}

const midnight: Clock = { hour: 0, minute: 0, second: 0 };

/** `Mmm dd hh:mm:ss [zone] yyyy [zone]`, behind the month. */
function parseCtime(scan: Scanner, month: number): ParsedDate | undefined {
  scan.blanks();
  const day = scan.match(number);
  scan.blanks();
  const clock = readTime(scan);
  scan.blanks();
  // `date` puts the zone before the year.
  const before = /[-+A-Za-z]/.test(scan.text.charAt(scan.at)) ? readZone(scan) : 'none';
  const year = scan.match(number);
  if (day === undefined || clock === undefined || year === undefined) return undefined;
  scan.blanks();
  const zone = before === 'none' ? readZone(scan) : before;
  return zone === undefined ? undefined : finish(scan, fullYear(year[0]), month, Number(day[0]), clock, zone);
}

/** `dd Mmm yyyy [hh:mm[:ss] [zone]]`. */
function parseMailDate(scan: Scanner): ParsedDate | undefined {
  const day = scan.match(number);
  if (day === undefined || !separate(scan)) return undefined;
  const month = monthIndex(scan);
  separate(scan);
  const year = month < 0 ? undefined : scan.match(number);
  if (year === undefined) return undefined;
  const fullYearValue = fullYear(year[0]);
  if (scan.lenient) scan.blanks();
  if (scan.at === scan.text.length) return finish(scan, fullYearValue, month, Number(day[0]), midnight, 0);
  scan.blanks();
  const clock = readTime(scan);
  if (clock === undefined) return undefined;
  scan.blanks();
  const zone = readZone(scan);
  return zone === undefined ? undefined : finish(scan, fullYearValue, month, Number(day[0]), clock, zone);
}

/** `yyyy-mm-dd[Thh:mm:ss[.digits]][zone]` with or without the separators, and nothing else. */
function parseIso(scan: Scanner): ParsedDate | undefined {
  const date = scan.match(isoDate);
  if (date === undefined) return undefined;
  const clockText = scan.match(isoTime);
  const clock = {
    hour: Number(clockText?.[1] ?? 0),
    minute: Number(clockText?.[3] ?? 0),
    second: Number(clockText?.[4] ?? 0),
  };
  const endOfDay = clock.hour === 24 && clock.minute === 0 && clock.second === 0;
  if ((clock.hour > 23 && !endOfDay) || clock.minute > 59 || clock.second > 60) return undefined;
  const zoneText = scan.match(isoZone);
  if (zoneText === undefined && scan.at !== scan.text.length) return undefined;
  scan.zoneKnown = zoneText !== undefined;
  const zoneHours = Number(zoneText?.[2] ?? 0);
  const zoneMinutesPart = Number(zoneText?.[3] ?? 0);
  if (zoneHours > 23 || zoneMinutesPart > 59) return undefined;
  const zone = (zoneText?.[1] === '-' ? -1 : 1) * (zoneHours * 60 + zoneMinutesPart);
  return finish(scan, Number(date[1]), Number(date[3]) - 1, Number(date[4]), clock, zone);
}

/** A day in any language, with a comma behind it. */
function passDay(scan: Scanner): void {
  const at = scan.at;
  if (scan.match(anyDay) !== undefined) {
    scan.blanks();
    if (scan.match(comma) !== undefined) {
      scan.blanks();
      return;
    }
  }
  scan.at = at;
}

/**
 * Undefined when the text does not begin with a date that exists, in 1970 or later. `lenient`: as careless programs write it, too; what they write
 * for a zone is then no reason to refuse the date.
 */
export function parseDate(text: string, lenient = false): ParsedDate | undefined {
  const scan = new Scanner(text, lenient);
  scan.blanks();
  const start = scan.at;
  const iso = parseIso(scan);
  if (iso !== undefined) return iso;
  scan.at = start;
  if (wordIndex(scan, weekDays) >= 0) {
    scan.blanks();
    scan.match(comma);
    scan.blanks();
  } else if (lenient) passDay(scan);
  const month = monthIndex(scan);
  return month >= 0 ? parseCtime(scan, month) : parseMailDate(scan);
}

/** A date for a header (RFC 5322 section 3.3), with the clock of a zone so many minutes east; undefined when its year is not one of four digits. */
export function formatDate(seconds: number, minutesEast = 0): string | undefined {
  const date = new Date((Math.floor(seconds) + minutesEast * 60) * 1000);
  const year = date.getUTCFullYear();
  if (!(year >= 1900 && year <= 9999)) return undefined;
  const distance = Math.abs(minutesEast);
  const two = (value: number): string => String(value).padStart(2, '0');
  const zone = `${minutesEast < 0 ? '-' : '+'}${two(Math.floor(distance / 60))}${two(distance % 60)}`;
  return date.toUTCString().replace('GMT', zone);
}
