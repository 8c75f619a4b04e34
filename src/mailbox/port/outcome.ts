// What comes of asking for mail on this disk: done, or why not. Nothing here is an exception: a disk is full, a folder is gone, another program
// holds the lock; whoever asked decides what that means. Part of the port of mailbox/ (mail-user.ts), which stays as it is.

export type MailTrouble =
  /** There is no such mailbox, or no such message in it any more. */
  | { readonly kind: 'missing'; readonly mailbox: string }
  /** There is one of that name already. */
  | { readonly kind: 'exists'; readonly mailbox: string }
  /** No mailbox, keyword or key of metadata can be named so; `why` is for people: what is wrong and what would be right. */
  | { readonly kind: 'bad-name'; readonly name: string; readonly why: string }
  /** What cannot be done to this mailbox: INBOX cannot be deleted, one that was opened to be read cannot be changed. */
  | { readonly kind: 'refused'; readonly mailbox: string; readonly why: string }
  /** Another program held its lock for longer than we wait: it can be tried again. */
  | { readonly kind: 'locked'; readonly mailbox: string }
  /** No room: the disk, the user's share of it, or a bound of ours (`why`). */
  | { readonly kind: 'full'; readonly mailbox: string; readonly why: string }
  /** We have not the right to (EACCES, EPERM, EROFS). */
  | { readonly kind: 'denied'; readonly mailbox: string; readonly why: string }
  /** The signal has aborted: nothing was changed, or what was begun is as it was before. */
  | { readonly kind: 'aborted' }
  /** Any other error of the file system, or of who gave the content; `why` names it for the log. */
  | { readonly kind: 'failed'; readonly mailbox: string; readonly why: string };

export type MailOutcome<T> = { readonly kind: 'done'; readonly value: T } | MailTrouble;

/** In words, as Dovecot has them where it has some. */
export function troubleText(trouble: MailTrouble): string {
  switch (trouble.kind) {
    case 'missing':
      return `Mailbox doesn't exist: ${trouble.mailbox}`;
    case 'exists':
      return `Mailbox already exists: ${trouble.mailbox}`;
    case 'bad-name':
      return `Invalid name ${trouble.name}: ${trouble.why}`;
    case 'locked':
      return `Timeout while waiting for lock of ${trouble.mailbox}`;
    case 'refused':
    case 'full':
    case 'denied':
    case 'failed':
      return `${trouble.mailbox}: ${trouble.why}`;
    case 'aborted':
      return 'given up';
  }
}
