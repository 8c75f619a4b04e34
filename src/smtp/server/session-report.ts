// What one session tells about itself, and the sums for its last word. Commands and replies are told at every command: always with the same
// object, so that nothing is made for them when nobody but counters listens.
import type { Channel, EventFields } from '../../base/events.ts';
import type { Log } from '../../base/log.ts';
import type { Reply } from '../protocol/reply.ts';
import type { Client } from './client.ts';
import type { Authentication, RefusedLogin } from './command.ts';
import { type Ending, endReason } from './ending.ts';
import { mailFields, otherRecipients } from './mail-event.ts';
import type { SessionCore } from './session-core.ts';
import { AUTH_COMMAND } from './session-log.ts';
import type { Hello } from './state-machine.ts';
import type { Transaction } from './transaction.ts';

/** Octets of a user in the log: a stranger may claim to be one of 9,000. */
const LONGEST_LOGIN = 256;

export class SessionReport {
  readonly #log: Log;
  readonly #hide: (text: string) => string;
  readonly #clientSays: Channel<'protocol-client'>;
  readonly #serverSays: Channel<'protocol-server'>;
  readonly #answers: Channel<'command-answered'>;
  readonly #line = { line: '' };
  readonly #reply = { reply: '' };
  #answer: { command: string; code: number; cause: string } | undefined;
  #commands = 0;
  #errors = 0;
  #messages = 0;
  #hello = '';
  #listener = '';
  /** It was told what becomes of the session. */
  #greeted = false;

  /** `hide`: a text without the passwords of the session. */
  constructor(log: Log, hide: (text: string) => string) {
    this.#log = log;
    this.#hide = hide;
    this.#clientSays = log.bus.channel('protocol-client');
    this.#serverSays = log.bus.channel('protocol-server');
    this.#answers = log.bus.channel('command-answered');
  }

  /** Commands read. */
  get commands(): number {
    return this.#commands;
  }

  /** Messages whose end was answered. */
  get messages(): number {
    return this.#messages;
  }

  /** The session begins. */
  connect({ address, port }: Client, listener: string): void {
    this.#listener = listener;
    if (listener === '') this.#log.emit('link-connect', { client: address, port });
    else this.#log.emit('link-connect', { client: address, port, listener });
  }

  /** What becomes of it, by whom: `banner`, `hook.accept` that turns it away, or an error. The first that is said counts. */
  greeted(by: string): void {
    if (this.#greeted) return;
    this.#greeted = true;
    if (!this.#log.wants('link-greeted')) return;
    this.#log.emit('link-greeted', { by, ...(this.#listener !== '' && { listener: this.#listener }) });
  }

  /** It is encrypted. */
  secured({ address, tls }: Client): void {
    if (tls === undefined || !this.#log.wants('link-tls')) return;
    const { version, cipher, name, resumed, by, certificate } = tls;
    const shown = certificate && {
      certificate: certificate.cause ?? certificate.result,
      subject: certificate.subject,
    };
    this.#log.emit('link-tls', { client: address, version, cipher, name, resumed, by, ...shown });
  }

  /** A line of the client, as far as it may be shown. */
  command(line: string): void {
    this.#commands++;
    this.#line.line = this.#hide(line);
    this.#clientSays.emit(this.#line, this.#log);
  }

  /** A line that is too long to be kept. */
  longCommand(): void {
    this.command('(too long)');
  }

  /** The argument of EHLO or HELO, '' when another client has taken over. */
  hello(text: string): void {
    this.#hello = text;
  }

  /** That hello was accepted. */
  identified(verb: Hello): void {
    if (this.#log.wants('link-identify')) this.#log.emit('link-identify', { verb, hello: this.#hello });
  }

  authenticated({ mechanism, source, user }: Authentication, { address }: Client): void {
    this.#log.emit('link-auth', { login: user, mechanism, source, client: address });
  }

  /** AUTH was answered with something else than 235. */
  authRefused({ login, ...more }: RefusedLogin, code: number, { address }: Client): void {
    this.#log.emit('link-auth-refused', {
      login: login.slice(0, LONGEST_LOGIN),
      ...more,
      code,
      client: address,
    });
  }

  /** The session ended before AUTH was answered. */
  authUnheard({ login, ...more }: RefusedLogin, { address }: Client): void {
    this.#log.emit('link-auth-unheard', { login: login.slice(0, LONGEST_LOGIN), ...more, client: address });
  }

  /** MAIL was accepted. */
  begin({ id, sender }: Transaction): void {
    if (this.#log.wants('tx-begin')) this.#log.emit('tx-begin', { transaction: id, sender });
  }

  /** RCPT was accepted: it is the last recipient of the transaction. */
  recipient({ id, recipients }: Transaction): void {
    if (!this.#log.wants('tx-rcpt')) return;
    const recipient = recipients.at(-1)?.address ?? '';
    this.#log.emit('tx-rcpt', { transaction: id, recipient, recipients: recipients.length });
  }

  /** The content of the message may come. */
  data({ id }: Transaction): void {
    if (this.#log.wants('tx-data')) this.#log.emit('tx-data', { transaction: id });
  }

  reply({ text }: Reply): void {
    this.#reply.reply = this.#hide(text);
    this.#serverSays.emit(this.#reply, this.#log);
  }

  /** A reply, whatever it says. `command` as it may be shown. */
  answered(command: string, code: number, cause: string): void {
    if (!this.#answers.wanted(this.#log)) return;
    this.#answer ??= { command, code, cause };
    this.#answer.command = command;
    this.#answer.code = code;
    this.#answer.cause = cause;
    this.#answers.emit(this.#answer, this.#log);
  }

  /** A reply of 4xx or 5xx. `command` as it may be shown, `from`: sender of the transaction where one has begun. */
  refusal(
    { text }: Reply,
    cause: string,
    command: string,
    { address }: Client,
    from: string | undefined,
  ): void {
    this.#errors++;
    this.greeted(cause);
    // A reply that repeats an AUTH command repeats the password.
    const reply = (command === AUTH_COMMAND ? text.slice(0, 9) : text).trimEnd();
    this.#log.emit('protocol-refusal', { reply, cause, command, from, client: address });
  }

  /** A transaction is over. */
  mail(core: SessionCore, transaction: Transaction, cause: string): void {
    if (!this.#log.wants('mail')) return;
    const fields = mailFields(core, transaction, cause);
    if (fields.to_more !== undefined && this.#log.wants('mail-recipients')) {
      for (const to of otherRecipients(transaction, cause))
        this.#log.emit('mail-recipients', { transaction: transaction.id, to });
    }
    this.#log.emit('mail', fields);
  }

  /** The dot of a message was answered. */
  message(event: 'tx-commit' | 'tx-discard' | 'tx-rollback', fields: EventFields<'tx-commit'>): void {
    this.#messages++;
    this.#log.emit(event, fields);
  }

  /** The session is over, after so many seconds. */
  disconnect(client: Client, listener: string, seconds: number, ending: Ending): void {
    this.greeted('');
    this.#log.emit('link-disconnect', {
      client: client.address,
      host: client.host,
      hello: this.#hello,
      messages: this.#messages,
      commands: this.#commands,
      errors: this.#errors,
      seconds,
      tls: client.tls?.version,
      end: ending.cause,
      close: ending.code,
      listener: listener === '' ? undefined : listener,
    });
    if (this.#log.wants('session-over')) {
      this.#log.emit('session-over', { reason: endReason(ending), seconds });
    }
  }

  /** Nothing is left of it. */
  closed(): void {
    this.#log.emit('link-closed', {});
  }
}
