// What decides what is offered to a client (smtp/protocol/extension-table), for specs: the default options, and nothing else.
import { createOptions } from '../../src/options/option-set.ts';
import type { OptionName } from '../../src/options/option-table.ts';
import type { OfferFacts } from '../../src/smtp/protocol/extension-table.ts';

export function offerFacts(
  options: Readonly<Partial<Record<OptionName, string>>> = {},
  changes: Partial<OfferFacts> = {},
): OfferFacts {
  const { values } = createOptions(options);
  return {
    values,
    trusted: false,
    secure: false,
    canSecure: false,
    canAuthenticate: false,
    nextHopOffers: () => false,
    ...changes,
  };
}
