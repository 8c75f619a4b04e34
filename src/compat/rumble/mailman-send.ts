// `Mailman.sendMail` and `getQueue` (doc/rumble.md): smtpe has no queue, so a script waits until the mail lies where it should, or hears that it does not.
//
// Must never send to other domains without rumble-relay, more often than rumble-send-rate, or say that it was sent when that is not known.
import { readDomain } from '../../accounts/names.ts';
import { textSource } from '../../delivery/message-source.ts';
import type { DeliveryOutcome } from '../../delivery/port/delivery.ts';
import { queueIdOf } from '../../delivery/queue-id.ts';
import { type FunctionSpec, luaFunction } from '../../lua-api/function-spec.ts';
import { bytes } from '../../lua-api/params.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import { ACCOUNTS, parseHostList } from '../../net-address/host-list.ts';
import { optionsOf } from '../../options/options.ts';
import { recipientOf } from '../../smtp/protocol/recipient.ts';
import { hasEightBitOctets } from '../../text/utf8.ts';
import { RUMBLE } from './caller.ts';
import { calling, type MailmanParts } from './mailman-call.ts';

/** A message that has been on its way so often goes round in circles (RFC 5321 section 6.3). */
const MAX_RECEIVED = 25;
const MINUTE = 60_000;

/** What is under way. */
interface Sending {
  readonly id: string;
  readonly time: number;
  readonly sender: string;
  readonly recipient: string;
  readonly loops: number;
}

const POSTMASTER = /^(?:[^<>]*<postmaster>\s*|postmaster)$/i;

/** One whom mail is for: `postmaster` needs no domain (RFC 5321 section 4.1.1.3). */
const recipientIn = (text: string): string | undefined =>
  POSTMASTER.test(text) && !/[\r\n\0]/.test(text) ? 'postmaster' : addressIn(text);

/** The address in angle brackets, or alone; '' for the null sender. undefined: it is none. */
export function addressIn(text: string): string | undefined {
  if (/[\r\n\0]/.test(text)) return undefined;
  const address = /^[^<>]*<([^<>]*)>\s*$/.exec(text)?.[1] ?? text;
  if (address === '') return '';
  const at = address.lastIndexOf('@');
  const [local, domain] = [address.slice(0, Math.max(0, at)), address.slice(at + 1)];
  const isLocal =
    /^(?:[^\s<>()@,;:\\"[\]\x00-\x1f\x7f]{1,64}|"(?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f]){1,62}")$/.test(
      local,
    );
  return isLocal && readDomain(domain) !== undefined ? address : undefined;
}

function loopsOf(message: string): number {
  const end = /\r?\n\r?\n/.exec(message)?.index ?? message.length;
  return message.slice(0, end).match(/^received:/gim)?.length ?? 0;
}

const withCrlf = (message: string): string => message.replace(/\r\n|\r|\n/g, '\r\n');

/** The text of a refusal, without the names of others. */
function causeOf(outcome: DeliveryOutcome): string {
  switch (outcome.kind) {
    case 'delivered':
    case 'verified':
    case 'refused':
      return (outcome.rcpts.find(({ code }) => code >= 400)?.text ?? outcome.text).replaceAll('\n', ' ');
    case 'failed':
      return outcome.error;
  }
}

export function sendFunctions(parts: MailmanParts): readonly FunctionSpec[] {
  const underWay = new Set<Sending>();
  /** When each script has sent, within a minute. */
  const sent = new Map<string, number[]>();
  const mayNow = (script: string, rate: number): boolean => {
    if (rate === 0) return true;
    const now = parts.clock.monotonic();
    const times = (sent.get(script) ?? []).filter((time) => time > now - MINUTE);
    sent.set(script, times);
    if (times.length >= rate) return false;
    times.push(now);
    return true;
  };
  return [
    luaFunction({
      name: 'sendMail',
      suspends: true,
      params: [
        bytes('from', 'The sender, in angle brackets or alone; `<>` or an empty text is the null sender.'),
        bytes('to', 'One recipient, likewise; `postmaster` needs no domain.'),
        bytes('message', 'Header fields and body. Line ends become CRLF, nothing is added.'),
      ],
      results: [
        {
          name: 'id',
          type: 'string|false',
          text: 'by what name it lies in the Maildir, or the next hop has it; false: it was not sent',
        },
        { name: 'cause', type: 'string?', text: 'why not' },
      ],
      text:
        'Sends a letter, and waits until it lies in the Maildirs of the accounts that it is for, or the next hop has taken it. Recipients of other domains need `rumble-relay` and a next hop in `smtp-smart-host`. ' +
        '`rumble-send-rate` letters a minute. A message with 25 Received fields is not sent. Suspends.',
      call: (context, from, to, message) =>
        calling(context, parts, 'send', 'sendMail', async ({ signal }) => {
          const [sender, recipient] = [addressIn(from), recipientIn(to)];
          if (sender === undefined) return [false, 'the sender is no address'];
          if (recipient === undefined || recipient === '') return [false, 'the recipient is no address'];
          const loops = loopsOf(message);
          if (loops >= MAX_RECEIVED)
            return [false, `it has ${loops} Received fields: it goes round in circles`];
          const options = optionsOf(context);
          const script = RUMBLE.of(context)?.path ?? '';
          if (!mayNow(script, options.values['rumble-send-rate']))
            return [false, 'more than rumble-send-rate in a minute'];
          const id = parts.nextId();
          const sending: Sending = {
            id,
            time: Math.floor(parts.clock.now() / 1000),
            sender,
            recipient,
            loops,
          };
          underWay.add(sending);
          if (parts.mail !== undefined) parts.mail.busy++;
          try {
            // Suspended or stopped (service mailman): it is held back.
            await parts.mail?.whenRunning(signal);
            if (signal.aborted) return [false, 'given up'];
            const others = parseHostList(options.values['smtp-smart-host']).filter(
              ({ kind }) => kind !== 'accounts',
            );
            const outcome = await parts.forward(
              {
                ...{
                  sender,
                  recipients: [recipientOf(recipient)],
                  message: textSource(Buffer.from(withCrlf(message), 'latin1')),
                },
                ...{
                  eightBit: hasEightBitOctets(message),
                  allRecipients: true,
                  onBehalf: { kind: 'server' },
                },
                ...{ route: [ACCOUNTS, ...others.map(({ text }) => text)], options, id, log: context.log },
              },
              signal,
            );
            const isSent = outcome.kind === 'delivered' && outcome.rcpts.every(({ code }) => code < 300);
            if (isSent) {
              parts.mail?.counts.session();
              parts.mail?.counts.octets(0, message.length);
            } else parts.mail?.counts.rejected();
            return isSent ? [queueIdOf(outcome.text) ?? id] : [false, causeOf(outcome)];
          } finally {
            underWay.delete(sending);
            if (parts.mail !== undefined) parts.mail.busy--;
          }
        }),
    }),
    luaFunction({
      name: 'getQueue',
      suspends: true,
      params: [],
      results: [
        {
          name: 'letters',
          type: 'mailman_sending[]',
          text: 'each `{ id, file, time, sender, recipient, loops }`: what `sendMail` has under way in this process now',
        },
      ],
      text: 'smtpe has no queue: what scripts are sending just now. Suspends.',
      call: (context) =>
        calling(context, parts, 'send', 'getQueue', () => [
          [...underWay].map((one): LuaValue => ({ ...one, file: one.id })),
        ]),
    }),
  ];
}
