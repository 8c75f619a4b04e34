// What the specs of forwarding share: a resolver that knows a few names, a client with everything handed in, deliveries.

import type { Clock } from '../../../../src/base/clock.ts';
import { FakeClock } from '../../../../src/bench/ports/clock.ts';
import { RecordLog } from '../../../../src/bench/ports/record-log.ts';
import { FakeResolver } from '../../../../src/bench/ports/resolver.ts';
import { textSource } from '../../../../src/delivery/message-source.ts';
import type { Delivery, DeliveryOutcome, MessageSource } from '../../../../src/delivery/port/delivery.ts';
import { NextHopOffers } from '../../../../src/delivery/port/next-hop-offers.ts';
import { HostHealth } from '../../../../src/net/host-health.ts';
import { createOptions } from '../../../../src/options/option-set.ts';
import {
  createSmtpClient,
  type SmtpClient,
  type SmtpClientDependencies,
} from '../../../../src/smtp/client/smtp-client.ts';
import { type Recipient, recipientOf } from '../../../../src/smtp/protocol/recipient.ts';

export const HELO = 'mx.client.example';
export const MESSAGE = 'Subject: hello\r\n\r\nThis is the body.\r\n';

export interface Bench {
  readonly client: SmtpClient;
  readonly clock: FakeClock;
  readonly log: RecordLog;
  readonly resolver: FakeResolver;
  readonly health: HostHealth;
  readonly offers: NextHopOffers;
  send(hosts: readonly string[], changes?: Partial<Delivery>, signal?: AbortSignal): Promise<DeliveryOutcome>;
}

export type OptionTexts = Parameters<typeof createOptions>[0];

/** A client that gives up TLS (`off`) unless told otherwise: specs of TLS say so. */
export function bench(
  options: OptionTexts = {},
  names: Readonly<Record<string, readonly string[]>> = {},
  more: Partial<SmtpClientDependencies> & { readonly verbose?: boolean } = {},
): Bench {
  const clock = new FakeClock();
  const log = new RecordLog(more.verbose === true ? ['smtp'] : []);
  const resolver = new FakeResolver(names);
  const health = new HostHealth(clock);
  const offers = new NextHopOffers();
  const client = createSmtpClient({
    health,
    offers,
    options: createOptions({ 'smtp-forward-tls': 'off', ...options }),
    resolver,
    clock: clock as Clock,
    log,
    helo: HELO,
    ...(more.ca === undefined ? {} : { ca: more.ca }),
    ...(more.dns === undefined ? {} : { dns: more.dns }),
  });
  return {
    client,
    clock,
    log,
    resolver,
    health,
    offers,
    send: (hosts, changes = {}, signal = new AbortController().signal) =>
      client.deliver({ ...delivery(hosts), ...changes }, signal),
  };
}

export function delivery(hosts: readonly string[]): Delivery {
  return {
    hosts,
    sender: 'alice@example.com',
    recipients: to('bob@example.org'),
    message: source(MESSAGE),
    eightBit: false,
    id: 'T1',
  };
}

export function to(...addresses: readonly string[]): readonly Recipient[] {
  return addresses.map(recipientOf);
}

export function source(text: string | Buffer): MessageSource {
  return textSource(Buffer.isBuffer(text) ? text : Buffer.from(text, 'latin1'));
}

/** A message that is read piece by piece, as from disk; `pulled` counts the pieces asked for. */
export function streamed(pieces: readonly Buffer[]): MessageSource & { pulled: number; closed: number } {
  const message = {
    size: pieces.reduce((sum, piece) => sum + piece.length, 0),
    pieces: undefined,
    pulled: 0,
    closed: 0,
    async *read() {
      try {
        for (const piece of pieces) {
          message.pulled++;
          yield await Promise.resolve(piece);
        }
      } finally {
        message.closed++;
      }
    },
  };
  return message;
}

/** Turns of the event loop, for what needs no waiting but a chance to happen. */
export async function turns(count = 5): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/**
 * Lets time pass, a second for each turn of the event loop, until the promise has settled; returns its value and the seconds. In the first minute what
 * other threads do (files that are read, names that are looked up) gets a moment too: turns alone are over before they have begun.
 */
export async function pass<T>(promise: Promise<T>, clock: FakeClock): Promise<{ value: T; seconds: number }> {
  let settled = false;
  const done = promise.finally(() => {
    settled = true;
  });
  let seconds = 0;
  for (; !settled && seconds < 10_000; seconds++) {
    clock.advance(1000);
    await turns(2);
    if (seconds < 60) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return { value: await done, seconds };
}
