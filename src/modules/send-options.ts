// The last argument of smtp.sendfile and smtp.sendstring: what is asked of the next hop beside the envelope (DSN, RFC 3461), and how it is talked to.
// What an author wrote wrongly is named.
import { nearestName } from '../base/nearest-name.ts';
import { LuaError, type Param, type ReadResult } from '../lua-api/function-spec.ts';
import type { LuaValue } from '../lua-api/value.ts';
import type { Options } from '../options/options.ts';
import { readEnvid, readNotify, readOrcpt, readRet } from '../smtp/protocol/dsn.ts';
import type { MailParameters, RcptParameters } from '../smtp/protocol/parameters.ts';
import { encodeXtext } from '../smtp/protocol/xtext.ts';

export interface SendOptions {
  readonly mail: MailParameters;
  /** By the place of the recipient, from 0. */
  readonly rcpts: ReadonlyMap<number, RcptParameters>;
  /** Options of smtpe that are others for this one, by name. */
  readonly settings: ReadonlyMap<string, string>;
}

const NONE: SendOptions = { mail: {}, rcpts: new Map(), settings: new Map() };

/** Fields that are options of smtpe, and their names there. */
const settingNames: Readonly<Record<string, string>> = {
  tls: 'smtp-forward-tls',
  tls_pin: 'smtp-forward-tls-pin',
  tls_cert: 'smtp-forward-tls-cert',
  user: 'smtp-forward-user',
  password_file: 'smtp-forward-password-file',
};
const fieldNames = ['ret', 'envid', 'rcpt', ...Object.keys(settingNames)];

export const SEND_OPTIONS: Param<SendOptions> = {
  name: 'options',
  type: 'smtp_options',
  fallback: 'nil',
  text:
    'An addition to the API text: parameters of DSN, passed on where they are offered, and options of smtpe for this message; those of the process about ' +
    'log-in and certificate are for `smtp-smart-host` only.',
  read: readSendOptions,
};

function wrong(expected: string): ReadResult<never> {
  return { ok: false, expected };
}

function readSendOptions(value: LuaValue): ReadResult<SendOptions> {
  if (value === undefined || value === null) return { ok: true, value: NONE };
  if (!(value instanceof Map)) return wrong('table');
  const settings = new Map<string, string>();
  let mail: MailParameters = {};
  let rcpts: ReadonlyMap<number, RcptParameters> = new Map();
  for (const [key, item] of value as ReadonlyMap<LuaValue, LuaValue>) {
    const name = String(key);
    const setting = Object.hasOwn(settingNames, name) ? settingNames[name] : undefined;
    if (name === 'rcpt') {
      const read = readRcpts(item);
      if (!read.ok) return read;
      rcpts = read.value;
      continue;
    }
    if (!fieldNames.includes(name)) {
      const near = nearestName(name, fieldNames);
      const hint = near === undefined ? '' : `, perhaps ${near}`;
      return wrong(`table with ${fieldNames.join(', ')}, not ${JSON.stringify(name.slice(0, 60))}${hint}`);
    }
    if (typeof item !== 'string') return wrong(`string as ${name}`);
    if (setting !== undefined) settings.set(setting, item);
    else if (name === 'ret') {
      const RET = readRet(item);
      if (RET === undefined) return wrong("'FULL' or 'HDRS' as ret");
      mail = { ...mail, RET };
    } else {
      const ENVID = readEnvid(encodeXtext(item));
      if (ENVID === undefined) return wrong('text of 1 to 100 bytes as envid');
      mail = { ...mail, ENVID };
    }
  }
  if (settings.has('smtp-forward-user') !== settings.has('smtp-forward-password-file'))
    return wrong('user and password_file together');
  return { ok: true, value: { mail, rcpts, settings } };
}

function readRcpts(value: LuaValue): ReadResult<ReadonlyMap<number, RcptParameters>> {
  if (!(value instanceof Map)) return wrong('table of tables as rcpt');
  const rcpts = new Map<number, RcptParameters>();
  for (const [place, item] of value as ReadonlyMap<LuaValue, LuaValue>) {
    if (typeof place !== 'number' || !Number.isInteger(place) || place < 1 || !(item instanceof Map))
      return wrong('table for each recipient as rcpt, in their order');
    let parameters: RcptParameters = {};
    for (const [key, text] of item as ReadonlyMap<LuaValue, LuaValue>) {
      const where = `of rcpt[${place}]`;
      if (key === 'notify') {
        const NOTIFY = typeof text === 'string' ? readNotify(text) : undefined;
        if (NOTIFY === undefined)
          return wrong(`NEVER, or some of SUCCESS, FAILURE, DELAY as notify ${where}`);
        parameters = { ...parameters, NOTIFY };
      } else if (key === 'orcpt') {
        const ORCPT = typeof text === 'string' ? readOrcpt(written(text)) : undefined;
        if (ORCPT === undefined) return wrong(`'rfc822;' and an address as orcpt ${where}`);
        parameters = { ...parameters, ORCPT };
      } else
        return wrong(`notify or orcpt in rcpt[${place}], not ${JSON.stringify(String(key).slice(0, 60))}`);
    }
    rcpts.set(place - 1, parameters);
  }
  return { ok: true, value: rcpts };
}

/** Behind `rfc822;` the address in xtext; behind `utf-8;` it is written by a rule of its own (RFC 6533 section 3). */
function written(text: string): string {
  const at = text.indexOf(';') + 1;
  return /^utf-8;/i.test(text) ? text : text.slice(0, at) + encodeXtext(text.slice(at));
}

/** What the options of the process have for their own next hops is not for one that a policy names. */
const NOT_OURS: readonly (readonly [string, string])[] = [
  ['smtp-forward-user', ''],
  ['smtp-forward-password-file', ''],
  ['smtp-forward-tls-cert', ''],
  ['smtp-forward-xclient', '-'],
  ['smtp-forward-proxy', 'off'],
];

/** The options of whoever calls, with those on top that are given here. Raises what the table of options has against them. */
export function optionsFor(name: string, options: Options, { settings }: SendOptions): Options {
  if (settings.size === 0) return options;
  const own = options.fork();
  for (const [option, text] of [...NOT_OURS, ...settings]) {
    const outcome = own.set(option, text, name);
    if (outcome.kind === 'invalid')
      throw new LuaError(`bad argument #5 to '${name}' (${option}=${text}: ${outcome.expected} expected)`);
  }
  return own;
}
