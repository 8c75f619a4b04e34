// The dialogue of one session as it goes on, in a window of its own.
import { ask, problemOf } from './api.js';
import { byId, setText } from './dom.js';
import { save } from './export.js';
import { readPieces } from './feed.js';

/** Lines that are kept. */
const MOST_LINES = 2000;

export class Ladder {
  #dialog = byId('ladder', HTMLDialogElement);
  #place = byId('ladder-lines', HTMLTextAreaElement);
  #state = byId('ladder-state', HTMLElement);
  #end = byId('ladder-end', HTMLButtonElement);
  #abort = new AbortController();
  /** @type {string[]} */
  #lines = [];
  #drawing = false;
  #id = '';

  /** @param {(id: string) => void} end */
  constructor(end) {
    byId('ladder-close', HTMLButtonElement).onclick = () => this.#dialog.close();
    byId('ladder-text', HTMLButtonElement).onclick = () =>
      save(`session-${this.#id}-*.txt`, 'text/plain', `${this.#lines.join('\n')}\n`);
    this.#end.onclick = () => end(this.#id);
    this.#dialog.onclose = () => this.#abort.abort();
  }

  /** @param {string} id @param {boolean} mayEnd */
  open(id, mayEnd) {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#id = id;
    this.#lines = [];
    this.#end.hidden = !mayEnd;
    setText(byId('ladder-title', HTMLElement), `Session ${id}`);
    this.#place.value = '';
    setText(this.#state, 'From now on; what was said before is not kept.');
    if (!this.#dialog.open) this.#dialog.showModal();
    void this.#follow(this.#abort.signal);
  }

  /** @param {AbortSignal} signal */
  async #follow(signal) {
    try {
      const response = await ask(`trace?format=text&one=1&id=${encodeURIComponent(this.#id)}`, { signal });
      if (!response.ok) {
        setText(this.#state, await problemOf(response));
        return;
      }
      await readPieces(response, '\n', (line) => this.#add(line));
      if (!signal.aborted) setText(this.#state, 'It is over.');
    } catch {
      if (!signal.aborted) setText(this.#state, 'The server has gone.');
    }
  }

  /** @param {string} line */
  #add(line) {
    // Nothing but a sign of life.
    if (line === '') return;
    this.#lines.push(line);
    if (this.#lines.length > MOST_LINES) this.#lines.splice(0, this.#lines.length - MOST_LINES);
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      const place = this.#place;
      const atEnd = place.scrollTop + place.clientHeight > place.scrollHeight - 30;
      place.value = this.#lines.join('\n');
      if (atEnd) place.scrollTop = place.scrollHeight;
    });
  }
}
