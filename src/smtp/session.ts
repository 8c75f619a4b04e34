// One SMTP session over any stream: owns the stream, the timers, and the loop that feeds the conversation one thing after the other. Reading
// goes on while a hook is suspended (so that a client that leaves is noticed) up to limit-pipeline-bytes. When the session is over nothing
// of it is left: no timer, file, Lua instance or socket.
import type { Duplex } from 'node:stream';
import type { Maybe } from '../message/maybe.ts';
import { LineReader } from '../net/line-reader.ts';
import type { Timer } from '../ops/clock.ts';
import { newClient, type Peer } from './client.ts';
import { Conversation } from './conversation.ts';
import { Deadline } from './deadline.ts';
import { type Ending, systemError, TIMED_OUT } from './ending.ts';
import { Output } from './output.ts';
import type { ErrorName } from './reply-table.ts';
import { describe, SessionClosing } from './session-closing.ts';
import type { ServerDeps } from './session-context.ts';
import { SessionCore } from './session-core.ts';
import { openSession } from './session-opening.ts';

export interface SessionSettings {
  readonly idSess: string;
  readonly peer: Peer;
  /** The peer may use XCLIENT and VERB. */
  readonly trusted: boolean;
  /** `+test`: Lua lines, and the end of the input does not mean that the client has gone. */
  readonly interactive: boolean;
  /** Milliseconds to wait before anything else (rate-global). */
  readonly delay: number;
  /** The session is over and the stream is closed. */
  readonly closed: () => void;
}

/** 'busy': something was begun and has not ended, nothing else is begun meanwhile. */
type Activity = 'waiting' | 'busy' | 'over';

/** To be obeyed when the command in hand is done; unless `force`, when no transaction is in progress. */
interface Leaving {
  readonly error: ErrorName;
  readonly ending: Ending;
  readonly force: boolean;
}

const CLIENT_CLOSED: Ending = { code: 4, cause: 'the client closed the connection', gone: true };

export class Session {
  readonly #stream: Duplex;
  readonly #interactive: boolean;
  readonly #core: SessionCore;
  readonly #conversation: Conversation;
  readonly #closing: SessionClosing;
  readonly #idle: Deadline;
  readonly #sessionTimer: Timer | undefined;
  #activity: Activity = 'waiting';
  #inputEnded = false;
  #leaving: Leaving | undefined;

  constructor(stream: Duplex, deps: ServerDeps, settings: SessionSettings) {
    this.#stream = stream;
    this.#interactive = settings.interactive;
    const { idSess, peer } = settings;
    const options = deps.options.fork();
    const core = new SessionCore({
      deps,
      options,
      log: deps.log.child({ id: idSess }),
      idSess,
      client: newClient(peer),
      input: new LineReader(options.values['limit-line-length']),
      output: new Output(stream, deps.clock, () => this.#turn()),
      ended: () => this.#ended(),
    });
    this.#core = core;
    this.#conversation = new Conversation(core, settings);
    this.#closing = new SessionClosing(stream, core, settings.closed);
    this.#idle = new Deadline(deps.clock, () => this.#timedOut());
    const limit = options.values['limit-session-time'];
    this.#sessionTimer = limit > 0 ? deps.clock.after(limit * 1000, () => this.#tooOld(limit)) : undefined;
    stream.on('data', (chunk: Buffer) => this.#read(chunk));
    stream.on('end', () => this.#inputEnd());
    stream.on('error', (error: Error) => this.#streamError(error));
    stream.on('close', () => this.#streamClose());
    this.#await(openSession(core, this.#conversation, settings.delay));
  }

  /** Ends the session with 421 as soon as no transaction is in progress. */
  shutdown(): void {
    this.#leave({ error: 'shutdown', ending: { code: 0, cause: 'shutdown' }, force: false });
  }

  /** Ends the session with 421 now: a suspended hook is cut off, forwarding is aborted. */
  cut(): void {
    if (this.#activity === 'over') {
      // hook.close may be suspended, or the client may not have closed its side.
      this.#core.interrupt();
      this.#stream.destroy();
      return;
    }
    this.#leaving = undefined;
    this.#leave({ error: 'shutdown', ending: { code: 0, cause: 'shutdown-timeout' }, force: true });
    if (this.#activity === 'busy') this.#core.interrupt();
  }

  /** Goes on when something that has to wait is done; false when it had not to. */
  #await(work: Maybe<void>): boolean {
    if (!(work instanceof Promise)) return false;
    this.#activity = 'busy';
    this.#idle.stop();
    work.then(
      () => {
        this.#activity = 'waiting';
        this.#turn();
      },
      (error: unknown) => this.#bug(error),
    );
    return true;
  }

  /** Does what can be done: one line or chunk after the other, until there is nothing more or something has to wait. */
  #turn(): void {
    if (this.#activity !== 'waiting') return;
    const core = this.#core;
    try {
      while (core.ending === undefined && !core.output.stalled) {
        const leaving = this.#leaving;
        const leave = leaving !== undefined && (leaving.force || this.#conversation.idle);
        const step = leave ? this.#sayGoodbye(leaving) : this.#step();
        if (step === 'no input' || this.#await(step)) break;
      }
    } catch (error) {
      this.#bug(error);
      return;
    }
    this.#settle();
  }

  #sayGoodbye(leaving: Leaving): Maybe<void> {
    const { deps, values } = this.#core;
    this.#core.command = '';
    const params = { host: deps.hostName, limit: values['limit-session-time'] };
    return this.#core.refuseAndEnd(leaving.error, params, leaving.ending);
  }

  #step(): Maybe<void> | 'no input' {
    const { input } = this.#core;
    if (this.#conversation.inContent) {
      const chunk = input.take();
      return chunk === undefined ? 'no input' : this.#conversation.content(chunk);
    }
    const event = input.next();
    switch (event.kind) {
      case 'line':
        return this.#conversation.line(event.text);
      case 'too-long':
        return this.#conversation.tooLong();
      case 'none':
        return 'no input';
    }
  }

  /** After a turn: replies go out, reading and the time-out are set, the end is begun when it is due. */
  #settle(): void {
    const core = this.#core;
    core.output.flush();
    if (core.input.buffered > core.values['limit-pipeline-bytes']) this.#stream.pause();
    else if (this.#stream.isPaused()) this.#stream.resume();
    if (this.#activity !== 'waiting') return;
    if (this.#inputEnded && !core.output.stalled) core.end(CLIENT_CLOSED);
    if (core.ending !== undefined) this.#finish(core.ending);
    else this.#idle.start(this.#patience * 1000);
  }

  /** Seconds that may pass until something happens. */
  get #patience(): number {
    const { output, values } = this.#core;
    if (output.stalled) return values['smtp-reply-timeout'];
    return values[this.#conversation.inContent ? 'smtp-data-timeout' : 'smtp-command-timeout'];
  }

  #read(chunk: Buffer): void {
    const { ending, input, values } = this.#core;
    if (ending !== undefined) return;
    input.push(chunk);
    this.#core.inputArrived?.();
    if (this.#activity === 'waiting') this.#turn();
    else if (input.buffered > values['limit-pipeline-bytes']) this.#stream.pause();
  }

  #timedOut(): void {
    const core = this.#core;
    if (this.#activity !== 'waiting') return;
    const limit = this.#patience;
    if (core.output.stalled) {
      core.end({ code: 3, cause: `the client read nothing for ${limit} s`, error: TIMED_OUT, gone: true });
      return;
    }
    const error = this.#conversation.inContent ? 'dataIdle' : 'idle';
    const ending: Ending = { code: 0, cause: `nothing received for ${limit} s`, error: TIMED_OUT };
    core.command = '';
    const params = { host: core.deps.hostName, limit };
    if (!this.#await(core.refuseAndEnd(error, params, ending))) this.#settle();
  }

  #tooOld(limit: number): void {
    const ending: Ending = { code: 2, cause: `limit-session-time: ${limit} s`, error: TIMED_OUT };
    this.#leave({ error: 'sessionTime', ending, force: true });
  }

  #leave(leaving: Leaving): void {
    this.#leaving ??= leaving;
    this.#turn();
  }

  /**
   * The client has sent everything. With a hook still at work and no whole line left it has gone without waiting for the reply, unless
   * it was the reply to QUIT.
   */
  #inputEnd(): void {
    this.#inputEnded = true;
    if (this.#activity === 'waiting') this.#turn();
    else if (!this.#interactive && !this.#core.input.hasLine && !/^quit\b/i.test(this.#core.command)) {
      this.#core.end(CLIENT_CLOSED);
    }
  }

  #streamError(error: Error): void {
    const code = (error as NodeJS.ErrnoException).syscall === 'write' ? 3 : 4;
    this.#core.end({ code, cause: error.message, error: systemError(error), gone: true });
  }

  #streamClose(): void {
    this.#core.end({ code: 4, cause: 'the connection was closed', gone: true });
    this.#closing.streamClosed();
  }

  /** The session was given an ending. When the client is gone, what is at work is cut off; else the turn goes on to settle. */
  #ended(): void {
    const { ending } = this.#core;
    if (ending?.gone !== true) return;
    if (this.#activity === 'busy') this.#core.interrupt();
    else if (this.#activity === 'waiting') this.#finish(ending);
  }

  #finish(ending: Ending): void {
    if (this.#activity === 'over') return;
    this.#activity = 'over';
    this.#idle.dispose();
    this.#sessionTimer?.cancel();
    this.#conversation.close();
    this.#closing.finish(ending);
  }

  #bug(error: unknown): void {
    const core = this.#core;
    core.log.write('err', 'internal error', { cause: describe(error) });
    if (this.#activity === 'over') return;
    const text = error instanceof Error ? error.message : String(error);
    if (core.ending === undefined) core.output.add('421 4.3.0 internal error\r\n');
    this.#activity = 'waiting';
    core.end({ code: 4, cause: `internal error: ${text}`, error: { errno: 5, text } });
    this.#settle();
  }
}
