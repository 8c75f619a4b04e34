// The dialogue of one session: takes lines and bytes in order, runs each command through the same steps, moves the state. Exactly one reply
// for each command. Owns no socket and no timer; everything it starts has ended when the promise it gives has resolved.

import type { LuaValue } from '../lua/value.ts';
import { HeaderList } from '../message/header-list.ts';
import { chain, type Maybe } from '../message/maybe.ts';
import type { OptionValues } from '../options/option-table.ts';
import type { HookName } from '../policy/hook-table.ts';
import type { Client } from './client.ts';
import type { Applied, Authentication, Command, CommandContext, Prepared } from './command.ts';
import { type CommandLine, parseCommand } from './command-parser.ts';
import { commands, outOfSequence, unknownCommand } from './commands/index.ts';
import type { Ending } from './ending.ts';
import { admit, welcome } from './greeting.ts';
import type { HookAnswer } from './hooks.ts';
import { runLua } from './interactive.ts';
import { MessageDialogue } from './message-dialogue.ts';
import { openPolicy } from './open-policy.ts';
import type { MailParameters } from './protocol/parameters.ts';
import type { Path } from './protocol/path.ts';
import { isPositive } from './reply.ts';
import { type ErrorName, errorTable } from './reply-table.ts';
import type { SessionCore } from './session-core.ts';
import { fieldsEndingAt } from './session-facts.ts';
import { TransactionIds } from './session-id.ts';
import { AUTH_COMMAND, loggable } from './session-log.ts';
import { type Event, helloOf, INITIAL, next, type State } from './state-machine.ts';
import { Transaction } from './transaction.ts';
import { changeVerbosity, type Verbosity } from './verbosity.ts';

export interface ConversationSettings {
  /** The peer may use XCLIENT and VERB. */
  readonly trusted: boolean;
  /** `+test`: a line that is no command runs as Lua. */
  readonly interactive: boolean;
}

export class Conversation implements CommandContext {
  readonly trusted: boolean;
  readonly #core: SessionCore;
  readonly #interactive: boolean;
  readonly #ids: TransactionIds;
  #state: State = INITIAL;
  #message: MessageDialogue | undefined;
  /** Edits of headers for the next message, before a hello was asked about. */
  #earlyBefore: readonly string[] = [];
  /** The command in hand as it was sent: client.input. */
  #input = '';
  /** Since an AUTH no line came that is certainly another command. */
  #hiding = false;

  constructor(core: SessionCore, settings: ConversationSettings) {
    this.#core = core;
    this.trusted = settings.trusted;
    this.#interactive = settings.interactive;
    this.#ids = new TransactionIds(core.idSess, core.deps.random);
  }

  get state(): State {
    return this.#state;
  }
  get values(): OptionValues {
    return this.#core.values;
  }
  get client(): Client {
    return this.#core.client;
  }
  get auth(): Authentication | undefined {
    return this.#core.auth;
  }
  authenticate(auth: Authentication): void {
    this.#core.auth = auth;
    this.#core.setClient({ authenticated: true, auth_user: auth.user });
  }
  get hostName(): string {
    return this.#core.deps.hostName;
  }
  get idSess(): string {
    return this.#core.idSess;
  }
  has(hook: HookName): boolean {
    return this.#core.hooks.has(hook);
  }
  setClient(fields: Readonly<Record<string, LuaValue>>): void {
    this.#core.setClient(fields);
  }
  verbosity(change: string): Verbosity {
    return changeVerbosity(this.#core.deps.options, change);
  }
  newTransaction(path: Path, parameters: MailParameters): Transaction {
    return new Transaction(this.#ids.next(), path, parameters, new HeaderList());
  }
  showTransaction(transaction: Transaction): void {
    this.#core.showTransaction(transaction);
  }
  openMessage(transaction: Transaction): void {
    const { deps, values } = this.#core;
    const spool =
      transaction.message ??
      deps.spools.create(values['spool-dir'], transaction.id, {
        message: values['spool-memory'],
        total: values['spool-memory-total'],
      });
    transaction.store(spool);
    this.#core.setClient({ msg_file: spool.path });
  }

  /** True between transactions, where the session may be ended without harm. */
  get idle(): boolean {
    const { phase } = this.#state;
    return phase === 'greeted' || phase === 'hello' || phase === 'refused';
  }

  /** True while bytes are a message and not commands. */
  get inContent(): boolean {
    return this.#state.phase === 'content';
  }

  /** The beginning: rate of the client, then (with the name of the client known) accept and banner. */
  admit(): Maybe<boolean> {
    return admit(this.#core);
  }

  welcome(): Maybe<void> {
    return chain(welcome(this.#core), (result) => {
      if (result !== 'over') this.#move({ kind: result });
    });
  }

  /** A complete line of the client. */
  line(input: string): Maybe<void> {
    const core = this.#core;
    core.command = this.#loggable(input);
    core.deps.counters.commands++;
    core.sums.commands++;
    core.counts.commandsWithoutMessage++;
    if (this.#state.phase !== 'dialogue') {
      this.#input = input;
      core.setClient({ input });
    }
    if (core.log.verbose('smtp')) core.log.write('debug', '>', { line: core.command });
    // Who has used up what he may do can still leave in good order.
    const over = isQuit(input) ? undefined : this.#overLimit();
    if (over !== undefined) return this.#refuseAndEnd(over);
    if (core.input.buffered > 0 && this.#pipelined()) return this.#refuseAndEnd('pipelining');
    const parsed = parseCommand(input);
    if (parsed.kind === 'bad-character') return this.#badLine('badCharacter');
    if (this.#state.phase === 'dialogue') {
      const { line, answers } = this.#state;
      this.#move({ kind: 'answered' });
      return this.#start(commands.get(line.verb) ?? unknownCommand, line, [...answers, input]);
    }
    return this.#start(this.#lookUp(parsed.line), parsed.line, []);
  }

  /** The line as far as it may be logged. A client whose AUTH was refused may go on with its answers all the same. */
  #loggable(input: string): string {
    const answering = this.#state.phase === 'dialogue';
    const shown = answering || (this.#hiding && !isCommand(input)) ? AUTH_COMMAND : loggable(input);
    this.#hiding = shown === AUTH_COMMAND;
    return shown;
  }

  /** A line that was longer than limit-line-length. */
  tooLong(): Maybe<void> {
    this.#core.command = '(too long)';
    this.#core.setClient(fieldsEndingAt('command'));
    this.#core.sums.commands++;
    this.#core.counts.commandsWithoutMessage++;
    const over = this.#overLimit();
    return over === undefined ? this.#badLine('lineTooLong') : this.#refuseAndEnd(over);
  }

  /** Bytes between 354 and dot. */
  content(chunk: Buffer): Maybe<void> {
    if (this.#message === undefined) throw new Error('content without DATA');
    return chain(this.#message.feed(chunk), (over) => {
      if (!over || this.#core.ending !== undefined) return;
      this.#message = undefined;
      return chain(this.#core.reset('message-end'), () => this.#move({ kind: 'reset' }));
    });
  }

  /** The session is over; a message whose dot has not come is dropped. */
  close(ending: Ending): void {
    this.#message?.abandon(ending.cause);
    this.#message = undefined;
    this.#move({ kind: 'close' });
  }

  #move(event: Event): void {
    this.#state = next(this.#state, event);
  }

  #badLine(error: 'badCharacter' | 'lineTooLong'): Maybe<void> {
    this.#move({ kind: 'answered' });
    const limit = this.values['limit-line-length'];
    return chain(this.#core.refuse(error, { limit }), () => undefined);
  }

  #refuseAndEnd(error: ErrorName): Maybe<void> {
    return this.#core.refuseAndEnd(error, undefined, { code: 2, cause: errorTable[error].when });
  }

  /** The limit that the client has passed with this line. */
  #overLimit(): ErrorName | undefined {
    const { counts, values } = this.#core;
    const past = (count: number, limit: number): boolean => limit > 0 && count > limit;
    if (past(counts.commandsWithoutMessage, values['limit-commands'])) return 'commands';
    if (past(counts.errors + 1, values['limit-errors'])) return 'errors';
    if (past(counts.unknown + 1, values['limit-unknown'])) return 'unknowns';
    return undefined;
  }

  /** Input is there behind this command (RFC 2920): noted. True when that is to be refused: rfc2920-pipelining-reject, and not announced. */
  #pipelined(): boolean {
    const core = this.#core;
    if (!core.pipelining && core.log.verbose('debug')) core.log.write('debug', 'pipeline detected');
    core.pipelining = true;
    core.setClient({ is_pipelining: true });
    const announced = core.values['rfc2920-pipelining-enable'] && helloOf(this.#state) === 'ehlo';
    return core.values['rfc2920-pipelining-reject'] && !announced && !this.#interactive;
  }

  #lookUp(line: CommandLine): Command {
    const found = commands.get(line.verb);
    if (this.#state.phase === 'refused') return found?.verb === 'QUIT' ? found : outOfSequence;
    if (found === undefined || !found.offered(this)) {
      this.#core.counts.unknown++;
      return unknownCommand;
    }
    return found.phases.includes(this.#state.phase) ? found : outOfSequence;
  }

  #start(command: Command, line: CommandLine, answers: readonly string[]): Maybe<void> {
    const core = this.#core;
    if (this.#interactive && command === unknownCommand) return runLua(core, line.input);
    const started = command.start(line, this, answers);
    switch (started.kind) {
      case 'refuse':
        return chain(core.refuse(started.error, started.params), () => undefined);
      case 'ask':
        return chain(core.send({ code: 334, text: `334 ${started.challenge}\r\n` }, 'AUTH'), (code) => {
          // hook.reply may have ended it.
          if (code === 334) this.#move({ kind: 'ask', line, answers });
        });
      case 'go': {
        const run = started.command;
        if (run.hook === 'helo' || run.hook === 'ehlo') {
          core.sums.hello = line.argument;
          this.#earlyBefore = core.earlyEdits;
        }
        core.endingTransaction = run.endsTransaction;
        return chain(run.prepare(this), () =>
          run.hook === undefined
            ? this.#answered(run, { kind: 'silent', drop: false })
            : chain(core.hooks.call(run.hook, run.args()), (answer) => this.#answered(run, answer)),
        );
      }
    }
  }

  #answered(run: Prepared, given: HookAnswer): Maybe<void> {
    const core = this.#core;
    run.finish(this);
    const answer = core.settle(given);
    if (answer.kind === 'cancelled') return;
    if (answer.kind === 'failed' || answer.kind === 'limit') return core.fail(answer);
    if (answer.drop) core.dropping = true;
    if (run.applies && (answer.kind === 'silent' || isPositive(answer.reply.code))) {
      const applied = run.apply(this);
      if (applied !== undefined) return this.#startOver(applied);
    }
    const sent =
      answer.kind === 'reply'
        ? core.send(answer.reply, `hook.${run.hook ?? ''}`)
        : core.send(run.reply(this), 'default');
    return chain(sent, (code) => this.#settled(run, code));
  }

  /** XCLIENT: the policy's instance says farewell to its client, and a fresh one gets the new client. */
  #startOver(applied: Applied): Maybe<void> {
    const core = this.#core;
    return chain(core.reset('xclient'), () => {
      if (core.ending !== undefined) return;
      core.startOver(applied);
      this.#hiding = false;
      return chain(openPolicy(core), (open) => {
        if (!open || core.ending !== undefined) return;
        core.setClient({ input: this.#input });
        return chain(admit(core), (admitted) => (admitted ? this.welcome() : undefined));
      });
    });
  }

  /** The reply is out: the state follows, unless the session was dropped with it. */
  #settled(run: Prepared, code: number): Maybe<void> {
    if (this.#core.ending !== undefined) return;
    const succeeded = run.succeeds(code);
    if (!succeeded && (run.hook === 'helo' || run.hook === 'ehlo'))
      this.#core.takeBackHeaders(this.#earlyBefore);
    const event = run.effect(succeeded, this);
    this.#core.endingTransaction = event?.kind === 'hello' || event?.kind === 'reset';
    if (event === undefined) return;
    switch (event.kind) {
      case 'close':
        return this.#core.end({ code: 0, cause: 'QUIT' });
      case 'hello':
        return chain(this.#core.reset('hello'), () => this.#move(event));
      case 'reset':
        return chain(this.#core.reset('rset'), () => this.#move(event));
      case 'mail-refused':
        return this.#core.dropTransaction('mail-refused');
      case 'mail':
        this.#core.keepTransaction();
        this.#move(event);
        return;
      default:
        this.#move(event);
        if (this.#state.phase === 'content') {
          this.#message = new MessageDialogue(this.#core, this.#state.transaction);
        }
    }
  }
}

function isQuit(input: string): boolean {
  return /^quit[ \t]*$/i.test(input);
}

/** Begins with the verb of a command. */
function isCommand(input: string): boolean {
  const [verb = ''] = input.split(/[ \t]/, 1);
  return commands.has(verb.toUpperCase());
}
