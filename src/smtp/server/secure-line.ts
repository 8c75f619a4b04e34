// TLS laid under a session after STARTTLS (RFC 3207 section 4): nothing is read from when the 220 is decided, the 220 is the last word in clear, and
// the handshake has its own deadline. Owns the connection meanwhile; the session has it back when it is encrypted, or hears that it is closed.

import type { TlsContexts } from '../../net/tls-context.ts';
import { acceptTls, type HandshakeOutcome } from '../../net/tls-handshake.ts';
import type { Transport } from '../../net/transport.ts';
import type { SessionCore } from './session-core.ts';

/** What a session lets its conversation do with the connection. */
export interface SecureLine {
  /** From now on nothing is read: what comes is the handshake's. */
  hold(): void;
  /** There is none after all. */
  release(): void;
  /** What had been kept back is read, as there is room again. */
  readOn(): void;
  /** Resolves when the connection is encrypted, and read again (true); or when the session has an ending (false). */
  secure(contexts: TlsContexts): Promise<boolean>;
}

export type SecuringOutcome =
  | HandshakeOutcome
  /** The connection was closed, or the client sent the end of its input, before anything else; who uses the transport has heard of it. */
  | { readonly kind: 'gone' };

/** `gone` tells whether the client has gone while nothing was read. Never rejects. */
export async function secureTransport(
  core: SessionCore,
  transport: Transport,
  contexts: TlsContexts,
  gone: () => boolean,
): Promise<SecuringOutcome> {
  const { clock } = core.deps;
  const seconds = core.values['smtp-tls-timeout'];
  let late = false;
  const close = (): void => transport.destroy();
  const timer = clock.after(seconds * 1000, () => {
    late = true;
    close();
  });
  core.stopAtInterrupt(close);
  try {
    // It ends with the connection, which the timer above closes.
    const sent = await core.output.send();
    if (sent.kind !== 'written' || gone() || transport.closed) {
      if (!transport.closed) close();
      return { kind: 'gone' };
    }
    const outcome = await acceptTls(transport, contexts, { implicit: false, clock, log: core.log });
    return outcome.kind === 'lost' && late
      ? { kind: 'lost', cause: `not done within ${seconds} s` }
      : outcome;
  } finally {
    timer.cancel();
    core.stopAtInterrupt(undefined);
  }
}
