// The module `smtpe.test`: what a test of a policy says of the outside world, and its cases. lib-lua/smtpe/test.lua gives it to tests; a policy in service
// cannot have it. The one source of its page, its stub and its errors.
import { join } from 'node:path';
import { nearestName } from '../../base/nearest-name.ts';
import { findPattern } from '../../lua/pattern.ts';
import type { CallContext } from '../../lua-api/call-context.ts';
import {
  type FunctionSpec,
  LuaError,
  type LuaResults,
  luaFunction,
  type Param,
} from '../../lua-api/function-spec.ts';
import { luaModule, type ModuleSpec } from '../../lua-api/module-spec.ts';
import { anything, bytes, optionalBytes, optionalFlag, optionalInteger } from '../../lua-api/params.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { troubleText } from '../../mailbox/port/outcome.ts';
import { mailPlace } from '../../modules/storage/mail-place.ts';
import type { FakeTable, Place } from '../fake-table.ts';
import type { Fakes } from '../fakes.ts';
import { shown } from '../shown.ts';
import { BENCH, type TestBench } from '../test-bench.ts';
import { readDnsAnswer, readDnsKey } from './dns-fakes.ts';
import { readHop, readHopKey } from './hop-fakes.ts';
import {
  checkFields,
  durationOf,
  isFunction,
  isTable,
  type LuaFields,
  NXDOMAIN,
  numberField,
  sketch,
  TIMEOUT,
  tableFor,
  textField,
  textOf,
  textsOf,
  wrong,
} from './read-table.ts';
import { readClamd, readHttp, readHttpKey, readRspamd, readSpamd } from './service-fakes.ts';
import { sessionClass, sessionObject } from './session-class.ts';
import { HTTP_ANSWERS, testShapes } from './test-shapes.ts';
import { readMail, readName, readUser } from './user-fakes.ts';
import { waiting } from './waiting.ts';

const benchOf = (context: CallContext): TestBench => BENCH.in(context);

const NO_RESULTS: LuaResults = [];

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

const named: Param<string> = bytes('name', 'What it shows, for people and `-k`.');

/** A day: entries of a store need an end. */
const STORE_TTL = 86_400;
/** The longest that time is moved on at once, days. */
const LONGEST_DAYS = 400;

const clockModule = luaModule({
  name: 'clock',
  isObject: true,
  text: 'The clock of a case. It begins at noon of 2026-01-03, a Saturday, UTC, and stands still until it is moved: `os.time`, `util.time`, limits of hooks, times of the store, sleeps and time-outs all go by it.',
  functions: [
    luaFunction({
      name: 'forward',
      params: [anything('time', 'string|number', "`'5m'`, `'1h 30m'`, `'90s'`, `'2d'`; or seconds.")],
      suspends: true,
      text: "Written `t.clock:forward('5m')`. Moves time on. What becomes due meanwhile happens, in the order in which it is due.",
      call: (context, given) => {
        const ms = durationOf(given);
        if (ms === undefined || ms > LONGEST_DAYS * 86_400_000)
          throw wrong(
            't.clock:forward',
            `a time as '5m', '1h 30m', '2d' or a number of seconds, at most ${LONGEST_DAYS} days`,
            given,
          );
        const played = benchOf(context).inCase('t.clock:forward');
        return waiting('t.clock:forward', async () => {
          await played.forward(ms);
          return NO_RESULTS;
        });
      },
    }),
  ],
});

export const testModule: ModuleSpec = luaModule({
  name: 't',
  required: 'smtpe.test',
  records: testShapes,
  text:
    "Tests of policies: `local t = require 'smtpe.test'`, in files `*_test.lua` that `smtpe test` runs; see [how to test a policy](../test.md).\n\n" +
    'What a test says of the outside world at the level of its file holds for each of its cases; within a case for that one only. Names, URLs and hosts of which nothing is said fail the case. ' +
    'Policy, store, files, clock and everybody outside are new in each case; globals and locals of the test are not.',
  classes: [sessionClass],
  constants: [
    { name: 'timeout', value: TIMEOUT, text: 'In the place of an answer: nobody answers in time.' },
    { name: 'nxdomain', value: NXDOMAIN, text: 'In the place of records: there is no such name.' },
  ],
  functions: [
    luaFunction({
      name: 'case',
      params: [
        named,
        anything(
          'run',
          'fun(s: smtpe.test.session)',
          'Called with a session, of a client that has not connected yet.',
        ),
      ],
      text: 'A case. It fails when one of its expectations does not hold, when it raises an error, and when the policy asks for something of which the test says nothing.',
      call: (context, name, run) => {
        const bench = benchOf(context);
        if (!isFunction(run)) throw wrong(`t.case ${sketch(name)}`, 'a function(s) ... end', run);
        bench.add(name, run);
        return NO_RESULTS;
      },
    }),
    luaFunction({
      name: 'policy',
      params: [
        anything(
          'files',
          'string|string[]',
          "`'policy.lua'`, or several in their order: `{ 'local.lua', 'filter.lua' }`.",
        ),
      ],
      text: 'Which policy the test is about, when that is not told by its name: files beside the test, as option `script` has them. Stands at the level of the file. Option `script` of the command line counts more.',
      call: (context, given) => {
        const bench = benchOf(context);
        if (bench.played !== undefined)
          throw new LuaError(
            't.policy within a case: it stands at the level of the file, and holds for all cases',
          );
        const [path, ...more] = textsOf(
          't.policy',
          given,
          "'policy.lua' or { 'local.lua', 'filter.lua' }",
        ).map((name) => join(bench.directory, Buffer.from(name, 'latin1').toString('utf8')));
        if (path === undefined)
          throw wrong('t.policy', "'policy.lua' or { 'local.lua', 'filter.lua' }", given);
        bench.policy = { path, more };
        return NO_RESULTS;
      },
    }),
    luaFunction({
      name: 'session',
      params: [],
      results: [
        { name: 'session', type: 'smtpe.test.session', text: 'of a client that has not connected yet' },
      ],
      text: 'One more client in the same case: what the first one has left in the store is there.',
      call: (context) => {
        const bench = benchOf(context);
        return [sessionObject({ bench, dialogue: bench.inCase('t.session').newSession() })];
      },
    }),
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
        const table = tableFor(
          't.dns',
          given,
          "{ ['mx.example.com A'] = '192.0.2.1', default = t.nxdomain }",
        );
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
    luaFunction({
      name: 'stored',
      params: [
        bytes('name', 'Whose mail, as `storage.user` takes it.'),
        optionalBytes('mailbox', 'Its full name.', 'INBOX'),
      ],
      results: [{ name: 'messages', type: 'smtpe.test.stored[]', text: 'in their order' }],
      suspends: true,
      text: 'What lies in a mailbox of `t.storage`. Fails the case when there is no such mailbox.',
      call: (context, name, mailbox) => {
        const bench = benchOf(context);
        const { world } = bench.inCase('t.stored');
        const place = mailPlace(bench.options, name);
        if (place.kind !== 'place') throw wrong('t.stored', `somebody with mail (${place.why})`, name);
        return waiting('t.stored', async () => {
          const found = await world.mail.stored(
            place.identity,
            Buffer.from(mailbox, 'latin1').toString('utf8'),
          );
          bench.mustHaveFakes();
          if (found.kind !== 'done') return bench.fail(`t.stored ${sketch(name)}: ${troubleText(found)}`);
          return [
            found.value.map(({ data, flags, keywords, uid }) => ({
              uid,
              flags: [...flags],
              keywords: [...keywords],
              data,
            })),
          ];
        });
      },
    }),
    luaFunction({
      name: 'store',
      params: [
        anything(
          'entries',
          'string|table<string, string|number|smtpe.test.entry>',
          "`{ ['gl:x'] = '1', counter = { value = 7, ttl = 60 } }`; without `ttl` an entry lives a day.",
        ),
      ],
      text: 'What is in the store when a case begins, or from now on. `t.timeout` instead: it cannot be reached, from now on until the next `t.store`; that on this machine (`store.open("local")`) can.',
      call: (context, given) => {
        benchOf(context).prepare((world) => {
          world.isStoreDown = given === TIMEOUT;
        });
        if (given === TIMEOUT) return NO_RESULTS;
        for (const [key, value] of tableFor('t.store', given, "{ key = 'value' }, or t.timeout")) {
          const what = `t.store ${sketch(key)}`;
          const name = textOf(key);
          const isPlain = !isTable(value);
          if (!isPlain) checkFields(what, value, ['value', 'ttl']);
          const text = isPlain ? textOf(value) : textField(what, value, 'value');
          if (name === undefined || text === undefined)
            throw wrong(what, 'a text, or { value =, ttl = }', value);
          const ttl = isPlain ? STORE_TTL : (numberField(what, value, 'ttl') ?? STORE_TTL);
          benchOf(context).prepare((world) => {
            const outcome = world.store().set(Buffer.from(name, 'latin1'), Buffer.from(text, 'latin1'), ttl);
            if (outcome.kind === 'failed')
              throw new LuaError(`${what}: a key has 1 to 512 octets, ttl is whole seconds, at least 1`);
          });
        }
        return NO_RESULTS;
      },
    }),
    luaFunction({
      name: 'file',
      params: [
        anything(
          'files',
          'table<string, string>',
          "`{ ['maps/domains.txt'] = 'example.com\\n' }`: content by path, as the policy names it.",
        ),
      ],
      text: 'Files that the policy reads by `io` or `map.open`: they lie over those on the disk. A path that is not absolute begins where the policy stands. What a policy itself writes never reaches the disk.',
      call: (context, given) => {
        const bench = benchOf(context);
        for (const [key, value] of tableFor('t.file', given, "{ ['maps/domains.txt'] = 'example.com\\n' }")) {
          const [path, text] = [textOf(key), textOf(value)];
          if (path === undefined || text === undefined)
            throw wrong(`t.file ${sketch(key)}`, 'the content, a string', value);
          bench.prepare((world) => world.files.put(path, Buffer.from(text, 'latin1')));
        }
        return NO_RESULTS;
      },
    }),
    luaFunction({
      name: 'forwarded',
      params: [
        optionalInteger(
          'n',
          'Which message, from 1 on; nil: their number; 0: none, and the case fails when there is one.',
          undefined,
        ),
      ],
      results: [
        {
          name: 'forwarded',
          type: 'integer|smtpe.test.message',
          text: 'the number of messages, or `{ host =, sender =, recipients = {...}, data = }` of the nth',
        },
      ],
      text: 'What was forwarded in the case so far: what next hops have answered with 250. Fails the case when there is no nth.',
      call: (context, n) => {
        const bench = benchOf(context);
        const { forwarded } = bench.inCase('t.forwarded').world.record;
        bench.mustHaveFakes();
        if (n === undefined) return [forwarded.length];
        const count = forwarded.length === 1 ? '1 message was' : `${forwarded.length} messages were`;
        if (n === 0 && forwarded.length > 0)
          bench.fail(
            `expected nothing to be forwarded, ${count}: ${forwarded.map(({ host, recipients }) => `to ${recipients.join(' ')} by ${host}`).join(', ')}`,
          );
        if (n === 0) return [0];
        const message = forwarded[n - 1];
        if (message === undefined) return bench.fail(`expected message ${n} to be forwarded, ${count}`);
        const { data, host, recipients, sender } = message;
        return [{ host, sender, recipients, data }];
      },
    }),
    luaFunction({
      name: 'log',
      params: [
        bytes('pattern', 'A pattern of Lua.'),
        optionalFlag('present', 'false: no line may fit.', true),
      ],
      results: [{ name: 'line', type: 'string?', text: 'the first line that fits; nil' }],
      text: 'Fails the case unless a line of the log of this case fits: `level message field=value ...`. With `false` as second argument it fails when one does.',
      call: (context, pattern, present) => {
        const bench = benchOf(context);
        const { log } = bench.inCase('t.log').world;
        const line = log.lines
          .map(
            ({ fields, level, message }) =>
              `${level} ${message}${Object.entries(fields)
                .map(([name, value]) => ` ${name}=${String(value)}`)
                .join('')}`,
          )
          .find((text) => fits(text, pattern));
        if (present && line === undefined) bench.fail(`no line of the log fits ${sketch(pattern)}`);
        if (!present && line !== undefined)
          bench.fail(`expected no line of the log to fit ${sketch(pattern)}, got ${shown(line)}`);
        return [line];
      },
    }),
  ],
  modules: [clockModule],
});

function fits(text: string, pattern: string): boolean {
  try {
    return findPattern(text, pattern) !== undefined;
  } catch (error) {
    throw new LuaError(`t.log ${sketch(pattern)}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** What is registered in the engine: lib-lua/smtpe/test.lua makes `t.clock` of `forward`, and asks `near` about names that do not exist. */
export const registeredModule: ModuleSpec = {
  ...testModule,
  modules: [],
  functions: [
    ...testModule.functions,
    ...clockModule.functions,
    luaFunction({
      name: 'near',
      params: [bytes('name', 'One that does not exist.')],
      results: [{ name: 'hint', type: 'string', text: 'what was meant, in words' }],
      text: 'For lib-lua/smtpe/test.lua.',
      call: (_, name) => {
        const near = nearestName(name, names);
        return [near === undefined ? `it has ${names.join(', ')}` : `did you mean t.${near}?`];
      },
    }),
  ],
};

const names = [...testModule.functions, ...testModule.constants, clockModule].map(({ name }) => name);
