// The command lines of a transaction with a next hop, with the parameters that it offers (RFC 5321 section 4.1.1.2 and 4.1.1.3). Pure.
import type { Capabilities } from '../protocol/capabilities.ts';
import { formatParameters, type MailParameters } from '../protocol/parameters.ts';
import { formatPath } from '../protocol/path.ts';
import type { Recipient } from '../protocol/recipient.ts';

export const RSET = 'RSET\r\n';

export function mailLine(sender: string, parameters: MailParameters, offered: Capabilities): string {
  return `MAIL FROM:${formatPath(sender)}${formatParameters('MAIL', parameters, offered)}\r\n`;
}

export function rcptLine({ address, parameters }: Recipient, offered: Capabilities): string {
  return `RCPT TO:${formatPath(address)}${formatParameters('RCPT', parameters, offered)}\r\n`;
}
