// The newest transactions of one second, as many as a batch may have. Must never: copy a row, or move the others when one goes.
import type { EventFields } from '../../base/events.ts';
import { type KeptMail, MOST_ROWS } from './live-batch.ts';

/** Characters of all rows of a batch together, about: lists of recipients are long. */
const MOST_CHARACTERS = 512 * 1024;
/** What a row has besides its texts, about. */
const ROW_CHARACTERS = 400;

interface Slot extends KeptMail {
  readonly characters: number;
}

export class NewestMails {
  /** A ring, which grows up to MOST_ROWS. */
  readonly #slots: (Slot | undefined)[] = [];
  /** How many have come, and how many of those are gone. */
  #came = 0;
  #gone = 0;
  #characters = 0;

  /** `mail` must stay as it is. */
  add(time: number, session: string, mail: EventFields<'mail'>): void {
    const characters = charactersOf(mail);
    if (this.count === MOST_ROWS) this.#drop();
    this.#slots[this.#came++ % MOST_ROWS] = { time, session, mail, characters };
    this.#characters += characters;
    while (this.#characters > MOST_CHARACTERS && this.count > 1) this.#drop();
  }

  /** Those that are here. */
  get count(): number {
    return this.#came - this.#gone;
  }

  /** Those that had to make room. */
  get leftOut(): number {
    return this.#gone;
  }

  /** The oldest first. */
  get list(): readonly KeptMail[] {
    const list: KeptMail[] = [];
    for (let i = this.#gone; i < this.#came; i++) {
      const slot = this.#slots[i % MOST_ROWS];
      if (slot !== undefined) list.push({ time: slot.time, session: slot.session, mail: slot.mail });
    }
    return list;
  }

  #drop(): void {
    const at = this.#gone++ % MOST_ROWS;
    this.#characters -= this.#slots[at]?.characters ?? 0;
    this.#slots[at] = undefined;
  }
}

function charactersOf({
  cause,
  client,
  from,
  helo,
  host = '',
  message_id = '',
  to,
}: EventFields<'mail'>): number {
  const texts = cause.length + client.length + from.length + helo.length + host.length + message_id.length;
  let all = ROW_CHARACTERS + texts;
  for (const row of to) all += row.to.length + (row.why?.length ?? 0) + 30;
  return all;
}
