// Where accepted mail goes when the policy does not say otherwise (option smtp-smart-host): next hops, maildirs and accounts in order, with
// fail-over. Asked by the SMTP session at the end of a message; what the client hears is made of the outcome by delivery/dot-reply.
//
// It must never reject, keep a message, or offer it to another target once one may have it.

import type { AccountsPort } from '../accounts/place.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Maybe } from '../base/maybe.ts';
import type { MailWatch } from '../mailbox/mail-watch.ts';
import type { Maildir } from '../mailbox/maildir.ts';
import type { HostHealth } from '../net/host-health.ts';
import { parseHostList, parseTarget, type Target } from '../net-address/host-list.ts';
import type { Options } from '../options/options.ts';
import { isBinaryMime } from '../smtp/protocol/binary-mime.ts';
import { recipientsAtMost } from '../smtp/protocol/capabilities.ts';
import type { NextHopName } from '../smtp/protocol/extension-table.ts';
import type { MailParameters } from '../smtp/protocol/parameters.ts';
import type { Recipient } from '../smtp/protocol/recipient.ts';
import { type Asked, Asking, type Place } from './asking.ts';
import { type Copies, DeliveredMemory, isMixed } from './delivered-memory.ts';
import type { Delivery, DeliveryOutcome, Mailer } from './port/delivery.ts';
import { mayTryNext, tryInTurn } from './port/fail-over.ts';
import type { HeldEnvelope } from './port/held.ts';
import type { NextHopOffers } from './port/next-hop-offers.ts';
import { failedAt, failureOf, pseudoCode, triedOf, unaskedRecipients } from './port/outcome.ts';
import { allServed, withServed } from './served-before.ts';
import {
  answersEach,
  besides,
  hasAccounts,
  hostOf,
  isAccounts,
  isSame,
  offersOf,
  ordered,
} from './targets.ts';
import { type AccountsTargetParts, lookAtAccounts, toAccounts } from './to-accounts.ts';
import { lookAtMaildir, noBinary, toMaildir } from './to-maildir.ts';

interface Routed {
  /** Next hops instead of those of smtp-smart-host, each as that has it; undefined: those. */
  readonly route?: readonly string[] | undefined;
  /** Told who is asked from now on, as the options or the route name him. */
  readonly trying?: ((host: string) => void) | undefined;
}

/** A delivery whose hosts come from the option, or are the route of this message. */
export type SmartHostDelivery = Omit<Delivery, 'hosts'> & Routed;
/** What is known of one when MAIL is said. */
export type SmartHostEnvelope = Omit<HeldEnvelope, 'hosts'> & Routed;

export interface SmartHost {
  /** Whether smtp-smart-host names anything in these options (default: those of the smart host itself). */
  configured(options?: Options): boolean;
  /**
   * Whether clients can be told so: each next hop of smtp-smart-host that has been asked offered it last, and there is such a one. A maildir
   * takes UTF-8.
   */
  offers(name: NextHopName, options?: Options): boolean;
  /** How many recipients a message may have (RCPTMAX), by what those who may get it have offered last; Infinity when none has said so. */
  recipientsAtMost(routed: Routed & Pick<Delivery, 'options'>): number;
  /**
   * Whether one of those who may get a message answers for each recipient when others have it already: `received` of the delivery is asked
   * for then.
   */
  answersEach(routed: Routed & Pick<Delivery, 'options'>): boolean;
  /**
   * Forwards by smtp-smart-host of `delivery.options`, else of the smart host's own. Never rejects. `failed` at stage `dot` means that
   * the next hop may have the message: the client is told 451 and may send it again.
   */
  forward(delivery: SmartHostDelivery, signal: AbortSignal): Promise<DeliveryOutcome>;
  /** The same, asked when the client says MAIL and RCPT. Nothing happens yet. */
  ask(envelope: SmartHostEnvelope): Asked;
  /** Who has a message by another process of the service: he gets no second copy from this one. */
  learn(copies: Copies): void;
}

export interface SmartHostDependencies {
  readonly options: Options;
  readonly mailer: Mailer;
  readonly maildir: Maildir;
  /** What `accounts:` is; undefined: there are none. */
  readonly accounts?: Pick<AccountsPort, 'open'> | undefined;
  /** Who is told of what is put into them. */
  readonly watch?: MailWatch | undefined;
  readonly log: Log;
  /** The memory of dead next hops that the mailer keeps. */
  readonly health: HostHealth;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** What the next hops have said that they offer, which the mailer hears. */
  readonly offers: NextHopOffers;
  /** Told who has a message when its sender is going to try it again, for the other processes of the service. */
  readonly tell?: ((copies: Copies) => void) | undefined;
  /** Where this server itself listens. */
  readonly isOurOwn?: (address: string, port: number) => boolean;
}

export function createSmartHost(dependencies: SmartHostDependencies): SmartHost {
  let lastText = '';
  let lastTargets: readonly Target[] = [];
  const configured = (options: Options | undefined): readonly Target[] => {
    const text = (options ?? dependencies.options).values['smtp-smart-host'];
    if (text !== lastText) {
      lastText = text;
      lastTargets = parseHostList(text);
    }
    return lastTargets;
  };
  const targetsOf = ({ options, route }: Routed & Pick<Delivery, 'options'>): readonly Target[] =>
    route === undefined ? configured(options) : route.map(parseTarget);

  /** Whom a policy sends one message to is not told what smtp-forward-user logs in with, unless he is there as well. */
  const isConfigured = (target: Target, options: Options | undefined): boolean =>
    configured(options).some(({ text }) => text === target.text);

  const failed = (delivery: SmartHostDelivery, host: string, error: string): DeliveryOutcome => {
    const log = delivery.log ?? dependencies.log.child({ id: delivery.id });
    log.emit('forward-fault', { host, cause: error });
    const loss = { code: pseudoCode.CONNECT, error };
    return { ...failedAt('connect', loss, unaskedRecipients(delivery.recipients)), host };
  };

  /** Told to who counts, as the mailer tells of its attempts. */
  const tellTried = (outcome: DeliveryOutcome, since: number): void => {
    const { clock, log } = dependencies;
    if (!log.wants('next-hop-tried')) return;
    log.emit('next-hop-tried', { ...triedOf(outcome), seconds: (clock.monotonic() - since) / 1000 });
  };

  const intoMaildir = async (
    path: string,
    delivery: SmartHostDelivery,
    signal: AbortSignal,
  ): Promise<DeliveryOutcome> => {
    const since = dependencies.clock.monotonic();
    const outcome = await toMaildir(dependencies, path, delivery, signal);
    tellTried(outcome, since);
    return outcome;
  };

  const attempt = (
    target: Target,
    delivery: SmartHostDelivery,
    signal: AbortSignal,
  ): DeliveryOutcome | Promise<DeliveryOutcome> => {
    delivery.trying?.(hostOf(target));
    switch (target.kind) {
      case 'smtp':
        return dependencies.mailer.deliver(
          {
            hosts: [target.text],
            ...delivery,
            isOurOwn: dependencies.isOurOwn,
            ownHosts: isConfigured(target, delivery.options),
          },
          signal,
        );
      case 'maildir':
        return intoMaildir(target.path, delivery, signal);
      case 'accounts':
        return toAccounts(accountsParts([], delivery, signal), delivery, signal);
      case 'invalid':
        return failed(
          delivery,
          target.text,
          `not a next hop in smtp-smart-host, expected ${target.expected}`,
        );
    }
  };

  const inOrder = (targets: readonly Target[], parameters: MailParameters | undefined): readonly Target[] =>
    ordered(targets, parameters, dependencies, dependencies.options.values['smtp-accept-timeout'] * 1000);

  const delivered = new DeliveredMemory(dependencies.clock, dependencies.tell);
  const hostsOf = (delivery: SmartHostDelivery): readonly string[] => targetsOf(delivery).map(hostOf);

  /** Only when all have to take it: else the sender is told that all is well, and comes no more. */
  const remember = async (
    delivery: SmartHostDelivery,
    outcome: DeliveryOutcome,
  ): Promise<DeliveryOutcome> => {
    if (delivery.allRecipients === true && isMixed(outcome)) {
      await delivered.remember(delivery, outcome).catch(() => undefined);
    }
    return outcome;
  };

  const whoHas = (delivery: SmartHostDelivery): Maybe<readonly Recipient[]> => {
    if (delivery.allRecipients !== true) return [];
    const known = delivered.whoHas(hostsOf(delivery), delivery);
    // A message that cannot be read is not delivered either.
    return known instanceof Promise ? known.catch(() => []) : known;
  };

  /** Who is told that all have it comes no more. */
  const settle = async (delivery: SmartHostDelivery): Promise<void> =>
    delivered.settle(hostsOf(delivery), delivery).catch(() => undefined);

  const forward: SmartHost['forward'] = async (delivery, signal) => {
    const served = await whoHas(delivery);
    if (served.length === 0) return remember(delivery, await toAll(delivery, signal));
    const recipients = delivery.recipients.filter((one) => !served.includes(one));
    if (recipients.length === 0) {
      await settle(delivery);
      return allServed(served, hostsOf(delivery).join(' '));
    }
    const outcome = await toAll({ ...delivery, recipients }, signal);
    // Who could not be asked now has to be tried again, whatever smtp-partial says.
    if (outcome.kind === 'failed') return outcome;
    const all = withServed(outcome, delivery.recipients, served);
    if (!isMixed(all)) await settle(delivery);
    return remember(delivery, all);
  };

  /** What `accounts:` is made of, with other targets beside it. */
  const accountsParts = (
    others: readonly Target[],
    { id, log, options }: Pick<SmartHostDelivery, 'id' | 'log' | 'options'>,
    signal: AbortSignal,
  ): AccountsTargetParts => ({
    ...{ place: dependencies.accounts, maildir: dependencies.maildir, watch: dependencies.watch },
    ...{ values: (options ?? dependencies.options).values, memory: delivered },
    log: log ?? dependencies.log.child({ id }),
    others: others.length === 0 ? undefined : (delivery) => inTurnOf(others, delivery, signal),
    toHost: async (host, delivery) => attempt(parseTarget(host), delivery, signal),
  });

  const toAll: SmartHost['forward'] = async (delivery, signal) => {
    const targets = targetsOf(delivery);
    if (!hasAccounts(targets)) return inTurnOf(targets, delivery, signal);
    const since = dependencies.clock.monotonic();
    const outcome = await toAccounts(accountsParts(besides(targets), delivery, signal), delivery, signal);
    tellTried(outcome, since);
    return outcome;
  };

  const inTurnOf = async (
    all: readonly Target[],
    delivery: SmartHostDelivery,
    signal: AbortSignal,
  ): Promise<DeliveryOutcome> => {
    const targets = inOrder(all, delivery.parameters);
    const outcome = await tryInTurn(targets, {
      attempt: (target) => attempt(target, delivery, signal),
      mayTryNext: (ended, target) => mayTryNext(ended) || (target.kind === 'maildir' && isOurOwn(ended)),
      isOver: () => signal.aborted || dependencies.clock.monotonic() >= (delivery.until ?? Infinity),
    });
    return outcome ?? failed(delivery, '', 'smtp-smart-host is empty');
  };

  const placeOf = (target: Target, envelope: SmartHostEnvelope): Place => ({
    open: async ({ signal, until }) => {
      envelope.trying?.(hostOf(target));
      switch (target.kind) {
        case 'smtp': {
          const { isOurOwn, mailer } = dependencies;
          const opened = await mailer.open(
            {
              // In front of the spread: behind it new fields take Node 20 microseconds.
              hosts: [target.text],
              ...envelope,
              until,
              isOurOwn,
              ownHosts: isConfigured(target, envelope.options),
            },
            signal,
          );
          return opened.kind === 'held' ? { kind: 'open', place: opened } : opened;
        }
        case 'maildir': {
          if (isBinaryMime(envelope.parameters)) return failureOf(noBinary(target.path, []));
          const { log, maildir } = dependencies;
          const own = envelope.log ?? log.child({ id: envelope.id });
          return { kind: 'open', place: lookAtMaildir({ maildir, path: target.path, log: own }) };
        }
        case 'accounts': {
          const others = besides(targetsOf(envelope));
          const parts = accountsParts(others, envelope, signal);
          return { kind: 'open', place: lookAtAccounts(parts, envelope) };
        }
        case 'invalid': {
          const loss = { code: pseudoCode.CONNECT, error: `not a next hop, expected ${target.expected}` };
          return failureOf({ ...failedAt('connect', loss, []), host: target.text });
        }
      }
    },
  });

  return {
    configured: (options) => configured(options).length > 0,
    offers: (name, options) => {
      const said = configured(options).map((target) => offersOf(target, name, dependencies.offers));
      return said.includes(true) && !said.includes(false);
    },
    recipientsAtMost: (routed) =>
      targetsOf(routed).reduce((most, target) => {
        const offered = target.kind === 'smtp' ? dependencies.offers.of(target) : undefined;
        return offered === undefined ? most : Math.min(most, recipientsAtMost(offered));
      }, Number.POSITIVE_INFINITY),
    answersEach: (routed) => {
      // Who knows the recipients may name a directory of each.
      const namesThem = (routed.options ?? dependencies.options).values['rcpt-userdb'];
      return targetsOf(routed).some((target) => answersEach(target, namesThem));
    },
    learn: (copies) => delivered.learn(copies),
    forward,
    ask: (envelope) => {
      const targets = targetsOf(envelope);
      return new Asking({
        // Accounts know whom they have, and who may have mail sent on.
        places: () =>
          (hasAccounts(targets) ? targets.filter(isAccounts) : inOrder(targets, envelope.parameters)).map(
            (target) => placeOf(target, envelope),
          ),
        forward,
        whoHas,
        remember,
        isFor: (delivery) =>
          isSame(targetsOf(delivery), targets) &&
          delivery.sender === envelope.sender &&
          delivery.parameters === envelope.parameters,
        values: () => (envelope.options ?? dependencies.options).values,
        monotonic: () => dependencies.clock.monotonic(),
      });
    },
  };
}

/** A maildir's error is no judgement of the message: the next target may take it. Not once it may lie there already. */
function isOurOwn(outcome: DeliveryOutcome): boolean {
  return outcome.kind === 'refused' && outcome.stage === 'content';
}
