// What next hops have said in a recording, accounts of the machine among them, for one that says it again.
import type { TraceEntry } from '../../observe/trace/entry.ts';
import type { HopFake } from '../fakes.ts';
import type { HopAnswer } from '../ports/scripted-hop.ts';
import { inTurn } from './recorded-values.ts';

/** What was said to addresses, in turn. */
class SaidTo extends Map<string, HopAnswer> {
  readonly #said = new Map<string, HopAnswer[]>();

  add(address: string, answer: HopAnswer): void {
    const said = this.#said.get(address);
    if (said === undefined) this.#said.set(address, [answer]);
    else said.push(answer);
  }

  /** What was said last counts no more: it was asked again. */
  forget(address: string): void {
    this.#said.get(address)?.pop();
  }

  override get(address: string): HopAnswer | undefined {
    return inTurn(this.#said.get(address) ?? []);
  }
}

/**
 * One for all next hops, which says what they have said, in turn. A command may be sent with the one before it (RSET, MAIL), and each reply is to the first
 * that has none. One that could not be reached has no part in it, unless nobody could.
 */
export function hopOf(entries: readonly TraceEntry[]): HopFake {
  const mail = new SaidTo();
  const rcpt = new SaidTo();
  const data: HopAnswer[] = [];
  const dot: HopAnswer[] = [];
  let isDown = false;
  let hasSaid = false;
  let sent: string[] = [];
  /** A sender that was refused, and whether there is a new connection since: then it is tried there. */
  let refused: string | undefined;
  let isNew = false;
  /** Who was taken of the message in hand, and how many of them have yet to be answered behind its dot (RFC 2033 section 4.2). */
  let taken = 0;
  let pending = 0;
  for (const entry of entries) {
    // Accounts of the machine are a next hop that says what they said.
    if (entry.kind === 'answer' && entry.of === 'accounts') {
      rcpt.add(entry.key.toLowerCase(), entry.answer);
      hasSaid = true;
    }
    if (entry.kind !== 'next-hop') continue;
    if (entry.way === 'fails' && /^connect\b/.test(entry.line)) isDown = true;
    if (entry.way === 'sent') sent.push(...entry.line.split('\r\n'));
    if (entry.way !== 'said') continue;
    hasSaid = true;
    const said = entry.line.trimEnd();
    // A greeting: of what was sent to others nothing is answered any more.
    if (said.startsWith('220') && !/^STARTTLS/i.test(sent[0] ?? '')) {
      sent = [];
      isNew = true;
      pending = 0;
    }
    // Lines of one reply, and what asks for the rest of a log-in.
    else if (!/^\d{3}-[^\n]*$/.test(said) && !said.startsWith('334')) {
      // Nobody sends anything before all of them are there. By SMTP there is one, and whatever comes next is to what was sent then.
      if (pending > 0 && sent.length === 0) {
        pending -= 1;
        dot.push(said);
        continue;
      }
      const command = sent.shift() ?? '';
      const path = /<([^>]*)>/.exec(command)?.[1]?.toLowerCase() ?? '';
      if (/^MAIL/i.test(command)) {
        if (isNew && refused === path) mail.forget(path);
        mail.add(path, said);
        refused = said.startsWith('2') ? undefined : path;
        isNew = false;
        taken = 0;
      }
      if (/^RCPT/i.test(command)) {
        rcpt.add(path, said);
        if (said.startsWith('2')) taken += 1;
      } else if (/^DATA/i.test(command)) data.push(said);
      else if (/final dot/.test(command)) {
        dot.push(said);
        pending = taken - 1;
      }
    }
  }
  if (isDown && !hasSaid) return { kind: 'refused' };
  const script = {
    ...{ mail, rcpt },
    get data() {
      return inTurn(data);
    },
    get dot() {
      return inTurn(dot);
    },
  };
  return { kind: 'answers', script };
}
