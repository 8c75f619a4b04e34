// What a test says of those outside: name servers, scanners, web servers, next hops, who knows users, whose mail there is. Each is a table of answers, by what
// is asked; `default` is for the rest.
import type { FunctionSpec } from '../../lua-api/function-spec.ts';
import { luaFunction } from '../../lua-api/function-spec.ts';
import { anything, bytes } from '../../lua-api/params.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import type { FakeTable, Place } from '../fake-table.ts';
import type { Fakes } from '../fakes.ts';
import { benchOf, NO_RESULTS } from './bench-of.ts';
import { readDnsAnswer, readDnsKey } from './dns-fakes.ts';
import { readHop, readHopKey } from './hop-fakes.ts';
import { type LuaFields, sketch, tableFor, textOf, wrong } from './read-table.ts';
import { readClamd, readHttp, readHttpKey, readRspamd, readSpamd } from './service-fakes.ts';
import { HTTP_ANSWERS } from './test-shapes.ts';
import { readMail, readName, readUser } from './user-fakes.ts';

/** Puts each field of a table into one of the fakes; `default` is for what has no field of its own. */
function putAll<T>(
  what: string,
  table: FakeTable<T>,
  fields: LuaFields,
  place: Place,
  read: (name: string, key: LuaValue, value: LuaValue) => { readonly key: string; readonly value: T },
  readDefault: ((name: string, value: LuaValue) => T) | undefined,
): void {
  for (const [key, value] of fields) {
    const name = `${what} ${sketch(key)}`;
    if (key === 'default' && readDefault !== undefined)
      table.setDefault(name, readDefault(name, value), place);
    else {
      const one = read(name, key, value);
      table.set(one.key, name, one.value, place);
    }
  }
}

type Scanner = 'clamd' | 'spamd' | 'rspamd';
type AnswerOf<S extends Scanner> = Fakes[S] extends FakeTable<infer T> ? T : never;

function scanner<S extends Scanner>(
  service: S,
  read: (what: string, value: LuaValue) => AnswerOf<S>,
  type: string,
  text: string,
  sample: string,
): FunctionSpec {
  const what = `t.${service}`;
  return luaFunction({
    name: service,
    params: [anything('answers', type, `\`${sample}\`; \`default\` is for all other messages.`)],
    text,
    call: (context, given) => {
      const bench = benchOf(context);
      const table = bench.fakesNow[service] as unknown as FakeTable<AnswerOf<S>>;
      putAll(
        what,
        table,
        tableFor(what, given, sample),
        bench.place,
        (name, key, value) => {
          const words = textOf(key);
          if (words === undefined || words === '')
            throw wrong(name, 'the name of a file, or a text of the message', key);
          return { key: words, value: read(name, value) };
        },
        read,
      );
      return NO_RESULTS;
    },
  });
}

const BY_MESSAGE =
  'By the file that `s:send` was given, or by a text that stands in the message. Once it was called, a message that nothing fits is harmless.';

export const outsideFunctions: readonly FunctionSpec[] = [
  luaFunction({
    name: 'dns',
    params: [
      anything(
        'records',
        'table<string, string|integer|string[]>',
        "`{ ['7.2.0.192.bl.example A'] = '127.0.0.2', ['b.example MX'] = { '10 mx.b.example' }, default = t.nxdomain }`.",
      ),
    ],
    text: 'What name servers answer, by name and type. Records are written as in a zone file; several in a table, none in an empty one (the name is there, without this type). Besides `t.nxdomain`, `t.timeout` or a `dns.rcode`. `default` is for all other names. Aliases are followed. The client of `s:from(ip, host)` has its names.',
    call: (context, given) => {
      const bench = benchOf(context);
      const table = tableFor('t.dns', given, "{ ['mx.example.com A'] = '192.0.2.1', default = t.nxdomain }");
      putAll(
        't.dns',
        bench.fakesNow.dns,
        table,
        bench.place,
        (what, key, value) => {
          const { name, type } = readDnsKey(key);
          return { key: `${name} ${type}`, value: readDnsAnswer(what, type, value) };
        },
        (what, value) => readDnsAnswer(what, undefined, value),
      );
      return NO_RESULTS;
    },
  }),
  scanner(
    'clamd',
    readClamd,
    'table<string, string>',
    `What clamd says of a message: the name of a virus, \`'clean'\` or \`t.timeout\`. ${BY_MESSAGE}`,
    "{ ['mail/eicar.eml'] = 'Eicar-Signature', default = 'clean' }",
  ),
  scanner(
    'spamd',
    readSpamd,
    'table<string, number|string|smtpe.test.spamd>',
    `What spamd says: a score, or \`{ score =, threshold = 5, symbols = {...} }\`, or \`t.timeout\`. ${BY_MESSAGE}`,
    "{ ['buy now'] = 12.5, default = 0 }",
  ),
  scanner(
    'rspamd',
    readRspamd,
    'table<string, number|string|smtpe.test.rspamd>',
    `What rspamd says: a score, or \`{ score =, required = 15, action =, symbols = { NAME = score }, message = }\`, or \`t.timeout\`. Without an action it is that of rspamd's own configuration. ${BY_MESSAGE}`,
    "{ ['buy now'] = { score = 20, symbols = { BAYES_SPAM = 5 } }, default = 0 }",
  ),
  luaFunction({
    name: 'http',
    params: [
      anything(
        'answers',
        HTTP_ANSWERS,
        "`{ ['POST http://127.0.0.1:8080/auth'] = function(q) return q.form.user == 'joe' and 200 or 403 end }`.",
      ),
    ],
    text: 'What web servers answer, by method and URL, or by URL alone: a code, a body (with code 200), `{ code =, body =, headers = {...} }`, `t.timeout`, or a function that gives one of these. It is called with `{ method =, url =, headers =, body =, form =, query = }`; `form` and `query` are the fields of body and URL, names of headers are in lower case. A URL without its query fits any query. `default` is for all other URLs.',
    call: (context, given) => {
      const bench = benchOf(context);
      const table = tableFor('t.http', given, "{ ['POST http://127.0.0.1:8080/auth'] = 200 }");
      putAll(
        't.http',
        bench.fakesNow.http,
        table,
        bench.place,
        (what, key, value) => ({ key: readHttpKey(key), value: readHttp(what, value) }),
        readHttp,
      );
      return NO_RESULTS;
    },
  }),
  luaFunction({
    name: 'next_hop',
    params: [
      bytes('host', 'As in `smtp-smart-host`: `mx.example.com:25`, `lmtp:/run/lmtp`.'),
      anything(
        'replies',
        'smtpe.test.next_hop',
        "`{ rcpt = { ['bad@example.com'] = '550 5.1.1 no' }, dot = '451 4.3.0 later' }`; `{}` takes everything.",
      ),
    ],
    text: "What a next hop replies, by stage: `banner`, `ehlo`, `mail`, `rcpt`, `data`, `dot`. `mail` and `rcpt` may be tables by address. Instead of a reply `false` hangs up, `t.timeout` says nothing. `down = true`: nobody listens. It takes what it is not told to refuse. When the policy's options name no next hop, there is one that takes everything.",
    call: (context, host, given) => {
      const bench = benchOf(context);
      const table = tableFor('t.next_hop', given, "{ rcpt = { ['bad@example.com'] = '550 5.1.1 no' } }");
      bench.fakesNow.hops.set(
        readHopKey(host),
        `t.next_hop ${sketch(host)}`,
        readHop(host, table),
        bench.place,
      );
      return NO_RESULTS;
    },
  }),
  luaFunction({
    name: 'users',
    params: [
      anything(
        'users',
        'table<string, string|boolean|smtpe.test.user>',
        "`{ ['joe@example.com'] = 'secret', ['eve@example.com'] = false }`.",
      ),
    ],
    text: 'Who may log in, and which recipients there are, in the place of `auth-script`, `smtp-auth-dovecot` and `rcpt-userdb`: a password, `true` for somebody who cannot log in, `{ password =, fields = {...}, disabled =, maildir = }`, `false` for nobody, `t.timeout`. `default` is for all other names. Who is asked for by these options, or by `s:auth` once this was called, and is not here fails the case.',
    call: (context, given) => {
      const bench = benchOf(context);
      putAll(
        't.users',
        bench.fakesNow.users,
        tableFor('t.users', given, "{ ['joe@example.com'] = 'secret' }"),
        bench.place,
        (what, key, value) => ({ key: readName(what, key), value: readUser(what, value) }),
        readUser,
      );
      return NO_RESULTS;
    },
  }),
  luaFunction({
    name: 'storage',
    params: [
      anything(
        'users',
        'table<string, false|smtpe.test.mailboxes>',
        "`{ ['bob@example.com'] = { mailboxes = { 'Junk' } }, default = false }`.",
      ),
    ],
    text: "Whose mail there is for module `storage`: `{}` for somebody with INBOX, `{ mailboxes = {...} }` with more, `{ refuse = 'why' }` when his script (`push-script`) refuses, `false`: he is not there. `default` is for all others. What is put there stays in the case: `t.stored` has it. Push scripts are not called. What next hops or a maildir get by forwarding is in `t.forwarded`.",
    call: (context, given) => {
      const bench = benchOf(context);
      putAll(
        't.storage',
        bench.fakesNow.storage,
        tableFor('t.storage', given, "{ ['bob@example.com'] = {} }"),
        bench.place,
        (what, key, value) => ({ key: readName(what, key), value: readMail(what, value) }),
        readMail,
      );
      return NO_RESULTS;
    },
  }),
];
