// Lua module util: processors, load, directories, dates of headers.
import { cpus, loadavg } from 'node:os';
import { luaFunction, luaModule, type ModuleSpec } from '../lua/function-spec.ts';
import { optionalBytes } from '../lua/params.ts';
import { LuaTable } from '../lua/value.ts';
import { makePath } from '../ops/make-path.ts';
import { parseDate } from '../text/date-time.ts';
import { zoneMinutes } from '../text/zone-table.ts';

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
  results: [{ name: 'averages', type: 'table', text: 'the averages of 1, 5 and 15 minutes' }],
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
          context.log.write('warning', `util.mkpath: cannot make ${outcome.part}: ${outcome.code}`, { path });
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
  params: [optionalBytes('string', 'a text that begins with a date', '')],
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
date when a known name has another distance or the sign may mean either (\`MSK-3\`). Time linear in the string. Does not suspend.

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
  ],
  call: (_, text) => {
    const date = parseDate(text);
    return date === undefined ? [0] : [date.length, date.seconds];
  },
});

export const utilModule: ModuleSpec = luaModule({
  name: 'util',
  text: 'What policies need besides: the machine, directories, dates.',
  functions: [cpucount, getloadavg, mkpath, dateToTime],
});
