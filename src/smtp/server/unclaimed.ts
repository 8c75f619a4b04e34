// What becomes of a message that nobody has taken (smtp-default-at-dot).
import { accepted } from './default-reply.ts';
import { refusal } from './message-refusal.ts';
import type { EndedMessage, Verdict } from './verdict.ts';

type DefaultAtDot = '250' | '451' | '550';

/** Why nobody has the message, for the log; `said`: what a hook had said before. */
function causeOf(word: DefaultAtDot, said: string): string {
  const end = word === '250' ? '; it was thrown away' : '';
  return `smtp-default-at-dot=${word}: ${said}nobody took the message${end}`;
}

/** When no hook had said anything: put together once. */
const UNCLAIMED = {
  250: causeOf('250', ''),
  451: causeOf('451', ''),
  550: causeOf('550', ''),
} as const;

/** No next hop, and hook.forward did not take the message, or nobody is to have it: what another hook said about it delivers nothing. */
export function unclaimed(message: EndedMessage, before = ''): Verdict {
  const { cause, drop, reply } = message.decision;
  const word = message.core.values['smtp-default-at-dot'];
  const said = reply === undefined ? before : `${before}${cause} said ${reply.code}, but `;
  const why = said === '' ? UNCLAIMED[word] : causeOf(word, said);
  if (word !== '250') return refusal(message, word === '550' ? 'rejected' : 'later', {}, why);
  return { reply: accepted(message.transaction.id), drop, taken: 'thrown away', cause: why };
}
