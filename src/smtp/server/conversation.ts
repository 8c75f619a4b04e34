// The dialogue of one session: takes lines and bytes in order, runs each command through the same steps, moves the state. Exactly one reply
// for each command. Owns no socket and no timer; everything it starts has ended when the promise it gives has resolved.

import { chain, type Maybe } from '../../base/maybe.ts';
import { DotFraming } from '../../message/framing/dot.ts';
import type { TlsContexts } from '../../net/tls-context.ts';
import { isPositive, type Reply } from '../protocol/reply.ts';
import { SCRIPTS, type ScriptsSaid } from './ask-scripts.ts';
import type { Applied, Command, Objection, Prepared, Started } from './command.ts';
import { commandFor, isCommand, isMeant } from './command-lookup.ts';
import { type CommandLine, parseCommand } from './command-parser.ts';
import { askAboutCommand, isHello, scriptsAreAsked, withoutWord } from './command-scripts.ts';
import { beginsChunk, octetsBehind } from './commands/bdat.ts';
import { commands, outOfSequence, unknownCommand } from './commands/index.ts';
import { ConversationContext } from './conversation-context.ts';
import type { Ending } from './ending.ts';
import type { HookAnswer } from './hooks.ts';
import { LuaLines, type Terminal } from './interactive.ts';
import { isQuit, overChunks, overLimit, pipelinesUnasked } from './line-checks.ts';
import { MessageDialogue } from './message-dialogue.ts';
import { openPolicy } from './open-policy.ts';
import { type ErrorName, type ErrorParams, errorReply, errorTable } from './reply-table.ts';
import type { SessionCore } from './session-core.ts';
import { fieldsEndingAt, type Moment } from './session-facts.ts';
import { AUTH_COMMAND, loggable } from './session-log.ts';
import { type Afterwards, type Event, next, type State } from './state-machine.ts';
import { admit, welcome } from './welcome.ts';

/** The answer of a hook that has not failed. */
type HookSays = Extract<HookAnswer, { kind: 'silent' | 'reply' }>;

export interface ConversationSettings {
  /** The peer may use XCLIENT and VERB. */
  readonly trusted: boolean;
  /** `+test`: a line that is no command runs as Lua. */
  readonly interactive: boolean;
  /** Who sits at the terminal, if somebody does. */
  readonly terminal?: Terminal | undefined;
}

const NOTHING = Buffer.alloc(0);
const NO_HEADERS: readonly string[] = [];
const RESET: Event = { kind: 'reset' };

export class Conversation {
  readonly #core: SessionCore;
  readonly #context: ConversationContext;
  /** Of the terminal; undefined when there is none. */
  readonly #lua: LuaLines | undefined;
  #message: MessageDialogue | undefined;
  /** Edits of headers for the next message, before a hello was asked about. */
  #earlyBefore: readonly string[] = NO_HEADERS;
  /** Those of hook.accept for the next message: the client had not said anything. */
  #earlyOfAccept: readonly string[] = NO_HEADERS;
  /** The name of the hello before, which a refused one leaves. */
  #heloBefore = '';
  /** The command in hand as it was sent: client.input. */
  #input = '';
  /** Since an AUTH no line came that is certainly another command. */
  #hiding = false;

  constructor(core: SessionCore, settings: ConversationSettings) {
    this.#core = core;
    this.#context = new ConversationContext(core, settings.trusted);
    this.#lua = settings.interactive ? new LuaLines(settings.terminal) : undefined;
  }

  /** True between transactions, where the session may be ended without harm. */
  get idle(): boolean {
    const { phase } = this.#state;
    return phase === 'greeted' || phase === 'hello' || phase === 'refused';
  }

  /** True once the banner is out. */
  get welcomed(): boolean {
    return this.#state.phase !== 'connected';
  }

  /** True while bytes are content and not commands. */
  get inContent(): boolean {
    return this.#state.phase === 'content' || this.#state.phase === 'swallow';
  }

  /** True where the next line may be the next chunk of a message that is coming in. */
  get betweenChunks(): boolean {
    return this.#state.phase === 'chunks';
  }

  /** How many of them may be handed over at once: what is behind them is not theirs. */
  get wanted(): number {
    return this.#state.phase === 'swallow' ? this.#state.left : (this.#message?.wanted ?? 0);
  }

  /** The beginning: rate of the client, then (with the name of the client known) accept and banner. */
  admit(): Maybe<boolean> {
    return admit(this.#core);
  }

  welcome(): Maybe<void> {
    return chain(welcome(this.#core), (result) => {
      this.#earlyOfAccept = this.#core.earlyEdits;
      if (result !== 'over') this.#move({ kind: result });
    });
  }

  /** What the terminal shows that it waits for. */
  get awaits(): 'line' | 'more' | 'content' {
    if (this.inContent) return 'content';
    return this.#lua?.isOpen === true ? 'more' : 'line';
  }

  /** No more lines will come. */
  unfinished(): Maybe<void> {
    return this.#lua?.end(this.#core);
  }

  /** A complete line of the client. */
  line(given: string): Maybe<void> {
    const core = this.#core;
    let input = given;
    if (this.#lua !== undefined && this.#state.phase !== 'dialogue') {
      const own = this.#lua.read(core, given);
      if ('done' in own) return own.done;
      input = own.command;
    }
    core.replies.answer(this.#loggable(input));
    core.counts.commandsWithoutMessage++;
    if (this.#state.phase !== 'dialogue') {
      this.#input = input;
      core.setClient({ input });
    }
    core.report.command(core.replies.command);
    const over = isQuit(input) ? undefined : overLimit(core);
    if (over !== undefined) return this.#refuseAndEnd(over);
    const behind = core.input.buffered;
    if (behind > 0 && behind > octetsBehind(input) && this.#pipelined())
      return this.#refuseAndEnd('pipelining');
    const parsed = parseCommand(input);
    if (parsed.kind === 'bad-character') return this.#badLine('badCharacter', input);
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

  /** A line that was longer than limit-line-length, and how it begins. */
  tooLong(head: string): Maybe<void> {
    // What follows an AUTH that was too long may be the answers to it.
    this.#hiding = this.#hiding || loggable(head) === AUTH_COMMAND;
    this.#core.replies.answer('(too long)');
    this.#core.setClient(fieldsEndingAt('command'));
    this.#core.report.longCommand();
    this.#core.counts.commandsWithoutMessage++;
    const over = overLimit(this.#core);
    return over === undefined ? this.#badLine('lineTooLong', head) : this.#refuseAndEnd(over);
  }

  /** A client that speaks TLS from the first octet, at a port that does not: it would understand no reply. */
  tlsRecord(): void {
    const { client, log } = this.#core;
    log.emit('tls-on-clear', { client: client.address });
    this.#core.end({ code: 2, cause: 'a TLS record in place of a command', gone: true });
  }

  /** Bytes of content, at most as many as are `wanted`. */
  content(chunk: Buffer): Maybe<void> {
    if (this.#state.phase === 'swallow') return this.#swallow(chunk.length, this.#state.after);
    if (this.#message === undefined) throw new Error('content without a message');
    return chain(this.#message.feed(chunk), (progress) => {
      if (progress === 'more' || this.#core.ending !== undefined) return;
      if (progress === 'chunk') return this.#move({ kind: 'chunk-end' });
      this.#message = undefined;
      return this.#endTransaction();
    });
  }

  #endTransaction(): Maybe<void> {
    return this.#resetThen('message-end', RESET);
  }

  #resetThen(moment: Moment, event: Event): Maybe<void> {
    return chain(this.#core.reset(moment), () => this.#move(event));
  }

  #swallow(octets: number, after: Afterwards): Maybe<void> {
    this.#move({ kind: 'swallowed', octets });
    if (this.#state.phase !== 'swallow') return this.#afterwards(after);
  }

  /** The octets of a command are gone: it is answered. */
  #afterwards(after: Afterwards): Maybe<void> {
    const { replies } = this.#core;
    switch (after.kind) {
      case 'refuse':
        // These two are asked about of the policy, as behind any other line.
        if (after.error === 'outOfSequence') return this.#start(outOfSequence, after.line, []);
        if (after.error === 'unknown') return this.#start(this.#unknown(), after.line, []);
        return chain(replies.refuse(after.error, after.params), () => undefined);
      case 'reply':
        this.#core.transaction?.story.asks('chunk');
        return chain(replies.send(after.reply, after.cause), (code) => this.#chunkRefused(code, after.cause));
      case 'answered': {
        // Its words were heard when nobody had been asked about the transaction yet.
        const story = after.code < 400 ? undefined : this.#core.transaction?.story;
        story?.asks('chunk');
        story?.heard(after.code, SCRIPTS);
        return this.#chunkRefused(after.code, SCRIPTS);
      }
    }
  }

  /** The transaction is over, and with it a message of which earlier chunks have come: nothing that follows is a part of it. */
  #chunkRefused(code: number, cause: string): Maybe<void> {
    if (this.#core.ending !== undefined) return;
    // What somebody says yes to, and what is thrown away all the same, is not refused.
    if (code >= 400) this.#message?.refused(code, cause);
    else if (this.#message !== undefined) this.#abandon(cause);
    this.#message = undefined;
    return this.#endTransaction();
  }

  /** The session is over; a message whose dot has not come is dropped. */
  close(ending: Ending): void {
    this.#abandon(ending.cause);
    this.#move({ kind: 'close' });
  }

  #abandon(cause: string): void {
    const why = this.#message?.abandon(cause) ?? cause;
    this.#message = undefined;
    this.#core.tellMail(why);
  }

  get #state(): State {
    return this.#context.state;
  }

  #move(event: Event): void {
    this.#context.state = next(this.#state, event);
  }

  /** What is no command line. Of a BDAT nobody knows then how much of what follows is content. */
  #badLine(error: 'badCharacter' | 'lineTooLong', text: string): Maybe<void> {
    const chunk = this.#state.phase !== 'dialogue' && beginsChunk(text);
    this.#move({ kind: 'answered' });
    const params = { limit: this.#core.values['limit-line-length'] };
    if (chunk) return this.#refuseAndEnd(error, params);
    return chain(this.#core.replies.refuse(error, params), () => undefined);
  }

  #refuseAndEnd(error: ErrorName, params?: ErrorParams): Maybe<void> {
    return this.#core.replies.refuseAndEnd(error, params, { code: 2, cause: errorTable[error].when });
  }

  #pipelined(): boolean {
    return pipelinesUnasked(this.#core, this.#context) && this.#lua === undefined;
  }

  #lookUp({ verb }: CommandLine): Command {
    const command = commandFor(verb, this.#state.phase, this.#context);
    return command === unknownCommand ? this.#unknown() : command;
  }

  #unknown(): Command {
    this.#core.counts.unknown++;
    return unknownCommand;
  }

  #start(command: Command, line: CommandLine, answers: readonly string[]): Maybe<void> {
    const core = this.#core;
    if (this.#lua !== undefined && command === unknownCommand && !isMeant(line.input))
      return this.#lua.take(core, line.input);
    // They are asked about a hello before anything else is.
    return isHello(command) && scriptsAreAsked(core, command, line.verb)
      ? this.#scriptsBeforeStart(command, line, answers)
      : this.#started(command, line, answers, command.start(line, this.#context, answers));
  }

  /*
   * From here on, what goes on later is a method of its own: where a function is made for that, every command makes what it would hold, whether
   * it is made or not.
   */

  #scriptsBeforeStart(command: Command, line: CommandLine, answers: readonly string[]): Maybe<void> {
    return this.#askScripts(command, line, undefined, () =>
      this.#started(command, line, answers, command.start(line, this.#context, answers)),
    );
  }

  #askScripts(
    command: Command,
    line: CommandLine,
    octets: number | undefined,
    rest: () => Maybe<void>,
  ): Maybe<void> {
    return chain(askAboutCommand(this.#core, command, line, this.#input), (said) =>
      said.kind === 'go' ? rest() : this.#scriptsSaid(command, said, octets),
    );
  }

  /** The command has no effect. */
  #scriptsSaid(
    command: Command,
    said: Exclude<ScriptsSaid, { kind: 'go' }>,
    octets: number | undefined,
  ): Maybe<void> {
    if (said.kind === 'over') return;
    if (octets !== undefined) {
      return this.#discard(
        octets,
        said.kind === 'answered' ? said : { kind: 'reply', reply: said.reply, cause: SCRIPTS },
      );
    }
    const sent = said.kind === 'answered' ? said.code : this.#core.replies.send(said.reply, SCRIPTS);
    // Who wants to leave is not kept.
    return chain(sent, () =>
      command.verb === 'QUIT' ? this.#core.end({ code: 0, cause: 'QUIT' }) : undefined,
    );
  }

  #started(command: Command, line: CommandLine, answers: readonly string[], started: Started): Maybe<void> {
    const core = this.#core;
    if (started.kind === 'refuse' || answers.length > 0 || isHello(command))
      return this.#run(command, line, answers, started);
    const octets = started.kind === 'go' ? started.command.octets : undefined;
    if (started.kind === 'go' && started.command.hook === 'starttls' && core.input.buffered > 0)
      return this.#clearBehindTls();
    return scriptsAreAsked(core, command, line.verb)
      ? this.#scriptsBeforeRun(command, line, answers, started, octets)
      : this.#run(command, line, answers, started);
  }

  #scriptsBeforeRun(
    command: Command,
    line: CommandLine,
    answers: readonly string[],
    started: Started,
    octets: number | undefined,
  ): Maybe<void> {
    return this.#askScripts(command, line, octets, () => this.#run(command, line, answers, started));
  }

  #run(command: Command, line: CommandLine, answers: readonly string[], started: Started): Maybe<void> {
    const core = this.#core;
    switch (started.kind) {
      case 'refuse':
        if (command.verb === 'RCPT') core.transaction?.story.asks('rcpt', withoutWord(line.argument));
        if (started.closes === true) return this.#refuseAndEnd(started.error, started.params);
        if (started.swallow !== undefined) return this.#discard(started.swallow, { ...started, line });
        return chain(core.replies.refuse(started.error, started.params), () => undefined);
      case 'ask':
        return this.#challenge(started.challenge, line, answers);
      case 'go': {
        const run = started.command;
        if (run.hook === 'starttls' && core.input.buffered > 0) return this.#clearBehindTls();
        if (run.hook === 'helo' || run.hook === 'ehlo') {
          core.report.hello(line.argument);
          this.#heloBefore = core.helo;
          core.helo = line.argument;
          this.#earlyBefore = core.earlyEdits;
        }
        core.endingTransaction = run.endsTransaction;
        const prepared = run.prepare(this.#context);
        return prepared instanceof Promise ? this.#askLater(run, prepared) : this.#ask(run);
      }
    }
  }

  #challenge(challenge: string, line: CommandLine, answers: readonly string[]): Maybe<void> {
    const sent = this.#core.replies.send({ code: 334, text: `334 ${challenge}\r\n` }, 'AUTH');
    return chain(sent, (code) => {
      // hook.reply may have ended it.
      if (code === 334) this.#move({ kind: 'ask', line, answers });
    });
  }

  #askLater(run: Prepared, prepared: Promise<void>): Promise<void> {
    return prepared.then(() => (this.#core.isOver ? run.cut(this.#context, undefined) : this.#ask(run)));
  }

  #ask(run: Prepared): Maybe<void> {
    if (run.hook === undefined) return this.#answered(run, { kind: 'silent', drop: false });
    const answer = this.#core.hooks.call(run.hook, run.args());
    return answer instanceof Promise ? this.#answeredLater(run, answer) : this.#answered(run, answer);
  }

  #answeredLater(run: Prepared, given: Promise<HookAnswer>): Promise<void> {
    return given.then((answer) => this.#answered(run, answer));
  }

  #answered(run: Prepared, given: HookAnswer): Maybe<void> {
    const core = this.#core;
    run.finish(this.#context);
    const answer = core.replies.settle(given);
    if (answer.kind === 'cancelled') return run.cut(this.#context, undefined);
    if (answer.kind === 'failed' || answer.kind === 'limit') return this.#failed(run, answer);
    if (answer.drop) core.replies.drop();
    if (run.octets !== undefined) return this.#octetsNext(run, run.octets, answer);
    if (run.applies && (answer.kind === 'silent' || isPositive(answer.reply.code))) {
      const applied = run.apply(this.#context);
      if (applied?.kind === 'client') return this.#startOver(applied);
      if (applied?.kind === 'secure') {
        return answer.kind === 'reply'
          ? this.#secure(applied.contexts, answer.reply, 'hook.starttls')
          : this.#secure(applied.contexts, run.reply(this.#context), 'default');
      }
    }
    const said = answer.kind === 'reply' ? answer.reply.code : undefined;
    const refused = said !== undefined && !isPositive(said);
    const decision = refused ? run.beforeRefusal(this.#context) : run.decide(this.#context, said);
    return decision instanceof Promise
      ? this.#replyLater(run, answer, decision)
      : this.#reply(run, answer, decision);
  }

  #failed(run: Prepared, answer: Extract<HookAnswer, { kind: 'failed' | 'limit' }>): Maybe<void> {
    return chain(this.#core.replies.fail(answer), () => run.cut(this.#context, 421));
  }

  #replyLater(run: Prepared, answer: HookSays, decision: Promise<Objection | undefined>): Promise<void> {
    return decision.then((objection) =>
      this.#core.isOver ? run.cut(this.#context, undefined) : this.#reply(run, answer, objection),
    );
  }

  #reply(run: Prepared, answer: HookSays, objection: Objection | undefined): Maybe<void> {
    const { replies } = this.#core;
    const sent =
      objection !== undefined
        ? replies.send(objection.reply, objection.cause)
        : answer.kind === 'reply'
          ? replies.send(answer.reply, `hook.${run.hook ?? ''}`)
          : replies.send(run.reply(this.#context), 'default');
    return sent instanceof Promise ? this.#settledLater(run, sent) : this.#settled(run, sent);
  }

  #settledLater(run: Prepared, sent: Promise<number>): Promise<void> {
    return sent.then((code) => this.#settled(run, code));
  }

  /** The hook has decided about octets that are still to come. */
  #octetsNext(run: Prepared, octets: number, answer: HookSays): Maybe<void> {
    const { transaction, values } = this.#core;
    const refused = answer.kind === 'reply' && !run.succeeds(answer.reply.code);
    // With a drop nothing more comes of DATA: of a chunk nothing must come either.
    if (refused || answer.drop) {
      const later = errorReply('later', values['smtp-error-url'], { id: transaction?.id ?? '' });
      const reply = refused ? answer.reply : later;
      return this.#discard(octets, { kind: 'reply', reply, cause: `hook.${run.hook ?? ''}` });
    }
    const event = run.effect(true, this.#context, 250);
    if (event?.kind === 'chunk') return this.#chunk(event);
  }

  #discard(octets: number, after: Afterwards): Maybe<void> {
    if (octets === 0) return this.#afterwards(after);
    const { log } = this.#core;
    if (log.wants('content-came')) log.emit('content-came', { octets, head: '', end: 'discarded' });
    this.#move({ kind: 'swallow', octets, after });
  }

  #chunk(event: Extract<Event, { kind: 'chunk' }>): Maybe<void> {
    const core = this.#core;
    const { framing, last, octets } = event;
    if (overChunks(octets, core)) return this.#refuseAndEnd('chunks');
    this.#move(event);
    if (this.#state.phase !== 'content') return;
    if (this.#message === undefined) {
      const { message, transaction } = this.#state;
      core.report.data(transaction);
      this.#message = new MessageDialogue(core, transaction, message, framing);
    }
    this.#message.begin(framing, octets, last);
    if (octets === 0) return this.content(NOTHING);
  }

  /** XCLIENT: the policy's instance says farewell to its client, and a fresh one gets the new client. */
  #startOver(applied: Extract<Applied, { kind: 'client' }>): Maybe<void> {
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

  /** STARTTLS: the reply, the handshake, and the session begins anew. */
  #secure(contexts: TlsContexts, reply: Reply, cause: string): Maybe<void> {
    const core = this.#core;
    if (core.input.buffered > 0) return this.#clearBehindTls();
    core.line.hold();
    return chain(core.replies.send(reply, cause), (code) => {
      if (core.ending !== undefined) return;
      // hook.reply has refused it.
      if (code !== 220) return core.line.release();
      return core.line.secure(contexts).then((secured) => {
        if (!secured) return;
        this.#hiding = false;
        this.#input = '';
        // What was made of words in clear, the name of the hello first of all (RFC 3207 section 4.2), would stand there beside what the next ones make.
        core.takeBackHeaders(this.#earlyOfAccept);
        return chain(core.reset('starttls'), () => this.#move({ kind: 'secured' }));
      });
    });
  }

  /** No honest client sends it: it would be read as if it had come encrypted (CVE-2011-0411). Nothing of it is looked at. */
  #clearBehindTls(): Maybe<void> {
    this.#core.log.emit('tls-injection', {
      client: this.#core.client.address,
      octets: this.#core.input.buffered,
    });
    return this.#refuseAndEnd('clearBehindTls');
  }

  /** The reply is out: the state follows, unless the session was dropped with it. */
  #settled(run: Prepared, code: number): Maybe<void> {
    if (this.#core.ending !== undefined) return run.cut(this.#context, code);
    const succeeded = run.succeeds(code);
    if (!succeeded && (run.hook === 'helo' || run.hook === 'ehlo')) {
      this.#core.takeBackHeaders(this.#earlyBefore);
      this.#core.helo = this.#heloBefore;
    }
    const event = run.effect(succeeded, this.#context, code);
    this.#core.endingTransaction = event?.kind === 'hello' || event?.kind === 'reset';
    if (event === undefined) return;
    switch (event.kind) {
      case 'close':
        return this.#core.end({ code: 0, cause: 'QUIT' });
      case 'hello':
        this.#abandon('EHLO or HELO');
        this.#core.report.identified(event.hello);
        this.#core.extended = event.hello === 'ehlo';
        return this.#resetThen('hello', event);
      case 'reset':
        this.#abandon('RSET');
        return this.#resetThen('rset', event);
      case 'mail-refused':
        return this.#core.dropTransaction('mail-refused');
      case 'mail':
        this.#core.keepTransaction();
        this.#earlyOfAccept = NO_HEADERS;
        this.#core.report.begin(event.transaction);
        this.#move(event);
        return;
      default:
        this.#move(event);
        if (event.kind === 'rcpt' && succeeded && this.#state.phase === 'rcpt') {
          this.#core.report.recipient(this.#state.transaction);
        }
        if (this.#state.phase === 'content') {
          const { message, transaction } = this.#state;
          this.#core.report.data(transaction);
          this.#message = new MessageDialogue(this.#core, transaction, message, new DotFraming());
        }
    }
  }
}
