// header.received and header.authresults: what servers on the way have written into a message.
import { withoutEnd } from '../base/ascii.ts';
import { type FunctionSpec, luaFunction } from '../lua-api/function-spec.ts';
import type { RecordSpec } from '../lua-api/module-spec.ts';
import { optionalBytes } from '../lua-api/params.ts';
import type { LuaRecord } from '../lua-api/value.ts';
import { parseAuthResults } from '../mail-auth/auth-results/parse.ts';
import { maySpeakForUs, resultsHeader } from '../message/forged-results.ts';
import { readReceived } from '../message/header/received-field.ts';
import { optionsOf } from '../options/options.ts';
import { sessionOf } from '../policy/session-view.ts';
import { readable } from './header-access.ts';
import { resultsToLua } from './mail-auth/results-to-lua.ts';

/** Headers of one name that are read. */
const most = 100;

const received = luaFunction({
  name: 'received',
  params: [],
  results: [{ name: 'list', type: 'header_received[]', text: 'The newest first.' }],
  text:
    `The Received headers as tables, at most the first ${most}: entry N is that of \`header.find('Received', N)\`. The forms of Postfix, Exim, Sendmail, Exchange, qmail, Gmail and ` +
    'smtpe are read; what a header does not say, or says in another form, is nil, and all of it in a header that is none. Only what our own servers have written is true: whoever ' +
    'sends a message may write the others. In `hook.dot` the first is that of `smtp-received`. Does not suspend.',
  examples: [
    "header.insert('Received: from helo.example (name.example [192.0.2.1])\\r\\n\\tby mx.example (Postfix) with ESMTPS id 4X for <b@c.example>;\\r\\n\\tSun, 21 Sep 2003 22:04:27 +0200', 1)\n" +
      'local top = header.received()[1]\n' +
      "assert(top.helo == 'helo.example' and top.ip == '192.0.2.1' and top.by == 'mx.example')\n" +
      "assert(top.with == 'ESMTPS' and top.id == '4X' and top.for_ == 'b@c.example' and top.time == 1064174667)",
  ],
  call: (context) => {
    const list: LuaRecord[] = [];
    for (const value of readable(context)?.values('Received') ?? []) {
      if (list.length === most) break;
      const { recipient, ...fields } = readReceived(value);
      list.push({ ...fields, for_: recipient });
    }
    return [list];
  },
});

const plain = (id: string): string => withoutEnd(id, '.').toLowerCase();

const authresults = luaFunction({
  name: 'authresults',
  params: [
    optionalBytes(
      'authserv_id',
      'Whose results, without regard to case and to a final dot; nil: all.',
      undefined,
    ),
  ],
  results: [
    {
      name: 'list',
      type: 'header_results[]',
      text: 'In the order of the headers. Each is what `auth.parse` gives, and `trusted`.',
    },
  ],
  text:
    `The Authentication-Results headers (RFC 8601), at most the first ${most} (with an id the first ${most} that can be trusted); those that cannot be read are left out. Anybody may write one in any name: with an id only those are given ` +
    'that can be trusted to be of whom they say, that is those that this policy has put in, and those that came with the message from a client of `authres-trusted-hosts`. Without one all are given, and ' +
    '`trusted` says so of each. `auth.remove` takes away what is forged. Does not suspend.',
  examples: [
    "header.insert('Authentication-Results: mx.example; spf=pass smtp.mailfrom=a.example', 1)\n" +
      "local own = header.authresults('MX.example')\nassert(#own == 1 and own[1].trusted and own[1].results[1].method == 'spf')\nassert(#header.authresults('mx.other.example') == 0)",
  ],
  call: (context, id) => {
    const headers = readable(context);
    if (headers === undefined) return [[]];
    const client = sessionOf(context)?.client.rightsAddress ?? '';
    const isOurs = maySpeakForUs(optionsOf(context).values['authres-trusted-hosts'], client);
    const list: LuaRecord[] = [];
    let read = 0;
    let instance = 0;
    for (const value of headers.values(resultsHeader)) {
      instance++;
      const place = headers.find(resultsHeader, instance);
      const trusted = isOurs || (place !== undefined && headers.isEdit(place.index));
      // Those of strangers do not count, however many stand in front of ours.
      if (id !== undefined && !trusted) continue;
      if (++read > most) break;
      const parsed = parseAuthResults(value);
      if (parsed === undefined || (id !== undefined && plain(parsed.id) !== plain(id))) continue;
      list.push({ id: parsed.id, results: resultsToLua(parsed.results), trusted });
    }
    return [list];
  },
});

export const traceFunctions: readonly FunctionSpec[] = [received, authresults];

export const traceRecords: readonly RecordSpec[] = [
  {
    name: 'header_received',
    text: 'One of what `header.received` gives; each field is nil when the header does not say it.',
    fields: [
      {
        name: 'from',
        type: 'string?',
        text: 'the word behind `from`: what the client said of itself, with Exim and qmail its name by DNS',
      },
      { name: 'helo', type: 'string?', text: 'what the client said in EHLO or HELO' },
      {
        name: 'ip',
        type: 'string?',
        text: 'its address in its one canonical form: IPv6 by RFC 5952, an IPv4-mapped one as IPv4',
      },
      { name: 'by', type: 'string?', text: 'the name of the server that wrote it' },
      { name: 'with', type: 'string?', text: 'the protocol, as it is written' },
      { name: 'id', type: 'string?', text: 'the id that the server gave the message' },
      { name: 'for_', type: 'string?', text: 'the first recipient behind `for`, without brackets' },
      {
        name: 'time',
        type: 'integer?',
        text: 'seconds since 1970-01-01 00:00:00 UTC, read as `util.date_to_time` does with `lenient`',
      },
    ],
  },
  {
    name: 'header_results',
    text: 'One of what `header.authresults` gives.',
    fields: [
      { name: 'id', type: 'string', text: 'who says so' },
      { name: 'results', type: 'auth_result[]', text: 'as in `auth.parse`' },
      {
        name: 'trusted',
        type: 'boolean',
        text: 'this policy has written it, or the client is one of `authres-trusted-hosts`',
      },
    ],
  },
];
