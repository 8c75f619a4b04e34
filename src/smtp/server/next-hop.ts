// The next hop as the last who decides about MAIL and RCPT (option smtp-forward-at; RFC 5321 section 3.3): what it refuses is refused, with its
// reply; that it takes somebody is a yes without words. Without a next hop that is to be asked it costs nothing.
import type { Maybe } from '../../base/maybe.ts';
import type { Asked } from '../../delivery/asking.ts';
import { dotReply } from '../../delivery/dot-reply.ts';
import type { AskFailure, AskLimits } from '../../delivery/port/held.ts';
import { outcomeText } from '../../delivery/port/outcome.ts';
import { beyondMost } from '../protocol/capabilities.ts';
import type { Recipient } from '../protocol/recipient.ts';
import type { Objection } from './command.ts';
import { followedFrom } from './followed-wait.ts';
import { forwardedClient, onBehalf } from './forwarded-client.ts';
import type { RecipientDecider } from './recipient-decider.ts';
import { errorReply } from './reply-table.ts';
import { isSameRoute, type Route } from './routes.ts';
import type { SessionCore } from './session-core.ts';
import type { Transaction } from './transaction.ts';

/** A client waits 5 minutes for the reply to MAIL or RCPT (RFC 5321 section 4.5.3.2.2 and 4.5.3.2.3): it is there before that. */
const LONGEST_ANSWER_MS = 240_000;

/** Octets of the Received header that smtp-received puts in front, roughly: a next hop that heard of them at MAIL is not asked again for them. */
const OWN_TRACE = 1024;

/** What the next hop has against MAIL. */
export function askSender(transaction: Transaction, core: SessionCore): Maybe<Objection | undefined> {
  const route = transaction.routes.ofMail;
  return isAsked(core, route) ? mail(transaction, route, core) : undefined;
}

export const nextHop: RecipientDecider = {
  decide: ({ recipient }, core) => {
    const { transaction } = core;
    if (transaction === undefined) return undefined;
    const { final, recipients, routes } = transaction;
    const route = routes.ofRecipient;
    if (recipients.length === 0) {
      // Whom hook.reply or another decider turns down settles nothing.
      if (!isSameRoute(route, routes.settled)) leave(transaction);
      routes.settled = route;
    } else if (!isSameRoute(route, routes.settled)) {
      const reply = errorReply('otherRoute', core.values['smtp-error-url'], { address: recipient.address });
      return { reply, cause: 'otherRoute' };
    }
    // The message does not go to him: what the policy has put in his place is asked about before the content.
    if (final.isRemoved(recipient)) return undefined;
    const others = final.isChanged ? final.recipients.length : recipients.length;
    const asked = isAsked(core, route);
    // Who is asked about now says himself when there are too many, but not of those that he has not heard of yet.
    const objection =
      others === 0 || (asked && !final.isChanged) ? undefined : beyondLimit(others, route, core);
    return objection ?? (asked ? rcpt(recipient, transaction, core) : undefined);
  },
};

/** It is asked about all of them at once, when it is too late to split the message: a number that it has named counts now. */
function beyondLimit(taken: number, route: Route, { deps, options }: SessionCore): Objection | undefined {
  const most = deps.smartHost.recipientsAtMost({ options, route });
  return taken < most ? undefined : { reply: beyondMost(most), cause: 'RCPTMAX of the next hop' };
}

/** The next hop that was asked is not the one: it forgets the transaction. */
function leave(transaction: Transaction): void {
  transaction.asking?.giveBack();
  transaction.asking = undefined;
}

function isAsked({ deps, hooks, options, values }: SessionCore, route: Route): boolean {
  const at = values['smtp-forward-at'];
  if (at === 'dot' || (route === undefined && !deps.smartHost.configured(options))) return false;
  return at === 'rcpt' || !hooks.has('forward');
}

async function mail(
  transaction: Transaction,
  route: Route,
  core: SessionCore,
): Promise<Objection | undefined> {
  transaction.routes.settled = route;
  transaction.asking = begin(transaction, route, core);
  const { asking } = transaction;
  return objection(await told(() => asking.mail(limitsOf(core)), 'MAIL', core), core);
}

async function rcpt(
  recipient: Recipient,
  transaction: Transaction,
  core: SessionCore,
): Promise<Objection | undefined> {
  transaction.asking ??= begin(transaction, transaction.routes.settled, core);
  const { asking } = transaction;
  const ask = (): Promise<AskFailure | undefined> =>
    asking.rcpt(recipient, [...transaction.final.named], limitsOf(core));
  return objection(await told(ask, 'RCPT', core), core);
}

function told(
  ask: () => Promise<AskFailure | undefined>,
  what: string,
  core: SessionCore,
): Promise<AskFailure | undefined> {
  return followedFrom(core, ask, () => ({
    ...{ for: 'next hop', what: `${nextHopText(core)} about ${what}` },
    outcome: (failure) => (failure === undefined ? 'yes' : outcomeText(failure)),
  }));
}

/** The next hop that is being asked. */
export const nextHopText = ({ nextHop }: SessionCore): string =>
  nextHop === '' ? 'the next hop' : `next hop ${nextHop}`;

function begin({ final: { sender }, id, parameters }: Transaction, route: Route, core: SessionCore): Asked {
  const log = core.log.child({ transaction: id });
  core.nextHop = '';
  const room = core.values['smtp-received'] ? OWN_TRACE : 0;
  return core.deps.smartHost.ask({
    sender,
    parameters,
    id,
    route,
    room,
    client: forwardedClient(core),
    onBehalf: onBehalf(core),
    options: core.options,
    log,
    trying: (host) => {
      core.nextHop = host;
    },
  });
}

function limitsOf(core: SessionCore): AskLimits {
  const patience = Math.min(core.values['smtp-command-timeout'] * 1000, LONGEST_ANSWER_MS);
  return { until: core.deps.clock.monotonic() + patience, signal: core.abortSignal };
}

function objection(failure: AskFailure | undefined, core: SessionCore): Objection | undefined {
  if (failure === undefined) return undefined;
  const result = dotReply(failure, core.values['smtp-partial']);
  if (result.kind === 'accepted')
    throw new Error('a next hop that has failed was taken for one that accepts');
  return { reply: result.reply, cause: result.cause };
}
