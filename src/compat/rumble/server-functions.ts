// What the table `Rumble` tells of the server, and what it may do to its services.
import { basename } from 'node:path';
import type { CallContext } from '../../lua-api/call-context.ts';
import { type FunctionSpec, luaFunction, type Suspension } from '../../lua-api/function-spec.ts';
import { bytes } from '../../lua-api/params.ts';
import { optionsOf } from '../../options/options.ts';
import { version } from '../../version.ts';
import { configKeys, readConfig } from './config-keys.ts';
import type { Order } from './controlled.ts';
import { logText } from './log-text.ts';
import { mustAllow } from './permission.ts';
import type { ServerView } from './server-view.ts';

const service = bytes('name', '`smtp`, `mailman`, or the port of a service of a script as text.');

const ordering = (server: ServerView, order: Order, text: string): FunctionSpec => {
  const name = `${order}Service`;
  return luaFunction({
    name,
    params: [service],
    suspends: true,
    text: `${text} In this worker it is done when the function returns, the others follow at once. An unknown name does nothing. Needs \`control\` in \`rumble-allow\`.`,
    call: (context: CallContext, which): Suspension => {
      mustAllow(context, 'control', `Rumble.${name}`);
      return {
        kind: 'suspension',
        describe: () => `Rumble.${name} ${which}`,
        done: server.services.order(order, which).then(() => []),
        cancel: () => undefined,
      };
    },
  });
};

const nothing = (name: string, text: string, isTold = false): FunctionSpec =>
  luaFunction({
    name,
    params: [],
    text,
    call: (context) => {
      if (isTold)
        context.log.emit('script-call-ignored', {
          function: `Rumble.${name}`,
          why: 'a reload is asked for by SIGHUP',
        });
      return [];
    },
  });

export const serverFunctions = (server: ServerView): readonly FunctionSpec[] => [
  ordering(server, 'suspend', 'Lets nobody in any more; sessions that are open go on.'),
  ordering(server, 'resume', 'Ends a suspension; of a service that runs or is stopped nothing changes.'),
  ordering(
    server,
    'stop',
    'Lets nobody in any more and ends open sessions: SMTP clients get 421, a message that is being handed on may come to its end within `shutdown-timeout`.',
  ),
  ordering(server, 'start', 'Starts a service that is stopped, at the port that it had.'),
  luaFunction({
    name: 'serviceInfo',
    params: [service],
    results: [
      {
        name: 'facts',
        type: '{ workers: integer, busy: integer, idle: integer, enabled: integer, sessions: integer, sent: integer, received: integer, rejected: integer, capabilities: string }?',
        text: 'nil when there is no such service; else integers `workers` (connections served at once, 0 without a limit), `busy`, `idle`, `enabled` (1 running, 2 suspended, 0 stopped), `sessions` (since the start), `sent` and `received` (octets), `rejected`, and the text `capabilities`',
      },
    ],
    text: 'What there is to say of a service in this worker. Names are case-sensitive; `pop3` and `imap4` are none here.',
    examples: ["assert(Rumble.serviceInfo('pop3') == nil and Rumble.serviceInfo('SMTP') == nil)"],
    call: (_context, name) => {
      const found = server.services.find(name);
      if (found === undefined) return [undefined];
      const { busy, capabilities, received, rejected, sent, sessions, workers } = found.facts;
      const idle = Math.max(0, workers - busy);
      return [
        { workers, busy, idle, enabled: found.state, sessions, sent, received, rejected, capabilities },
      ];
    },
  }),
  luaFunction({
    name: 'trafficInfo',
    params: [service],
    results: [
      {
        name: 'hours',
        type: 'integer[][]?',
        text: 'hours with traffic, the newest first, at most 170, each `{ hits, octets, rejections }`; nil for an unknown name',
      },
    ],
    text: 'The traffic of a service in this worker, by hours.',
    examples: ["assert(Rumble.trafficInfo('nothing') == nil)"],
    call: (_context, name) => [
      server.services.find(name)?.hours.map(({ hits, octets, rejections }) => [hits, octets, rejections]),
    ],
  }),
  luaFunction({
    name: 'serverInfo',
    params: [],
    results: [
      {
        name: 'facts',
        type: '{ version: string, path: string, uptime: integer, os: string, arch: integer }',
        text: '`version` of smtpe, `path` (working directory), `uptime` (seconds of this worker), `os` (`Linux`, else `POSIX compatible system`), `arch` (64)',
      },
    ],
    text: 'What there is to say of the server.',
    examples: ["assert(Rumble.serverInfo().arch == 64 and type(Rumble.serverInfo().uptime) == 'number')"],
    call: () => [
      {
        version,
        path: Buffer.from(process.cwd(), 'utf8').toString('latin1'),
        uptime: Math.floor(server.uptime()),
        os: process.platform === 'linux' ? 'Linux' : 'POSIX compatible system',
        arch: 64,
      },
    ],
  }),
  luaFunction({
    name: 'listModules',
    params: [],
    results: [
      {
        name: 'modules',
        type: '{ title: string, description: string, author: string, file: string }[]',
        text: 'an entry for each script of option load-script, with texts `title`, `file`, `description` and `author`, the last two empty',
      },
    ],
    text: 'The scripts that are loaded: smtpe has no modules in C.',
    call: () => [
      server.scripts().map((file) => ({
        ...{ title: basename(file, '.lua'), description: '', author: '', file },
      })),
    ],
  }),
  luaFunction({
    name: 'readConfig',
    params: [bytes('key', `An option of smtpe, or one of ${configKeys.join(', ')}; case does not matter.`)],
    results: [{ name: 'value', type: 'string?', text: 'nil for what is not set, or empty' }],
    text: 'The value of an option as text; of passwords and tokens, of the files that they lie in, and of `auth-script-settings` nothing is told.',
    examples: ["assert(Rumble.readConfig('EnableSMTP') == '1' and Rumble.readConfig('no such key') == nil)"],
    call: (context, key) => [readConfig(key, optionsOf(context), server)],
  }),
  luaFunction({
    name: 'getLog',
    params: [],
    results: [
      {
        name: 'lines',
        type: 'string[]',
        text: 'the newest first, each `YYYY/MM/DD HH:MM:SS [service]:`, blank, tab, blank, text, CRLF; time is UTC',
      },
    ],
    text: 'The last 200 lines of the log of this worker since it was started with option load-script, of at most 500 octets.',
    call: () => {
      const scripts = server.scripts();
      return [server.recentLines().map((line) => logText(line, scripts))];
    },
  }),
  nothing('reloadModules', 'Does nothing but a log line: a reload is asked for by SIGHUP.', true),
  nothing('reloadConfiguration', 'Does nothing but a log line: a reload is asked for by SIGHUP.', true),
  nothing('getmoduleconfig', 'Gives nothing: there are no modules in C.'),
  nothing('setmoduleconfig', 'Does nothing: there are no modules in C.'),
];
