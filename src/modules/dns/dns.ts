// Lua module `dns`: questions to the name servers, many at once (doc/reference/dns.md). What a connection has asked is in
// context.ts, the tables given to Lua are made by records.ts, the asking is done by dns/resolver.ts.
import type { Clock } from '../../base/clock.ts';
import type { Resolver } from '../../dns/resolver-api.ts';
import {
  className,
  classNumber,
  dnsClasses,
  dnsRcodes,
  dnsTypes,
  rcodeName,
  typeName,
  typeNumber,
} from '../../dns/type-table.ts';
import type { Slot } from '../../lua-api/call-context.ts';
import {
  type FunctionSpec,
  LuaError,
  luaFunction,
  type Param,
  type ReadResult,
} from '../../lua-api/function-spec.ts';
import { type ConstantTableSpec, luaModule, type ModuleSpec } from '../../lua-api/module-spec.ts';
import { anything, integer, optionalBytes, optionalFlag, optionalNumber } from '../../lua-api/params.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { answerShapes } from './answer-shapes.ts';
import { DnsContext } from './context.ts';
import { sameRecord } from './records.ts';
import { shortFunctions } from './short.ts';

const TEXT =
  'Asks the name servers of /etc/resolv.conf, or of option `dns-servers`. Any number of queries are under way at once; `dns.wait` ' +
  'suspends the hook until they are answered. A query takes option `dns-max-timeout` seconds at most, repetitions, other servers ' +
  'and TCP included; while no name server answers anything at all, none of them is waited for: the query ends at once with `TIMEDOUT`. ' +
  'Answers are cached as long as their TTL allows, and a name that is in the cache is answered without waiting. What ' +
  'a hook has asked is forgotten when it ends.\n\n' +
  'Names are given as ASCII, or as UTF-8 for international names. A name with an empty label, a label of more than 63 or altogether more than ' +
  '253 octets, blanks, control characters or a backslash is not asked: the query ends with rcode `ERRNO`. Names in answers end in a dot; a dot or ' +
  'backslash inside a label is given as `\\.` or `\\\\`, an octet that is no printable ASCII character as `\\DDD` (RFC 1035 section 5.1), ' +
  'so that no answer can bring line ends or blanks into a header or log line.';

const RECORD_TEXT = [
  '| type | fields besides `name`, `class`, `type`, `ttl` (seconds) |',
  '| --- | --- |',
  '| A AAAA | `value`: address (RFC 5952; `::ffff:a.b.c.d` for a mapped one) |',
  '| NS PTR CNAME DNAME | `value`: name |',
  '| MX | `preference`, `value`: name. Ascending by preference |',
  '| TXT | `value`: all strings of the record without anything between them, any octets; `strings`: an array of them |',
  '| SOA | `mname`, `rname`, `serial`, `refresh`, `retry`, `expire`, `minimum` |',
  '| SRV | `priority`, `weight`, `port`, `value`: name |',
  '| CAA | `flags`, `tag`, `value` |',
  '| TLSA | `usage`, `selector`, `matching`, `value`: hexadecimal |',
  '| DS | `key_tag`, `algorithm`, `digest_type`, `value`: hexadecimal |',
  '| DNSKEY | `flags`, `protocol`, `algorithm`, `value`: base64 |',
  '| NAPTR | `order`, `preference`, `flags`, `services`, `regexp`, `value`: name |',
  '| SVCB HTTPS | `priority`, `value`: name, `params`: text as in a zone file (RFC 9460), e.g. `alpn=h2,h3 port=8443` |',
  '| HINFO | `cpu`, `os` |',
  '| MINFO | `rmailbx`, `emailbx` |',
  '| NULL and all others | `value`: the octets of the record |',
].join('\n');

const WAIT_TEXT =
  'Waits for answers and gives all that have come since `dns.open` or `dns.reset`: an array in the order of the queries; the same tables ' +
  'are also found by the key `CLASS,TYPE,name.`, the name as it was asked (case kept) with a final dot, e.g. `IN,MX,example.com.`; a type that is not in `dns.type` stands there by its number, `IN,TYPE17,example.com.` (RFC 3597). When the ' +
  'same question was asked twice the array has both, the key the later one. Nothing asked: an empty table, at once.\n\n' +
  'Each entry has `name`, `class`, `type`, `rcode`, and `ttl`: the seconds that the answer may be kept, 0 for failures. Every query has an ' +
  'entry, also one that failed: then `rcode` is not `dns.rcode.OK`, and `error` says why when it was smtpe that gave up (`ERRNO`, `TIMEDOUT`, ' +
  '`SERVFAIL` for a malformed answer). `answer`, `authority` and `extra` are arrays of records; all three are there when `rcode` is OK and ' +
  'at least one record came, else none of them. So a name without a record of that type has no `answer` or an empty one (when the server ' +
  'sent its SOA in `authority`): look at `answer[1]`. Aliases are followed: their CNAME ' +
  `records stand in \`answer\` before what was asked for. Records of other types than asked for are dropped, whatever the server sent.\n\n${RECORD_TEXT}\n\nSuspends, unless the answers are already there.`;

/** A number, or a name of the table: both are taken for classes and types. */
function numbered(
  name: string,
  text: string,
  find: (name: string) => number | undefined,
  fallback: number,
  shown: string,
): Param<number> {
  const expected = `${name} name or number from 0 to 65535`;
  const read = (value: LuaValue): ReadResult<number> => {
    if (value === undefined || value === null) return { ok: true, value: fallback };
    const word = Buffer.isBuffer(value) ? value.toString('latin1') : value;
    const number =
      typeof word === 'string' ? (find(word) ?? (/^\d+$/.test(word) ? Number(word) : undefined)) : word;
    const good = typeof number === 'number' && number >= 0 && number <= 65_535;
    return good ? { ok: true, value: Math.trunc(number) } : { ok: false, expected };
  };
  return { name, type: 'integer|string', fallback: shown, text, read };
}

function constantTable(
  name: string,
  text: string,
  rows: readonly { readonly name: string; readonly value: number; readonly text: string }[],
): ConstantTableSpec {
  return { name, text, reverse: false, constants: rows };
}

function nameFunction(
  name: string,
  argument: string,
  text: string,
  example: string,
  find: (value: number) => string,
): FunctionSpec {
  return luaFunction({
    name,
    params: [integer(argument, 'The number.')],
    results: [{ name: 'name', type: 'string', text: 'The name, or `(unknown)`.' }],
    text: `${text} Does not suspend.`,
    examples: [example],
    call: (_context, value) => [find(value)],
  });
}

/** The module over this resolver. */
export function createDnsModule(resolver: Resolver, clock: Clock): ModuleSpec {
  const slot: Slot<DnsContext> = {
    name: 'dns',
    create: (context) => new DnsContext(resolver, clock, context),
    endOfHook: (dns) => dns.close(),
    dispose: (dns) => dns.close(),
  };
  const waitFunction = (name: string, text: string): FunctionSpec =>
    luaFunction({
      name,
      params: [
        optionalFlag(
          'for_all_flag',
          'True: until nothing is pending. False: until there is an answer not given before.',
          true,
        ),
        optionalNumber(
          'seconds',
          'The longest to wait, 0 to 3600: then what has come is given, and the rest stays pending. Default: as long as the queries take.',
          undefined,
        ),
      ],
      results: [
        { name: 'answers', type: 'dns_answers', text: 'All answers so far; empty when there are none.' },
      ],
      suspends: true,
      text,
      examples: [
        'dns.open()\ndns.query(dns.class.IN, dns.type.A, "two..dots")\nlocal answers = dns.wait(true)\n' +
          'assert(answers["IN,A,two..dots."].rcode == dns.rcode.ERRNO and answers[1].error)\ndns.close()',
      ],
      call: (context, all, seconds) => {
        if (seconds !== undefined && !(seconds >= 0 && seconds <= 3600))
          throw new LuaError(`bad argument #2 to 'dns.${name}' (0 to 3600 expected)`);
        return context.slot(slot).wait(all, seconds);
      },
    });
  const action = (name: string, text: string, act: (dns: DnsContext) => void): FunctionSpec =>
    luaFunction({
      name,
      params: [],
      text: `${text} Does not suspend.`,
      examples: [`dns.${name}()\nassert(not dns.ispending())`],
      call: (context) => {
        act(context.slot(slot));
        return [];
      },
    });
  return luaModule({
    name: 'dns',
    text: TEXT,
    records: answerShapes,
    tables: [
      constantTable('class', 'Classes of records.', dnsClasses),
      constantTable('type', 'Types of records.', dnsTypes),
      constantTable('rcode', 'Outcomes of a query.', dnsRcodes),
    ],
    functions: [
      action(
        'open',
        'Has to be called before `dns.query`; it lasts until the hook ends. Calling it again does nothing.',
        (dns) => dns.open(),
      ),
      action(
        'close',
        'Forgets all queries and answers, and ends what `dns.open` began. Harmless when not open.',
        (dns) => dns.close(),
      ),
      action(
        'reset',
        'Forgets all queries and answers, as before another round. A late answer to one of them is ignored.',
        (dns) => dns.reset(),
      ),
      luaFunction({
        name: 'query',
        params: [
          numbered('class', 'Class: a number or a name of `dns.class`.', classNumber, 1, 'dns.class.IN'),
          numbered(
            'type',
            'Type: a number, a name of `dns.type` or of the registry of types (`RP`, `CERT`, `NSEC` ...), or `TYPE65280`.',
            typeNumber,
            255,
            'dns.type.ANY',
          ),
          optionalBytes(
            'name',
            'Domain name; nil or an empty one is not asked. For PTR also an IP address.',
            undefined,
          ),
        ],
        text:
          'Sends a query; its answer is fetched by `dns.wait`. Any number may be sent before; beyond option `dns-session-queries` pending ones ' +
          'the query is not sent and ends with rcode `ERRNO`. A final dot is added to the name when it has none; there are no search ' +
          'domains. A PTR query for an IPv4 or IPv6 address asks for its name in `in-addr.arpa` or `ip6.arpa`, and has that name in its ' +
          'answer and key. Without `dns.open` nothing is asked, and the log says so. Does not suspend.',
        examples: [
          'dns.open()\ndns.query(dns.class.IN, dns.type.MX, "a..b")\ndns.query("IN", "MX", "b..a")\nlocal answers = dns.wait(true)\n' +
            'assert(#answers == 2 and answers[1].name == "a..b." and answers[2].type == dns.type.MX)\ndns.close()',
        ],
        call: (context, cls, type, name) => {
          if (name !== undefined && name !== '') context.slot(slot).query(cls, type, name);
          return [];
        },
      }),
      ...shortFunctions((context) => context.slot(slot)),
      waitFunction('wait', WAIT_TEXT),
      waitFunction('poll', 'The same as `dns.wait`.'),
      luaFunction({
        name: 'ispending',
        params: [],
        results: [{ name: 'boolean', type: 'boolean', text: 'True while an answer is missing.' }],
        text: 'Whether there are queries without an answer. Does not suspend.',
        examples: ['assert(dns.ispending() == false)'],
        call: (context) => [context.slot(slot).pending > 0],
      }),
      luaFunction({
        name: 'isequal',
        params: [
          anything('RR1', 'dns_record', 'A record of an answer.'),
          anything('RR2', 'dns_record', 'Another one.'),
        ],
        results: [{ name: 'boolean', type: 'boolean', text: 'True when they are equal.' }],
        text:
          'Whether two records are equal: name and names in the data without regard to case, class, type, and data (A and AAAA: address; ' +
          'MX: preference and name; SOA: serial; TXT: octets; others: all fields). The TTL does not count. The same value twice is equal, ' +
          'nil never. Does not suspend.',
        examples: [
          'local a = { name = "A.example.", class = 1, type = dns.type.A, ttl = 5, value = "192.0.2.1" }\n' +
            'local b = { name = "a.example.", class = 1, type = dns.type.A, ttl = 300, value = "192.0.2.1" }\n' +
            'assert(dns.isequal(a, b))\nb.value = "192.0.2.2"\nassert(not dns.isequal(a, b) and not dns.isequal(a, nil))',
        ],
        call: (_context, a, b) => [sameRecord(a, b)],
      }),
      nameFunction(
        'classname',
        'class',
        'The name of a class.',
        'assert(dns.classname(dns.class.IN) == "IN")',
        className,
      ),
      nameFunction(
        'typename',
        'type',
        'The name of a type.',
        'assert(dns.typename(dns.type.MX) == "MX")',
        typeName,
      ),
      nameFunction(
        'rcodename',
        'rcode',
        'An outcome in words: OK, FORMAT, SERVER, NXDOMAIN, NOT IMPLEMENTED, REFUSED, ERRNO, TIMED OUT.',
        'assert(dns.rcodename(dns.rcode.SERVFAIL) == "SERVER")',
        rcodeName,
      ),
    ],
  });
}
