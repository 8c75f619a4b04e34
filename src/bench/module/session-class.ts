// The class `session` of smtpe.test: the client of a case, whose methods say something to the policy's server or look at what came back. Each gives
// the session again, so that they can be written in a row.
import { isIP } from 'node:net';
import { type ClassSpec, luaMethod } from '../../lua-api/class-spec.ts';
import { LuaError, type Param, type ResultSpec, type Suspension } from '../../lua-api/function-spec.ts';
import { anything, bytes, integer, optionalAnything, optionalBytes } from '../../lua-api/params.ts';
import { LuaObject, type LuaValue } from '../../lua-api/value.ts';
import { cipherBits } from '../../net/tls-facts.ts';
import { replyText } from '../../smtp/protocol/reply.ts';
import type { Dialogue } from '../dialogue.ts';
import { shown } from '../shown.ts';
import type { TestBench } from '../test-bench.ts';
import { headerIn } from './last-header.ts';
import { checkFields, isTable, oneLine, sketch, tableFor, textField, wrong } from './read-table.ts';
import { sendMessage } from './send-message.ts';
import { waiting } from './waiting.ts';

/** Whose client it is: one of a case that is over says nothing more. */
export interface TestSession {
  readonly bench: TestBench;
  readonly dialogue: Dialogue;
}

export const sessionObject = (session: TestSession): LuaObject => new LuaObject(sessionClass, session);

const method = luaMethod<TestSession>();
const itself: readonly ResultSpec[] = [{ name: 'session', type: 'smtpe.test.session', text: 'the same' }];

function suspending(describe: string, self: TestSession, act: () => Promise<unknown>): Suspension {
  const { bench } = self;
  bench.inCase('a session');
  return waiting(describe, async () => {
    await act();
    return [sessionObject(self)];
  });
}

const TLS_FIELDS = ['version', 'cipher', 'name'] as const;

/** Parameters of MAIL as they stand behind the address. */
function parametersText(value: LuaValue): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return ` ${value}`;
  if (!isTable(value))
    throw wrong('s:mail, parameters', "'SIZE=1000', or { SIZE = 1000, BODY = '8BITMIME' }", value);
  return [...value]
    .map(([name, its]) => {
      if (typeof name !== 'string')
        throw wrong('s:mail, parameters', '{ SIZE = 1000, SMTPUTF8 = true }', its);
      return its === true ? ` ${name}` : ` ${name}=${String(its)}`;
    })
    .join('');
}

const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');

const address: Param<string> = bytes('address', "Without angle brackets; `''` is the null sender.");

export const sessionClass: ClassSpec = {
  name: 'session',
  isClosed: true,
  text: 'The client of a case. It connects when it first says or expects something, from 192.0.2.1 unless `from` says otherwise, and says EHLO by itself before MAIL. While it waits for a reply time stands still: what only time would bring does not come.',
  same: (a, b) => (a as TestSession).dialogue === (b as TestSession).dialogue,
  methods: [
    method({
      name: 'from',
      params: [
        bytes('ip', 'The address of the client.'),
        optionalBytes(
          'host',
          'Its name by reverse DNS, which leads back to the address; nil: it has none.',
          undefined,
        ),
      ],
      results: itself,
      text: 'Says who connects. Comes first.',
      call: (_, self, ip, host) => {
        if (isIP(ip) === 0) throw wrong('s:from', "an address as '192.0.2.7'", ip);
        if (host !== undefined) oneLine('s:from, host', host);
        self.dialogue.from(ip, host);
        return [sessionObject(self)];
      },
    }),
    method({
      name: 'helo',
      params: [bytes('name', 'What the client says it is.')],
      results: itself,
      suspends: true,
      text: "Says EHLO; `s:command('HELO x')` says the older one.",
      call: (_, self, name) => {
        oneLine('s:helo', name);
        return suspending('s:helo', self, () => self.dialogue.command(`EHLO ${name}`));
      },
    }),
    method({
      name: 'tls',
      params: [
        optionalAnything(
          'facts',
          'smtpe.test.tls',
          "`{ version = 'TLSv1.3', cipher =, name = }`: what `client.tls` has; all may be left out.",
        ),
      ],
      results: itself,
      text: 'The connection is encrypted from its first octet. Comes first.',
      call: (_, self, facts) => {
        const table = facts === undefined ? new Map() : tableFor('s:tls', facts, "{ version = 'TLSv1.2' }");
        checkFields('s:tls', table, TLS_FIELDS);
        const cipher = textField('s:tls', table, 'cipher') ?? 'TLS_AES_256_GCM_SHA384';
        self.dialogue.tls({
          ...{ version: textField('s:tls', table, 'version') ?? 'TLSv1.3', cipher, bits: cipherBits(cipher) },
          ...{ name: textField('s:tls', table, 'name'), alpn: undefined, resumed: false, implicit: true },
          ...{ by: 'smtpe', certificate: undefined },
        });
        return [sessionObject(self)];
      },
    }),
    method({
      name: 'auth',
      params: [bytes('user', 'The name.'), bytes('password', 'The password.')],
      results: itself,
      suspends: true,
      text: 'Logs in by AUTH PLAIN (RFC 4616), which is offered under `s:tls{}` only unless `smtp-tls-auth-only` is off.',
      call: (_, self, user, password) => {
        oneLine('s:auth, user', user);
        // It stands in no message.
        if (password !== password.replace(/[\r\n\0]/g, ''))
          throw new LuaError('s:auth, password: expected a text without CR, LF and NUL');
        return suspending('s:auth', self, async () => {
          await self.dialogue.greet();
          await self.dialogue.command(
            `AUTH PLAIN ${base64(`\0${user}\0${password}`)}`,
            `AUTH PLAIN (${user})`,
          );
        });
      },
    }),
    method({
      name: 'mail',
      params: [
        address,
        optionalAnything(
          'parameters',
          'string|table<string, string|number|boolean>',
          "`'SIZE=1000'`, or `{ SIZE = 1000, SMTPUTF8 = true }`.",
        ),
      ],
      results: itself,
      suspends: true,
      text: 'Says MAIL FROM.',
      call: (_, self, sender, parameters) => {
        oneLine('s:mail', sender);
        const behind = oneLine('s:mail, parameters', parametersText(parameters));
        return suspending('s:mail', self, async () => {
          await self.dialogue.greet();
          await self.dialogue.command(`MAIL FROM:<${sender}>${behind}`);
        });
      },
    }),
    method({
      name: 'rcpt',
      params: [address],
      results: itself,
      suspends: true,
      text: 'Says RCPT TO.',
      call: (_, self, recipient) => {
        oneLine('s:rcpt', recipient);
        return suspending('s:rcpt', self, () => self.dialogue.command(`RCPT TO:<${recipient}>`));
      },
    }),
    method({
      name: 'data',
      params: [bytes('text', 'Header and body, lines ended by LF or CRLF; dots are stuffed.')],
      results: itself,
      suspends: true,
      text: 'Says DATA, and the message when it is let to; the reply is that to the dot then.',
      call: (_, self, text) =>
        suspending('s:data', self, async () => {
          const reply = await self.dialogue.command('DATA');
          if (reply?.code === 354) await self.dialogue.content(text);
        }),
    }),
    method({
      name: 'send',
      params: [
        anything(
          'message',
          'smtpe.test.mail',
          "`{ from = 'a@b.example', to = 'x@example.com' or {...}, file = 'mail/eicar.eml', text = '...' }`; all but `to` may be left out. `file` stands beside the test.",
        ),
      ],
      results: itself,
      suspends: true,
      text: 'MAIL, RCPT for each of `to`, DATA and the message. It stops where the server says no: the reply is that one. A recipient who is refused does not stop it, unless all are.',
      call: (_, self, message) => {
        const send = sendMessage(self.bench, self.dialogue, message);
        return suspending('s:send', self, send);
      },
    }),
    method({
      name: 'command',
      params: [bytes('line', 'As it is sent, without line end.')],
      results: itself,
      suspends: true,
      text: 'Says any line; a NUL in it is sent as it is, to see what the server makes of it. The other methods take no CR, LF and NUL.',
      call: (_, self, line) => {
        if (/[\r\n]/.test(line)) throw wrong('s:command', 'one line', line);
        return suspending('s:command', self, () => self.dialogue.command(line));
      },
    }),
    method({
      name: 'expect',
      params: [
        integer('code', 'Of the last reply.'),
        optionalBytes('text', 'Stands in the reply.', undefined),
      ],
      results: itself,
      suspends: true,
      text: 'Fails the case unless the last reply has this code, and this text in it. Without anything said before, the reply is the banner.',
      call: (_, self, code, text) =>
        suspending('s:expect', self, async () => {
          const { bench, dialogue } = self;
          await dialogue.connect();
          bench.mustHaveFakes();
          const { reply } = dialogue;
          if (reply?.code === code && (text === undefined || replyText(reply).includes(text))) return;
          const wanted = text === undefined ? String(code) : `${code} … '${shown(text)}'`;
          bench.fail(`after ${dialogue.said} expected ${wanted}, ${bench.gotText(dialogue)}`);
        }),
    }),
    method({
      name: 'closed',
      params: [],
      results: itself,
      suspends: true,
      text: 'Fails the case unless the server has closed the connection.',
      call: (_, self) =>
        suspending('s:closed', self, async () => {
          const { bench, dialogue } = self;
          await dialogue.connect();
          if (!dialogue.isClosed) await dialogue.rest();
          bench.mustHaveFakes();
          if (!dialogue.isClosed)
            bench.fail(
              `after ${dialogue.said} expected the connection to be closed, it is open; ${bench.gotText(dialogue)}`,
            );
        }),
    }),
    method({
      name: 'header',
      params: [bytes('name', 'Of a header.'), optionalBytes('text', 'Stands in its value.', undefined)],
      results: itself,
      text: 'Fails the case unless the last message that was forwarded has this header, and with `text` one whose value has it.',
      call: (_, self, name, text) => {
        const { bench } = self;
        oneLine('s:header', name);
        const values = headerIn(bench, name);
        if (values.length === 0) bench.fail(`the message that was forwarded has no header ${shown(name)}`);
        if (text !== undefined && !values.some((value) => value.includes(text)))
          bench.fail(
            `expected a header ${shown(name)} with ${sketch(text)}, got ${values.map(sketch).join(', ')}`,
          );
        return [sessionObject(self)];
      },
    }),
    method({
      name: 'header_absent',
      params: [bytes('name', 'Of a header.')],
      results: itself,
      text: 'Fails the case when the last message that was forwarded has such a header.',
      call: (_, self, name) => {
        oneLine('s:header_absent', name);
        const [value] = headerIn(self.bench, name, false);
        if (value !== undefined) self.bench.fail(`expected no header ${shown(name)}, got ${sketch(value)}`);
        return [sessionObject(self)];
      },
    }),
  ],
};
