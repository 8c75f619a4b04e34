// Where our answer to a recorded call of mail_user or mailbox is another one than Dovecot's, and why.

interface Difference {
  /** As the row has it. */
  readonly ours: unknown;
  readonly why: string;
}

const noStandard =
  'entries that nobody has set (comment, admin, specialuse) are not there: they have no value';

export const storageDifferences: Readonly<Record<string, Difference>> = {
  'mail-user/deliver/md-list2': {
    ours: { ok: true, values: [{ '/private/key1': 'value1' }] },
    why: noStandard,
  },
  'mail-user/deliver/md-list-after': { ours: { ok: true, values: [[]] }, why: noStandard },
  'mailbox/deliver-1/md-list': {
    ours: { ok: true, values: [{ '/private/comment': 'hello' }] },
    why: noStandard,
  },
  'mailbox/deliver-2/md-list': {
    ours: { ok: true, values: [{ '/private/comment': 'hello', '/private/x': 'y' }] },
    why: noStandard,
  },
};
