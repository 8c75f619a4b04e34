// What scripts are told of small messages is kept in memory until they have been told: to read a file back costs more than all that they are told
// of it. What is larger, and what there is no more room for, is read from where it lies.
//
// Must never keep the memory that a message came in, or more than so much of all that wait.
import type { MailContent } from '../../../mailbox/port/mail.ts';
import type { MailboxTransaction } from '../../../mailbox/port/mailbox-event.ts';

/** Octets of a message that is kept. */
export const SMALL = 16_384;
/** Octets of all that are kept. */
export const ROOM = 8 * 1024 * 1024;

const unread = (): never => {
  throw new Error('it is read from the mailbox');
};
const inMailbox: MailContent = { pieces: undefined, read: unread };

/** What is kept of the mail of one user, until he has been told. */
export interface KeptMail {
  /** Without what is only in memory, but for what is small: whoever wants a message finds it there, in its file, or by its uid. */
  take(transaction: MailboxTransaction): MailboxTransaction;
  /** Nothing of it is needed any more. */
  release(): void;
}

/** Room that those of one process share. */
export class MailMemory {
  #left = ROOM;

  /** Octets that are kept now. */
  get kept(): number {
    return ROOM - this.#left;
  }

  open(): KeptMail {
    let own = 0;
    return {
      take: ({ events, user }) => ({
        user,
        events: events.map((event) => {
          if (!('content' in event) || event.content.pieces === undefined) return event;
          const { isFiled, pieces, read } = event.content;
          const size = pieces.reduce((sum, { length }) => sum + length, 0);
          if (size <= SMALL && size <= this.#left) {
            this.#left -= size;
            own += size;
            // A copy: pieces lie in memory that is much larger.
            return { ...event, content: { pieces: [Buffer.concat(pieces)], read: unread } };
          }
          if (isFiled === true) return { ...event, content: { pieces: undefined, read } };
          return event.uid === undefined ? event : { ...event, content: inMailbox };
        }),
      }),
      release: () => {
        this.#left += own;
        own = 0;
      },
    };
  }
}
