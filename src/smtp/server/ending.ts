// Why a session ends, in the numbers of hook.close (doc/hooks.md) and of the operating system for hook.error.
import { constants } from 'node:os';
import type { LimitName } from '../../policy/instance.ts';

/** 0 in order (QUIT, time-out, shutdown), 1 dropped by the policy, 2 by a limit or rule of ours, 3 writing failed, 4 any other error. */
export type CloseCode = 0 | 1 | 2 | 3 | 4;

export interface Ending {
  readonly code: CloseCode;
  /** For the log: one line. */
  readonly cause: string;
  /** What hook.error is told before hook.close; undefined: it is not called. */
  readonly error?: SystemError;
  /** True when the client is gone and nothing can be sent. */
  readonly gone?: boolean;
}

export interface SystemError {
  readonly errno: number;
  readonly text: string;
}

/** Why a session ended, in one word. */
export type EndReason = 'quit' | 'dropped' | 'limit' | 'timeout' | 'lost' | 'error' | 'shutdown';

/** The cause of sessions that the operator ends. */
export const BY_ORDER = 'closed by order';

/**
 * Of an ending as it was given: `shutdown`, `shutdown-timeout` and `QUIT` are the causes of endings in order. One of ours is one also where the
 * client could not hear of it.
 */
export function endReason({ cause, code, error, gone }: Ending): EndReason {
  if (error === TIMED_OUT) return 'timeout';
  if (code === 0 && (cause === BY_ORDER || cause.startsWith('shutdown'))) return 'shutdown';
  if (gone === true || code === 3) return 'lost';
  if (code === 1) return 'dropped';
  if (code === 2) return 'limit';
  if (code === 4) return 'error';
  return cause === 'QUIT' ? 'quit' : 'timeout';
}

const { errno } = constants;

export const TIMED_OUT: SystemError = { errno: errno.ETIMEDOUT, text: 'Connection timed out' };

/** An error of the socket or of a file, as the operating system numbers and names it. */
export function systemError(error: Error): SystemError {
  const { errno: number, code } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ECONNRESET':
      return { errno: errno.ECONNRESET, text: 'Connection reset by peer' };
    case 'EPIPE':
      return { errno: errno.EPIPE, text: 'Broken pipe' };
    case 'ETIMEDOUT':
      return TIMED_OUT;
    default:
      return {
        errno: typeof number === 'number' && number !== 0 ? Math.abs(number) : errno.EIO,
        text: error.message,
      };
  }
}

const LIMIT_ERRNO: Readonly<Record<LimitName, number>> = {
  cpu: errno.ETIME,
  'wall-clock': errno.ETIMEDOUT,
  memory: errno.ENOMEM,
  pending: errno.EAGAIN,
};

/** A hook that failed: ECANCELED, or the number of the limit that stopped it, with what happened as text. */
export function hookError(message: string, limit?: LimitName): SystemError {
  return { errno: limit === undefined ? errno.ECANCELED : LIMIT_ERRNO[limit], text: message };
}
