// The states of an SMTP session and what leads from one to the next (RFC 5321 section 4.1.4). Pure: no
// hook, reply or socket here. The conversation asks `next` after the reply to a command was sent.
import type { OctetsFraming } from '../../message/framing/octets.ts';
import type { Spool } from '../../message/spool.ts';
import type { Reply } from '../protocol/reply.ts';
import type { CommandLine } from './command-parser.ts';
import type { ErrorName, ErrorParams } from './reply-table.ts';
import type { Transaction } from './transaction.ts';

export type Hello = 'helo' | 'ehlo';

/** What the engine says to a command that it does not take. */
export interface Refusal {
  readonly error: ErrorName;
  readonly params?: ErrorParams;
}

/** What becomes of a command when the octets behind it are gone. */
export type Afterwards =
  /** The engine says no. */
  | ({ readonly kind: 'refuse'; readonly line: CommandLine } & Refusal)
  /** A hook has said no to a chunk: its reply, and the transaction is over (RFC 3030 section 2). */
  | { readonly kind: 'reply'; readonly reply: Reply; readonly cause: string }
  /** A script has said it, with this code: there is no other reply. */
  | { readonly kind: 'answered'; readonly code: number };

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
  /** A command was refused, and octets that belong to it are thrown away before the client hears of it (RFC 3030 section 2). */
  | { readonly phase: 'swallow'; readonly left: number; readonly after: Afterwards; readonly back: State }
  /** Between 354 and the reply to the dot, or within a chunk. */
  | {
      readonly phase: 'content';
      readonly hello: Hello;
      readonly transaction: Transaction;
      readonly message: Spool;
      /** That of the chunks; undefined for DATA. */
      readonly framing: OctetsFraming | undefined;
    }
  /** A chunk was answered with 250, and it was not the last: the next line is a command, the next BDAT goes on with the message. */
  | {
      readonly phase: 'chunks';
      readonly hello: Hello;
      readonly transaction: Transaction;
      readonly message: Spool;
      readonly framing: OctetsFraming;
    }
  | { readonly phase: 'closed' };

export type Event =
  | { readonly kind: 'welcome' }
  | { readonly kind: 'not-welcome' }
  | { readonly kind: 'hello'; readonly hello: Hello }
  /** Behind the handshake of STARTTLS nothing that was said in clear counts. */
  | { readonly kind: 'secured' }
  | { readonly kind: 'mail'; readonly transaction: Transaction }
  /** A refused MAIL leaves everything as it was (RFC 5321 section 4.1.4). */
  | { readonly kind: 'mail-refused' }
  | { readonly kind: 'rcpt' }
  | { readonly kind: 'ask'; readonly line: CommandLine; readonly answers: readonly string[] }
  | { readonly kind: 'answered' }
  | { readonly kind: 'swallow'; readonly octets: number; readonly after: Afterwards }
  /** So many of them came. */
  | { readonly kind: 'swallowed'; readonly octets: number }
  | { readonly kind: 'content'; readonly message: Spool }
  /** A chunk of so many octets begins. */
  | {
      readonly kind: 'chunk';
      readonly message: Spool;
      readonly framing: OctetsFraming;
      readonly octets: number;
      readonly last: boolean;
    }
  /** It has ended, and was not the last. */
  | { readonly kind: 'chunk-end' }
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

/** The hello that counts; undefined before one. */
export function helloOf(state: State): Hello | undefined {
  switch (state.phase) {
    case 'hello':
    case 'mail':
    case 'rcpt':
    case 'content':
    case 'chunks':
      return state.hello;
    case 'dialogue':
    case 'swallow':
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
    case 'secured':
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
      return state.phase === 'mail'
        ? { phase: 'rcpt', hello: state.hello, transaction: state.transaction }
        : state;
    case 'ask':
      return {
        phase: 'dialogue',
        line: event.line,
        answers: event.answers,
        back: state.phase === 'dialogue' ? state.back : state,
      };
    case 'answered':
      return state.phase === 'dialogue' ? state.back : state;
    case 'swallow':
      return { phase: 'swallow', left: event.octets, after: event.after, back: state };
    case 'swallowed':
      if (state.phase !== 'swallow') return state;
      return event.octets < state.left ? { ...state, left: state.left - event.octets } : state.back;
    case 'content':
      return state.phase === 'rcpt'
        ? {
            phase: 'content',
            hello: state.hello,
            transaction: state.transaction,
            message: event.message,
            framing: undefined,
          }
        : state;
    case 'chunk':
      return state.phase === 'rcpt' || state.phase === 'chunks'
        ? {
            phase: 'content',
            hello: state.hello,
            transaction: state.transaction,
            message: event.message,
            framing: event.framing,
          }
        : state;
    case 'chunk-end':
      return state.phase === 'content' && state.framing !== undefined
        ? {
            phase: 'chunks',
            hello: state.hello,
            transaction: state.transaction,
            message: state.message,
            framing: state.framing,
          }
        : state;
    case 'reset': {
      const hello = helloOf(state);
      if (hello !== undefined) return HELLO[hello];
      return state.phase === 'connected' || state.phase === 'refused' ? state : GREETED;
    }
  }
}
