// The feed of the server, read by fetch: EventSource cannot show a token. It comes back by itself when the connection is lost.
import { ask, problemOf } from './api.js';

/** Something comes each second. */
const SILENT_MS = 20_000;
const LONGEST_PAUSE_MS = 4000;

/** Calls `each` with every piece of a stream's text that ends with `end`. @param {Response} response @param {string} end @param {(piece: string) => void} each @param {() => void} [alive] */
export async function readPieces(response, end, each, alive = () => undefined) {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const step = await reader?.read();
    if (step === undefined || step.done) return;
    alive();
    const pieces = (rest + step.value).split(end);
    rest = pieces.pop() ?? '';
    for (const piece of pieces) each(piece);
  }
}

/** @typedef {{ kind: 'live' } | { kind: 'lost' | 'locked', text: string }} FeedState */

export class Feed {
  #abort = new AbortController();
  #pause = 500;
  /** @type {number | undefined} */
  #again = undefined;
  #onEvent;
  #onState;

  /** @param {(name: string, data: any) => void} onEvent @param {(state: FeedState) => void} onState */
  constructor(onEvent, onState) {
    this.#onEvent = onEvent;
    this.#onState = onState;
  }

  /** Begins, or begins anew: with another token. */
  start() {
    this.#abort.abort();
    clearTimeout(this.#again);
    this.#abort = new AbortController();
    void this.#run(this.#abort);
  }

  /** @param {AbortController} abort */
  async #run(abort) {
    let silent = setTimeout(() => abort.abort(), SILENT_MS);
    const alive = () => {
      clearTimeout(silent);
      silent = setTimeout(() => abort.abort(), SILENT_MS);
    };
    /** @type {FeedState} */
    let end = { kind: 'lost', text: 'the server does not answer' };
    try {
      const response = await ask('events', { signal: abort.signal });
      if (response.ok) {
        this.#pause = 500;
        this.#onState({ kind: 'live' });
        await readPieces(response, '\n\n', (piece) => this.#event(piece), alive);
        end = { kind: 'lost', text: 'the server has gone' };
      } else {
        end = { kind: response.status === 401 ? 'locked' : 'lost', text: await problemOf(response) };
      }
    } catch {
      // Nothing is known but that it does not answer.
    }
    clearTimeout(silent);
    if (abort !== this.#abort) return;
    this.#onState(end);
    if (end.kind === 'locked') return;
    this.#again = setTimeout(() => this.start(), this.#pause);
    this.#pause = Math.min(LONGEST_PAUSE_MS, this.#pause * 2);
  }

  /** @param {string} piece */
  #event(piece) {
    const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(piece) ?? [];
    if (name !== undefined && data !== undefined) this.#onEvent(name, JSON.parse(data));
  }
}
