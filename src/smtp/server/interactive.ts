// The session at a terminal (`smtpe talk`, `+test`): a line that is no SMTP command is Lua in the session's environment. An expression shows its
// value, a chunk that is not complete goes on in the next line. Replies are written one by one, so that what Lua prints stands between them.
import { chain, type Maybe } from '../../base/maybe.ts';
import type { LuaValue } from '../../lua-api/value.ts';
import type { SessionCore } from './session-core.ts';
import { showValue } from './show-value.ts';

/** Who sits there. */
export interface Terminal {
  /** The session waits for a command or a line of Lua; for the rest of a chunk; for the content of a message. */
  waits(what: 'line' | 'more' | 'content'): void;
  /** What `help` and `help NAME` show, with its line ends. */
  help(topic: string): string;
}

/** The compiler has come to the end of the text and wants more. */
const INCOMPLETE = /<eof>$/;

/** Whether a line is meant for whoever keeps the terminal: in lower case, as SMTP is written in upper case. */
const HELP = /^\s*help(?:\s+(\S+))?\s*$/;
const EXIT = /^\s*exit\s*$/;

/** Commands that people try and smtpe does not know: hook.unknown may. */
const OTHERS = new Set(['VRFY', 'EXPN', 'ETRN', 'TURN']);

/** Whether a line that nobody offers is a command all the same, as people write them, and no Lua. */
export function looksLikeCommand(input: string, isKnown: (verb: string) => boolean): boolean {
  const word = /^[A-Z]+(?=\s|$)/.exec(input)?.[0];
  return word !== undefined && (OTHERS.has(word) || isKnown(word));
}

/** What a line at the terminal is: something that was done with it, or a command. */
export type LineRead = { readonly done: Maybe<void> } | { readonly command: string };

export class LuaLines {
  readonly #terminal: Terminal | undefined;
  #pending = '';

  constructor(terminal: Terminal | undefined) {
    this.#terminal = terminal;
  }

  /** The next line belongs to a chunk that has begun. */
  get isOpen(): boolean {
    return this.#pending !== '';
  }

  /** A line is no command by what it is or by what went before. */
  read(core: SessionCore, input: string): LineRead {
    if (this.isOpen) return { done: this.take(core, input) };
    if (EXIT.test(input)) return { command: 'QUIT' };
    const help = this.#terminal === undefined ? null : HELP.exec(input);
    if (help === null || this.#terminal === undefined) return { command: input };
    return { done: core.output.add(this.#terminal.help(help[1] ?? '')) };
  }

  /** Takes a line of Lua. */
  take(core: SessionCore, line: string): Maybe<void> {
    const text = this.#pending === '' ? line.replace(/^\s*=/, 'return ') : `${this.#pending}\n${line}`;
    if (text.trim() === '') return;
    const { hooks } = core;
    const asValue = hooks.problemOf(`return ${text}`);
    if (asValue === undefined) return this.#run(core, `return ${text}`);
    const problem = hooks.problemOf(text);
    const goesOn = problem !== undefined && (INCOMPLETE.test(problem) || INCOMPLETE.test(asValue));
    if (!goesOn || text.length > core.values['lua-max-source']) return this.#run(core, text);
    this.#pending = text;
  }

  /** There are no more lines: a chunk that is not complete is a mistake. */
  end(core: SessionCore): Maybe<void> {
    if (this.isOpen) return this.#run(core, this.#pending);
  }

  #run(core: SessionCore, source: string): Maybe<void> {
    this.#pending = '';
    return chain(core.hooks.run(source), (outcome) => {
      switch (outcome.kind) {
        case 'returned':
          if (outcome.values.length > 0) core.output.add(`${shown(outcome.values)}\n`);
          return;
        case 'error':
        case 'limit':
          core.output.add(`error: ${outcome.message}\n`);
          return;
        case 'misshapen':
        case 'not-callable':
        case 'undefined':
        case 'cancelled':
          return;
      }
    });
  }
}

const shown = (values: readonly LuaValue[]): string => values.map((value) => showValue(value)).join('\t');
