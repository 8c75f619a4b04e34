// service.rspamd of the Lua module `service`: arguments in, what is known of the sender, results out. The dialogue is service/rspamd's.
import type { CallContext } from '../../lua-api/call-context.ts';
import { type FunctionSpec, luaFunction, type Param, type ReadResult } from '../../lua-api/function-spec.ts';
import type { LuaRecord, LuaValue } from '../../lua-api/value.ts';
import { optionsOf } from '../../options/options.ts';
import { sessionOf } from '../../policy/session-view.ts';
import type { RspamdResult } from '../../service/rspamd.ts';
import { writeJson } from '../util/json-value.ts';
import type { JobEnd } from './jobs.ts';
import { connectedResult, FILE, hosts, startScan, timeoutMs } from './scan.ts';
import type { ServiceDependencies } from './slot.ts';

interface Settings {
  readonly timeout: number;
  /** Facts that the policy gives itself, by the name of rspamd's header. */
  readonly facts: ReadonlyMap<string, string>;
}

/** Seconds. */
const defaultTimeout = 60;

/** Fields that are texts, and what rspamd calls them. */
const textFields: Readonly<Record<string, string>> = {
  settings_id: 'Settings-ID',
  password: 'Password',
  deliver_to: 'Deliver-To',
  user: 'User',
  ip: 'IP',
  helo: 'Helo',
  from: 'From',
  hostname: 'Hostname',
};

const fieldNames = ['timeout', 'settings', 'pass_all', ...Object.keys(textFields)];

function wrong<T>(expected: string): ReadResult<T> {
  return { ok: false, expected };
}

function readSettings(value: LuaValue): ReadResult<Settings> {
  if (value === undefined || value === null)
    return { ok: true, value: { timeout: defaultTimeout, facts: new Map() } };
  if (!(value instanceof Map)) return wrong('table');
  const facts = new Map<string, string>();
  let timeout = defaultTimeout;
  for (const [key, item] of value as ReadonlyMap<LuaValue, LuaValue>) {
    const header = typeof key === 'string' ? textFields[key] : undefined;
    if (header !== undefined) {
      if (typeof item !== 'string' || /[\x00-\x1f\x7f]/.test(item))
        return wrong(`text without control characters as ${String(key)}`);
      facts.set(header, item);
    } else if (key === 'timeout') {
      if (typeof item !== 'number' || !(item > 0)) return wrong('more than 0 seconds as timeout');
      timeout = item;
    } else if (key === 'pass_all') {
      if (typeof item !== 'boolean') return wrong('boolean as pass_all');
      if (item) facts.set('Pass', 'all');
    } else if (key === 'settings') {
      if (!(item instanceof Map)) return wrong('table as settings');
      facts.set('Settings', asciiJson(item));
    } else return wrong(`table with ${fieldNames.join(', ')}`);
  }
  return { ok: true, value: { timeout, facts } };
}

/** JSON without an octet above 127, as it goes into a header. */
const asciiJson = (value: LuaValue): string =>
  Buffer.from(writeJson(value, false), 'latin1')
    .toString('utf8')
    .replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

const settings: Param<Settings> = {
  name: 'settings',
  type: 'rspamd_settings',
  fallback: '{}',
  text: 'How it is asked; a field that is not there is an error.',
  read: readSettings,
};

/** What is known of the message being received; what the policy gives takes its place. */
function factsOf(context: CallContext, given: ReadonlyMap<string, string>): (readonly [string, string])[] {
  const session = sessionOf(context);
  const facts = new Map<string, string>();
  if (session !== undefined) {
    const { client, transaction } = session;
    facts.set('IP', client.address);
    if (client.helo !== '') facts.set('Helo', client.helo);
    if (client.host !== undefined && client.isConfirmed) facts.set('Hostname', client.host);
    if (client.user !== undefined) facts.set('User', client.user);
    if (client.tls !== undefined) {
      facts.set('TLS-Version', client.tls.version);
      facts.set('TLS-Cipher', client.tls.cipher);
    }
    if (transaction !== undefined) {
      facts.set('From', transaction.sender);
      facts.set('Queue-Id', transaction.id);
    }
  }
  for (const [name, value] of given) facts.set(name, value);
  const rcpts = session?.transaction?.recipients ?? [];
  return [...facts, ...rcpts.map(({ address }) => ['Rcpt', address] as const)];
}

function endOf(file: string, result: RspamdResult): JobEnd {
  if (result.kind === 'failed') return { fields: { file, reply: result.reply }, error: result.error };
  const { action, score, requiredScore: required_score, isSkipped: is_skipped, subject, reply } = result;
  const symbols: LuaRecord[] = result.symbols.map((symbol) => ({ ...symbol }));
  const byName = new Map<LuaValue, LuaValue>(symbols.map((symbol, i) => [i + 1, symbol]));
  for (const symbol of symbols) byName.set(symbol.name, symbol);
  return {
    fields: {
      ...{ file, action, score, required_score, is_skipped, subject, reply },
      symbols: byName,
      messages: new Map(result.messages),
      add_headers: result.addHeaders.map((header) => ({ ...header })),
      remove_headers: [...result.removeHeaders],
      dkim_signature: result.dkimSignature,
    },
    error: undefined,
  };
}

export function rspamdFunction(dependencies: ServiceDependencies): FunctionSpec {
  return luaFunction({
    name: 'rspamd',
    params: [FILE, hosts(11333), settings],
    results: connectedResult,
    suspends: true,
    text:
      'Has rspamd judge a message, over HTTP (`/checkv2` of its normal worker or its proxy); `service.wait` gives the result. For ' +
      '`client.msg_file` it is given the headers with the edits made so far and the body, any other file as it is, and with both what is known of ' +
      'the client: its address, HELO, confirmed name, user, TLS, the sender, every recipient, and the id of the transaction. A message ' +
      'longer than option `rspamd-max-size` is an error.\n\n' +
      'Result `table.rspamd`: `file` (as given), `action` (`no action`, `greylist`, `add header`, `rewrite subject`, `soft reject`, `reject`; what is ' +
      'done about it is up to the policy), `score`, `required_score`, `is_skipped` (its settings told it not to look), `symbols` (an array, ' +
      'the highest score first, and by name: `symbols.GTUBE`; each `{ name, score, description, options }`), `messages` (texts for the client, as ' +
      '`messages.smtp_message`), `subject` (of `rewrite subject`), `add_headers` (array of `{ name, value, order }`) and `remove_headers` (array of ' +
      'names) as its milter module wants them, `dkim_signature` (the value of a header), `reply` (its JSON), `error` (why there is no verdict, ' +
      'else nil: **test it**), `elapsed_time` (seconds), `service_host`, `service_name`.\n\n' +
      'Servers are tried as by `service.clamd`. Suspends until a connection is made or all have failed.',
    examples: [
      "assert(service.rspamd('/etc/hostname', '127.0.0.1:1', { timeout = 5 }) == false)\nlocal result = service.wait(1)\nassert(result.rspamd.error and result.rspamd.action == nil)\nassert(not pcall(service.rspamd, '/etc/hostname', '127.0.0.1:1', { colour = 'red' }))",
      "-- For hook.dot: return judge(path).\nlocal function judge(path)\n  service.rspamd(path, '127.0.0.1:1')\n  local verdict = service.wait(1).rspamd\n  if verdict.error then return '451 4.7.1 try again later' end\n  if verdict.action == 'reject' then return '550 5.7.1 ' .. (verdict.messages.smtp_message or 'spam') end\n  if verdict.action == 'soft reject' or verdict.action == 'greylist' then return '451 4.7.1 try again later' end\n  for _, header in ipairs(verdict.add_headers) do\n    header.value = header.value:gsub('[\\r\\n]+[ \\t]*', ' ')\n    _G.header.add(header.name .. ': ' .. header.value)\n  end\nend\nassert(judge('/etc/hostname') == '451 4.7.1 try again later')   -- nobody is there",
    ],
    call: (context, path, hostList, { timeout, facts }) => {
      const milliseconds = timeoutMs(timeout);
      const known = factsOf(context, facts);
      const maxSize = optionsOf(context).values['rspamd-max-size'];
      return startScan(dependencies, context, {
        kind: 'rspamd',
        path,
        hostList,
        defaultPort: 11333,
        run: async (file, servers) =>
          endOf(
            path,
            await dependencies.services.rspamd.check({
              file,
              facts: known,
              servers,
              timeoutMs: milliseconds,
              maxSize,
            }),
          ),
      });
    },
  });
}
