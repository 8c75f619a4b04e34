// What one delivery has in common for all its attempts: who asks, with what options, until when, and what it is made with. Read once, when it
// begins; options that change meanwhile count for the next delivery.
import type { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { AbortListeners } from '../../base/abort-listeners.ts';
import type { Clock, RandomInteger } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Delivery, MessageSource } from '../../delivery/port/delivery.ts';
import type { ForwardedClient } from '../../delivery/port/forwarded-client.ts';
import type { AskLimits } from '../../delivery/port/held.ts';
import type { NextHopOffers } from '../../delivery/port/next-hop-offers.ts';
import type { Resolver } from '../../dns/resolver-api.ts';
import type { AddressSource } from '../../net/dial.ts';
import type { HostHealth } from '../../net/host-health.ts';
import { parseTarget, type SmtpTarget, type Target } from '../../net-address/host-list.ts';
import type { OptionValues } from '../../options/option-table.ts';
import type { Options } from '../../options/options.ts';
import type { Connection, TlsRequest } from './connection.ts';
import type { PoolLimits } from './connection-pool.ts';
import type { ConverseContext, Deadlines } from './converse.ts';

export interface SmtpClientDependencies {
  /** For deliveries that bring none of their own. */
  readonly options: Options;
  readonly resolver: AddressSource;
  /** For TLSA records; undefined: there are none. */
  readonly dns?: Pick<Resolver, 'query'>;
  /** The memory of dead next hops, which the smart host orders its list by too; undefined: one of its own. */
  readonly health?: HostHealth;
  /** Where it writes down what next hops offer; undefined: nobody asks. */
  readonly offers?: NextHopOffers;
  readonly clock: Clock;
  readonly log: Log;
  /** The name given in EHLO (smtpe.host). */
  readonly helo: string;
  /** Authorities to trust beside none of Node's own; for tests. Undefined: those of Node and of NODE_EXTRA_CA_CERTS. */
  readonly ca?: ConnectionOptions['ca'];
  /** Undefined: that of the system. */
  readonly random?: RandomInteger;
  /** A socket that is not connected yet; undefined: one of the system. */
  readonly newSocket?: (() => Socket) | undefined;
}

/** Milliseconds for TLS, which needs no time to think; what is left of the budget is for clear text, where that is allowed. */
const HANDSHAKE = 30_000;
/** Milliseconds for the first reply on a connection that was kept: when it is dead nothing is lost by making a new one. */
const REUSE = 10_000;
const MAX_TIMER = 2_147_483_647;

const milliseconds = (seconds: number): number => Math.min(seconds * 1000, MAX_TIMER);

export interface Login {
  readonly user: string;
  readonly passwordFile: string;
}

/** The options about TLS. */
export interface TlsWish {
  readonly mode: OptionValues['smtp-forward-tls'];
  /** Nothing less will do than TLS with a certificate that was verified (REQUIRETLS). */
  readonly verified: boolean;
  readonly pins: string;
  /** That we show. */
  readonly certificate: string;
}

export interface JobParts extends SmtpClientDependencies {
  /** Of the signals of all deliveries. */
  readonly listeners: AbortListeners;
  /** By their text. */
  readonly targets: Map<string, Target>;
}

export interface Job {
  readonly parts: JobParts;
  readonly delivery: Delivery;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Content goes by BDAT where CHUNKING is offered. */
  readonly chunks: boolean;
  readonly tls: TlsWish;
  /** Who we are to next hops that the operator has an account at. */
  readonly login: Login | undefined;
  /** Whom XCLIENT names, where it is offered. */
  readonly xclient: ForwardedClient | undefined;
  /** The header of the PROXY protocol that goes first. */
  readonly proxy: 'off' | 'v1' | 'v2';
  readonly deadlines: Deadlines;
  readonly pool: PoolLimits;
  readonly eightBitWord: 'pass' | 'refuse';
  /** Monotonic. */
  readonly since: number;
  /** Monotonic; no attempt begins behind it, and nothing is waited for beyond it. */
  readonly giveUpAt: number;
  /** What it was made of. */
  readonly host: HostSettings;
}

/** What options say of deliveries. */
interface Settings {
  readonly chunks: boolean;
  readonly own: HostSettings;
  /** For hosts that the operator has not named: nothing that is between him and his. */
  readonly other: HostSettings;
  readonly xclient: boolean;
  readonly deadlines: Deadlines;
  readonly pool: PoolLimits;
  readonly eightBitWord: 'pass' | 'refuse';
}

interface HostSettings {
  readonly tls: TlsWish;
  readonly login: Login | undefined;
  readonly proxy: Job['proxy'];
  /** Keys of connections for which nothing but these settings and the target counts, by its text. */
  readonly keys: Map<string, string>;
}

/** Values are never changed in place: what was read of them holds as long as they do. Most deliveries have the same. */
const known = new WeakMap<OptionValues, Settings>();
/** Policies may name any host. */
const MOST_KEYS = 1000;
const MOST_TARGETS = 1000;

function settingsOf(options: OptionValues): Settings {
  const made = known.get(options);
  if (made !== undefined) return made;
  const mode = options['smtp-forward-tls'];
  const pins = options['smtp-forward-tls-pin'];
  const user = options['smtp-forward-user'];
  const command = milliseconds(options['smtp-command-timeout']);
  const settings: Settings = {
    chunks: options['smtp-forward-chunking'] === 'auto',
    own: {
      tls: { mode, verified: false, pins, certificate: options['smtp-forward-tls-cert'] },
      login: user === '' ? undefined : { user, passwordFile: options['smtp-forward-password-file'] },
      proxy: options['smtp-forward-proxy'],
      keys: new Map(),
    },
    other: {
      tls: { mode, verified: false, pins, certificate: '' },
      login: undefined,
      proxy: 'off',
      keys: new Map(),
    },
    xclient: options['smtp-forward-xclient'],
    deadlines: {
      command,
      handshake: Math.min(command, HANDSHAKE),
      reuse: Math.min(command, REUSE),
      connect: milliseconds(options['smtp-accept-timeout']),
      data: milliseconds(options['smtp-data-timeout']),
      dot: milliseconds(options['smtp-dot-timeout']),
    },
    pool: {
      connections: options['smtp-forward-connections'],
      idleMs: milliseconds(options['smtp-forward-idle']),
      transactions: options['smtp-forward-messages'],
      parallel: options['smtp-forward-parallel'],
    },
    eightBitWord: options['smtp-eight-bit'],
  };
  known.set(options, settings);
  return settings;
}

export function jobOf(parts: JobParts, delivery: Delivery, signal: AbortSignal): Job {
  const settings = settingsOf((delivery.options ?? parts.options).values);
  const host = delivery.ownHosts === true ? settings.own : settings.other;
  const since = parts.clock.monotonic();
  // No spread: this is made for every message.
  return {
    parts,
    delivery,
    signal,
    log: delivery.log ?? parts.log.child({ id: delivery.id }),
    tls: tlsOf(host.tls, delivery),
    chunks: settings.chunks,
    login: host.login,
    xclient: delivery.ownHosts === true && settings.xclient ? delivery.client : undefined,
    proxy: host.proxy,
    deadlines: settings.deadlines,
    pool: settings.pool,
    eightBitWord: settings.eightBitWord,
    since,
    giveUpAt: delivery.until ?? since + settings.deadlines.dot,
    host,
  };
}

export function targetOf(text: string, { targets }: Pick<JobParts, 'targets'>): Target {
  const known = targets.get(text);
  if (known !== undefined) return known;
  if (targets.size >= MOST_TARGETS) targets.clear();
  const target = parseTarget(text);
  targets.set(text, target);
  return target;
}

/** RFC 8689 section 5: a message may ask for less than `must`, unless it asks for more as well. */
function tlsOf(wish: TlsWish, { parameters, tlsNotRequired = false }: Delivery): TlsWish {
  const verified = parameters?.REQUIRETLS === true;
  if (verified) return { ...wish, verified };
  return tlsNotRequired && wish.mode === 'must' ? { ...wish, mode: 'may' } : wish;
}

/** LMTP servers know their clients by where they listen. */
export function loginFor({ login }: Job, { protocol }: SmtpTarget): Login | undefined {
  return protocol === 'smtp' ? login : undefined;
}

/** Everything that makes a connection another one than the next. */
export function connectionKey(job: Job, target: SmtpTarget): string {
  const { host, proxy, tls, xclient } = job;
  const client = xclient ?? (proxy === 'off' ? undefined : job.delivery.client);
  if (client !== undefined || tls !== host.tls) return makeKey(job, target, client);
  const { keys } = host;
  const made = keys.get(target.text);
  if (made !== undefined) return made;
  if (keys.size >= MOST_KEYS) keys.clear();
  const key = makeKey(job, target, client);
  keys.set(target.text, key);
  return key;
}

function makeKey(job: Job, target: SmtpTarget, client: ForwardedClient | undefined): string {
  const { user = '', passwordFile = '' } = loginFor(job, target) ?? {};
  const { host, implicitTls, port, protocol } = target;
  const { proxy, tls, xclient } = job;
  const how = [
    protocol,
    host.toLowerCase(),
    port,
    implicitTls,
    Object.values(tls),
    user,
    passwordFile,
    proxy,
  ];
  return JSON.stringify(client === undefined ? how : [...how, xclient !== undefined, client]);
}

/** Milliseconds that are left, at most `ms`. */
export function within({ giveUpAt, parts }: Job, ms: number): number {
  return Math.max(0, Math.min(ms, Math.ceil(giveUpAt - parts.clock.monotonic())));
}

export function isOver({ giveUpAt, parts, signal }: Job): boolean {
  return signal.aborted || parts.clock.monotonic() >= giveUpAt;
}

/** Of one dialogue of a delivery. */
export interface Talk {
  /** The connection has served before. */
  readonly used: boolean;
  /** For one that may begin TLS. */
  readonly tls?: TlsRequest;
  /** Others than those of the delivery. */
  readonly limits?: AskLimits;
  /** What is sent, where it was not known when the delivery began. */
  readonly message?: MessageSource | undefined;
}

/** For a dialogue over this connection. */
export function contextOf(
  { deadlines, delivery, giveUpAt, log, parts, signal }: Job,
  connection: Connection,
  { limits, message, tls, used }: Talk,
): ConverseContext {
  const traced = log.wants('next-hop-sent') || log.wants('next-hop-said');
  return {
    clock: parts.clock,
    deadlines,
    until: limits === undefined ? giveUpAt : limits.until,
    signal: limits === undefined ? signal : limits.signal,
    listeners: parts.listeners,
    used,
    tls,
    message: message ?? delivery.message,
    shaken: log.wants('tls-handshake')
      ? (version = '', seconds) =>
          log.emit('tls-handshake', {
            ...{ side: 'out', version, result: version === '' ? 'failed' : 'full', seconds },
          })
      : undefined,
    trace: traced
      ? (direction, text) =>
          log.emit(direction === '>' ? 'next-hop-sent' : 'next-hop-said', {
            host: connection.peer,
            line: text.trimEnd(),
          })
      : undefined,
  };
}
