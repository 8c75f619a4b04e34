// The states of an SMTP session and what leads from one to the next (RFC 5321 section 4.1.4; spec of the original, section 3.6). Pure: no
// hook, reply or socket here. The conversation asks `next` after the reply to a command was sent.
import type { CommandLine } from './command-parser.ts';
import type { Transaction } from './transaction.ts';

export type Hello = 'helo' | 'ehlo';

/** Where a session stands, as commands and tables name it. */
export type Phase = State['phase'];

export type State =
  /** Before the banner. */
  | { readonly phase: 'connected' }
  /** The banner was a refusal: only QUIT is served (RFC 5321 section 3.1). */
  | { readonly phase: 'refused' }
  /** Before a hello that counts. */
  | { readonly phase: 'greeted' }
  | { readonly phase: 'hello'; readonly hello: Hello }
  /** MAIL was accepted, no RCPT was asked yet. */
  | { readonly phase: 'mail'; readonly hello: Hello; readonly transaction: Transaction }
  /** RCPT was asked, with any result. */
  | { readonly phase: 'rcpt'; readonly hello: Hello; readonly transaction: Transaction }
  /** The next line is the answer to a 334 (RFC 4954), not a command. */
  | {
      readonly phase: 'dialogue';
      readonly line: CommandLine;
      readonly answers: readonly string[];
      readonly back: State;
    }
  /** Between 354 and the reply to the dot. */
  | { readonly phase: 'content'; readonly hello: Hello; readonly transaction: Transaction }
  | { readonly phase: 'closed' };

export type Event =
  | { readonly kind: 'welcome' }
  | { readonly kind: 'not-welcome' }
  | { readonly kind: 'hello'; readonly hello: Hello }
  | { readonly kind: 'mail'; readonly transaction: Transaction }
  /** A refused MAIL leaves everything as it was (RFC 5321 section 4.1.4). */
  | { readonly kind: 'mail-refused' }
  | { readonly kind: 'rcpt' }
  | { readonly kind: 'ask'; readonly line: CommandLine; readonly answers: readonly string[] }
  | { readonly kind: 'answered' }
  | { readonly kind: 'content' }
  /** RSET, or the end of a message. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'close' };

export const INITIAL: State = { phase: 'connected' };
const REFUSED: State = { phase: 'refused' };
const GREETED: State = { phase: 'greeted' };
const HELLO: Readonly<Record<Hello, State>> = {
  helo: { phase: 'hello', hello: 'helo' },
  ehlo: { phase: 'hello', hello: 'ehlo' },
};
const CLOSED: State = { phase: 'closed' };

/** The transaction that MAIL opened; undefined outside of one. */
export function transactionOf(state: State): Transaction | undefined {
  return state.phase === 'mail' || state.phase === 'rcpt' || state.phase === 'content'
    ? state.transaction
    : undefined;
}

/** The hello that counts; undefined before one. */
export function helloOf(state: State): Hello | undefined {
  switch (state.phase) {
    case 'hello':
    case 'mail':
    case 'rcpt':
    case 'content':
      return state.hello;
    case 'dialogue':
      return helloOf(state.back);
    case 'connected':
    case 'refused':
    case 'greeted':
    case 'closed':
      return undefined;
  }
}

/** The state after an event. An event that cannot happen in a state leaves it as it is. */
export function next(state: State, event: Event): State {
  if (state.phase === 'closed') return state;
  switch (event.kind) {
    case 'close':
      return CLOSED;
    case 'welcome':
      return GREETED;
    case 'not-welcome':
      return REFUSED;
    case 'hello':
      return HELLO[event.hello];
    case 'mail':
      return state.phase === 'hello'
        ? { phase: 'mail', hello: state.hello, transaction: event.transaction }
        : state;
    case 'mail-refused':
      return state;
    case 'rcpt':
      return state.phase === 'mail' ? { ...state, phase: 'rcpt' } : state;
    case 'ask':
      return {
        phase: 'dialogue',
        line: event.line,
        answers: event.answers,
        back: state.phase === 'dialogue' ? state.back : state,
      };
    case 'answered':
      return state.phase === 'dialogue' ? state.back : state;
    case 'content':
      return state.phase === 'rcpt' ? { ...state, phase: 'content' } : state;
    case 'reset': {
      const hello = helloOf(state);
      if (hello !== undefined) return HELLO[hello];
      return state.phase === 'connected' || state.phase === 'refused' ? state : GREETED;
    }
  }
}
