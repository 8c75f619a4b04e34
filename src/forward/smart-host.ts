// Where accepted mail goes when the policy does not say otherwise (option smtp-smart-host): next hops and maildirs in order, with
// fail-over. Asked by the SMTP session at the end of a message; what the client hears is made of the outcome by forward/dot-reply.

import { parseHostList, type Target } from '../net/host-list.ts';
import type { Log } from '../ops/log.ts';
import type { Options } from '../options/options.ts';
import type { Delivery, DeliveryOutcome, Mailer } from './delivery.ts';
import { mayTryNext, summarise } from './fail-over.ts';
import { failedAt, pseudoCode, unaskedRecipients } from './machine.ts';
import type { Maildir } from './maildir.ts';

/** A delivery whose hosts come from the option. */
export type SmartHostDelivery = Omit<Delivery, 'hosts'>;

export interface SmartHost {
  /** Whether smtp-smart-host names anything in these options (default: those of the smart host itself). */
  configured(options?: Options): boolean;
  /**
   * Forwards by smtp-smart-host of `delivery.options`, else of the smart host's own. Never rejects. `failed` at stage `dot` means that
   * the next hop may have the message: the client is told 451 and may send it again.
   */
  forward(delivery: SmartHostDelivery, signal: AbortSignal): Promise<DeliveryOutcome>;
}

export interface SmartHostDependencies {
  readonly options: Options;
  readonly mailer: Mailer;
  readonly maildir: Maildir;
  readonly log: Log;
  /** Where this server itself listens. */
  readonly isOurOwn?: (address: string, port: number) => boolean;
}

export function createSmartHost(dependencies: SmartHostDependencies): SmartHost {
  let lastText = '';
  let lastTargets: readonly Target[] = [];
  const targetsOf = (options: Options | undefined): readonly Target[] => {
    const text = (options ?? dependencies.options).values['smtp-smart-host'];
    if (text !== lastText) {
      lastText = text;
      lastTargets = parseHostList(text);
    }
    return lastTargets;
  };

  const failed = (delivery: SmartHostDelivery, host: string, error: string): DeliveryOutcome => {
    const log = delivery.log ?? dependencies.log.child({ id: delivery.id });
    log.write('err', 'cannot forward', { host, cause: error });
    const loss = { code: pseudoCode.CONNECT, error };
    return { ...failedAt('connect', loss, unaskedRecipients(delivery.recipients)), host };
  };

  const attempt = (
    target: Target,
    delivery: SmartHostDelivery,
    signal: AbortSignal,
  ): DeliveryOutcome | Promise<DeliveryOutcome> => {
    switch (target.kind) {
      case 'smtp':
        return dependencies.mailer.deliver(
          { ...delivery, hosts: [target.text], isOurOwn: dependencies.isOurOwn },
          signal,
        );
      case 'maildir':
        return dependencies.maildir.deliver(target.path, delivery, signal);
      case 'invalid':
        return failed(
          delivery,
          target.text,
          `not a next hop in smtp-smart-host, expected ${target.expected}`,
        );
    }
  };

  return {
    configured: (options) => targetsOf(options).length > 0,
    async forward(delivery, signal) {
      let summary: DeliveryOutcome | undefined;
      for (const target of targetsOf(delivery.options)) {
        const outcome = await attempt(target, delivery, signal);
        summary = summarise(summary, outcome);
        const next = mayTryNext(outcome) || (target.kind === 'maildir' && isOurOwn(outcome));
        if (!next) return outcome;
        if (signal.aborted) break;
      }
      return summary ?? failed(delivery, '', 'smtp-smart-host is empty');
    },
  };
}

/** A maildir's error is no judgement of the message: the next target may take it. Not once it may lie there already. */
function isOurOwn(outcome: DeliveryOutcome): boolean {
  return outcome.kind === 'refused' && outcome.stage === 'content';
}
