// The next hops of `smtpe talk`: mail goes to them as in service, but where none of them takes the session on (none is set, none answers) the
// message has not failed for that: what would have been sent is said, and the dialogue goes on. What a next hop itself refuses stays refused.
import type { Asked } from '../delivery/asking.ts';
import type { DeliveryOutcome } from '../delivery/port/delivery.ts';
import type { AskFailure, AskLimits } from '../delivery/port/held.ts';
import type { SmartHost, SmartHostDelivery, SmartHostEnvelope } from '../delivery/smart-host.ts';
import type { Recipient } from '../smtp/protocol/recipient.ts';

/** Tells the terminal what would have happened; a line without its end. */
type Tell = (text: string) => void;

const NOBODY = 'nobody: smtp-smart-host is empty';

/** Where a delivery has not come to a next hop; at the dot it may have. */
function unreached(outcome: DeliveryOutcome | AskFailure): string | undefined {
  if (outcome.kind !== 'failed' || outcome.stage === 'dot') return undefined;
  return `${outcome.host}, which cannot be reached now (${outcome.error})`;
}

/** As an outcome of a delivery that has gone well. */
const taken = ({ recipients }: SmartHostDelivery): DeliveryOutcome => ({
  kind: 'delivered',
  host: 'nobody',
  code: 250,
  text: 'not sent',
  rcpts: recipients.map((recipient) => ({ recipient, code: 250, text: '' })),
});

export function trialHost(real: SmartHost, tell: Tell): SmartHost {
  const wouldGo = (delivery: SmartHostDelivery, where: string): DeliveryOutcome => {
    const names = delivery.recipients.map(({ address }) => `<${address}>`).join(' ');
    tell(`would go to ${where}; from <${delivery.sender}> to ${names}, ${delivery.message?.size ?? 0} bytes`);
    return taken(delivery);
  };
  const somewhere = ({ options, route }: SmartHostDelivery | SmartHostEnvelope): boolean =>
    route !== undefined || real.configured(options);
  const forward: SmartHost['forward'] = async (delivery, signal) => {
    if (!somewhere(delivery)) return wouldGo(delivery, NOBODY);
    const outcome = await real.forward(delivery, signal);
    const place = unreached(outcome);
    return place === undefined ? outcome : wouldGo(delivery, place);
  };
  return {
    configured: () => true,
    offers: (name, options) => real.offers(name, options),
    recipientsAtMost: (routed) => real.recipientsAtMost(routed),
    answersEach: (routed) => real.answersEach(routed),
    learn: (copies) => real.learn(copies),
    forward,
    ask: (envelope) => new TrialAsking(somewhere(envelope) ? real.ask(envelope) : undefined, forward),
  };
}

/** Asks a next hop for as long as there is one; who is not there refuses nobody. */
class TrialAsking implements Asked {
  #asking: Asked | undefined;
  readonly #forward: SmartHost['forward'];

  constructor(asking: Asked | undefined, forward: SmartHost['forward']) {
    this.#asking = asking;
    this.#forward = forward;
  }

  async mail(limits: AskLimits): Promise<AskFailure | undefined> {
    return this.#heed(await this.#asking?.mail(limits));
  }

  async rcpt(
    recipient: Recipient,
    earlier: readonly Recipient[],
    limits: AskLimits,
  ): Promise<AskFailure | undefined> {
    return this.#heed(await this.#asking?.rcpt(recipient, earlier, limits));
  }

  async content(delivery: SmartHostDelivery, limits: AskLimits): Promise<DeliveryOutcome> {
    if (this.#asking === undefined) return this.#forward(delivery, limits.signal);
    const outcome = await this.#asking.content(delivery, limits);
    return unreached(outcome) === undefined ? outcome : this.#forward(delivery, limits.signal);
  }

  giveBack(): void {
    this.#asking?.giveBack();
  }

  #heed(failure: AskFailure | undefined): AskFailure | undefined {
    if (failure === undefined || unreached(failure) === undefined) return failure;
    this.#asking?.giveBack();
    this.#asking = undefined;
    return undefined;
  }
}
