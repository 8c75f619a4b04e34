// The Mailer over SMTP: hosts in order, each address of a host, kept connections first, fail-over, one log line for each failure.
// Used by delivery/smart-host and by the Lua module smtp. The dialogue itself is in greeting, sending and converse.

import { AbortListeners } from '../../base/abort-listeners.ts';
import { traceOf } from '../../base/errors.ts';
import type { Delivery, DeliveryOutcome, Mailer } from '../../delivery/port/delivery.ts';
import { isUnreachable, mayTryNext, tryInTurn } from '../../delivery/port/fail-over.ts';
import type { HeldEnvelope, Opened } from '../../delivery/port/held.ts';
import {
  failedAt,
  failureOf,
  type HostlessOutcome,
  type Loss,
  pseudoCode,
  unaskedRecipients,
} from '../../delivery/port/outcome.ts';
import { addressesOf } from '../../net/dial.ts';
import { HostHealth, healthKey } from '../../net/host-health.ts';
import type { SmtpTarget, Target } from '../../net-address/host-list.ts';
import { isBinaryMime } from '../protocol/binary-mime.ts';
import type { Capabilities } from '../protocol/capabilities.ts';
import { type MailParameters, NO_PARAMETERS } from '../protocol/parameters.ts';
import { isClosing, replyText } from '../protocol/reply.ts';
import { addressProblem } from './address-problem.ts';
import { reportAttempt, saysMoreOfConnection } from './attempt-report.ts';
import { mailLine } from './command-lines.ts';
import { type Connection, withTls } from './connection.ts';
import { ConnectionPool, type Where, type Wish } from './connection-pool.ts';
import { type ConverseContext, converse } from './converse.ts';
import { HeldConnection } from './held-connection.ts';
import {
  connectionKey,
  contextOf,
  isOver,
  type Job,
  type JobParts,
  jobOf,
  type SmtpClientDependencies,
  targetOf,
  within,
} from './job.ts';
import { openTo } from './opening.ts';
import type { Slot } from './place.ts';
import { Question } from './question.ts';
import { Sending } from './sending.ts';
import { findWay, type GoodWay, type NoWay, repliesFor, type Way, withoutTls } from './way.ts';

export type { SmtpClientDependencies } from './job.ts';

export interface SmtpClient extends Mailer {
  /** Connections kept for the next message. */
  readonly idleConnections: number;
  /** Connections at work, and those being made. */
  readonly busyConnections: number;
  /** Next hops that there are connections to, or who waits for one. */
  readonly places: number;
}

/** Makes the SMTP client. `close` ends idle connections; deliveries in progress go on and close theirs. */
export function createSmtpClient(dependencies: SmtpClientDependencies): SmtpClient {
  const pool = new ConnectionPool(dependencies.clock);
  const health = dependencies.health ?? new HostHealth(dependencies.clock);
  const parts: JobParts = { listeners: new AbortListeners(), targets: new Map(), ...dependencies };
  return {
    get idleConnections() {
      return pool.size;
    },
    get busyConnections() {
      return pool.busy;
    },
    get places() {
      return pool.places;
    },
    deliver: (delivery, signal) => new Sender(parts, pool, health, delivery, signal).deliver(),
    open: (envelope, signal) =>
      new Sender(parts, pool, health, openingOf(envelope), signal).open(envelope.room),
    close: () => pool.close(),
  };
}

/** As a delivery that ends behind MAIL. */
function openingOf(envelope: HeldEnvelope): Delivery {
  return { recipients: [], ...envelope, message: undefined, eightBit: false };
}

/** What a next hop is remembered by when it cannot be reached. */
function keyOf(target: Target): string | undefined {
  return target.kind === 'smtp' ? healthKey(target.host, target.port) : undefined;
}

/** MAIL that is asked by itself, and what comes of it. */
interface Holding {
  held: HeldConnection | undefined;
  readonly room: number;
}

/** The SIZE that the client has named and what will come to it, but no more than the next hop takes because of that. */
function withRoom(parameters: MailParameters, room: number, capabilities: Capabilities): MailParameters {
  const { SIZE } = parameters;
  if (room === 0 || SIZE === undefined) return parameters;
  const most = Number(capabilities.get('SIZE') ?? 0);
  return { ...parameters, SIZE: most > 0 ? Math.max(SIZE, Math.min(SIZE + room, most)) : SIZE + room };
}

/** The count of a connection that is being made, until that is there to be counted itself. */
interface Lease {
  readonly where: Where;
  slot: Slot | undefined;
}

/** One delivery. */
class Sender {
  readonly #pool: ConnectionPool;
  readonly #health: HostHealth;
  readonly #job: Job;
  /** Set when only MAIL is said: whose transaction is open then. */
  #holding: Holding | undefined;

  constructor(
    parts: JobParts,
    pool: ConnectionPool,
    health: HostHealth,
    delivery: Delivery,
    signal: AbortSignal,
  ) {
    this.#pool = pool;
    this.#health = health;
    this.#job = jobOf(parts, delivery, signal);
  }

  /** MAIL only: its transaction is held. */
  async open(room = 0): Promise<Opened> {
    this.#holding = { held: undefined, room };
    const outcome = await this.deliver();
    const { held } = this.#holding;
    if (held === undefined) return failureOf(outcome);
    return { kind: 'held', held, code: outcome.code, text: outcome.kind === 'verified' ? outcome.text : '' };
  }

  async deliver(): Promise<DeliveryOutcome> {
    try {
      return await this.#tryHosts();
    } catch (error) {
      // A bug of ours; the message is kept by whoever sent it.
      const text = traceOf(error);
      this.#job.log.emit('forward-bug', { error: text });
      return this.#failed('', { code: pseudoCode.ERROR, error: 'internal error' });
    }
  }

  async #tryHosts(): Promise<DeliveryOutcome> {
    const { delivery, parts } = this.#job;
    const problem = addressProblem(delivery, this.#holding === undefined);
    if (problem !== undefined)
      return this.#report(this.#failed('', { code: pseudoCode.ERROR, error: problem }));
    const named = delivery.hosts.map((host) => targetOf(host, parts));
    const targets = this.#health.order(named, keyOf, this.#job.deadlines.connect);
    const outcome = await tryInTurn(targets, {
      attempt: (target) =>
        target.kind === 'smtp'
          ? this.#tryHost(target)
          : this.#report(
              this.#failed(target.text, {
                code: pseudoCode.CONNECT,
                error:
                  target.kind === 'maildir' || target.kind === 'accounts'
                    ? `${target.kind}: is for option smtp-smart-host only`
                    : `not a next hop, expected ${target.expected}`,
              }),
            ),
      mayTryNext,
      isOver: () => isOver(this.#job),
    });
    return (
      outcome ?? this.#report(this.#failed('', { code: pseudoCode.CONNECT, error: 'no next hop was named' }))
    );
  }

  async #tryHost(target: SmtpTarget): Promise<DeliveryOutcome> {
    const job = this.#job;
    const { signal } = job;
    const health = this.#health;
    const hostKey = healthKey(target.host, target.port);
    const where: Where = { place: hostKey, key: connectionKey(job, target) };
    const taken = this.#pool.take(this.#wish(where, false));
    const got = taken instanceof Promise ? await taken : taken;
    if (got.kind === 'kept') {
      const outcome = await this.#transact(target, got.connection, where, true);
      if (outcome.kind !== 'failed') health.worked(hostKey);
      // It may have been closed while nobody looked, or be at its end. Nothing was taken, so a new connection gets the message, once.
      if (!saysMoreOfConnection(outcome) || isOver(job)) return outcome;
    }
    const lease: Lease = { where, slot: got.kind === 'room' ? got.slot : undefined };
    try {
      const { resolver } = job.parts;
      const timeoutMs = within(job, Number.MAX_SAFE_INTEGER);
      const addresses = target.isSocket
        ? [target.host]
        : await addressesOf(target.host, resolver, { signal, timeoutMs });
      const keyOf = (address: string): string => healthKey(address, target.port);
      let answered = got.kind === 'none';
      const outcome = await tryInTurn(health.order(addresses, keyOf, job.deadlines.connect), {
        attempt: async (address) => {
          const ended = await this.#tryAddress(target, address, lease);
          answered ||= !isUnreachable(ended) || this.#isOurOwn(address, target);
          return ended;
        },
        mayTryNext,
        isOver: () => isOver(job),
      });
      // What this delivery has seen: the first address may be forgotten by the time the last one has failed. Who gave up has seen nothing.
      if (answered) health.worked(hostKey);
      else if (!signal.aborted) health.failed(hostKey);
      const error = signal.aborted ? 'given up' : 'the name has no address';
      return outcome ?? this.#report(this.#failed(target.text, { code: pseudoCode.CONNECT, error }));
    } finally {
      lease.slot?.release();
    }
  }

  async #tryAddress(target: SmtpTarget, address: string, lease: Lease): Promise<DeliveryOutcome> {
    const job = this.#job;
    if (this.#isOurOwn(address, target)) {
      const loss = { code: pseudoCode.CONNECT, error: 'the next hop is this server itself, a loop' };
      return this.#report(this.#failed(target.text, loss), address);
    }
    for (;;) {
      if (lease.slot === undefined) {
        const got = await this.#pool.take(this.#wish(lease.where, true));
        if (got.kind !== 'room') return this.#report(this.#failed(target.text, this.#noRoom()), address);
        lease.slot = got.slot;
      }
      const opened = await openTo(job, target, address, this.#health);
      if (opened.kind === 'greeted') {
        const { connection } = opened;
        // Counted from now on as long as it stands.
        connection.onGone = lease.slot.release;
        lease.slot = undefined;
        return this.#transact(target, connection, lease.where, false);
      }
      const { parameters, recipients } = job.delivery;
      if (parameters?.REQUIRETLS === true && isTlsMissing(opened.outcome))
        return this.#lacking(target, withoutTls(recipients), opened.peer);
      const outcome = this.#outcome(target, opened.outcome);
      if (!isFull(outcome) || isOver(job)) return this.#report(outcome, opened.peer);
      lease.slot.refuse();
      lease.slot = undefined;
      const later = this.#pool.takeLater(this.#wish(lease.where, false));
      if (later === undefined) return this.#report(outcome, opened.peer);
      job.log.emit('next-hop-full', { host: target.text, address: opened.peer, cause: outcome.text });
      const got = await later;
      switch (got.kind) {
        case 'none':
          return this.#report(outcome, opened.peer);
        case 'room':
          lease.slot = got.slot;
          break;
        case 'kept': {
          const ended = await this.#transact(target, got.connection, lease.where, true);
          if (!saysMoreOfConnection(ended) || isOver(job)) return ended;
        }
      }
    }
  }

  #wish(where: Where, fresh: boolean): Wish {
    const { giveUpAt, pool, signal, since } = this.#job;
    return { place: where.place, key: where.key, limits: pool, fresh, since, until: giveUpAt, signal };
  }

  #noRoom(): Loss {
    const { pool, signal } = this.#job;
    if (signal.aborted) return { code: pseudoCode.ERROR, error: 'given up' };
    const error = `none of ${pool.parallel} connections (smtp-forward-parallel) became free in time`;
    return { code: pseudoCode.TIMEOUT, error };
  }

  #isOurOwn(address: string, { isSocket, port }: SmtpTarget): boolean {
    return !isSocket && this.#job.delivery.isOurOwn?.(address, port) === true;
  }

  async #transact(
    target: SmtpTarget,
    connection: Connection,
    where: Where,
    used: boolean,
  ): Promise<DeliveryOutcome> {
    const { chunks, log, pool } = this.#job;
    const { allRecipients = false, message, recipients } = this.#job.delivery;
    const way = this.#way(connection);
    if (way.kind === 'none') {
      this.#pool.give(where, connection, pool);
      return this.#lacking(target, way, connection.peer);
    }
    connection.transactions++;
    if (this.#holding !== undefined) return this.#hold(this.#holding, way, target, connection, where, used);
    const isTold = connection.capabilities.has('8BITMIME') || isBinaryMime(way.parameters);
    if (way.eightBit && message !== undefined && !isTold)
      log.emit('next-hop-eight-bit', { host: target.text, address: connection.peer });
    const lmtp = connection.protocol === 'lmtp';
    const { eightBit, parameters, sender } = way;
    const size = message?.size;
    const sending = new Sending(
      { sender, parameters, recipients: way.recipients, eightBit, size, allRecipients, chunks, lmtp },
      connection.capabilities,
      used,
    );
    const end = await converse(connection, sending, this.#context(connection, used));
    const { reusable } = end;
    const rcpts = repliesFor(recipients, way.ascii, end.outcome.rcpts);
    const outcome = rcpts === end.outcome.rcpts ? end.outcome : { ...end.outcome, rcpts };
    const ended = this.#outcome(target, withTls(outcome, connection));
    if (reusable && !(used && saysMoreOfConnection(ended))) this.#pool.give(where, connection, pool);
    else if (outcome.kind === 'refused' || outcome.kind === 'verified') connection.quit();
    else connection.destroy();
    return this.#report(ended, connection.peer, used);
  }

  #lacking(target: SmtpTarget, { outcome }: NoWay, address: string): DeliveryOutcome {
    const { code, lacks = '', text } = outcome;
    this.#job.log.emit('next-hop-lacks', { host: target.text, address, lacks, code, cause: text });
    return this.#outcome(target, outcome);
  }

  /** How the message goes to this next hop, if it can. */
  #way({ capabilities, protocol }: Connection): Way {
    const { delivery, eightBitWord } = this.#job;
    const chunks = this.#job.chunks && protocol !== 'lmtp';
    const { allRecipients = false, eightBit, parameters, recipients, sender } = delivery;
    const utf8Headers = this.#holding === undefined ? (delivery.utf8Headers ?? false) : 'unknown';
    return findWay(
      { sender, parameters, recipients, eightBit, allRecipients, chunks, eightBitWord, utf8Headers },
      capabilities,
    );
  }

  /** Asks MAIL. `verified` says that the transaction is open, and held. */
  async #hold(
    holding: Holding,
    way: GoodWay,
    target: SmtpTarget,
    connection: Connection,
    where: Where,
    used: boolean,
  ): Promise<DeliveryOutcome> {
    const { chunks, eightBitWord, log, pool, signal } = this.#job;
    const { capabilities } = connection;
    const parameters = withRoom(way.parameters ?? NO_PARAMETERS, holding.room, capabilities);
    const line = mailLine(way.sender, parameters, capabilities);
    const how = { reset: used, pipelining: capabilities.has('PIPELINING') };
    const end = await converse(connection, Question.mail(line, how), this.#context(connection, used));
    if (end.kind === 'no') {
      const outcome = this.#outcome(target, end.outcome);
      if (end.goesOn && !used) this.#pool.give(where, connection, pool);
      else if (outcome.kind === 'refused') connection.quit();
      else connection.destroy();
      return this.#report(outcome, connection.peer, used);
    }
    holding.held = new HeldConnection({
      connection,
      host: target.text,
      envelope: { sender: way.sender, parameters },
      ascii: way.ascii !== undefined,
      eightBitWord,
      idleMs: Math.max(pool.idleMs, 1000),
      chunks,
      clock: this.#job.parts.clock,
      converse: (machine, limits, message) =>
        converse(connection, machine, contextOf(this.#job, connection, { used: false, limits, message })),
      lend: (giveBack) => this.#pool.lend(where, giveBack),
      free: () => this.#pool.give(where, connection, pool),
      isWanted: () => this.#pool.isWanted(where.place),
      report: (outcome) =>
        reportAttempt(outcome, {
          log,
          address: connection.peer,
          used: true,
          givenUp: signal.aborted,
          seconds: this.#seconds,
        }),
    });
    const { code } = end.reply;
    return { kind: 'verified', host: target.text, code, text: replyText(end.reply), rcpts: [] };
  }

  #context(connection: Connection, used: boolean): ConverseContext {
    return contextOf(this.#job, connection, { used });
  }

  #outcome(target: SmtpTarget, outcome: HostlessOutcome): DeliveryOutcome {
    return { host: target.text, ...outcome };
  }

  #failed(host: string, loss: Loss): DeliveryOutcome {
    return { host, ...failedAt('connect', loss, unaskedRecipients(this.#job.delivery.recipients)) };
  }

  /** Since it was asked for. */
  get #seconds(): number {
    const { parts, since } = this.#job;
    return (parts.clock.monotonic() - since) / 1000;
  }

  /** Each attempt that was no success is told. */
  #report(outcome: DeliveryOutcome, address = '', used = false): DeliveryOutcome {
    const { log, signal } = this.#job;
    reportAttempt(outcome, { log, address, used, givenUp: signal.aborted, seconds: this.#seconds });
    return outcome;
  }
}

/** TLS is not offered, or not to be trusted. That it did not come about in time, or was broken off, may be otherwise tomorrow. */
function isTlsMissing(outcome: HostlessOutcome): boolean {
  return outcome.kind === 'failed' && outcome.stage === 'starttls' && outcome.code === pseudoCode.ERROR;
}

/** Its connections are used up (RFC 5321 section 3.8). */
function isFull(outcome: DeliveryOutcome): outcome is Extract<DeliveryOutcome, { kind: 'refused' }> {
  return outcome.kind === 'refused' && isClosing(outcome.code) && outcome.stage === 'banner';
}
