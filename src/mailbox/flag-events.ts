// What a change of flags is to whoever listens, in Dovecot's order: flags_clear with every change, then what was set. Pure.
import type { Changed } from './change-mails.ts';
import type { MailboxEvent } from './port/mailbox-event.ts';

export function flagEvents(mailbox: string, uidValidity: number, changed: Changed): readonly MailboxEvent[] {
  const { after, before, uid, wasRecent } = changed;
  const about = { mailbox, uid, uidValidity };
  const less = <T>(from: readonly T[], taken: readonly T[]): readonly T[] =>
    from.filter((one) => !taken.includes(one));
  const cleared = { flags: less(before.flags, after.flags), keywords: less(before.keywords, after.keywords) };
  const set = { flags: less(after.flags, before.flags), keywords: less(after.keywords, before.keywords) };
  const haveFlags = cleared.flags.length + set.flags.length > 0;
  const haveKeywords = cleared.keywords.length + set.keywords.length > 0;
  const events: MailboxEvent[] = [
    {
      ...{ name: 'flags_clear', ...about, ...cleared },
      flagsOld: haveFlags ? before.flags : [],
      wasRecent: haveFlags && wasRecent,
      keywordsOld: haveKeywords ? before.keywords : [],
    },
  ];
  // Of keywords also when all of them were cleared.
  if (set.flags.length > 0 || haveKeywords) events.push({ name: 'flags_set', ...about, ...set });
  if (set.flags.includes('\\Seen')) events.push({ name: 'message_read', ...about });
  if (set.flags.includes('\\Deleted')) events.push({ name: 'message_trash', ...about });
  return events;
}
