// Verb `top`: what a server that runs does, each second anew, in a terminal. Without one, or with `once`, one picture as plain lines.
import type { AdminClient } from '../../admin/ask-admin.ts';
import { systemClock, type Timer } from '../../base/clock.ts';
import { printable } from '../../text/printable.ts';
import { exitCode } from '../exit-code.ts';
import { complain, print } from '../problems.ts';
import { topFacts } from './facts.ts';
import { filtered, type TopFacts, type TopFrame, topFrame } from './frame.ts';
import { type Key, Terminal } from './terminal.ts';

const EVERY_MS = 1000;
const PATIENCE_MS = 5000;
/** Without anything, not even a beat. */
const TRACE_MS = 60_000;
/** Lines of a trace that are kept. */
const MOST_LINES = 2000;
const LONGEST_FILTER = 60;

export async function top(client: AdminClient, once: boolean): Promise<number> {
  if (!once && process.stdout.isTTY && process.stdin.isTTY) return new Top(client).run();
  const facts = await topFacts(client);
  if (typeof facts === 'string') {
    await complain([facts]);
    return exitCode.system;
  }
  await print(`${topFrame(facts, { selected: undefined, filter: '' }, 0, 0).lines.join('\n')}\n`);
  return exitCode.ok;
}

type Mode =
  | { readonly kind: 'list' }
  | { readonly kind: 'filter' }
  | { readonly kind: 'confirm'; readonly id: string }
  | {
      readonly kind: 'trace';
      readonly id: string;
      readonly lines: string[];
      readonly abort: AbortController;
    };

const LIST: Mode = { kind: 'list' };

class Top {
  readonly #client: AdminClient;
  readonly #terminal = new Terminal();
  #mode: Mode = LIST;
  #facts: TopFacts | string = 'asking ...';
  #frame: TopFrame | undefined;
  #selected: string | undefined;
  #filter = '';
  /** What came of the last order. */
  #told = '';
  #timer: Timer | undefined;
  #done: (code: number) => void = () => undefined;

  constructor(client: AdminClient) {
    this.#client = client;
  }

  async run(): Promise<number> {
    const ended = new Promise<number>((resolve) => {
      this.#done = resolve;
    });
    this.#terminal.open({
      pressed: (key) => this.#pressed(key),
      resized: () => this.#show(),
      gone: () => this.#done(exitCode.ok),
    });
    this.#show();
    void this.#ask();
    const code = await ended;
    this.#timer?.cancel();
    this.#leaveTrace();
    this.#terminal.close();
    // What is under way is of no interest any more.
    return code;
  }

  async #ask(): Promise<void> {
    this.#facts = await topFacts(this.#client);
    this.#show();
    this.#timer = systemClock.after(EVERY_MS, () => void this.#ask());
  }

  #show(): void {
    const { columns, rows } = this.#terminal.size;
    if (this.#mode.kind === 'trace') {
      const lines = this.#mode.lines.slice(-(rows - 1)).map((line) => line.slice(0, columns));
      this.#terminal.show([...lines, `trace of ${this.#mode.id}   q: back`.slice(0, columns)]);
      return;
    }
    if (typeof this.#facts === 'string') {
      this.#terminal.show([printable(this.#facts).slice(0, columns), 'q: quit']);
      return;
    }
    const prompt = this.#prompt;
    const view = {
      ...{ selected: this.#selected, filter: this.#filter },
      ...(prompt !== undefined && { prompt }),
    };
    this.#frame = topFrame(this.#facts, view, columns, rows);
    this.#terminal.show(this.#frame.lines, this.#frame.marked);
  }

  get #prompt(): string | undefined {
    if (this.#mode.kind === 'filter') return `/${this.#filter}`;
    if (this.#mode.kind === 'confirm')
      return `end session ${this.#mode.id} with 421? y: yes, any other key: no`;
    return this.#told === '' ? undefined : this.#told;
  }

  #pressed(key: Key): void {
    if (key === 'interrupt') {
      this.#done(exitCode.ok);
      return;
    }
    switch (this.#mode.kind) {
      case 'trace':
        if (key === 'escape' || isText(key, 'q')) this.#leaveTrace();
        break;
      case 'filter':
        this.#edit(key);
        break;
      case 'confirm':
        if (isText(key, 'y')) void this.#close(this.#mode.id);
        this.#mode = LIST;
        break;
      case 'list':
        this.#told = '';
        this.#command(key);
    }
    this.#show();
  }

  #edit(key: Key): void {
    if (key === 'enter') this.#mode = LIST;
    else if (key === 'escape') {
      this.#filter = '';
      this.#mode = LIST;
    } else if (key === 'erase') this.#filter = this.#filter.slice(0, -1);
    else if (typeof key === 'object' && this.#filter.length < LONGEST_FILTER) this.#filter += key.text;
  }

  #command(key: Key): void {
    const chosen = this.#frame?.selected;
    if (isText(key, 'q')) this.#done(exitCode.ok);
    else if (isText(key, '/')) this.#mode = { kind: 'filter' };
    else if (key === 'escape') this.#filter = '';
    else if (key === 'up' || key === 'down') this.#move(key === 'up' ? -1 : 1);
    else if (chosen !== undefined && isText(key, 'k')) this.#mode = { kind: 'confirm', id: chosen.id };
    else if (chosen !== undefined && key === 'enter') this.#trace(chosen.id);
  }

  #move(by: number): void {
    if (typeof this.#facts === 'string') return;
    const sessions = filtered(this.#facts.sessions, this.#filter);
    const at = Math.max(
      0,
      sessions.findIndex(({ id }) => id === this.#selected),
    );
    this.#selected = sessions[Math.max(0, Math.min(sessions.length - 1, at + by))]?.id;
  }

  async #close(id: string): Promise<void> {
    const heard = await this.#client.ask('POST', `/sessions/${encodeURIComponent(id)}/close`, PATIENCE_MS);
    const why = heard.kind === 'failed' ? heard.problem : heard.status === 200 ? '' : heard.text.trim();
    this.#told = printable(why === '' ? `session ${id} is ended` : why);
    this.#show();
  }

  #trace(id: string): void {
    const mode: Mode = { kind: 'trace', id, lines: [], abort: new AbortController() };
    this.#mode = mode;
    const query = new URLSearchParams({ id, format: 'text' });
    let rest = '';
    const take = async (piece: string): Promise<boolean> => {
      const lines = (rest + piece).split('\n');
      rest = lines.pop() ?? '';
      mode.lines.push(...lines.filter((line) => line !== '').map(printable));
      mode.lines.splice(0, mode.lines.length - MOST_LINES);
      this.#show();
      return true;
    };
    void this.#client.follow(`/trace?${query}`, TRACE_MS, take, mode.abort.signal).then((heard) => {
      if (mode.abort.signal.aborted) return;
      const why = heard.kind === 'failed' ? heard.problem : heard.status === 200 ? 'over' : heard.text;
      mode.lines.push(printable(`(${why.trim()})`));
      this.#show();
    });
  }

  #leaveTrace(): void {
    if (this.#mode.kind !== 'trace') return;
    this.#mode.abort.abort();
    this.#mode = LIST;
  }
}

const isText = (key: Key, text: string): boolean => typeof key === 'object' && key.text === text;
