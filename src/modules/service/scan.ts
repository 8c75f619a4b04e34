// service.clamd and service.spamd of the Lua module `service`: arguments in, results out. The dialogues are service/clamd's and
// service/spamd's.

import type { CallContext } from '../../lua-api/call-context.ts';
import {
  type FunctionSpec,
  LuaError,
  type LuaResults,
  luaFunction,
  type Param,
  type ResultSpec,
  type Suspension,
} from '../../lua-api/function-spec.ts';
import { bytes, optionalBytes, optionalNumber, strings } from '../../lua-api/params.ts';
import type { LuaRecord } from '../../lua-api/value.ts';
import type { ServiceTarget } from '../../net-address/host-list.ts';
import { optionsOf } from '../../options/options.ts';
import { sessionOf } from '../../policy/session-view.ts';
import type { ClamdResult } from '../../service/clamd.ts';
import type { Servers } from '../../service/fail-over.ts';
import { readHostList } from '../../service/host-list.ts';
import type { ScannedFile } from '../../service/scanned-file.ts';
import { type SpamdMethod, type SpamdResult, spamdMethods } from '../../service/spamd.ts';
import type { JobControl, JobEnd, JobKind } from './jobs.ts';
import { findMessageFile } from './message-file.ts';
import { jobsOf, type ServiceDependencies } from './slot.ts';

const MAX_SECONDS = 86_400;

export const connectedResult: readonly ResultSpec[] = [
  {
    name: 'connected',
    type: 'boolean',
    text: 'True when a connection was made; false when not: `service.wait` then has an entry with `error`.',
  },
];

const list = strings('', '');

export function hosts(port: number): Param<string | readonly string[]> {
  return {
    name: 'host_list',
    type: 'string|string[]',
    fallback: `"127.0.0.1"`,
    text:
      'Servers, tried in order: an array, or one string of items separated by blanks, commas or semicolons. Each is an absolute ' +
      `path (unix socket), \`1.2.3.4\`, \`2001:db8::1\` or a host name; all but a bare IPv6 address with an optional \`:port\` (default ${port}), ` +
      'IPv6 with one as `[2001:db8::1]:port`.',
    read(value) {
      if (value === undefined || value === null) return { ok: true, value: '127.0.0.1' };
      if (typeof value === 'string') return { ok: true, value };
      if (Buffer.isBuffer(value)) return { ok: true, value: value.toString('latin1') };
      return value instanceof Map ? list.read(value) : { ok: false, expected: 'string or table of strings' };
    },
  };
}

export const FILE = bytes(
  'filepath',
  'The file: `client.msg_file` (the argument of `hook.dot`) for the message being received, or any regular file.',
);

const TIMEOUT = optionalNumber(
  'timeout',
  'Seconds, more than 0: the longest pause while the file is sent, and the longest wait for the reply behind it. Connecting has a ' +
    'limit of its own (option `service-connect-timeout`).',
  120,
);

/** Milliseconds of a time-out argument. */
export function timeoutMs(seconds: number): number {
  if (!(seconds > 0)) throw new LuaError(`a timeout must be more than 0 seconds, got ${seconds}`);
  return Math.min(seconds, MAX_SECONDS) * 1000;
}

interface Scan {
  readonly kind: JobKind;
  readonly path: string;
  readonly hostList: string | readonly string[];
  readonly defaultPort: number;
  run(file: ScannedFile, servers: Servers): Promise<JobEnd>;
}

/** What all have in common: finding file and servers, and starting. */
export function startScan(
  dependencies: ServiceDependencies,
  context: CallContext,
  scan: Scan,
): LuaResults | Suspension {
  const jobs = jobsOf(dependencies, context);
  const { kind, path, hostList } = scan;
  const shown = typeof hostList === 'string' ? hostList : hostList.join(' ');
  const refuse = (error: string): LuaResults => {
    jobs.refuse(kind, shown, { file: path }, error, context);
    return [false];
  };
  const parsed = readHostList(hostList, scan.defaultPort);
  if (parsed.kind === 'invalid') return refuse(parsed.error);
  const found = findMessageFile(path, sessionOf(context), dependencies.spool);
  if (found.kind === 'missing') return refuse(found.error);
  const connectTimeoutMs = optionsOf(context).values['service-connect-timeout'] * 1000;
  const first = parsed.targets[0]?.text ?? shown;
  return jobs.start(kind, first, context, (control) =>
    scan.run(found.file, serversOf(control, parsed.targets, connectTimeoutMs)),
  );
}

function serversOf(
  control: JobControl,
  targets: readonly ServiceTarget[],
  connectTimeoutMs: number,
): Servers {
  return {
    targets,
    connectTimeoutMs,
    signal: control.signal,
    onTry: (target) => control.trying(target.text),
    onConnect: () => control.connected(),
  };
}

const orNil = (reply: Buffer | undefined) => (reply === undefined || reply.length === 0 ? undefined : reply);

function clamdEnd(file: string, { reply, infected, signature, error }: ClamdResult): JobEnd {
  return { fields: { file, reply: orNil(reply), is_infected: infected, signature }, error };
}

function spamdEnd(file: string, result: SpamdResult): JobEnd {
  const { reply, isSpam, score, threshold, symbols, truncated, error, replace } = result;
  const fields: LuaRecord = {
    file,
    reply: orNil(reply),
    is_spam: isSpam,
    score,
    threshold,
    symbols,
    truncated: truncated || undefined,
  };
  if (replace === undefined) return { fields, error };
  const settle = async () => {
    const cause = await replace();
    return cause === undefined
      ? { fields: { ...fields, replaced: true }, error: undefined }
      : { fields, error: `the message was left as it was: ${cause}` };
  };
  return { fields, error, settle };
}

export function clamdFunction(dependencies: ServiceDependencies): FunctionSpec {
  return luaFunction({
    name: 'clamd',
    params: [FILE, hosts(3310), TIMEOUT],
    results: connectedResult,
    suspends: true,
    text:
      'Has clamd scan a file for viruses; `service.wait` gives the result. A clamd on this host (socket path, 127.x, ::1, 0.0.0.0) is told ' +
      'the path (SCAN), and sent the content when it cannot read it; others are sent the content (INSTREAM).\n\n' +
      'Result `table.clamd`: `file` (as given), `is_infected` (true only when clamd said FOUND, false only when it said OK; nil ' +
      'when the file was not scanned), `signature` (its name, when infected), `reply` (the raw reply line; nil without one), `error` (why there is no verdict, ' +
      'else nil: **test it**, a file that was not scanned is not clean), `elapsed_time` (seconds), `service_host` (the server as ' +
      'written in `host_list`), `service_name`.\n\n' +
      'The next server is asked when one cannot be reached or closes without a word; one that could not be reached is tried last for ' +
      '10 seconds. Suspends until a connection is made or all have failed.',
    examples: [
      "assert(service.clamd('/etc/hostname', '127.0.0.1:1', 5) == false)\nlocal result = service.wait(1)\nassert(result.clamd.error)\nassert(result.clamd.is_infected == nil)",
    ],
    call: (context, path, hostList, timeout) => {
      const milliseconds = timeoutMs(timeout);
      return startScan(dependencies, context, {
        kind: 'clamd',
        path,
        hostList,
        defaultPort: 3310,
        run: async (file, servers) =>
          clamdEnd(path, await dependencies.services.clamd.scan({ file, servers, timeoutMs: milliseconds })),
      });
    },
  });
}

function isMethod(text: string): text is SpamdMethod {
  return (spamdMethods as readonly string[]).includes(text);
}

function methodOf(text: string): SpamdMethod {
  const method = text.toUpperCase();
  if (isMethod(method)) return method;
  throw new LuaError(
    `unknown spamd method ${JSON.stringify(text.slice(0, 40))}: one of ${spamdMethods.join(', ')} expected`,
  );
}

function userOf(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (/[\x00-\x1f\x7f]/.test(text)) throw new LuaError('a spamd user must not contain control characters');
  return text;
}

export function spamdFunction(dependencies: ServiceDependencies): FunctionSpec {
  return luaFunction({
    name: 'spamd',
    params: [
      FILE,
      hosts(783),
      optionalBytes('method', `One of ${spamdMethods.join(', ')}.`, 'CHECK'),
      optionalBytes('user', 'Whose rules and scores apply; nil for the default of spamd.', undefined),
      TIMEOUT,
    ],
    results: connectedResult,
    suspends: true,
    text:
      'Has spamd (SpamAssassin) judge a message; `service.wait` gives the result. For `client.msg_file` it is given a Return-Path line with ' +
      'the sender, the headers with the edits made so far, and the body; any other file as it is. A message longer than option ' +
      '`spamd-max-size` is judged by its beginning (`truncated` is true then).\n\n' +
      'Result `table.spamd`: `file` (as given), `is_spam`, `score`, `threshold` (nil without a verdict), `symbols` (array of rule names; ' +
      'with SYMBOLS and REPORT, and REPORT_IFSPAM for spam), `reply` (the raw reply; nil without one), `error` (why there is no verdict, or ' +
      'why the message was not replaced, else nil), `elapsed_time` (seconds), `service_host`, `service_name`.\n\n' +
      'PROCESS and HEADERS have the message as spamd rewrote it (HEADERS: only its headers) put in the place of the one being received, ' +
      'by the `service.wait` that gives the result, in `hook.dot` only: `replaced` is true then, and `header.find` sees the new headers. ' +
      'With any error, and when the policy edited headers in the meantime, the message stays as it was and `error` tells why. PROCESS ' +
      'refuses a message longer than `spamd-max-size`; HEADERS one that spamd has wrapped (its report_safe).\n\n' +
      'Servers are tried as by `service.clamd`. An unknown method, or a user with control characters, raises an error. Suspends ' +
      'until a connection is made or all have failed.',
    examples: [
      "assert(service.spamd('/etc/hostname', { '127.0.0.1:1' }, 'CHECK', nil, 5) == false)\nassert(service.wait(1).spamd.error)\nassert(not pcall(service.spamd, '/etc/hostname', '127.0.0.1:1', 'NONSENSE'))",
    ],
    call: (context, path, hostList, methodText, userText, timeout) => {
      const method = methodOf(methodText);
      const user = userOf(userText);
      const milliseconds = timeoutMs(timeout);
      const maxSize = optionsOf(context).values['spamd-max-size'];
      return startScan(dependencies, context, {
        kind: 'spamd',
        path,
        hostList,
        defaultPort: 783,
        run: async (file, servers) =>
          spamdEnd(
            path,
            await dependencies.services.spamd.check({
              file,
              method,
              user,
              servers,
              timeoutMs: milliseconds,
              maxSize,
            }),
          ),
      });
    },
  });
}
