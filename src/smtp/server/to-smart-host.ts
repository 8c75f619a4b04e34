// The message of a transaction to the smart host, and the verdict of what became of it there. What it makes of a client that has gone meanwhile is told,
// and answered to nobody.
import { dotReply } from '../../delivery/dot-reply.ts';
import { hasEightBit, hasEightBitHeaders } from '../../delivery/eight-bit.ts';
import type { DeliveryOutcome, Received } from '../../delivery/port/delivery.ts';
import { outcomeText } from '../../delivery/port/outcome.ts';
import { reportedRecipients } from '../../delivery/relayed-reports.ts';
import type { SmartHostDelivery } from '../../delivery/smart-host.ts';
import { accepted } from './default-reply.ts';
import { faultOfLeft } from './final-content.ts';
import { followedFrom } from './followed-wait.ts';
import { forwardedClient, onBehalf } from './forwarded-client.ts';
import { changed, spoolFailure } from './message-refusal.ts';
import { nextHopText } from './next-hop.ts';
import type { EndedMessage, Verdict } from './verdict.ts';

/** `until`: monotonic, the client waits no longer. `received`: for next hops that answer for each recipient. */
export async function toSmartHost(
  message: EndedMessage,
  until: number,
  received: Received | undefined,
): Promise<Verdict | undefined> {
  const { abortSignal, deps, options, values } = message.core;
  let eightBit: boolean;
  let utf8Headers = false;
  try {
    const fault = message.spool.pieces === undefined ? await faultOfLeft(message) : undefined;
    if (fault !== undefined) return changed(message, fault);
    eightBit = await hasEightBit(message.spool);
    utf8Headers = message.transaction.isUtf8 && eightBit && (await hasEightBitHeaders(message.spool));
  } catch (error) {
    return spoolFailure(message, error instanceof Error ? error : new Error(String(error)));
  }
  const { asking, final, id, parameters, routes } = message.transaction;
  const { recipients, sender } = final;
  const delivery: SmartHostDelivery = {
    sender,
    parameters,
    recipients: [...recipients],
    message: message.spool,
    received,
    eightBit,
    utf8Headers,
    allRecipients: values['smtp-partial'] !== '250',
    tlsNotRequired: isTlsNotRequired(message),
    until,
    id,
    options,
    route: routes.settled,
    client: forwardedClient(message.core),
    onBehalf: onBehalf(message.core),
    afterReply: (work) => message.transaction.afterReply(work),
    log: message.core.log.child({ transaction: id }),
    trying: (host) => {
      message.core.nextHop = host;
    },
  };
  if (asking === undefined) message.core.nextHop = '';
  const since = deps.clock.monotonic();
  const forward = (): Promise<DeliveryOutcome> =>
    asking === undefined
      ? deps.smartHost.forward(delivery, abortSignal)
      : asking.content(delivery, { until, signal: abortSignal });
  const outcome = await followedFrom(message.core, forward, () => ({
    ...{ for: 'next hop', what: `${nextHopText(message.core)} to take the message` },
    outcome: outcomeText,
  }));
  message.transaction.story.forwarded(outcome, since, message.spool.size);
  const result = dotReply(outcome, values['smtp-partial']);
  if (message.core.ending !== undefined) {
    message.core.log.emit('tx-unheard', {
      transaction: message.transaction.id,
      outcome: result.cause,
    });
    return undefined;
  }
  if (result.kind === 'accepted') {
    const { drop, reply = accepted(message.transaction.id) } = message.decision;
    const isReported = outcome.kind === 'delivered' && reportedRecipients(outcome, sender).length > 0;
    const reported = isReported ? outcome : undefined;
    return { reply, cause: result.cause, drop, taken: 'by the next hop', reported };
  }
  return { reply: result.reply, cause: result.cause, drop: message.decision.drop };
}

/** The header `TLS-Required: No` (RFC 8689 section 5), where it can change anything. */
function isTlsNotRequired(message: EndedMessage): boolean {
  const { values } = message.core;
  if (values['smtp-forward-tls'] !== 'must' || !values['smtp-requiretls']) return false;
  const value = message.transaction.headers.find('TLS-Required', 1)?.value;
  return value !== undefined && /^\s*no\s*$/i.test(value);
}
