// client: who the client says that he is, whom the message is from and for, and whom it goes on to instead.
import type { CallContext } from '../lua-api/call-context.ts';
import { type FunctionSpec, LuaError, luaFunction } from '../lua-api/function-spec.ts';
import type { LazyFieldSpec } from '../lua-api/module-spec.ts';
import { bytes, optionalBytes } from '../lua-api/params.ts';
import type { LuaValue } from '../lua-api/value.ts';
import type { OptionValues } from '../options/option-table.ts';
import { optionsOf } from '../options/options.ts';
import {
  type EnvelopeAnswer,
  type EnvelopeView,
  type SessionView,
  type ShownFact,
  sessionOf,
} from '../policy/session-view.ts';

function shown(
  name: ShownFact,
  type: string,
  text: string,
  read: (session: SessionView) => LuaValue,
): LazyFieldSpec {
  return {
    name,
    type,
    text,
    read(context) {
      const session = sessionOf(context);
      if (session === undefined) return undefined;
      session.shown?.(name);
      return read(session);
    },
  };
}

export const envelopeFields: readonly LazyFieldSpec[] = [
  shown(
    'helo',
    'string|nil',
    'The argument of EHLO or HELO: of the one that is being answered, or that was accepted last; nil before, and after STARTTLS or XCLIENT.',
    ({ client }) => (client.helo === '' ? undefined : client.helo),
  ),
  shown(
    'sender',
    'string|nil',
    'The address of MAIL as `hook.mail` gets it, empty for the null sender, from `hook.mail` to `hook.reset`; nil outside of a transaction. ' +
      '`client.set_sender` does not change it.',
    ({ transaction }) => transaction?.sender,
  ),
  shown(
    'recipients',
    'string[]|nil',
    'The addresses that RCPT has named and that were accepted, in their order and as `hook.rcpt` gets them; not yet the one in hand. A new array ' +
      'after each RCPT, from `hook.mail` to `hook.reset`; nil outside of a transaction. `client.add_recipient` and `client.remove_recipient` do not change it.',
    ({ transaction }) => transaction?.recipients.map(({ address }) => address),
  ),
];

/** True when something was changed; LuaError where it must not be. */
function change(
  context: CallContext,
  make: (envelope: EnvelopeView, values: OptionValues) => EnvelopeAnswer,
): readonly [boolean] {
  const session = sessionOf(context);
  const transaction = session?.transaction;
  if (session === undefined || transaction === undefined || session.headersOfNext === true)
    throw new LuaError('there is an envelope only from hook.mail on');
  if (session.headersLocked === true || !transaction.headersEditable)
    throw new LuaError('the envelope can be changed only up to hook.dot');
  const answer = make(transaction.final, optionsOf(context).values);
  switch (answer.kind) {
    case 'changed':
      return [true];
    case 'same':
      return [false];
    case 'refused':
      throw new LuaError(answer.cause);
  }
}

const WHEN =
  'From `hook.mail` to `hook.dot`; earlier and later it raises an error, as for what is no address by the rules of MAIL and RCPT (UTF-8 only where ' +
  'MAIL has said SMTPUTF8). It ends with the transaction, and what `hook.rcpt` changes ends when that RCPT is refused. ';

const setSender = luaFunction({
  name: 'set_sender',
  params: [bytes('address', 'The address without brackets; empty for the null sender.')],
  results: [{ name: 'changed', type: 'boolean', text: 'False when it was the sender already.' }],
  text:
    'Has the message go on from this sender: to the next hop, or to `hook.forward` as its argument. All parameters of MAIL stay. ' +
    `${WHEN}\`client.sender\`, \`spf.check\` and whoever else judges the sender go by what the client has said. In \`hook.mail\` ` +
    'the next hop is asked about this one (`smtp-forward-at`); changed later the transaction with it begins anew before the content. Does not suspend.',
  examples: [
    "function hook.mail(address, domain)\n  if domain ~= 'example.com' and address ~= '' then\n    client.set_sender('forwarded+' .. address:gsub('@', '=') .. '@example.com')\n  end\nend",
  ],
  call: (context, address) => change(context, (envelope, values) => envelope.setSender(address, values)),
});

const addRecipient = luaFunction({
  name: 'add_recipient',
  params: [
    bytes('address', 'The address without brackets.'),
    optionalBytes('parameters', 'What would stand behind it in RCPT, as in `NOTIFY=NEVER`.', ''),
  ],
  results: [{ name: 'added', type: 'boolean', text: 'False when it is a recipient already.' }],
  text:
    'Has the message go to this recipient, too. The client does not hear of it: no reply names the address. ' +
    `${WHEN}Recipients that are added stand behind those of the client; more than \`limit-recipients\` of them is an error. Sources of recipients are not asked about ` +
    'them, and the next hop only before the content: one that it refuses is dealt with as `smtp-partial` has it, so that as a rule nobody ' +
    'gets the message and the client hears 451. A failure is told to the sender unless `NOTIFY=NEVER` is given and the next hop offers DSN. With REQUIRETLS it goes for this recipient, too. Does not suspend.',
  examples: [
    "-- always_bcc: a copy of everything\nfunction hook.mail()\n  client.add_recipient('archive@example.com', 'NOTIFY=NEVER')\nend",
  ],
  call: (context, address, parameters) =>
    change(context, (envelope, values) => envelope.add(address, parameters, values)),
});

const removeRecipient = luaFunction({
  name: 'remove_recipient',
  params: [bytes('address', 'The address; the domain in upper or lower case.')],
  results: [{ name: 'removed', type: 'boolean', text: 'False when it is no recipient.' }],
  text:
    'Has the message not go to this recipient: one that RCPT has named or `client.add_recipient` has added; in `hook.rcpt` also the one in hand, whom nobody else ' +
    `is asked about then. The client hears 250 all the same. ${WHEN}A message without any recipient that is left goes to nobody: \`hook.forward\` is not called, and ` +
    '`smtp-default-at-dot` decides, so that the client hears 451 as a rule. Does not suspend.',
  examples: [
    "-- redirect: what is for a leaver goes to whoever has taken over\nlocal moved = { ['bob@example.com'] = 'alice@example.com' }\n" +
      'function hook.rcpt(address)\n  local to = moved[address:lower()]\n  if to then\n    client.remove_recipient(address)\n    client.add_recipient(to)\n  end\nend',
  ],
  call: (context, address) => change(context, (envelope) => envelope.remove(address)),
});

export const envelopeFunctions: readonly FunctionSpec[] = [setSender, addRecipient, removeRecipient];
