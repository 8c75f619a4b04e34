// The table `Rumble` of Rumble's scripts: hooks and services, and what the server says of itself.
import type { CallContext } from '../../lua-api/call-context.ts';
import { type FunctionSpec, LuaError, luaFunction, type Suspension } from '../../lua-api/function-spec.ts';
import { type FieldSpec, luaModule, type ModuleSpec, type RecordSpec } from '../../lua-api/module-spec.ts';
import { anything, bytes, integer, optionalBytes, optionalInteger } from '../../lua-api/params.ts';
import { type LuaRef, type LuaValue, luaTypeName } from '../../lua-api/value.ts';
import { hookPlaces, type Registrar, RUMBLE } from './caller.ts';
import { serverFunctions } from './server-functions.ts';
import type { ServerView } from './server-view.ts';

/** Services that Rumble has hooks for, and smtpe has not. */
const WITHOUT_HOOKS: readonly string[] = ['pop3', 'imap4', 'mailman'];

function registrarOf(context: CallContext, name: string): Registrar {
  const caller = RUMBLE.of(context);
  if (caller === undefined)
    throw new LuaError(`${name} is for scripts of option load-script; a policy has hook.* instead`);
  if (caller.registrar === undefined)
    throw new LuaError(`${name} is for the file level of a script: ${caller.path} has run`);
  return caller.registrar;
}

function functionIn(value: LuaValue, name: string): LuaRef {
  const isFunction = luaTypeName(value) === 'function';
  if (!isFunction || typeof value !== 'object' || value === null || !('release' in value)) {
    throw new LuaError(`bad argument #1 to '${name}' (function expected, got ${luaTypeName(value)})`);
  }
  return value as LuaRef;
}

/** In the log, who has said it. */
export function sourceOf(context: CallContext): { readonly script?: string } {
  const path = RUMBLE.of(context)?.path;
  return path === undefined ? {} : { script: path };
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 60));

const setHook: FunctionSpec = luaFunction({
  name: 'setHook',
  params: [
    anything(
      'func',
      'fun(session: rumble_session, line: string?): any',
      'Called with the session table and, for `command`, the line of the client.',
    ),
    bytes('service', '`smtp`, in any case; for `pop3`, `imap4` and `mailman` nothing is called.'),
    bytes('when', '`accept`, `command` or `close`, in any case.'),
    optionalBytes(
      'command',
      'Of `command`: the verb in any case. `helo` and `ehlo` are one; without it every command.',
      undefined,
    ),
  ],
  results: [
    {
      name: 'is_first',
      type: 'boolean',
      text: 'false in workers behind the first, where it is called all the same, and for a service without hooks',
    },
  ],
  text:
    'Has a function called at a moment of SMTP sessions, before the policy is. It returns nothing, `true` or `"okay"` to go on; `false` or `"failure"` to end the ' +
    'session; `"ignore"` when it has answered the client itself; a code from 400 to 599 to refuse. At the file level of a script of option load-script only.',
  call: (context, func, service, when, command) => {
    const registrar = registrarOf(context, 'Rumble.setHook');
    const ref = functionIn(func, 'Rumble.setHook');
    const of = service.toLowerCase();
    if (WITHOUT_HOOKS.includes(of)) {
      context.log.emit('load-script-warning', {
        warning: `${RUMBLE.in(context).path}: Rumble.setHook: the function will not be called: ${of} has no hooks here`,
      });
      return [false];
    }
    if (of !== 'smtp')
      throw new LuaError(`Rumble.setHook: there is no service ${shown(service)}; right would be: smtp`);
    const place = hookPlaces.find((one) => one === when.toLowerCase());
    if (place === undefined) {
      throw new LuaError(
        `Rumble.setHook: there is no moment ${shown(when)}; right would be: ${hookPlaces.join(', ')}`,
      );
    }
    return [registrar.setHook(ref, place, command?.toLowerCase())];
  },
});

/** More at once would be no service any more. */
const MOST_THREADS = 10_000;

const createService: FunctionSpec = luaFunction({
  name: 'createService',
  params: [
    anything(
      'func',
      'fun(session: rumble_session)',
      'Called with the session table of each connection; when it ends the connection is closed.',
    ),
    integer('port', 'From 1 to 65535; 0 is a free one, which the log names.'),
    optionalInteger(
      'threads',
      'Connections that are served at once; further ones wait (`rumble-service-queue`).',
      10,
    ),
  ],
  results: [
    {
      name: 'is_created',
      type: 'boolean?',
      text: 'false when the port cannot be had; nil when another worker has created the service, which this one serves, too',
    },
  ],
  suspends: true,
  text:
    'Creates a TCP service at the addresses of `rumble-service-address`. Its name is its port as text. An error of the function is logged, and closes ' +
    'the connection; a connection lasts at most `limit-session-time`. At the file level of a script of option load-script only.',
  call: (context, func, port, threads): Suspension => {
    const registrar = registrarOf(context, 'Rumble.createService');
    const ref = functionIn(func, 'Rumble.createService');
    if (port < 0 || port > 65_535)
      throw new LuaError(`Rumble.createService: there is no port ${port}; right would be: 1 to 65535, or 0`);
    if (threads < 1 || threads > MOST_THREADS)
      throw new LuaError(`Rumble.createService: ${threads} threads; right would be: 1 to ${MOST_THREADS}`);
    return {
      kind: 'suspension',
      describe: () => `Rumble.createService ${port}`,
      done: registrar
        .createService(ref, port, threads)
        .then((wish) => [wish.kind === 'refused' ? false : wish.isFirst ? true : undefined]),
      cancel: () => undefined,
    };
  },
});

const dprint: FunctionSpec = luaFunction({
  name: 'dprint',
  params: [bytes('text', 'A line.')],
  text: 'Writes a line to the log.',
  call: (context, text) => {
    context.log.write('info', text, sourceOf(context));
    return [];
  },
});

const field = (name: string, type: string, text: string): FieldSpec => ({ name, type, text });

/** What a hook or a service is called with. */
const sessionRecord: RecordSpec = {
  name: 'rumble_session',
  text:
    'A client, as a hook or a service has it: a new table for each call, which may be written to. When the client has gone, or the call is over, nothing is sent and ' +
    'nothing received, without an error.',
  fields: [
    field('protocol', 'string', '`IPv4` or `IPv6`, by the address of the client'),
    field('address', 'string', 'of the client, as text'),
    field('service', 'string', '`smtp`, or the port as text'),
    field('port', 'integer?', 'ours'),
    field('helo', 'string?', 'in hooks: the argument of HELO or EHLO'),
    field('sender', 'string?', 'in hooks: of the transaction, without brackets'),
    field('recipients', 'string[]?', 'in hooks: those that were accepted'),
    field(
      'send',
      'fun(self: rumble_session, ...: string|number)',
      'sends its arguments one after the other; waits until the system has taken them (`smtp-reply-timeout`). A number in front announces how many octets of what follows are sent, others are text; nil and booleans are passed over',
    ),
    field(
      'receive',
      'fun(self: rumble_session): string, integer, string?',
      'the next line without its end, its length, and nil; `""`, 0 and `"timeout"` or `"closed"` when there is none within `rumble-receive-timeout`. The rest of a line longer than `limit-line-length` is the next. In a hook it is a line of the dialogue, which the engine then does not see',
    ),
    field(
      'receivebytes',
      'fun(self: rumble_session, count: integer): string, integer',
      'so many octets and their number; fewer when the client has closed its side or the time is over; `""` and -1 when nothing came. More than `rumble-receive-max` is an error',
    ),
    field(
      'lock',
      'fun(self: rumble_session)',
      'waits until nobody else holds the lock of this service, and has it until `unlock` or the end of the call. It holds within one worker',
    ),
    field('unlock', 'fun(self: rumble_session)', 'gives the lock back'),
  ],
};

export function createRumbleTable(server: ServerView): ModuleSpec {
  return luaModule({
    name: 'Rumble',
    text: 'The server, as scripts for Rumble see it (doc/rumble.md): in a policy behind `require "rumble"`.',
    records: [sessionRecord],
    functions: [setHook, createService, ...serverFunctions(server), dprint],
  });
}
