// The Mailer over SMTP: hosts in order, each address of a host, kept connections first, fail-over, one log line for each failure.
// Used by forward/smart-host and by the Lua module smtp. The dialogue itself is in greeting, transaction and converse.
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { Resolver } from '../dns/resolver-api.ts';
import { parseTarget, type SmtpTarget } from '../net/host-list.ts';
import type { Clock } from '../ops/clock.ts';
import type { Log, LogFields } from '../ops/log.ts';
import type { Options } from '../options/options.ts';
import { LENIENT } from '../smtp/protocol/lenience.ts';
import { type PathRules, parseMailbox } from '../smtp/protocol/path.ts';
import { type Connection, connect, type TlsRequest } from './connection.ts';
import { ConnectionPool, type PoolLimits } from './connection-pool.ts';
import { type ConverseContext, converse, type Deadlines } from './converse.ts';
import type { Delivery, DeliveryOutcome, Mailer } from './delivery.ts';
import { mayTryNext, summarise } from './fail-over.ts';
import { Greeting, type TlsMode } from './greeting.ts';
import {
  failedAt,
  isClosing,
  isPositive,
  type Loss,
  pseudoCode,
  unaskedRecipients,
  type Verdict,
} from './machine.ts';
import { Transaction } from './transaction.ts';

export interface SmtpClientDependencies {
  /** For deliveries that bring none of their own. */
  readonly options: Options;
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly log: Log;
  /** The name given in EHLO (smtpe.host). */
  readonly helo: string;
  /** Authorities to trust beside none of Node's own; for tests. Undefined: those of Node and of NODE_EXTRA_CA_CERTS. */
  readonly ca?: ConnectionOptions['ca'];
}

export interface SmtpClient extends Mailer {
  /** Connections kept for the next message. */
  readonly idleConnections: number;
}

/** A hostile or broken zone must not make one message try hundreds of addresses. */
const MAX_ADDRESSES = 16;
const MAX_TIMER = 2_147_483_647;

const milliseconds = (seconds: number): number => Math.min(seconds * 1000, MAX_TIMER);

/** What one delivery has in common for all its attempts. */
interface Job {
  readonly delivery: Delivery;
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly tls: TlsMode;
  readonly deadlines: Deadlines;
  readonly pool: PoolLimits;
  /** Monotonic; no attempt begins behind it. */
  readonly giveUpAt: number;
}

/** Makes the SMTP client. `close` ends idle connections; deliveries in progress go on and close theirs. */
export function createSmtpClient(dependencies: SmtpClientDependencies): SmtpClient {
  const pool = new ConnectionPool(dependencies.clock);
  return {
    get idleConnections() {
      return pool.size;
    },
    deliver: (delivery, signal) => new Sender(dependencies, pool, delivery, signal).deliver(),
    close: () => pool.close(),
  };
}

/** One delivery. */
class Sender {
  readonly #dependencies: SmtpClientDependencies;
  readonly #pool: ConnectionPool;
  readonly #job: Job;

  constructor(
    dependencies: SmtpClientDependencies,
    pool: ConnectionPool,
    delivery: Delivery,
    signal: AbortSignal,
  ) {
    const options = (delivery.options ?? dependencies.options).values;
    this.#dependencies = dependencies;
    this.#pool = pool;
    this.#job = {
      delivery,
      signal,
      log: delivery.log ?? dependencies.log.child({ id: delivery.id }),
      tls: options['smtp-forward-tls'],
      deadlines: {
        connect: milliseconds(options['smtp-accept-timeout']),
        command: milliseconds(options['smtp-command-timeout']),
        data: milliseconds(options['smtp-data-timeout']),
        dot: milliseconds(options['smtp-dot-timeout']),
      },
      pool: {
        connections: options['smtp-forward-connections'],
        idleMs: milliseconds(options['smtp-forward-idle']),
        transactions: options['smtp-forward-messages'],
      },
      giveUpAt: dependencies.clock.monotonic() + milliseconds(options['smtp-dot-timeout']),
    };
  }

  async deliver(): Promise<DeliveryOutcome> {
    try {
      return await this.#tryHosts();
    } catch (error) {
      // A bug of ours; the message is kept by whoever sent it.
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#job.log.write('err', 'internal error while forwarding', { error: text });
      return this.#failed('', { code: pseudoCode.ERROR, error: 'internal error' });
    }
  }

  async #tryHosts(): Promise<DeliveryOutcome> {
    const { delivery, signal } = this.#job;
    const problem = addressProblem(delivery);
    if (problem !== undefined)
      return this.#report(this.#failed('', { code: pseudoCode.ERROR, error: problem }));
    let summary: DeliveryOutcome | undefined;
    for (const text of delivery.hosts) {
      const target = parseTarget(text);
      const outcome =
        target.kind === 'smtp'
          ? await this.#tryHost(target)
          : this.#report(
              this.#failed(text, {
                code: pseudoCode.CONNECT,
                error:
                  target.kind === 'maildir'
                    ? 'maildir: is for option smtp-smart-host only'
                    : `not a next hop, expected ${target.expected}`,
              }),
            );
      summary = summarise(summary, outcome);
      if (!mayTryNext(outcome)) return outcome;
      if (signal.aborted || this.#tooLate()) break;
    }
    return (
      summary ?? this.#report(this.#failed('', { code: pseudoCode.CONNECT, error: 'no next hop was named' }))
    );
  }

  async #tryHost(target: SmtpTarget): Promise<DeliveryOutcome> {
    const { signal, tls } = this.#job;
    const key = `${tls} ${target.host.toLowerCase()} ${target.port}`;
    const kept = signal.aborted ? undefined : this.#pool.take(key);
    if (kept !== undefined) {
      const outcome = await this.#transact(target, kept, key, true);
      // It may have been closed while nobody looked. Nothing was taken, so a new connection gets the message, once.
      if (!mayTryNext(outcome) || signal.aborted) return outcome;
    }
    const addresses = await this.#addresses(target);
    let summary: DeliveryOutcome | undefined;
    for (const address of addresses) {
      const outcome = await this.#tryAddress(target, address, key);
      summary = summarise(summary, outcome);
      if (!mayTryNext(outcome)) return outcome;
      if (signal.aborted || this.#tooLate()) break;
    }
    const error = signal.aborted ? 'given up' : 'the name has no address';
    return summary ?? this.#report(this.#failed(target.text, { code: pseudoCode.CONNECT, error }));
  }

  async #tryAddress(target: SmtpTarget, address: string, key: string): Promise<DeliveryOutcome> {
    const { deadlines, delivery, signal, tls } = this.#job;
    const { clock, helo } = this.#dependencies;
    if (delivery.isOurOwn?.(address, target.port) === true) {
      const loss = { code: pseudoCode.CONNECT, error: 'the next hop is this server itself, a loop' };
      return this.#report(this.#failed(target.text, loss), address);
    }
    const connected = await connect(address, target.port, deadlines.connect, clock, signal);
    if (connected.kind === 'lost') return this.#report(this.#failed(target.text, connected.loss), address);
    const { connection } = connected;
    const greeting = new Greeting(helo, tls, delivery.recipients);
    const greeted = await converse(connection, greeting, this.#context(target, connection));
    if (greeted.kind === 'verdict') {
      connection.quit();
      return this.#report(this.#outcome(target, greeted.verdict), connection.peer);
    }
    connection.capabilities = greeted.capabilities;
    if (!connection.quiet) {
      connection.destroy();
      const loss = { code: pseudoCode.ERROR, error: 'replies that nobody asked for' };
      const verdict = failedAt('helo', loss, unaskedRecipients(delivery.recipients));
      return this.#report(this.#outcome(target, verdict), connection.peer);
    }
    return this.#transact(target, connection, key, false);
  }

  async #transact(
    target: SmtpTarget,
    connection: Connection,
    key: string,
    used: boolean,
  ): Promise<DeliveryOutcome> {
    const { allRecipients = false, sender, recipients, message, eightBit } = this.#job.delivery;
    const envelope = { sender, recipients, size: message?.size, eightBit, allRecipients };
    connection.transactions++;
    if (eightBit && message !== undefined && !connection.capabilities.eightBitMime)
      this.#job.log.write('info', 'message with 8-bit content goes to a next hop without 8BITMIME', {
        host: target.text,
        address: connection.peer,
      });
    const transaction = new Transaction(envelope, connection.capabilities, used);
    const { verdict, reusable } = await converse(connection, transaction, this.#context(target, connection));
    if (reusable) this.#pool.give(key, connection, this.#job.pool);
    else if (verdict.kind === 'refused' || verdict.kind === 'verified') connection.quit();
    else connection.destroy();
    return this.#report(this.#outcome(target, verdict), connection.peer, used);
  }

  /** Addresses in the order of the resolver; none when the name has none or the delivery was given up. */
  async #addresses(target: SmtpTarget): Promise<readonly string[]> {
    if (isIP(target.host) !== 0) return [target.host];
    const { signal } = this.#job;
    if (signal.aborted) return [];
    const found = await untilAborted(this.#dependencies.resolver.addresses(target.host, { signal }), signal);
    return (found ?? []).slice(0, MAX_ADDRESSES);
  }

  #context(target: SmtpTarget, connection: Connection): ConverseContext {
    const { deadlines, signal, delivery, log, tls } = this.#job;
    const request: TlsRequest = { host: target.host, verify: tls === 'must', ca: this.#dependencies.ca };
    const trace = log.verbose('smtp')
      ? (direction: '>' | '<', text: string): void =>
          log.write('debug', `next hop ${direction}`, { host: connection.peer, line: text.trimEnd() })
      : undefined;
    return {
      clock: this.#dependencies.clock,
      deadlines,
      signal,
      tls: request,
      message: delivery.message,
      trace,
    };
  }

  #tooLate(): boolean {
    return this.#dependencies.clock.monotonic() >= this.#job.giveUpAt;
  }

  #outcome(target: SmtpTarget, verdict: Verdict): DeliveryOutcome {
    return { ...verdict, host: target.text };
  }

  #failed(host: string, loss: Loss): DeliveryOutcome {
    return { ...failedAt('connect', loss, unaskedRecipients(this.#job.delivery.recipients)), host };
  }

  /** One line for each attempt that was no success. */
  #report(outcome: DeliveryOutcome, address = '', used = false): DeliveryOutcome {
    const notAll =
      outcome.kind === 'refused' &&
      outcome.stage === 'rcpt' &&
      !isClosing(outcome.code) &&
      someTaken(outcome);
    if (outcome.kind === 'delivered' || outcome.kind === 'verified' || notAll) {
      this.#reportRefusedRecipients(outcome, address);
      return outcome;
    }
    const fields: LogFields = {
      host: outcome.host,
      address,
      stage: outcome.stage,
      code: outcome.code,
      cause: outcome.kind === 'failed' ? outcome.error : outcome.text,
    };
    const { log, signal } = this.#job;
    if (outcome.kind === 'refused') log.write('notice', 'next hop refused', fields);
    else if (signal.aborted) log.write('notice', 'forwarding given up', fields);
    else if (used && mayTryNext(outcome)) log.write('info', 'kept connection to next hop was closed', fields);
    else if (outcome.stage === 'dot')
      log.write('warning', 'next hop may or may not have the message', fields);
    else log.write('warning', 'next hop failed', fields);
    return outcome;
  }

  #reportRefusedRecipients(outcome: DeliveryOutcome, address: string): void {
    const refused = outcome.rcpts.filter((rcpt) => !isPositive(rcpt.code));
    const first = refused[0];
    if (first === undefined) return;
    this.#job.log.write('notice', 'next hop refused recipients', {
      host: outcome.host,
      address,
      refused: refused.length,
      of: outcome.rcpts.length,
      first: first.recipient,
      cause: first.text,
    });
  }
}

function someTaken(outcome: DeliveryOutcome): boolean {
  return outcome.rcpts.some((rcpt) => isPositive(rcpt.code));
}

/** The result, or undefined as soon as the signal aborts. */
function untilAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const abort = (): void => resolve(undefined);
    signal.addEventListener('abort', abort, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

const ANY_ADDRESS: PathRules = { lenience: LENIENT, localLength: false, needsDomain: false };

/** Addresses go into command lines. Whoever took them has judged them; here nothing passes that could end the path or the line. */
function addressProblem({ recipients, sender }: Delivery): string | undefined {
  if (recipients.length === 0) return 'no recipient was named';
  if (!isAddress(sender)) return `no address: ${JSON.stringify(sender.slice(0, 100))}`;
  const bad = recipients.find((address) => address === '' || !isAddress(address));
  return bad === undefined ? undefined : `no address: ${JSON.stringify(bad.slice(0, 100))}`;
}

function isAddress(text: string): boolean {
  const parsed = parseMailbox(text, ANY_ADDRESS);
  return parsed.kind === 'path' && parsed.path.address === text;
}
