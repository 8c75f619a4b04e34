// Whether two sets of options have a next hop talked to in the same way: what a policy sets while a transaction is held (smtpe.setoption) counts
// for the message, so that a connection that was made by other rules does not get it. Pure.
import type { OptionName, OptionValues } from '../options/option-table.ts';

/** How it is made safe, who we are there, whom we name, in what form the content goes. */
const HOW = [
  'smtp-eight-bit',
  'smtp-forward-chunking',
  'smtp-forward-password-file',
  'smtp-forward-proxy',
  'smtp-forward-tls',
  'smtp-forward-tls-cert',
  'smtp-forward-tls-pin',
  'smtp-forward-user',
  'smtp-forward-xclient',
] as const satisfies readonly OptionName[];

/** At once for values that nobody has touched: changed ones are another object. */
export function isSameWay(a: OptionValues, b: OptionValues): boolean {
  return a === b || HOW.every((name) => a[name] === b[name]);
}
