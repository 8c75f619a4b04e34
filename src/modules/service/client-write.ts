// Text for the SMTP client outside the usual replies: service.client.write and client.write. The session keeps the order.
import type { SessionView } from '../../policy/session-view.ts';

/**
 * Sends `text` to the client as it is, behind everything sent before. Resolves with undefined when the kernel has taken it, else with the
 * reason why not.
 */
export async function clientWrite(
  session: SessionView,
  text: string,
  timeoutMs: number,
): Promise<string | undefined> {
  const outcome = await session.write(Buffer.from(text, 'latin1'), timeoutMs);
  switch (outcome.kind) {
    case 'written':
      return undefined;
    case 'timeout':
      return `the client took nothing for ${timeoutMs / 1000} s`;
    case 'closed':
      return 'the client has closed the connection';
  }
}
