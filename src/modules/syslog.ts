// Lua module `syslog` (doc/reference/syslog.md): lines of the policy in the log of smtpe. Numbers are those of Linux.

import { withoutEnd } from '../base/ascii.ts';
import { type Level, type LogFields, levels } from '../base/log.ts';
import type { CallContext, Slot } from '../lua-api/call-context.ts';
import { LuaError, luaFunction } from '../lua-api/function-spec.ts';
import { type ConstantSpec, luaModule, type ModuleSpec } from '../lua-api/module-spec.ts';
import { bytes, optionalInteger } from '../lua-api/params.ts';
import { facilities } from '../ops/syslog-line.ts';

/** What syslog.open set for this connection. */
interface Opened {
  ident: string | undefined;
  facility: string | undefined;
}

const slot: Slot<Opened> = {
  name: 'syslog',
  create: () => ({ ident: undefined, facility: undefined }),
};

const LOG_USER = 8;
const LOG_DEBUG = 7;
const LOG_PID = 1;

/** The name of a facility by its number as in syslog(3), a multiple of eight. */
function facilityName(number: number): string | undefined {
  return Object.entries(facilities).find(([, code]) => code * 8 === number)?.[0];
}

function open(context: CallContext, ident: string, facility: number): readonly [] {
  const name = facilityName(facility);
  if (name === undefined) {
    throw new LuaError(
      `syslog.open: ${facility} is no facility; use one of syslog.LOG_KERN to syslog.LOG_LOCAL7`,
    );
  }
  const opened = context.slot(slot);
  opened.ident = ident;
  opened.facility = name;
  return [];
}

/** Level and, as syslog(3) allows, a facility added to it. */
function readPriority(number: number): { readonly level: Level; readonly facility: string | undefined } {
  const level = levels[number & 7];
  const facility = number > LOG_DEBUG ? facilityName(number - (number & 7)) : undefined;
  if (level === undefined || number < 0 || (number > LOG_DEBUG && facility === undefined)) {
    throw new LuaError(
      `syslog.log: ${number} is no level; use one of syslog.LOG_EMERG (0) to syslog.LOG_DEBUG (7)`,
    );
  }
  return { level, facility };
}

function log(context: CallContext, number: number, message: string): readonly [] {
  const { level, facility } = readPriority(number);
  const opened = context.slot(slot);
  const fields: LogFields = { ident: opened.ident, facility: facility ?? opened.facility };
  context.log.write(level, withoutEnd(message, '\r\n'), fields);
  return [];
}

const MESSAGE = bytes('message', 'The text; control characters and 8-bit bytes are shown as codes.');

const levelTexts = [
  'The system is unusable.',
  'Something must be done at once.',
  'A critical condition.',
  'An error.',
  'A warning.',
  'Normal, but worth noting.',
  'For information.',
  'For finding errors in the policy.',
] as const;

/** LOG_EMERG ... LOG_DEBUG in the spelling of syslog(3), which are the names of base/log.ts. */
const levelConstants: readonly ConstantSpec[] = levels.map((level, value) => ({
  name: `LOG_${level.toUpperCase()}`,
  value,
  text: levelTexts[value] ?? '',
}));

const facilityConstants: readonly ConstantSpec[] = Object.entries(facilities).map(([name, code]) => ({
  name: `LOG_${name.toUpperCase()}`,
  value: code * 8,
  text: `Facility ${name}.`,
}));

const optionConstants: readonly ConstantSpec[] = (
  [
    ['LOG_PID', 1],
    ['LOG_CONS', 2],
    ['LOG_ODELAY', 4],
    ['LOG_NDELAY', 8],
    ['LOG_NOWAIT', 16],
    ['LOG_PERROR', 32],
  ] as const
).map(([name, value]) => ({ name, value, text: 'Option of syslog.open; has no effect here.' }));

const shorthand = (name: string, level: number, constant: string) =>
  luaFunction({
    name,
    params: [MESSAGE],
    text: `The same as \`syslog.log(syslog.${constant}, message)\`.`,
    examples: [`syslog.${name}('a line')`],
    call: (context, message) => log(context, level, message),
  });

export const syslogModule: ModuleSpec = luaModule({
  name: 'syslog',
  text:
    'Lines of the policy in the log of smtpe, wherever that goes (stderr, the journal, a file, a syslog server). Each line carries the ' +
    'transaction id while there is one, else the session id. `log-level` decides how urgent a line must be to be written. None of these ' +
    'functions suspends.',
  constants: [...levelConstants, ...facilityConstants, ...optionConstants],
  functions: [
    luaFunction({
      name: 'open',
      params: [
        bytes('ident', 'The name that lines begin with, instead of smtpe.'),
        optionalInteger(
          'options',
          'Sum of options; has no effect: lines always carry the process number.',
          LOG_PID,
        ),
        optionalInteger('facility', 'One of the facilities; seen by syslog servers.', LOG_USER),
      ],
      text: 'Sets name and facility of the lines that this connection logs from now on. Raises an error for a number that is no facility.',
      examples: [
        "syslog.open('policy', syslog.LOG_PID, syslog.LOG_MAIL)\nsyslog.info('a line')\nsyslog.close()",
      ],
      call: (context, ident, _options, facility) => open(context, ident, facility),
    }),
    luaFunction({
      name: 'log',
      params: [
        optionalInteger('level', 'One of the levels; a facility may be added to it.', LOG_DEBUG),
        MESSAGE,
      ],
      text: 'Writes a line. The message is taken literally. Raises an error for a number that is no level.',
      examples: [
        "syslog.log(syslog.LOG_NOTICE, 'a line')\nassert(not pcall(syslog.log, 4711, 'no such level'))",
      ],
      call: (context, level, message) => log(context, level, message),
    }),
    shorthand('error', 3, 'LOG_ERR'),
    shorthand('info', 6, 'LOG_INFO'),
    shorthand('debug', 7, 'LOG_DEBUG'),
    luaFunction({
      name: 'close',
      params: [],
      text: 'Undoes `syslog.open`.',
      examples: ['syslog.close()'],
      call: (context) => {
        const opened = context.slot(slot);
        opened.ident = undefined;
        opened.facility = undefined;
        return [];
      },
    }),
  ],
});
