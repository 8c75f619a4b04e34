// Lua module `client`: the connection being served (doc/reference/client.md). Its fields are set by the SMTP session;
// here are its functions, and the fields that are made when they are read.

import type { CallContext } from '../lua-api/call-context.ts';
import { LuaError, luaFunction, type Suspension } from '../lua-api/function-spec.ts';
import { luaModule, type ModuleSpec, record } from '../lua-api/module-spec.ts';
import { bytes } from '../lua-api/params.ts';
import { optionsOf } from '../options/options.ts';
import { sessionOf } from '../policy/session-view.ts';
import { envelopeFields, envelopeFunctions } from './client-envelope.ts';

function write(context: CallContext, reply: string): Suspension | readonly [] {
  const session = sessionOf(context);
  if (session === undefined) throw new LuaError('client.write: there is no client here');
  if (reply === '') return [];
  const seconds = optionsOf(context).values['smtp-reply-timeout'];
  // As with the reply of a hook: without a line end the next line would become part of this one.
  const lines = `${reply.replace(/\r?\n$|\r$/, '')}\r\n`;
  const done = session.write(Buffer.from(lines, 'latin1'), seconds * 1000).then((outcome) => {
    switch (outcome.kind) {
      case 'written':
        return [];
      case 'timeout':
        return [false, `not sent within ${seconds} s (option smtp-reply-timeout)`];
      case 'closed':
        return [false, 'the client has gone'];
    }
  });
  return {
    kind: 'suspension',
    describe: () => `client.write (${lines.length} bytes)`,
    done,
    // What was handed to the socket cannot be taken back; the session ends with its client.
    cancel: () => undefined,
  };
}

export const clientModule: ModuleSpec = luaModule({
  name: 'client',
  text: 'The connection being served. The policy may add fields of its own.',
  records: [
    record('client_tls', 'What is known of the encryption of a connection.', {
      version: ['string', 'as `TLSv1.3`'],
      cipher: ['string', 'its standard name'],
      bits: ['integer?', 'of its key'],
      name: ['string?', 'the server that the client has asked for'],
      alpn: ['string?', 'the protocol that was agreed on'],
      resumed: ['boolean', 'whether it goes on with keys of an earlier connection'],
      implicit: ['boolean', 'from the first octet'],
      by: ['string', '`smtpe`, or `proxy` where a balancer says so'],
      certificate: ['client_certificate?', 'nil when the client has shown none'],
    }),
    record(
      'client_certificate',
      'What a client has shown of itself: trust its texts only where `result` is `verified`.',
      {
        result: ['string', '`verified` or `untrusted`'],
        cause: ['string?', 'why it is untrusted'],
        subject: ['string', 'whose it is'],
        common_name: ['string', 'of the subject'],
        names: ['string[]', 'other names'],
        issuer: ['string', 'who has signed it'],
        serial: ['string', 'its number'],
        fingerprint: ['string', 'SHA-256, hex; empty where only a balancer has seen it'],
        not_after: ['string', 'when it ends (RFC 3339); empty where that is not known'],
      },
    ),
    record('client_proxy', 'What a balancer says of a connection.', {
      address: ['string', 'of the balancer'],
      port: ['integer', 'of the balancer'],
      version: ['integer', '1 or 2'],
      authority: ['string?', 'the server name that the client asked it for'],
      unique_id: ['string?', 'hex'],
      '["local"]': ['boolean?', 'true when it names nobody'],
    }),
  ],
  fields: [
    {
      name: 'address',
      type: 'string',
      text: 'the address of the client, from `hook.accept` to `hook.close`',
    },
    {
      name: 'port',
      type: 'integer',
      text: 'its port, likewise; 0 in `+test`, and after XCLIENT with another address and without PORT',
    },
    {
      name: 'host',
      type: 'string',
      text:
        'its name by reverse DNS, lower case, without final dot; `[address]` when it has none, an address or `localhost` is none. ' +
        'Whoever runs the reverse zone of the address says what they like: trust `confirmed_host` only',
    },
    {
      name: 'confirmed_host',
      type: 'string|nil',
      text: 'the same name when DNS gives it this address too (forward-confirmed), or a trusted XCLIENT said it; else nil',
    },
    {
      name: 'listener',
      type: 'string|nil',
      text: 'the name of the listener in `smtp-listen` that the client came to, as it is written there; nil when it has none',
    },
    {
      name: 'is_tls',
      type: 'boolean',
      text: 'true when what the client says is encrypted',
    },
    {
      name: 'tls',
      type: 'client_tls|nil',
      text:
        'nil in clear; else `version` (`TLSv1.3`), `cipher` (its standard name), `bits`, `name` (the server that the client has asked for), `alpn`, ' +
        '`resumed`, `implicit` (from the first octet), `by` (`smtpe`, or `proxy` where a balancer says so), and `certificate`: nil, or what the client has shown ' +
        'of itself: `result` (`verified` or `untrusted`), `cause` (why it is untrusted), `subject`, `common_name`, `names` (a sequence), `issuer`, `serial`, ' +
        "`fingerprint` (SHA-256, hex), `not_after`. Texts are a stranger's: control characters are `?`, at most 256 bytes each. Trust them only where `result` is `verified`",
    },
    { name: 'local_address', type: 'string', text: 'our address; absent in `+test`' },
    {
      name: 'local_port',
      type: 'integer',
      text: 'our port; absent in `+test`, and after XCLIENT with another DESTADDR and without DESTPORT',
    },
    {
      name: 'proxy',
      type: 'client_proxy|nil',
      text:
        'what a balancer of `smtp-proxy-hosts` says of the connection, nil without one: `address` and `port` (its own), `version` (1 or 2), ' +
        '`authority` (the server name that the client asked it for), `unique_id` (hex), `local` (true when it names nobody: address and port ' +
        'of the client are then its own; a word of Lua, so write `client.proxy["local"]`). The client fields have what its header says',
    },
    {
      name: 'id_sess',
      type: 'string',
      text: 'the session id, 18 characters, from `hook.accept` to `hook.close`',
    },
    { name: 'id_trans', type: 'string', text: 'the transaction id, from `hook.mail` to `hook.reset`' },
    {
      name: 'parameters',
      type: 'table<string, string|true>',
      text:
        'the parameters of MAIL, from `hook.mail` to `hook.reset`: by keyword in capitals what was sent behind `=`, true where nothing was, ' +
        'as in `{ SIZE = "1000", SMTPUTF8 = true }`',
    },
    {
      name: 'smtputf8',
      type: 'true|nil',
      text: 'MAIL said SMTPUTF8: addresses may be in UTF-8. From `hook.mail` to `hook.reset`',
    },
    {
      name: 'envid',
      type: 'string|nil',
      text: 'ENVID of MAIL (RFC 3461), decoded: any bytes, line ends too. From `hook.mail` to `hook.reset`, where DSN is announced (`smtp-dsn`)',
    },
    { name: 'ret', type: 'string|nil', text: 'RET of MAIL, `FULL` or `HDRS`; likewise' },
    {
      name: 'notify',
      type: 'string|nil',
      text: 'in `hook.rcpt` only: NOTIFY of this RCPT in capitals, `NEVER` or a list as `SUCCESS,DELAY`',
    },
    {
      name: 'orcpt',
      type: 'string|nil',
      text: 'in `hook.rcpt` only: ORCPT of this RCPT, decoded, as in `rfc822;bob@example.com`: any bytes, line ends too; UTF-8 behind `utf-8;`',
    },
    {
      name: 'rcpt_parameters',
      type: 'table<string, string|true>|nil',
      text: 'in `hook.rcpt` only: the parameters of this RCPT, as in `parameters`',
    },
    { name: 'msg_file', type: 'string', text: 'path of the message file, from `hook.data` to `hook.reset`' },
    {
      name: 'message_length',
      type: 'integer',
      text: 'size of the message in bytes, from `hook.dot` to `hook.reset`',
    },
    {
      name: 'input',
      type: 'string',
      text:
        'the command line in hand, without line end; nil before the first one. In `hook.accept` it is there only after XCLIENT. It stays ' +
        'until the next command, also while a message comes in; an AUTH has the password in it',
    },
    {
      name: 'is_pipelining',
      type: 'boolean',
      text: 'true once the client sent a command before it had the reply to the last one; of the client that XCLIENT names',
    },
    {
      name: 'authenticated',
      type: 'boolean',
      text: 'true from 235 to AUTH on, or when a trusted XCLIENT said LOGIN; until XCLIENT names another client',
    },
    {
      name: 'auth_user',
      type: 'string|nil',
      text: 'the user who has authenticated, decoded, by the name that the source of log-ins gives; nil before, and after a refused AUTH',
    },
    {
      name: 'auth_mechanism',
      type: 'string|nil',
      text: 'the mechanism, `PLAIN` or `LOGIN`, in `hook.auth`, and from then on when it succeeded; nil after XCLIENT LOGIN',
    },
    {
      name: 'auth_claim',
      type: 'string|nil',
      text: 'in `hook.auth` only: the user whom the client claims to be, decoded',
    },
    {
      name: 'auth_password',
      type: 'string|nil',
      text: 'in `hook.auth` only: the password, decoded. Do not log it',
    },
    {
      name: 'auth_authorize',
      type: 'string|nil',
      text: 'in `hook.auth` only: the user for whom the client wants to act, when it is not the one whose password it gives (the authorization identity of PLAIN)',
    },
    {
      name: 'auth_result',
      type: 'string|nil',
      text: 'in `hook.auth` only: what the sources of log-ins (`auth-script`, accounts of `rumble-database`, `smtp-auth-dovecot`) say: `ok`, `mismatch`, `unknown`, `disabled`, `expired` or `temp_fail`; nil when there is none',
    },
    {
      name: 'auth_fields',
      type: 'table<string, string>|nil',
      text: 'what an `auth-script` has said of the user besides his name, by name; a field without a value is an empty text. From `hook.auth` on, when a script has let the user in; nil otherwise',
    },
  ],
  lazyFields: envelopeFields,
  functions: [
    ...envelopeFunctions,
    luaFunction({
      name: 'write',
      params: [
        bytes(
          'smtp_reply_string',
          'One or more whole reply lines, any bytes. A missing CRLF at the end is added; the rest is sent as it is.',
        ),
      ],
      results: [
        { name: 'ok', type: 'false|nil', text: 'Nothing when it was sent; false when it could not be.' },
        { name: 'cause', type: 'string|nil', text: 'Why it could not be sent.' },
      ],
      suspends: true,
      text:
        'Sends part of a multi-line reply to the client; the hook then returns the last line. Suspends until the system has taken the ' +
        'text, at most `smtp-reply-timeout` seconds. `hook.reply` does not see it. Raises an error when there is no client (`hook.init`).',
      examples: [
        'function hook.help()\n  for _, value in ipairs({ "first", "second" }) do\n    client.write("214-" .. value .. "\\r\\n")\n  end\n  return "214 end"\nend',
      ],
      call: write,
    }),
  ],
});
