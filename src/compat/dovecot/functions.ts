// What lib-lua/dovecot is made of and no script sees: log lines, passwords, templates, requests to web servers.
import type { Clock } from '../../base/clock.ts';
import { type Level, type LogFields, levels } from '../../base/log.ts';
import type { CallContext, Slot } from '../../lua-api/call-context.ts';
import {
  type FunctionSpec,
  type LuaResults,
  luaFunction,
  type Suspension,
} from '../../lua-api/function-spec.ts';
import { luaModule, type ModuleSpec } from '../../lua-api/module-spec.ts';
import { anything, bytes, flag, optionalAnything } from '../../lua-api/params.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { createLibraryModule, type LibraryParts } from '../../modules/library/library.ts';
import {
  type PasswordCheck,
  type PasswordVerdict,
  verdictText,
} from '../../users/password/password-check.ts';
import { dictFunctions } from './dict/dict-functions.ts';
import type { Dicts } from './dict/dicts.ts';
import { httpFunctions } from './http-function.ts';
import { expandTemplate, TemplateError } from './var-expand.ts';

export type DovecotCaller = 'auth-script' | 'push-script' | 'policy';

export interface DovecotParts extends LibraryParts {
  readonly clock: Clock;
  readonly passwords: PasswordCheck;
  readonly dicts: Dicts;
  readonly environment: (name: string) => string | undefined;
  /** Whose scripts these are: those of an operator may ask web servers anywhere, policies where http-allow-reserved says so. */
  readonly caller: DovecotCaller;
}

/** Fields of an event; more are left out. */
const MOST_FIELDS = 64;
/** What the log says itself. */
const RESERVED: ReadonlySet<string> = new Set(['id', 'msg', 'level', 'time', 'pid', 'hostname', 'traceback']);

function fieldsOf(value: LuaValue): LogFields | undefined {
  if (!(value instanceof Map)) return undefined;
  const fields: Record<string, string | number> = {};
  for (const [key, its] of [...value].slice(0, MOST_FIELDS)) {
    if (typeof its !== 'string' && typeof its !== 'number') continue;
    const name = String(key).replace(/[^A-Za-z0-9_.-]/g, '_');
    fields[RESERVED.has(name) ? `x_${name}` : name] = its;
  }
  return fields;
}

/** A passthrough event that was made and not logged. */
interface Passthrough {
  open: boolean;
  readonly context: CallContext;
}

const LEAKED = 'Passthrough event leaked by Lua script: it was made and never logged';

function passthroughOf(caller: DovecotParts['caller']): FunctionSpec {
  const tell = (state: Passthrough): void => {
    if (!state.open) return;
    state.open = false;
    const { log } = state.context;
    if (caller === 'policy') log.write('err', LEAKED);
    else
      log.emit(caller === 'push-script' ? 'push-script-failed' : 'auth-script-failed', { message: LEAKED });
  };
  const slot: Slot<Passthrough> = {
    name: 'dovecot.passthrough',
    create: (context) => ({ open: false, context }),
    endOfHook: tell,
  };
  return luaFunction({
    name: 'dovecot_passthrough',
    params: [flag('made', 'Whether one was made, or logged.')],
    text: 'Notes a passthrough event.',
    call: (context, made) => {
      const state = context.slot(slot);
      if (made) tell(state);
      state.open = made;
      return [];
    },
  });
}

function passwordResult(verdict: PasswordVerdict): LuaResults {
  const text = verdictText(verdict);
  switch (verdict.kind) {
    case 'match':
      return [1, undefined];
    case 'mismatch':
    case 'unknown-scheme':
      return [0, text];
    case 'invalid':
    case 'unavailable':
      return [-1, text];
  }
}

function verify(passwords: PasswordCheck, stored: string, plain: string): LuaResults | Suspension {
  const stop = new AbortController();
  const verdict = passwords.verify(stored, plain, stop.signal);
  if (!(verdict instanceof Promise)) return passwordResult(verdict);
  return {
    kind: 'suspension',
    describe: () => 'req:password_verify',
    done: verdict.then(passwordResult),
    cancel: () => stop.abort(),
  };
}

/** `%{passdb:x}` and `%{userdb:x}` are fields in a table of that name. */
function valueIn(fields: LuaValue, name: string): string | undefined {
  if (!(fields instanceof Map)) return undefined;
  const [, table, key = ''] = /^(passdb|userdb):(.*)$/s.exec(name) ?? [];
  if (table !== undefined) {
    const inner: unknown = fields.get(table);
    const value: unknown = inner instanceof Map ? inner.get(key) : undefined;
    return typeof value === 'string' ? value : '';
  }
  const value: unknown = fields.get(name);
  if (typeof value === 'string') return value;
  return knownNames.has(name) ? '' : undefined;
}

function expanded(template: string, fields: LuaValue, environment: DovecotParts['environment']): LuaResults {
  try {
    return [expandTemplate(template, { value: (name) => valueIn(fields, name), environment })];
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return [undefined, `var_expand(${template}) failed: ${error.message}`];
  }
}

/** Names that a request has, though perhaps no value. */
const knownNames: ReadonlySet<string> = new Set(
  (
    'user username domain domain_first domain_last orig_user orig_username orig_domain original_user original_username ' +
    'original_domain auth_user auth_username auth_domain login_user login_username login_domain master_user password ' +
    'service protocol mech mechanism rip remote_ip real_rip real_remote_ip lip local_ip real_lip real_local_ip lport ' +
    'local_port rport remote_port local_name secured cert session pid session_pid client_id home'
  ).split(' '),
);

const log: FunctionSpec = luaFunction({
  name: 'dovecot_log',
  params: [
    bytes('level', 'As the log names it.'),
    bytes('text', 'The line.'),
    optionalAnything('fields', 'table', 'More of it, by name.'),
  ],
  text: 'Writes a log line.',
  call: (context, level, text, fields) => {
    const known: Level = levels.find((one) => one === level) ?? 'info';
    context.log.write(known, text, fieldsOf(fields));
    return [];
  },
});

/** Different warnings that are remembered; further ones are written each time. */
const MOST_WARNINGS = 256;

/** A push script begins anew with every message: what is wrong with its text is said once, and not with each of them. */
function warnOnce(): FunctionSpec {
  const said = new Set<string>();
  return luaFunction({
    name: 'dovecot_warn',
    params: [bytes('text', 'The line.')],
    text: 'Writes a warning, the first time that there is this one.',
    call: (context, text) => {
      if (said.has(text)) return [];
      if (said.size < MOST_WARNINGS) said.add(text);
      context.log.write('warning', text);
      return [];
    },
  });
}

/** All that the modules of lib-lua get beside their name, those of lib-lua/dovecot too. */
export function dovecotFunctions(parts: DovecotParts): ModuleSpec {
  const { caller, clock, dicts, environment, passwords, services } = parts;
  const library = createLibraryModule(parts);
  const functions: readonly FunctionSpec[] = [
    log,
    warnOnce(),
    passthroughOf(caller),
    luaFunction({
      name: 'dovecot_password_verify',
      params: [bytes('stored', 'With its scheme.'), bytes('plain', 'What was given.')],
      suspends: true,
      text: '1; 0 and why it does not fit; -1 and what is wrong.',
      call: (_context, stored, plain) => verify(passwords, stored, plain),
    }),
    luaFunction({
      name: 'dovecot_expand',
      params: [bytes('template', 'With variables.'), anything('fields', 'table', 'Their values.')],
      text: 'The template with its variables replaced; or nil, and what is wrong with it.',
      call: (_context, template, fields) => expanded(template, fields, environment),
    }),
    ...dictFunctions(dicts),
    ...httpFunctions(services, clock, caller),
  ];
  return luaModule({ ...library, functions: [...library.functions, ...functions] });
}
