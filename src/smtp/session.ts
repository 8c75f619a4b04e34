// One SMTP session over any stream: owns the stream, the timers, and the loop that feeds the conversation one thing after the other. Reading
// goes on while a hook is suspended (so that a client that leaves is noticed) up to limit-pipeline-bytes. A client that closes its side sends
// no more commands, and is served to the end (RFC 9293 section 3.6); gone is who resets the connection, or whom nothing can be written to.
// When the session is over nothing of it is left: no timer, file, Lua instance or socket.
import type { Duplex } from 'node:stream';
import type { Maybe } from '../message/maybe.ts';
import { LineReader } from '../net/line-reader.ts';
import type { Timer } from '../ops/clock.ts';
import { newClient, type Peer } from './client.ts';
import { Conversation } from './conversation.ts';
import { DataPace } from './data-pace.ts';
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
  /** The stream is closed; hook.close may still be at work. */
  readonly gone: () => void;
  /** The session is over and the stream is closed. */
  readonly closed: () => void;
}

/** 'busy': something was begun and has not ended, nothing else is begun meanwhile. */
type Activity = 'waiting' | 'busy' | 'over';

/** What the client has to do next: send a whole command, send data, read what was sent. */
type Awaited = 'command' | 'data' | 'reader';

/** To be obeyed when the command in hand is done; unless `force`, when no transaction is in progress. */
interface Leaving {
  readonly error: ErrorName;
  readonly ending: Ending;
  readonly force: boolean;
}

const CLIENT_CLOSED: Ending = { code: 4, cause: 'the client closed the connection', gone: true };

export class Session {
  readonly #stream: Duplex;
  readonly #core: SessionCore;
  readonly #conversation: Conversation;
  readonly #closing: SessionClosing;
  readonly #idle: Deadline;
  readonly #sessionTimer: Timer | undefined;
  #activity: Activity = 'waiting';
  /** What #idle counts for; undefined while it does not count. */
  #awaited: Awaited | undefined;
  /** How the message that is being received comes in. */
  #pace: DataPace | undefined;
  #inputEnded = false;
  #leaving: Leaving | undefined;

  constructor(stream: Duplex, deps: ServerDeps, settings: SessionSettings) {
    this.#stream = stream;
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
    this.#closing = new SessionClosing(stream, core, settings);
    this.#idle = new Deadline(deps.clock, () => this.#timedOut());
    const limit = options.values['limit-session-time'];
    this.#sessionTimer = limit > 0 ? deps.clock.after(limit * 1000, () => this.#tooOld(limit)) : undefined;
    stream.on('data', (chunk: Buffer) => this.#read(chunk));
    stream.on('end', () => this.#inputEnd());
    stream.on('error', (error: Error) => this.#streamError(error));
    stream.on('close', () => this.#streamClose());
    this.#await(openSession(core, this.#conversation, settings));
  }

  /** Ends the session with 421 as soon as no transaction is in progress. */
  shutdown(): void {
    this.#leave({ error: 'shutdown', ending: { code: 0, cause: 'shutdown' }, force: false });
  }

  /** Ends the session with 421 now: a suspended hook is cut off, forwarding is aborted. */
  cut(): void {
    if (this.#activity === 'over') {
      // hook.close may be suspended, or the client may not have closed its side.
      this.#closing.hurry();
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
    this.#awaited = undefined;
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
    if (this.#awaited === 'data') this.#pace?.waited(core.deps.clock.monotonic());
    try {
      while (core.ending === undefined && !core.output.stalled) {
        const leaving = this.#leaving;
        const leave = leaving !== undefined && (leaving.force || this.#conversation.idle);
        const step = leave ? this.#sayGoodbye(leaving) : this.#step();
        if (step === 'no input') break;
        this.#awaited = undefined;
        if (this.#await(step)) break;
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
      if (chunk === undefined) return 'no input';
      this.#pace?.received(chunk.length);
      return this.#conversation.content(chunk);
    }
    this.#pace = undefined;
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
    // What waits for nothing but the rest of its own line must not keep that from coming.
    const held = this.#activity === 'busy' || core.output.stalled;
    if (held && core.input.buffered > core.values['limit-pipeline-bytes']) this.#stream.pause();
    else if (this.#stream.isPaused()) this.#stream.resume();
    if (this.#activity !== 'waiting') return;
    if (this.#inputEnded && !core.output.stalled) core.end(CLIENT_CLOSED);
    if (core.ending !== undefined) this.#finish(core.ending);
    else this.#expect();
  }

  /** Sets the time-out. It counts from when we began to wait: bytes that do not make a whole command do not put it off. */
  #expect(): void {
    const { deps, output, values } = this.#core;
    const awaited = output.stalled ? 'reader' : this.#conversation.inContent ? 'data' : 'command';
    if (awaited !== 'data') {
      if (awaited === this.#awaited) return;
      this.#awaited = awaited;
      this.#idle.start(values[awaited === 'reader' ? 'smtp-reply-timeout' : 'smtp-command-timeout'] * 1000);
      return;
    }
    this.#awaited = awaited;
    const patience = values['smtp-data-timeout'] * 1000;
    this.#pace ??= new DataPace(values['smtp-data-min-rate'], patience);
    this.#pace.waits(deps.clock.monotonic());
    this.#idle.start(Math.min(patience, this.#pace.left));
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
    const { deps, values } = this.#core;
    if (this.#activity !== 'waiting') return;
    switch (this.#awaited) {
      case 'reader': {
        const cause = `the client did not read what it was sent within ${values['smtp-reply-timeout']} s`;
        this.#core.end({ code: 3, cause, error: TIMED_OUT, gone: true });
        return;
      }
      case 'data': {
        this.#pace?.waited(deps.clock.monotonic());
        const rate = values['smtp-data-min-rate'];
        if (this.#pace?.tooSlow === true) this.#giveUp('dataSlow', rate, `less than ${rate} bytes/s of data`);
        else this.#idleFor('dataIdle', values['smtp-data-timeout']);
        return;
      }
      case 'command':
        this.#idleFor('idle', values['smtp-command-timeout']);
        return;
      case undefined:
    }
  }

  #idleFor(error: 'idle' | 'dataIdle', limit: number): void {
    const what = this.#core.input.buffered > 0 ? 'no whole command' : 'nothing received';
    this.#giveUp(error, limit, `${what} for ${limit} s`);
  }

  #giveUp(error: ErrorName, limit: number, cause: string): void {
    const core = this.#core;
    core.command = '';
    const params = { host: core.deps.hostName, limit };
    if (!this.#await(core.refuseAndEnd(error, params, { code: 0, cause, error: TIMED_OUT }))) this.#settle();
  }

  /** A message whose content is being handed on is not cut off: whether somebody has it would not be known. */
  #tooOld(limit: number): void {
    const ending: Ending = { code: 2, cause: `limit-session-time: ${limit} s`, error: TIMED_OUT };
    this.#leave({ error: 'sessionTime', ending, force: true });
    if (this.#activity === 'busy' && !this.#core.delivering) this.#core.interrupt();
  }

  #leave(leaving: Leaving): void {
    this.#leaving ??= leaving;
    this.#turn();
  }

  /** The client has sent everything. It still gets the replies to that. */
  #inputEnd(): void {
    this.#inputEnded = true;
    if (this.#activity === 'waiting') this.#turn();
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
    this.#conversation.close(ending);
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
