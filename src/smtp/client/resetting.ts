// RSET on a connection whose transaction is given up (RFC 5321 section 4.1.1.5), so that the next hop forgets it before the connection is
// kept for others. No I/O. Ends with whether the connection is in order.
import type { Stage } from '../../delivery/port/delivery.ts';
import { isPositive, type Reply } from '../protocol/reply.ts';
import { RSET } from './command-lines.ts';
import type { Machine, Step } from './machine.ts';

export class Resetting implements Machine<boolean> {
  readonly stage: Stage = 'mail';

  start(): Step<boolean> {
    return { kind: 'send', text: RSET };
  }

  reply(reply: Reply): Step<boolean> {
    return { kind: 'end', end: isPositive(reply.code) };
  }

  secured(): Step<boolean> {
    return { kind: 'wait' };
  }

  contentSent(): Step<boolean> {
    return { kind: 'wait' };
  }

  lost(): boolean {
    return false;
  }
}
