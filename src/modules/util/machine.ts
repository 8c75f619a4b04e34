// util: processors, load, directories, dates of headers.
import { cpus, loadavg } from 'node:os';
import { type FunctionSpec, LuaError, luaFunction, type Param } from '../../lua-api/function-spec.ts';
import { number, optionalBytes, optionalFlag } from '../../lua-api/params.ts';
import { LuaTable } from '../../lua-api/value.ts';
import { makePath } from '../../ops/make-path.ts';
import { formatDate, parseDate } from '../../text/date-time.ts';
import { zoneMinutes } from '../../text/zone-table.ts';

/** Read once: it takes a millisecond. */
const processors = Math.max(1, cpus().length);

const cpucount = luaFunction({
  name: 'cpucount',
  params: [],
  results: [{ name: 'count', type: 'integer', text: 'at least 1' }],
  text: 'How many processors the machine has. Does not suspend.',
  examples: ['assert(util.cpucount() >= 1)'],
  call: () => [processors],
});

const getloadavg = luaFunction({
  name: 'getloadavg',
  params: [],
  results: [{ name: 'averages', type: 'number[]', text: 'the averages of 1, 5 and 15 minutes' }],
  text:
    'The load averages of the machine, as `[1]`, `[2]`, `[3]` and as fields `["1m_avg"]`, `["5m_avg"]`, `["15m_avg"]` (in brackets: such names ' +
    'cannot stand behind a dot). Does not suspend.',
  examples: [
    `local load = util.getloadavg()
assert(#load == 3 and load[1] >= 0)
assert(load["15m_avg"] == load[3])`,
  ],
  call: () => {
    const [one = 0, five = 0, fifteen = 0] = loadavg();
    return [new LuaTable([one, five, fifteen], { '1m_avg': one, '5m_avg': five, '15m_avg': fifteen })];
  },
});

const mkpath = luaFunction({
  name: 'mkpath',
  params: [optionalBytes('path', 'absolute, or relative to the working directory', '.')],
  results: [
    {
      name: 'made',
      type: 'boolean',
      text: 'true when the directory exists now; false when it could not be made',
    },
  ],
  suspends: true,
  text:
    'Makes a directory and those that are missing above it, with mode 0777 less the umask. Only `/` separates; quotes, blanks and backslashes ' +
    'are part of a name. Why it failed stands in the log. Suspends until it is done.',
  examples: [
    `local directory = os.tmpname() .. ".d"
assert(util.mkpath(directory .. "/a/b"))
assert(io.open(directory .. "/a/b/file", "w")):close()
assert(not util.mkpath(directory .. "/a/b/file/c"))
os.remove(directory .. "/a/b/file")
os.remove(directory .. "/a/b")
os.remove(directory .. "/a")
os.remove(directory)`,
  ],
  call: (context, path) => {
    const abort = new AbortController();
    return {
      kind: 'suspension',
      describe: () => `util.mkpath (${path})`,
      done: makePath(path, abort.signal).then((outcome) => {
        if (outcome.kind === 'failed')
          context.log.emit('mkpath-fault', { part: outcome.part, code: outcome.code, path });
        return [outcome.kind === 'made'];
      }),
      cancel: () => abort.abort(),
    };
  },
});

/** Zone names by hour, for the reference page. */
function zoneText(): string {
  const byMinutes = new Map<number, string[]>();
  for (const [name, minutes] of zoneMinutes)
    byMinutes.set(minutes, [...(byMinutes.get(minutes) ?? []), name]);
  const rows = [...byMinutes].map(([minutes, names]) => {
    const distance = Math.abs(minutes);
    const clock = `${String(Math.floor(distance / 60)).padStart(2, '0')}${String(distance % 60).padStart(2, '0')}`;
    return `| ${minutes < 0 ? '-' : '+'}${clock} | ${names.join(' ')} |`;
  });
  return ['| offset | names |', '| --- | --- |', ...rows].join('\n');
}

const dateToTime = luaFunction({
  name: 'date_to_time',
  params: [
    optionalBytes('string', 'a text that begins with a date', ''),
    optionalFlag('lenient', 'True: as careless programs write it, too.', false),
  ],
  results: [
    {
      name: 'length',
      type: 'integer',
      text: 'how many octets were read, blanks and comments behind the date included; 0 when it is no date',
    },
    {
      name: 'seconds',
      type: 'integer?',
      text: 'seconds since 1970-01-01 00:00:00 UTC; not there when `length` is 0',
    },
    {
      name: 'zone_unknown',
      type: 'boolean?',
      text: 'with `lenient` only: true when there is no zone, none that is known, or `-0000`, so that the time is only known to within a day',
    },
  ],
  text: `Reads a date, as in a Date or Received header. One of

    [www[,]] dd mmm yyyy [HH:MM:SS [zone]]      RFC 5322, seconds may be missing when a blank follows; a fraction is passed over
    [www[,]] mmm dd HH:MM:SS yyyy [zone]        ctime(); the zone may stand before the year, as date(1) has it
    yyyy-mm-dd[THH[:MM[:SS[.fraction]]]][Z|(+|-)HH[:MM]]    ISO 8601, also without the \`-\` and \`:\`

Blanks and comments in parentheses may stand between the parts, around the colons of the time too (RFC 5322 section 4.3). Names of months have three
letters, those of days (not checked against the date) three or all (\`Monday\`), written \`Mon\`, \`mon\` or \`MON\`. Years of two digits are 2000 to 2049
and 1950 to 1999, of three digits count from 1900; a date before 1970 is none. A day that does not exist (29 February is checked) or a time that does
not exist is no date; a second 60 is taken. Text behind the date is left alone, but for ISO 8601, where only a zone may follow directly.

A zone is \`+HHMM\`, \`-HHMM\` or \`+HH:MM\` (fewer digits are minutes), or one of the names below in any case; without one the time is UTC. Any other name of two
letters or more says nothing about the zone, and the time is UTC (RFC 5322 section 4.3), but \`AM\` and \`PM\` make it no date. A name with a distance is
read too: \`GMT+2\` and \`UTC+0200\` are east of Greenwich; \`EST5EDT\` and \`MSK-3MSD\` are as POSIX has them (standard time, west is positive); it is no
date when a known name has another distance or the sign may mean either (\`MSK-3\`).

With \`lenient\` also: months written out or cut short behind the third letter (\`September\`, \`Sept\`) and in any mixture of upper and lower case, a word of any language and a comma in the place of the
day, \`12-Nov-2026\`, seconds that are missing at the end, \`AM\` and \`PM\`; and a zone that cannot be read leaves the time UTC. Time linear in the string. Does not suspend.

${zoneText()}`,
  examples: [
    `local length, seconds = util.date_to_time("Sun, 21 Sep 2003 22:04:27 +0200")
assert(length == 31 and seconds == 1064174667)
assert(select(2, util.date_to_time("Sun, 21 Sep 03 11:30:38 GMT")) == 1064143838)
assert(select(2, util.date_to_time("Mon Sep 22 01:39:09 2003 -0000")) == 1064194749)
assert(select(2, util.date_to_time("2003-09-22T20:02:33Z")) == 1064260953)
assert(select(2, util.date_to_time("29 Feb 2004 12:00:00 +0000")) == 1078056000)
assert(select(2, util.date_to_time("Monday, 1 Jan 2024 00:00:00 MSK")) == 1704067200)
assert(select(2, util.date_to_time("1 Jan 2024 00:00:00 EST5EDT")) == 1704067200 + 5 * 3600)
assert(util.date_to_time("Mon, 22 Sep 2003 20:02:33 PM") == 0)`,
    `local length, seconds, unknown = util.date_to_time("Dienstag, 12-September-2023 08:02 PM XYZ", true)
assert(length == 40 and seconds == 1694548920 and unknown)
assert(select(3, util.date_to_time("12 Sep 2023 20:02:00 +0200", true)) == false)`,
  ],
  call: (_, text, lenient) => {
    const date = parseDate(text, lenient);
    if (date === undefined) return [0];
    return lenient ? [date.length, date.seconds, !date.zoneKnown] : [date.length, date.seconds];
  },
});

/** The zone of time_to_date: minutes east. */
const zone: Param<number> = {
  name: 'zone',
  type: 'string|integer',
  fallback: '"+0000"',
  text: '`+HHMM` or `-HHMM`, or minutes east of Greenwich.',
  read(value) {
    if (value === undefined || value === null) return { ok: true, value: 0 };
    const text = Buffer.isBuffer(value) ? value.toString('latin1') : value;
    const [, sign, hours, minutes] =
      typeof text === 'string' ? (/^([-+])(\d\d)([0-5]\d)$/.exec(text) ?? []) : [];
    const given = typeof text === 'number' ? text : Number(hours ?? Number.NaN) * 60 + Number(minutes);
    const east = sign === '-' ? -given : given;
    return Number.isInteger(east) && Math.abs(east) < 24 * 60
      ? { ok: true, value: east }
      : { ok: false, expected: 'zone such as "+0200"' };
  },
};

const timeToDate = luaFunction({
  name: 'time_to_date',
  params: [number('seconds', 'Seconds since 1970-01-01 00:00:00 UTC; a fraction does not count.'), zone],
  results: [{ name: 'date', type: 'string', text: 'as in `Sun, 21 Sep 2003 22:04:27 +0200`' }],
  text:
    'The date of a header (RFC 5322 section 3.3): English names, whatever the language of the machine, and the clock of the zone that is given. Raises an error ' +
    'for a year before 1900 or behind 9999. Does not suspend.',
  examples: [
    `assert(util.time_to_date(1064174667, "+0200") == "Sun, 21 Sep 2003 22:04:27 +0200")
assert(util.time_to_date(0) == "Thu, 01 Jan 1970 00:00:00 +0000")
function hook.dot()
  if not header.find("Date") then header.add("Date: " .. util.time_to_date(os.time())) end
end`,
  ],
  call: (_, seconds, east) => {
    const date = formatDate(seconds, east);
    if (date === undefined)
      throw new LuaError(
        "bad argument #1 to 'util.time_to_date' (a time in the years 1900 to 9999 expected)",
      );
    return [date];
  },
});

export const machineFunctions: readonly FunctionSpec[] = [
  cpucount,
  getloadavg,
  mkpath,
  dateToTime,
  timeToDate,
];
