// One SMTP session over a transport: owns the timers, and the loop that feeds the conversation one thing after the other. Reading
// goes on while a hook is suspended (so that a client that leaves is noticed) up to limit-pipeline-bytes. A client that closes its side sends
// no more commands, and is served to the end (RFC 9293 section 3.6); gone is who resets the connection, or whom nothing can be written to.
// When the session is over nothing of it is left: no timer, file, Lua instance or socket.

import type { Timer } from '../../base/clock.ts';
import { Deadline } from '../../base/deadline.ts';
import { textOf, traceOf } from '../../base/errors.ts';
import type { Maybe } from '../../base/maybe.ts';
import { LineReader } from '../../net/line-reader.ts';
import type { Peer } from '../../net/peer.ts';
import type { TlsContexts } from '../../net/tls-context.ts';
import type { Transport, TransportUser } from '../../net/transport.ts';
import type { SessionState } from '../../observe/metric/table/connections.ts';
import type { SessionRow } from '../../ops/desk.ts';
import { newClient } from './client.ts';
import { Conversation } from './conversation.ts';
import { DataPace } from './data-pace.ts';
import { BY_ORDER, type Ending, systemError, TIMED_OUT } from './ending.ts';
import { waitedFor } from './followed-wait.ts';
import type { Terminal } from './interactive.ts';
import { Output } from './output.ts';
import { likenessOf, refuseProxy } from './proxy-unasked.ts';
import type { ErrorName } from './reply-table.ts';
import { type SecureLine, secureTransport } from './secure-line.ts';
import type { ServerDeps } from './server-deps.ts';
import { SessionClosing } from './session-closing.ts';
import { SessionCore, type SessionListener } from './session-core.ts';
import { openSession } from './session-opening.ts';
import { type Awaited, listenerName, type SessionProgress, sessionRow, stateOf } from './session-row.ts';

export interface SessionSettings {
  readonly idSess: string;
  readonly peer: Peer;
  /** Whose options it begins with. */
  readonly listener: SessionListener;
  /** The peer may use XCLIENT and VERB. */
  readonly trusted: boolean;
  /** `+test`: Lua lines, and the end of the input does not mean that the client has gone. */
  readonly interactive: boolean;
  readonly terminal?: Terminal | undefined;
  /** Milliseconds to wait before anything else (rate-global). */
  readonly delay: number;
  readonly watcher: SessionWatcher;
  /** Called behind `watcher.closed`. */
  readonly over: (() => void) | undefined;
}

/** Who is told of the end of sessions. */
export interface SessionWatcher {
  /** The stream is closed; hook.close may still be at work. */
  gone(session: Session): void;
  /** The session is over and the stream is closed. */
  closed(session: Session): void;
}

/** 'busy': something was begun and has not ended, nothing else is begun meanwhile. */
type Activity = 'waiting' | 'busy' | 'over';

/** To be obeyed when the command in hand is done; unless `force`, when no transaction is in progress. */
interface Leaving {
  readonly error: ErrorName;
  readonly ending: Ending;
  readonly force: boolean;
}

/**
 * How long a first line that is empty waits for its reply, in ms: a PROXY header of version 2 begins with one. It comes in one piece from
 * every balancer.
 */
const BEGINNING_MS = 1000;

const CR = 13;

const CLIENT_CLOSED: Ending = { code: 4, cause: 'the client closed the connection', gone: true };

export class Session implements TransportUser, SecureLine {
  readonly #transport: Transport;
  readonly #core: SessionCore;
  readonly #settings: SessionSettings;
  readonly #conversation: Conversation;
  readonly #closing: SessionClosing;
  readonly #idle: Deadline;
  readonly #sessionTimer: Timer | undefined;
  #activity: Activity = 'waiting';
  /** What #idle counts for; undefined while it does not count. */
  #awaited: Awaited | undefined;
  /** How the message that is being received comes in. */
  #pace: DataPace | undefined;
  /** Octets that came. */
  #bytes = 0;
  /** What comes is not read: it is the beginning of a TLS handshake. */
  #holding = false;
  #leaving: Leaving | undefined;
  /** What the client sends first is looked at: whether it is a PROXY header. 'held': it may become one, and has whole lines in it. */
  #beginning: 'open' | 'held' | 'over' = 'open';

  constructor(transport: Transport, deps: ServerDeps, settings: SessionSettings) {
    this.#transport = transport;
    this.#settings = settings;
    const { idSess, listener, peer } = settings;
    const { values } = listener.options;
    const core = new SessionCore({
      deps,
      listener,
      log: deps.log.child(
        peer.proxy === undefined ? { id: idSess } : { id: idSess, proxy: peer.proxy.address },
      ),
      idSess,
      client: newClient(peer),
      input: new LineReader(values['limit-line-length']),
      output: new Output(transport, settings.interactive),
      line: this,
      ended: () => this.#ended(),
    });
    this.#core = core;
    if (settings.interactive) this.#beginning = 'over';
    core.report.connect(core.client, listener.name);
    core.report.secured(core.client);
    this.#conversation = new Conversation(core, settings);
    this.#closing = new SessionClosing(transport, core, this);
    this.#idle = new Deadline(deps.clock, () => this.#timedOut());
    const limit = values['limit-session-time'];
    this.#sessionTimer = limit > 0 ? deps.clock.after(limit * 1000, () => this.#tooOld(limit)) : undefined;
    transport.use(this);
    this.#await(openSession(core, this.#conversation, settings));
  }

  /** For its own end only (SessionClosing). */
  gone(): void {
    this.#settings.watcher.gone(this);
  }

  /** For its own end only (SessionClosing). */
  over(): void {
    this.#settings.watcher.closed(this);
    this.#settings.over?.();
  }

  /** Ends the session with 421 as soon as no transaction is in progress. */
  shutdown(): void {
    this.#leave({ error: 'shutdown', ending: { code: 0, cause: 'shutdown' }, force: false });
  }

  /** Ends the session with 421 now: a suspended hook is cut off, forwarding is aborted. */
  cut(): void {
    this.#cut({ error: 'shutdown', ending: { code: 0, cause: 'shutdown-timeout' }, force: true });
  }

  /**
   * Ends the session with 421 now, also in the middle of a message; what is being handed to the next hop is brought to its end: whether
   * somebody has it would not be known.
   */
  stop(): void {
    this.#stopWith({ code: 0, cause: 'shutdown of the service' }, 'shutdown');
  }

  /** The same by order of the operator. */
  close(): void {
    this.#core.log.emit('session-closed', { client: this.#core.client.address });
    this.#cut({ error: 'ordered', ending: { code: 0, cause: BY_ORDER }, force: true });
  }

  #cut(leaving: Leaving): void {
    if (this.#activity === 'over') {
      // hook.close may be suspended, or the client may not have closed its side.
      this.#closing.hurry();
      this.#transport.destroy();
      return;
    }
    this.#leaving = undefined;
    this.#leave(leaving);
    if (this.#activity === 'busy') this.#core.interrupt(leaving.ending.cause);
  }

  /** Octets that came, and that were sent. */
  get traffic(): { readonly received: number; readonly sent: number } {
    return { received: this.#bytes, sent: this.#core.output.octets };
  }

  get id(): string {
    return this.#core.idSess;
  }

  get #progress(): SessionProgress {
    const over = this.#activity === 'over';
    const { started } = this.#closing;
    const client = { awaited: this.#awaited, since: this.#idle.since };
    return { core: this.#core, conversation: this.#conversation, over, client, bytes: this.#bytes, started };
  }

  get state(): SessionState {
    return stateOf(this.#progress);
  }

  get listener(): string {
    return listenerName(this.#core.listener.name);
  }

  get client(): string {
    return this.#core.client.address;
  }

  /** The policy waits in a hook. */
  get suspended(): boolean {
    return (
      this.#core.script !== undefined || (this.#core.hasPolicy && this.#core.hooks.waiting !== undefined)
    );
  }

  /** As the operator sees it. */
  get row(): SessionRow {
    return sessionRow(this.#progress, this.#core.deps.clock.monotonic());
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
      while (core.ending === undefined && !this.#transport.stalled) {
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
    this.#core.replies.answer('');
    const params = { host: deps.hostName, limit: values['limit-session-time'] };
    return this.#core.replies.refuseAndEnd(leaving.error, params, leaving.ending);
  }

  #step(): Maybe<void> | 'no input' {
    const { input } = this.#core;
    if (this.#conversation.inContent) {
      const chunk = input.take(this.#conversation.wanted);
      if (chunk === undefined) return 'no input';
      this.#pace?.received(chunk.length);
      return this.#conversation.content(chunk);
    }
    // A message that comes in chunks has one pace: the clock does not begin anew with each of them.
    if (!this.#conversation.betweenChunks) this.#pace = undefined;
    if (this.#beginning !== 'over') {
      const step = this.#begin();
      if (step !== 'go on') return step;
    }
    const event = input.next();
    switch (event.kind) {
      case 'line':
        return this.#conversation.line(event.text);
      case 'too-long':
        return this.#conversation.tooLong(event.head);
      case 'tls':
        return this.#conversation.tlsRecord();
      case 'none':
        return 'no input';
    }
  }

  #begin(): Maybe<void> | 'no input' | 'go on' {
    const core = this.#core;
    if (core.input.buffered === 0) return 'no input';
    const likeness = likenessOf(core);
    if (likeness === 'perhaps' && !this.#core.inputEnded) {
      if (core.input.head(1)[0] === CR) this.#beginning = 'held';
      return 'no input';
    }
    this.#beginning = 'over';
    return likeness === 'yes' ? refuseProxy(core) : 'go on';
  }

  /** After a turn: replies go out, reading and the time-out are set, the end is begun when it is due. */
  #settle(): void {
    const core = this.#core;
    core.output.flush();
    // What waits for nothing but the rest of its own line must not keep that from coming.
    const held = this.#activity === 'busy' || this.#transport.stalled;
    if (held && core.input.buffered > core.values['limit-pipeline-bytes']) this.#transport.pause();
    else this.#transport.resume();
    if (this.#activity !== 'waiting') return;
    if (this.#core.inputEnded && !this.#transport.stalled) {
      if (this.#await(this.#conversation.unfinished())) return;
      core.end(CLIENT_CLOSED);
    }
    if (core.ending !== undefined) this.#finish(core.ending);
    else this.#expect();
    if (core.ending === undefined) this.#settings.terminal?.waits(this.#conversation.awaits);
  }

  /** Sets the time-out. It counts from when we began to wait: bytes that do not make a whole command do not put it off. */
  #expect(): void {
    const { deps, values } = this.#core;
    const awaited = this.#transport.stalled ? 'reader' : this.#conversation.inContent ? 'data' : 'command';
    if (awaited === 'command' && this.#beginning === 'held') {
      if (this.#awaited !== 'beginning') this.#idle.start(BEGINNING_MS);
      this.#awaited = 'beginning';
      return;
    }
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

  received(chunk: Buffer): void {
    const { ending, input, values } = this.#core;
    if (ending !== undefined) return;
    if (this.#holding) {
      this.#transport.unread(chunk);
      return;
    }
    this.#bytes += chunk.length;
    input.push(chunk);
    this.#core.inputArrived?.();
    if (this.#activity === 'waiting') this.#turn();
    else if (input.buffered > values['limit-pipeline-bytes']) this.#transport.pause();
  }

  hold(): void {
    this.#holding = true;
  }

  readOn(): void {
    this.#transport.resume();
  }

  release(): void {
    this.#holding = false;
    this.#transport.resume();
  }

  async secure(contexts: TlsContexts): Promise<boolean> {
    const core = this.#core;
    const handshake = secureTransport(core, this.#transport, contexts, () => core.inputEnded);
    const outcome = await waitedFor(core, handshake, { for: 'client', what: 'TLS handshake' });
    this.#holding = false;
    switch (outcome.kind) {
      case 'secured':
        core.input.clear();
        core.secured(outcome.tls);
        this.#transport.use(this);
        return true;
      case 'lost': {
        const cause = `TLS handshake: ${outcome.cause}`;
        core.end(this.#cutFor ?? { code: 4, cause, error: systemError(new Error(cause)), gone: true });
        this.closed();
        return false;
      }
      case 'gone':
        core.end(this.#cutFor ?? CLIENT_CLOSED);
        return false;
    }
  }

  /** Why we have closed the connection, where no word can be said any more; undefined: it was not us. */
  get #cutFor(): Ending | undefined {
    return this.#leaving?.force === true ? { ...this.#leaving.ending, gone: true } : undefined;
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
      case 'beginning':
        this.#beginning = 'over';
        this.#turn();
        return;
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
    core.replies.answer('');
    const params = { host: core.deps.hostName, limit };
    if (!this.#await(core.replies.refuseAndEnd(error, params, { code: 0, cause, error: TIMED_OUT })))
      this.#settle();
  }

  /** A message whose content is being handed on is not cut off: whether somebody has it would not be known. */
  #tooOld(limit: number): void {
    this.#stopWith({ code: 2, cause: `limit-session-time: ${limit} s`, error: TIMED_OUT }, 'sessionTime');
  }

  #stopWith(ending: Ending, error: ErrorName): void {
    this.#leave({ error, ending, force: true });
    if (this.#activity === 'busy' && !this.#core.delivering) this.#core.interrupt(ending.cause);
  }

  #leave(leaving: Leaving): void {
    // Who was to leave when his transaction is over has to now.
    if (this.#leaving === undefined || (leaving.force && !this.#leaving.force)) this.#leaving = leaving;
    this.#turn();
  }

  /** The client has sent everything. It still gets the replies to that. */
  inputEnded(): void {
    this.#core.inputEnded = true;
    this.#core.inputArrived?.();
    if (this.#activity === 'waiting') this.#turn();
  }

  drained(): void {
    this.#turn();
  }

  failed(error: Error): void {
    const code = (error as NodeJS.ErrnoException).syscall === 'write' ? 3 : 4;
    this.#core.end({ code, cause: error.message, error: systemError(error), gone: true });
  }

  closed(): void {
    this.#core.end({ code: 4, cause: 'the connection was closed', gone: true });
    this.#closing.transportClosed();
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
    core.log.emit('session-fault', { cause: traceOf(error) });
    if (this.#activity === 'over') return;
    const text = textOf(error);
    if (core.ending === undefined) core.output.add('421 4.3.0 internal error\r\n');
    this.#activity = 'waiting';
    core.end({ code: 4, cause: `internal error: ${text}`, error: { errno: 5, text } });
    this.#settle();
  }
}
