// What workers have told of copies that recipients have (delivery/delivered-memory): it goes to the others at once, and is kept for those that begin
// later, as a worker that is replaced takes its memory along. Held by the main process, and bounded as the memory is.
import type { CopiesMessage } from './worker-messages.ts';

/** People, of all messages together. */
const MOST = 10_000;

export class ToldCopies {
  #told: CopiesMessage[] = [];
  #people = 0;

  /** The last of them, in order. */
  get all(): readonly CopiesMessage[] {
    return this.#told;
  }

  add(message: CopiesMessage): void {
    this.#told.push(message);
    this.#people += message.people.length;
    while (this.#people > MOST) this.#people -= this.#told.shift()?.people.length ?? this.#people;
  }
}
