// Tells the scripts of one user what has happened: each transaction to each script, in order. What goes wrong in a script is an event, and nobody's
// loss.

import { textOf } from '../../../base/errors.ts';
import type { Log } from '../../../base/log.ts';
import type { LuaRecord } from '../../../lua-api/value.ts';
import type { MailContent } from '../../../mailbox/port/mail.ts';
import type { MailboxEvent, MailboxTransaction } from '../../../mailbox/port/mailbox-event.ts';
import { troubleText } from '../../../mailbox/port/outcome.ts';
import { encodeUtf8 } from '../../../text/utf8.ts';
import { beginningOf, messageFacts } from '../message/message-facts.ts';
import { eventRecord, handlerOf, mailboxEventNames } from './event-table.ts';
import type { MailAccess } from './mail-access.ts';
import type { MailRun, RunProblem } from './mail-run.ts';

export interface Happened {
  readonly transaction: MailboxTransaction;
  readonly success: boolean;
}

const BEGIN = 'dovecot_lua_notify_begin_txn';
const END = 'dovecot_lua_notify_end_txn';

/** Of all scripts: the message is looked at once, and only when a script wants to know. */
class Records {
  readonly #known = new Map<MailboxEvent, Promise<LuaRecord>>();
  readonly #withUser: boolean;
  readonly #log: Log;
  readonly #access: MailAccess;

  constructor(withUser: boolean, log: Log, access: MailAccess) {
    this.#access = access;
    this.#withUser = withUser;
    this.#log = log;
  }

  of(event: MailboxEvent, user: string): Promise<LuaRecord> {
    let record = this.#known.get(event);
    if (record === undefined) {
      record = this.#read(event, user);
      this.#known.set(event, record);
    }
    return record;
  }

  async #read(event: MailboxEvent, user: string): Promise<LuaRecord> {
    const own = { ...eventRecord(event), ...(this.#withUser && { user: encodeUtf8(user) }) };
    if (event.name !== 'message_new' && event.name !== 'message_append') return own;
    const read = await this.#message(event);
    if (Buffer.isBuffer(read)) return { ...own, ...messageFacts(read) };
    // Somebody was quicker: the message is not there any more.
    this.#log.emit('push-message-gone', { user, mailbox: event.mailbox, cause: read });
    return { ...own, ...messageFacts(Buffer.alloc(0)) };
  }

  /** The beginning of a message, wherever its file is by now; or why it cannot be read. */
  async #message({
    content,
    mailbox,
    uid,
  }: Extract<MailboxEvent, { content: MailContent }>): Promise<Buffer | string> {
    try {
      return await beginningOf(content);
    } catch (error) {
      if (uid === undefined) return textOf(error);
    }
    const mail = await this.#access.user.mailbox(mailbox).mail(uid);
    const opened = mail.kind === 'done' ? await mail.value.open() : mail;
    if (opened.kind !== 'done') return troubleText(opened);
    return beginningOf(opened.value).catch(textOf);
  }
}

export class PushTelling {
  readonly #log: Log;
  readonly #records: Records;
  readonly #user: string;

  constructor(user: string, access: MailAccess, log: Log, withUser: boolean) {
    this.#user = user;
    this.#log = log;
    this.#records = new Records(withUser, log, access);
  }

  /** One transaction to one script. */
  async tell(run: MailRun, { success, transaction }: Happened): Promise<void> {
    if (run.isOver || !mailboxEventNames.some((name) => run.has(handlerOf(name)))) return;
    run.renew();
    if (!run.has(BEGIN)) {
      this.failed(run, { message: `Missing function ${BEGIN}`, traceback: undefined, isOver: false });
      return;
    }
    const begun = await run.beginTransaction();
    if (begun !== undefined) {
      this.failed(run, begun);
      return;
    }
    if (success) for (const event of transaction.events) await this.#event(run, event);
    if (run.isOver) return;
    if (run.has(END)) this.failed(run, await run.endTransaction(success));
    else this.failed(run, { message: `Missing function ${END}`, traceback: undefined, isOver: false });
  }

  async #event(run: MailRun, event: MailboxEvent): Promise<void> {
    const handler = handlerOf(event.name);
    if (run.isOver || !run.has(handler)) return;
    this.failed(run, await run.notify(handler, await this.#records.of(event, this.#user)));
  }

  /** Says what went wrong, if anything did. */
  failed(run: MailRun, problem: RunProblem | undefined): void {
    if (problem === undefined) return;
    this.#log.emit('push-script-failed', {
      message: `rcpt ${this.#user}: lua: ${problem.message}`,
      traceback: problem.traceback,
      script: run.path,
    });
  }
}
