// Whether addresses may go into command lines (RFC 5321 section 4.1.2). Whoever took them has judged them; here nothing passes that could end
// the path or the line. Pure.
import type { Delivery } from '../../delivery/port/delivery.ts';
import { LENIENT } from '../protocol/lenience.ts';
import { type PathRules, parseMailbox } from '../protocol/path.ts';

const ANY_ADDRESS: PathRules = { lenience: LENIENT, localLength: false, needsDomain: false };
const ANY_UTF8_ADDRESS: PathRules = { ...ANY_ADDRESS, utf8: true };

/** What is wrong with the envelope, or undefined. */
export function addressProblem(
  { parameters, recipients, sender }: Delivery,
  needsRecipient: boolean,
): string | undefined {
  if (needsRecipient && recipients.length === 0) return 'no recipient was named';
  const rules = parameters?.SMTPUTF8 === true ? ANY_UTF8_ADDRESS : ANY_ADDRESS;
  if (!isAddress(sender, rules)) return `no address: ${JSON.stringify(sender.slice(0, 100))}`;
  const bad = recipients.find(({ address }) => address === '' || !isAddress(address, rules))?.address;
  return bad === undefined ? undefined : `no address: ${JSON.stringify(bad.slice(0, 100))}`;
}

function isAddress(text: string, rules: PathRules): boolean {
  const parsed = parseMailbox(text, rules);
  return parsed.kind === 'path' && parsed.path.address === text;
}
