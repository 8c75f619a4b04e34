// The way of a reply to the client: hook.reply has its say, every reply is reported, and a hook that asked for the end gets it with the next
// one. What a failed hook means for the session is decided here too. Nobody else writes a reply, but for the last word after a bug (session).
// RFC 5321 section 4.2; section 3.8 for 421.
import { chain, type Maybe } from '../../base/maybe.ts';
import type { Reply } from '../protocol/reply.ts';
import { type Ending, hookError } from './ending.ts';
import type { HookAnswer } from './hooks.ts';
import { type ErrorName, type ErrorParams, errorReply } from './reply-table.ts';
import type { SessionCore } from './session-core.ts';

type Failed = Extract<HookAnswer, { kind: 'failed' | 'limit' }>;

/** A hook that says 421 announces the end, and the client expects it. */
function isHooks421(reply: Reply, cause: string): boolean {
  return reply.code === 421 && (cause.startsWith('hook.') || cause === 'load-script');
}

export class Replies {
  readonly #core: SessionCore;
  #command = '';
  #dropping = false;
  /** hook.reply has failed: it is not asked any more. */
  #hookFailed = false;

  constructor(core: SessionCore) {
    this.#core = core;
  }

  /** What the next replies answer, as far as it may be logged; empty: nothing that the client has sent. */
  get command(): string {
    return this.#command;
  }

  /** A command begins, or something that is none. */
  answer(command: string): void {
    this.#command = command;
  }

  /** A hook asked for the end: it comes with the next reply. */
  drop(): void {
    this.#dropping = true;
  }

  /** Another policy decides from here on: its hook.reply has not failed yet. */
  startOver(): void {
    this.#hookFailed = false;
  }

  /**
   * Sends a reply (it goes out with the next flush), after hook.reply had its say. Gives the code that was sent. `cause` says where it
   * comes from: `engine`, `hook.mail`, `next hop` ... `done`: what the reply says has been done and cannot be taken back (the next hop has
   * the message), so that it is sent even when hook.reply fails.
   */
  send(reply: Reply, cause: string, done = false): Maybe<number> {
    const core = this.#core;
    if (this.#hookFailed || !core.hasPolicy || !core.hooks.has('reply')) {
      return this.#write(reply, cause, isHooks421(reply, cause));
    }
    return this.#sendAsked(reply, cause, done);
  }

  /** A method of its own: where there is no such hook nothing is made for it. */
  #sendAsked(reply: Reply, cause: string, done: boolean): Maybe<number> {
    const core = this.#core;
    return chain(core.hooks.call('reply', [reply.text], reply.code), (given) => {
      const answer = this.settle(given);
      switch (answer.kind) {
        case 'failed':
        case 'limit':
          return this.#failReply(answer, reply, cause, done);
        case 'cancelled':
          return this.#write(reply, cause, isHooks421(reply, cause));
        case 'silent':
        case 'reply': {
          if (answer.drop) this.#dropping = true;
          if (answer.kind === 'silent' || answer.reply.text === reply.text) {
            return this.#write(reply, cause, isHooks421(reply, cause));
          }
          // A 421 of the engine ends by itself, in whatever words; every other one is a hook's.
          return this.#write(
            answer.reply,
            'hook.reply',
            answer.reply.code === 421 && (reply.code !== 421 || isHooks421(reply, cause)),
          );
        }
      }
    });
  }

  /** hook.reply has failed, and is not asked again. The session ends: with 421, or with the reply when it must be said. */
  #failReply(answer: Failed, reply: Reply, cause: string, done: boolean): Maybe<number> {
    this.#hookFailed = true;
    this.#dropping = false;
    if (!done && reply.code !== 421) return chain(this.fail(answer), () => 421);
    this.#write(reply, cause, false);
    this.#endWith(answer);
    return reply.code;
  }

  /** Somebody has answered the client in our place: it counts as any other reply. */
  said(reply: Reply, cause: string): void {
    this.#report(reply, cause);
  }

  /** An error of the engine. */
  refuse(error: ErrorName, params?: ErrorParams): Maybe<number> {
    const { transaction, values } = this.#core;
    return this.send(errorReply(error, values['smtp-error-url'], params, transaction?.isUtf8), error);
  }

  /** A 421 of the engine and the end. */
  refuseAndEnd(error: ErrorName, params: ErrorParams | undefined, ending: Ending): Maybe<void> {
    return chain(this.refuse(error, params), () => this.#core.end(ending));
  }

  /** A hook has failed: 421 and the end: a failing policy must not accept or relay. */
  fail(answer: Failed): Maybe<void> {
    this.#core.transaction?.story.fails(answer.message);
    const error = answer.kind === 'failed' && answer.reason === 'too-long' ? 'replyTooLong' : 'internal';
    return chain(this.refuse(error), () => this.#endWith(answer));
  }

  #endWith(answer: Failed): void {
    const limit = answer.kind === 'limit' ? answer.limit : undefined;
    this.#core.end({ code: 4, cause: answer.message, error: hookError(answer.message, limit) });
  }

  /** What counts of an answer: with hook-error=default a failed hook has given no reply. A limit is never tolerated. */
  settle(answer: HookAnswer): HookAnswer {
    const tolerated = answer.kind === 'failed' && this.#core.values['hook-error'] === 'default';
    return tolerated ? { kind: 'silent', drop: false } : answer;
  }

  #report(reply: Reply, cause: string): void {
    const core = this.#core;
    core.transaction?.story.heard(reply.code, cause);
    if (reply.code >= 400) {
      core.counts.errors++;
      core.report.refusal(reply, cause, this.#command, core.client, core.transaction?.sender);
    } else core.report.reply(reply);
    core.report.answered(this.#command, reply.code, cause);
  }

  /** `closes`: it is a 421 of a hook, which ends the session (RFC 5321 section 3.8). */
  #write(reply: Reply, cause: string, closes: boolean): number {
    const core = this.#core;
    const { code } = reply;
    this.#report(reply, cause);
    core.output.add(reply.text);
    if (this.#dropping) core.end({ code: 1, cause: `dropped by ${cause}` });
    else if (closes) core.end({ code: 1, cause: `421 of ${cause}` });
    return code;
  }
}
