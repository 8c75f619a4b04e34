// Lua module `auth`: what was found out about a sender, written down for those behind us, and who wrote a message (doc/reference/auth.md).
import type { CallContext } from '../../lua-api/call-context.ts';
import { LuaError, luaFunction, type Param, type ReadResult } from '../../lua-api/function-spec.ts';
import { luaModule, type ModuleSpec, record } from '../../lua-api/module-spec.ts';
import { bytes } from '../../lua-api/params.ts';
import type { LuaRecord, LuaValue } from '../../lua-api/value.ts';
import { parseAuthResults } from '../../mail-auth/auth-results/parse.ts';
import {
  type AuthEntry,
  arcEntry,
  authResultsValue,
  dkimEntries,
  dmarcEntry,
  iprevEntry,
  smtpAuthEntry,
  spfEntry,
} from '../../mail-auth/auth-results/write.ts';
import { maySpeakForUs, removeForged, resultsHeader, type Whose } from '../../message/forged-results.ts';
import { optionsOf } from '../../options/options.ts';
import { type ClientView, sessionOf, type TransactionView } from '../../policy/session-view.ts';
import { editable, writable } from '../header-access.ts';
import { authorOfMessage } from './author-of.ts';
import { readArc, readDkim, readDmarc, readSpf } from './given-results.ts';
import { resultsToLua } from './results-to-lua.ts';
import { Fields, stringOf, wrong } from './words.ts';
import { noteWritten, writtenResults } from './written-results.ts';

/** Makes the entries of one argument; the client is undefined where there is none. */
type EntryMaker = (client: ClientView | undefined) => readonly AuthEntry[];

/** How each argument is read, in the order of the header. */
const readers: Readonly<Record<string, (value: LuaValue) => ReadResult<EntryMaker>>> = {
  spf: (value) => entries(readSpf(value), (result) => () => [spfEntry(result)]),
  dkim: (value) => entries(readDkim(value), (results) => () => dkimEntries(results)),
  dmarc: (value) => entries(readDmarc(value), (result) => () => [dmarcEntry(result)]),
  arc: (value) => entries(readArc(value), (result) => (client) => [arcEntry(result, client?.address)]),
  iprev: (value) => flagged(value, (client) => [iprevEntry(client?.address, namesOf(client))]),
  auth: (value) => flagged(value, (client) => [smtpAuthEntry(client?.user)]),
};

function entries<T>(read: ReadResult<T>, make: (value: T) => EntryMaker): ReadResult<EntryMaker> {
  return read.ok ? { ok: true, value: make(read.value) } : read;
}

function flagged(value: LuaValue, make: EntryMaker): ReadResult<EntryMaker> {
  if (typeof value !== 'boolean') return wrong('boolean');
  return { ok: true, value: value ? make : () => [] };
}

function namesOf(client: ClientView | undefined): 'confirmed' | 'other' | 'none' {
  if (client?.host === undefined) return 'none';
  return client.isConfirmed ? 'confirmed' : 'other';
}

const results: Param<readonly EntryMaker[]> = {
  name: 'results',
  type: 'auth_given',
  fallback: '{}',
  text:
    'Fields `spf` (of `spf.check`), `dkim` (of `dkim.verify`), `dmarc` (of `dmarc.check`), `arc` (of `arc.verify`), `iprev` (true: whether ' +
    '`client.host` is confirmed) and `auth` (true: `client.auth_user`). What is left out is not mentioned; none at all: `none`.',
  read(value) {
    if (value === undefined || value === null) return { ok: true, value: [] };
    const fields = Fields.of(value);
    if (fields === undefined) return wrong('table');
    const unknown = fields.keys.find((key) => readers[stringOf(key) ?? ''] === undefined);
    if (unknown !== undefined) return wrong(`table with ${Object.keys(readers).join(', ')}`);
    const makers: EntryMaker[] = [];
    for (const [name, read] of Object.entries(readers)) {
      const given = fields.get(name);
      if (given === undefined || given === null) continue;
      const made = read(given);
      if (!made.ok) return wrong(`${made.expected} as ${name}`);
      makers.push(made.value);
    }
    return { ok: true, value: makers };
  },
};

/** A name, or an array of names. */
function ids(name: string): Param<readonly string[]> {
  return {
    name,
    type: 'string|string[]',
    fallback: 'nil',
    text: 'A name that is ours, or an array of names. None at all: option `authserv-id`, else our host name.',
    read(value) {
      if (value === undefined || value === null) return { ok: true, value: [] };
      const text = stringOf(value);
      if (text !== undefined) return { ok: true, value: [text] };
      if (!(value instanceof Map)) return wrong('string or table of strings');
      const list: string[] = [];
      for (const item of value.values()) {
        const one = stringOf(item);
        if (one === undefined) return wrong('table of strings');
        list.push(one);
      }
      return { ok: true, value: list };
    },
  };
}

/** The transaction whose headers are complete; undefined outside of one. */
function withHeaders(context: CallContext): TransactionView | undefined {
  const transaction = sessionOf(context)?.transaction;
  if (transaction !== undefined && transaction.layout === undefined)
    throw new LuaError('the headers are not complete yet: call it from hook.eoh on');
  return transaction;
}

function remove(context: CallContext, names: readonly string[], whose: Whose): number {
  const transaction = withHeaders(context);
  if (transaction === undefined) return 0;
  const removed = removeForged(editable(context), names, whose);
  if (removed > 0) context.log.emit('authres-removed', { transaction: transaction.id, removed });
  return removed;
}

const resultsOf = (value: string): LuaRecord | undefined => {
  const parsed = parseAuthResults(value);
  return parsed && { id: parsed.id, results: resultsToLua(parsed.results) };
};

export function createAuthModule(hostName: string): ModuleSpec {
  const ownId = (context: CallContext): string => optionsOf(context).values['authserv-id'] || hostName;
  const valueFor = (context: CallContext, makers: readonly EntryMaker[]): string => {
    const client = sessionOf(context)?.client;
    return authResultsValue(
      ownId(context),
      makers.flatMap((make) => make(client)),
    );
  };
  return luaModule({
    name: 'auth',
    text:
      'Authentication-Results (RFC 8601): what was found out about the sender of a message, written into it for filters and mail programs behind ' +
      'us, and headers with our name that a stranger wrote, removed. Nothing that a stranger sent gets out of its place in the header: ' +
      'domains are left out unless they are host names in ASCII, other values are quoted, octets that are not printable ASCII become `?`.',
    functions: [
      luaFunction({
        name: 'add',
        params: [results],
        text:
          'Writes an Authentication-Results header at the top of the message, below the Received header of `smtp-received`. With option `authres-remove=auto` headers with our name that came ' +
          'with the message are removed first, unless the client is one of `authres-trusted-hosts`. To be called from `hook.eoh` to ' +
          '`hook.dot`; earlier and later it raises an error, as for a table that is no result. Does nothing outside a transaction. ' +
          'Counts against `limit-header-edits`. Does not suspend.',
        examples: [
          'function hook.dot()\n  local sender, signatures = spf.check(), dkim.verify()\n  auth.add{ spf = sender, dkim = signatures, dmarc = dmarc.check(sender, signatures), iprev = true }\nend',
        ],
        call: (context, makers) => {
          const transaction = withHeaders(context);
          if (transaction === undefined) return [];
          const value = valueFor(context, makers);
          const line = `${resultsHeader}: ${value}`;
          const headers = writable(context, line.length);
          const { values } = optionsOf(context);
          const client = sessionOf(context)?.client.rightsAddress ?? '';
          // Once for a message: what is there at the second call is ours.
          const isFirst = writtenResults(context) === undefined;
          const stay =
            values['authres-remove'] === '-' || maySpeakForUs(values['authres-trusted-hosts'], client);
          if (isFirst && !stay) remove(context, [ownId(context)], 'received');
          headers.insert(line, transaction.belowTrace);
          noteWritten(context, value);
          return [];
        },
      }),
      luaFunction({
        name: 'results',
        params: [results],
        results: [{ name: 'value', type: 'string', text: 'The value, folded with CRLF and a tab.' }],
        text: 'The value that `auth.add` would write, without writing it. Does not suspend.',
        examples: [
          "local found = { result = 'pass', scope = 'mfrom', domain = 'example.com' }\nassert(auth.results{ spf = found }:find('spf=pass smtp.mailfrom=example.com', 1, true))\nassert(auth.results():find('; none', 1, true))",
        ],
        call: (context, makers) => [valueFor(context, makers)],
      }),
      luaFunction({
        name: 'remove',
        params: [ids('id'), ids('id2'), ids('id3'), ids('id4')],
        results: [{ name: 'removed', type: 'integer', text: 'How many were removed.' }],
        text:
          'Removes the Authentication-Results headers that say they are of one of these names, without regard to case and to a final dot, and those ' +
          'that cannot be read. Those of other names stay, and so does ARC-Authentication-Results. It removes what `auth.add` has written, ' +
          'too: call it before. To be called from `hook.eoh` to `hook.dot`; 0 outside a transaction. `dkim.verify` still sees them. ' +
          'Does not suspend.',
        examples: ["function hook.dot()\n  auth.remove('mx.example.com', 'mx2.example.com')\nend"],
        call: (context, ...lists) => {
          const names = lists.flat();
          return [remove(context, names.length === 0 ? [ownId(context)] : names, 'all')];
        },
      }),
      luaFunction({
        name: 'parse',
        params: [bytes('text', 'What stands behind the colon.')],
        results: [
          { name: 'parsed', type: 'auth_results?', text: 'What it says; nil when it cannot be read.' },
        ],
        text:
          'Reads the value of any Authentication-Results header. Who wrote it is for the policy to know: without that it means nothing. ' +
          'Does not suspend.',
        examples: [
          "local parsed = auth.parse('mx.example.com; spf=pass smtp.mailfrom=example.com')\nassert(parsed.id == 'mx.example.com' and parsed.results[1].method == 'spf')\nassert(parsed.results[1].properties['smtp.mailfrom'] == 'example.com')\nassert(auth.parse('mx.example.com; spf') == nil)",
        ],
        call: (_context, text) => [resultsOf(text)],
      }),
      luaFunction({
        name: 'author',
        params: [],
        results: [
          {
            name: 'domain',
            type: 'string?',
            text: 'The author domain, A-labels, lower case; nil when there is none.',
          },
          { name: 'address', type: 'string', text: 'The first author; the cause when there is no domain.' },
        ],
        text:
          'Who wrote the message: the domain of all addresses in its From headers as they came. Display names, comments and encoded words do not count. ' +
          'Without one the second result says why: `no_author`, `several_authors` (addresses of several domains), `syntax` (no list of ' +
          'addresses). From `hook.eoh` on; earlier it raises an error. Does not suspend.',
        examples: [
          "function hook.eoh()\n  local domain, cause = auth.author()\n  if domain == nil and cause == 'several_authors' then\n    return '550 5.7.1 From: one author, please'\n  end\nend",
        ],
        call: (context) => {
          const author = authorOfMessage(sessionOf(context)?.transaction);
          return author.kind === 'author' ? [author.domain, author.address] : [undefined, author.kind];
        },
      }),
    ],
    records: [
      record('auth_given', 'What `auth.add` and `auth.results` take.', {
        spf: ['spf_result?', 'of `spf.check`'],
        dkim: ['dkim_signature[]?', 'of `dkim.verify`'],
        dmarc: ['dmarc_result?', 'of `dmarc.check`'],
        arc: ['arc_chain?', 'of `arc.verify`'],
        iprev: ['boolean?', 'true: whether `client.host` is confirmed'],
        auth: ['boolean?', 'true: `client.auth_user`'],
      }),
      {
        name: 'auth_results',
        text: 'What `auth.parse` gives.',
        fields: [
          { name: 'id', type: 'string', text: 'who says so' },
          { name: 'results', type: 'auth_result[]', text: 'in the order of the header; empty for `none`' },
        ],
      },
      {
        name: 'auth_result',
        text: 'One of them.',
        fields: [
          { name: 'method', type: 'string', text: 'lower case: `spf`, `dkim`, `dmarc` ...' },
          { name: 'result', type: 'string', text: 'lower case' },
          { name: 'reason', type: 'string?', text: 'as it is written, without quotes' },
          {
            name: 'properties',
            type: 'table<string, string>',
            text: 'by name, lower case (`smtp.mailfrom`, `header.d`); of two of a name the first',
          },
        ],
      },
    ],
  });
}
