// The one way by which a session calls the policy: keeps the fields of the client table, calls hooks that exist, and reads what they
// answered (API text "Client SMTP Input Hooks"; spec of the original, section 2b).
import type { LuaRecord, LuaValue, SliceBatch } from '../lua/value.ts';
import { chain, type Maybe } from '../message/maybe.ts';
import type { Log } from '../ops/log.ts';
import type { HookName } from '../policy/hook-table.ts';
import type { HookOutcome, LimitName, PolicyInstance } from '../policy/instance.ts';
import { parseReply, type Reply } from './reply.ts';

export type HookAnswer =
  /** No hook, or no reply from it: the default applies. */
  | { readonly kind: 'silent'; readonly drop: boolean }
  | { readonly kind: 'reply'; readonly reply: Reply; readonly drop: boolean }
  /** A Lua error, or a reply that is too long. Logged. */
  | { readonly kind: 'failed'; readonly reason: 'error' | 'too-long'; readonly message: string }
  | { readonly kind: 'limit'; readonly limit: LimitName; readonly message: string }
  /** The session is being ended from outside. */
  | { readonly kind: 'cancelled' };

const SILENT: HookAnswer = { kind: 'silent', drop: false };
const SILENT_DROP: HookAnswer = { kind: 'silent', drop: true };
const CANCELLED: HookAnswer = { kind: 'cancelled' };

export class Hooks {
  readonly #instance: PolicyInstance;
  readonly #log: Log;
  /** Fields of `client` that Lua does not have yet. */
  #fields: Record<string, LuaValue> | undefined;

  constructor(instance: PolicyInstance, log: Log) {
    this.#instance = instance;
    this.#log = log;
  }

  has(name: HookName): boolean {
    return this.#instance.has(name);
  }

  /** Fields of the client table, set before the next hook runs; undefined removes one. */
  client(fields: LuaRecord): void {
    // Not a spread: that costs microseconds, at every command.
    this.#fields = Object.assign(this.#fields ?? {}, fields);
  }

  /** Drops the lazy tables of a transaction: the next read makes new ones. */
  forgetTables(): void {
    this.#instance.forget('mime', 'parts');
    this.#instance.forget('uri', 'found');
  }

  call(name: HookName, args: readonly LuaValue[]): Maybe<HookAnswer> {
    this.#flush();
    const outcome = this.#instance.call(name, args);
    // No closure for what is called for every line of a message.
    return outcome instanceof Promise
      ? outcome.then((later) => this.#read(name, later))
      : this.#read(name, outcome);
  }

  /** As call, with the lines of a batch; `done` of them were handed over. */
  callEach(name: HookName, batch: SliceBatch): Maybe<{ readonly done: number; readonly answer: HookAnswer }> {
    this.#flush();
    return chain(this.#instance.callEach(name, batch), ({ done, outcome }) => ({
      done,
      answer: this.#read(name, outcome),
    }));
  }

  /** Runs a line of Lua in the session's environment (`+test`). */
  run(source: string): Maybe<HookOutcome> {
    this.#flush();
    return this.#instance.run(source, '=stdin');
  }

  cancel(): void {
    this.#instance.cancel();
  }

  close(): void {
    this.#instance.close();
  }

  #flush(): void {
    if (this.#fields === undefined) return;
    this.#instance.setClient(this.#fields);
    this.#fields = undefined;
  }

  #read(name: HookName, outcome: HookOutcome): HookAnswer {
    switch (outcome.kind) {
      case 'undefined':
        return SILENT;
      case 'returned':
        if (outcome.reply === undefined) return outcome.drop ? SILENT_DROP : SILENT;
        return this.#readReply(name, outcome.reply, outcome.drop);
      case 'error':
        return { kind: 'failed', reason: 'error', message: `hook.${name}: ${outcome.message}` };
      case 'limit':
        return { kind: 'limit', limit: outcome.limit, message: `hook.${name}: ${outcome.message}` };
      case 'cancelled':
        return CANCELLED;
    }
  }

  #readReply(name: HookName, text: string, drop: boolean): HookAnswer {
    const parsed = parseReply(text);
    switch (parsed.kind) {
      case 'reply':
        return { kind: 'reply', reply: parsed.reply, drop };
      case 'none':
      case 'bad-code':
        // An empty text is a way to say nothing.
        if (text !== '')
          this.#log.write(
            'warning',
            `hook.${name} gave a reply without a code from 200 to 599; the default is sent`,
            {
              reply: text.slice(0, 100),
            },
          );
        return drop ? SILENT_DROP : SILENT;
      case 'too-long':
        this.#log.write('err', `hook.${name} gave a reply of ${text.length} bytes`);
        return { kind: 'failed', reason: 'too-long', message: `hook.${name}: reply of ${text.length} bytes` };
    }
  }
}
