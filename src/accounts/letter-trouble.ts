// What goes wrong with a letter, on its way to whoever asked for it: thrown, so that nobody takes what could not be read for what is not there.
import { type MailOutcome, troubleText } from '../mailbox/port/outcome.ts';

class Trouble extends Error {}

/** Throws what is wrong; undefined: there is no such mailbox or message. */
export function present<T>(outcome: MailOutcome<T>): T | undefined {
  if (outcome.kind === 'done') return outcome.value;
  if (outcome.kind === 'missing') return undefined;
  throw new Trouble(troubleText(outcome));
}
