// Lua module `client`: the connection being served (API text "Client Connection Variables"). Its fields are set by the SMTP session;
// here is its only function.
import type { CallContext } from '../lua/call-context.ts';
import { LuaError, luaFunction, luaModule, type ModuleSpec, type Suspension } from '../lua/function-spec.ts';
import { bytes } from '../lua/params.ts';

function write(context: CallContext, reply: string): Suspension | readonly [] {
  const { session } = context;
  if (session === undefined) throw new LuaError('client.write: there is no client here');
  if (reply === '') return [];
  const seconds = context.options.values['smtp-reply-timeout'];
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
    { name: 'local_address', type: 'string', text: 'our address; absent in `+test`' },
    {
      name: 'id_sess',
      type: 'string',
      text: 'the session id, 18 characters, from `hook.accept` to `hook.close`',
    },
    { name: 'id_trans', type: 'string', text: 'the transaction id, from `hook.mail` to `hook.reset`' },
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
      text: 'the user who has authenticated, decoded; nil before, and after a refused AUTH',
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
  ],
  functions: [
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
